"""Which conditions a branch sees, and what "absent" means: one definition for training, inference and official mode.

The denoiser has three conditions: source latents on its input, image tokens and text tokens in its cross attention.
A branch says which of them are present. The released code defines "absent" differently in training and in inference
and never trains the `image` branch (docs/reference/model.md, Three conditions); here an absent condition is always

    source latents   zeros
    image tokens     the adapter's tokens of a black picture with zero latents
    text tokens      the text encoder's tokens of the empty prompt

Official mode uses the same functions with null tokens of its own: its absent image tokens are those of a black picture
with that picture's latents (`official.numerics`).

Shapes: B pictures, C latent channels of h x w, N image tokens and T text tokens of width d, s the side that CLIP sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import torch
from torch.nn import functional

# CLIP's published pixel statistics (RGB in [0, 1]).
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class Branch(IntEnum):
    """A choice of present conditions.

    The first four make up guidance, `TEXT` makes a text-to-image teacher. `SOURCE` and `SOURCE_TEXT` are what
    InstructPix2Pix sees, a baseline that is trained on the same pairs; `IMAGE_TEXT` is what an editor without source
    latents sees, an ablation. Our own models never train these three.
    """

    NONE = 0
    IMAGE = 1
    IMAGE_SOURCE = 2
    FULL = 3
    TEXT = 4
    SOURCE = 5
    SOURCE_TEXT = 6
    IMAGE_TEXT = 7


_PRESENT = {
    Branch.NONE: (False, False, False),
    Branch.IMAGE: (False, True, False),
    Branch.IMAGE_SOURCE: (True, True, False),
    Branch.FULL: (True, True, True),
    Branch.TEXT: (False, False, True),
    Branch.SOURCE: (True, False, False),
    Branch.SOURCE_TEXT: (True, False, True),
    Branch.IMAGE_TEXT: (False, True, True),
}


@dataclass(frozen=True)
class Conditions:
    """What the denoiser reads besides the noisy latents.

    Attributes:
        source: Source latents (B, C, h, w), zeros where absent.
        tokens: Cross-attention tokens (B, T + N, d): text first, then image, as in the released code.
    """

    source: torch.Tensor
    tokens: torch.Tensor

    @classmethod
    def stack(cls, parts: Sequence[Conditions]) -> Conditions:
        """Return the rows of several conditions as one batch."""
        return cls(torch.cat([part.source for part in parts]), torch.cat([part.tokens for part in parts]))

    def split(self, rows: int) -> list[Conditions]:
        """Return batches of at most `rows` rows."""
        parts = zip(torch.split(self.source, rows), torch.split(self.tokens, rows), strict=True)
        return [Conditions(source, tokens) for source, tokens in parts]


@dataclass(frozen=True)
class NullTokens:
    """Tokens of absent conditions: image (1, N, d) and text (1, T, d)."""

    image: torch.Tensor
    text: torch.Tensor


def null_tokens(
    see: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    black: torch.Tensor,
    empty: torch.Tensor,
    source: torch.Tensor,
) -> NullTokens:
    """Return the tokens of absent conditions.

    Args:
        see: Makes image tokens (1, N, d) of `black` and latents (1, C, h, w): `Denoiser.image_tokens`, or the adapter
            where `black` is encoded already.
        black: What stands for a black picture: `black_vision`, or its hidden states.
        empty: Text tokens of the empty prompt (1, T, d).
        source: Any source latents; their shape and device are used, their values are not.
    """
    return NullTokens(image=see(black, torch.zeros_like(source[:1])), text=empty)


def presence(branches: torch.Tensor | Sequence[int], device: torch.device | None = None) -> torch.Tensor:
    """Return a bool tensor (B, 3): source, image and text present in each sample's branch."""
    table = torch.tensor([_PRESENT[branch] for branch in Branch])
    return table[torch.as_tensor(branches, device="cpu")].to(device, non_blocking=True)


