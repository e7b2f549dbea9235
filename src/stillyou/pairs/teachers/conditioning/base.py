"""What the conditions and the sampler ask of a text-to-image model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import torch

from stillyou.effects.conditions import Conditions
from stillyou.effects.domains import Domain
from stillyou.pairs.teachers.conditioning.attention import AttentionState
from stillyou.pairs.teachers.conditioning.inputs import Branches, Inputs

Family = Literal["embedded", "sd1", "sd2", "sdxl"]

FAMILIES: dict[Family, str] = {
    "embedded": "stillyou's own models",
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sdxl": "Stable Diffusion XL",
}
_EVERY: frozenset[Family] = frozenset(FAMILIES)
_STABLE: frozenset[Family] = _EVERY - {"embedded"}

ABLE: dict[str, frozenset[Family]] = {
    "noise": _EVERY,
    "renoise": _EVERY,
    "draft": _EVERY,
    "identity": _STABLE,
    "prompts": _EVERY,
    "attention": _EVERY,
    "region": _EVERY,
    "structure": _STABLE,
    "appearance": _EVERY,
}
"""Which families can do a condition."""


class Base(Protocol):
    """A text-to-image model.

    Attributes:
        family: Its kind.
        side: Of its square pictures, in pixels.
        latent_shape: (C, h, w).
        scheduler: Its sampler, a diffusers scheduler; it is copied, never changed.
        attention: What is done to its attention, step by step.
        domain: What its pictures show.
        licence: Under which licence, in words.
    """

    family: Family
    side: int
    latent_shape: tuple[int, int, int]
    scheduler: Any
    attention: AttentionState
    domain: Domain
    licence: str

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        ...

    @property
    def depth(self) -> Any:
        """Tells depth, for structure by depth: pictures (B, H, W, 3) to (B, H, W) in [0, 1]; None where not loaded."""
        ...

    def load_for(self, conditions: Conditions) -> None:
        """Load what conditions name besides the base."""
        ...

    def branches(self, prompts: Sequence[str], guidance: float) -> Branches:
        """Return the branches of guidance for prompts: the empty prompt, and each row's own."""
        ...

    def token_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the text tokens of prompts, padded to one length."""
        ...

    def predict(self, z: torch.Tensor, t: torch.Tensor, inputs: Inputs) -> torch.Tensor:
        """Call the UNet once: latents as it sees them (B, C, h, w) to its prediction, fp32."""
        ...

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Encode pixels (B, 3, H, W) in [-1, 1] to latents, as the sampler knows them."""
        ...

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Decode latents to pixels (B, 3, H, W) in [-1, 1]."""
        ...

    def with_looks(self, branches: Branches, pixels: torch.Tensor, scale: float) -> Branches:
        """Return the branches with image tokens of pictures (B, 3, H, W) in [-1, 1]."""
        ...