def apply_branches(
    source: torch.Tensor,
    image_tokens: torch.Tensor,
    text_tokens: torch.Tensor,
    branches: torch.Tensor | Sequence[int],
    nulls: NullTokens,
) -> Conditions:
    """Replace what a sample's branch lacks by its null value.

    Args:
        source: Source latents (B, C, h, w).
        image_tokens: (B, N, d).
        text_tokens: (B, T, d).
        branches: A `Branch` for each sample, (B,).
        nulls: Tokens of absent conditions.

    Returns:
        The denoiser's conditions.
    """
    present = presence(branches, source.device)
    has_source, has_image, has_text = (present[:, i] for i in range(3))
    return Conditions(
        source=torch.where(has_source[:, None, None, None], source, torch.zeros_like(source)),
        tokens=torch.cat(
            [
                torch.where(has_text[:, None, None], text_tokens, nulls.text),
                torch.where(has_image[:, None, None], image_tokens, nulls.image),
            ],
            dim=1,
        ),
    )


def between(source: torch.Tensor, target: torch.Tensor, strength: torch.Tensor | float) -> torch.Tensor:
    """Return the text tokens of a weaker effect: those of the source prompt at 0, of the target prompt at 1.

    Imagic (Kawar et al. 2022, arXiv 2210.09276, equation 3) goes this way between two prompts of a model that never saw
    the points between; ours are trained with pairs that say how strong their expression is.

    Args:
        source: Tokens of the source prompts (B, T, d).
        target: Tokens of the target prompts (B, T, d).
        strength: In [0, 1], one for all or (B, 1, 1).
    """
    weight = torch.as_tensor(strength, dtype=source.dtype, device=source.device)
    return torch.lerp(source, target, weight)  # exact at both ends


@dataclass(frozen=True)
class EncodedSource:
    """Everything about a batch of edits that does not change while sampling.

    Attributes:
        latents: Source latents z_s (B, C, h, w).
        image_tokens: (B, N, d).
        target_tokens: Text tokens of the target prompts (B, T, d).
        source_tokens: Text tokens of the source prompts (B, T, d).
        nulls: Tokens of absent conditions.
        draft: Latents (B, C, h, w) of the pictures that sampling starts from; None starts from noise. No condition.
    """

    latents: torch.Tensor
    image_tokens: torch.Tensor
    target_tokens: torch.Tensor
    source_tokens: torch.Tensor
    nulls: NullTokens
    draft: torch.Tensor | None = None

    @property
    def origin(self) -> torch.Tensor:
        """The latents that an edit is told in relation to: the draft's, or without one the source's."""
        return self.latents if self.draft is None else self.draft

    def weaker(self, strength: float) -> EncodedSource:
        """Return the same with the effect asked for at a strength in (0, 1]; see `between`."""
        if strength == 1:
            return self
        return replace(self, target_tokens=between(self.source_tokens, self.target_tokens, strength))

    def conditions(self, *branches: Branch, source_prompt: bool = False) -> Conditions:
        """Return the conditions of branches, each for the whole batch, one after the other."""
        text = self.source_tokens if source_prompt else self.target_tokens
        count = len(self.latents)
        return Conditions.stack(
            [apply_branches(self.latents, self.image_tokens, text, [b] * count, self.nulls) for b in branches]
        )


def black_vision(image_size: int, device: torch.device | None = None) -> torch.Tensor:
    """Return a black picture as CLIP sees it, (1, 3, image_size, image_size)."""
    return vision_pixels(torch.full((1, 3, image_size, image_size), -1.0, device=device), image_size)


def vision_pixels(pixels: torch.Tensor, image_size: int) -> torch.Tensor:
    """Resize and normalise pixels for the CLIP image encoder.

    Args:
        pixels: (B, 3, H, W) in [-1, 1].
        image_size: Side that the encoder expects.

    Returns:
        (B, 3, image_size, image_size), CLIP-normalised.
    """
    resized = functional.interpolate(
        pixels.float(), size=(image_size, image_size), mode="bicubic", antialias=True, align_corners=False
    )
    unit = resized.clamp(-1, 1) / 2 + 0.5
    mean, std = (unit.new_tensor(values).view(1, 3, 1, 1) for values in (_CLIP_MEAN, _CLIP_STD))
    return (unit - mean) / std
