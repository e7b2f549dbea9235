"""The curation scorer's network: which expression and which costume a picture shows.

It learns from pair datasets of the studios, of train styles and people alone (`training`). It has nothing in common
with the judge of evaluation, neither weights nor pictures, so that curation never chooses what the judge will like.

Shapes: B pictures of side R; E expressions and C costumes, the first of each being none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from stillyou.config import Strict, load_json
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError
from stillyou.files import atomic_path, write_json
from stillyou.images.tensors import to_signed
from stillyou.untrusted.rules import Rules

SHIPPED = Path(__file__).parents[3] / "weights" / "scorer"
"""The folder of the scorer that comes with the package."""
_CONFIG, _WEIGHTS = "scorer.json", "scorer.safetensors"
_REMEDY = "Make one with: python -m stillyou.pairs.curation.shows PAIRS... -o FOLDER"


class ScorerConfig(Strict):
    """Sizes of the network, what it tells apart, and where its weights come from."""

    format: Literal["stillyou-scorer-1"] = "stillyou-scorer-1"
    resolution: int = Field(96, ge=32, le=256)
    """Side of the square pictures it reads, in pixels."""
    widths: tuple[int, int, int, int] = (24, 48, 80, 112)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the resolution."""
    expressions: tuple[str, ...]
    costumes: tuple[str, ...]
    domains: tuple[str, ...]
    """What it has seen: it says nothing of others."""
    training: dict[str, int | float | str] = {}
    """How the weights were made."""
    accuracy: dict[str, float] = {}
    """Share of held-back pictures that each head names rightly."""


class ScorerNetwork(nn.Module):
    """Strided convolutions, a residual block at 1/8, mean and maximum over the picture, a linear head a question."""

    def __init__(self, config: ScorerConfig) -> None:
        super().__init__()
        a, b, c, d = config.widths

        def down(before: int, after: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
            )

        self.early = nn.Sequential(down(3, a), down(a, b), down(b, c))
        self.block = nn.Sequential(
            nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c), nn.ReLU(inplace=True), nn.Conv2d(c, c, 3, 1, 1)
        )
        self.late = down(c, d)
        self.expression = nn.Linear(2 * d, len(config.expressions))
        self.costume = nn.Linear(2 * d, len(config.costumes))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Classify pixels (B, 3, R, R) in [-1, 1]; returns logits (B, E) and (B, C)."""
        early = self.early(pixels)
        late = self.late(functional.relu(early + self.block(early)))
        pooled = torch.cat([late.mean((2, 3)), late.amax((2, 3))], 1)
        return self.expression(pooled), self.costume(pooled)


@dataclass(frozen=True, eq=False)
class ShowsScorer:
    """A trained network with the questions it answers."""

    config: ScorerConfig
    network: ScorerNetwork

    def knows(self, effect: EffectSpec, domain: str | None) -> bool:
        """Tell whether it was taught an effect on pictures of a domain."""
        return domain in self.config.domains and effect.id in self._names(effect)

    def _names(self, effect: EffectSpec) -> tuple[str, ...]:
        groups = {"expression": self.config.expressions, "costume": self.config.costumes}
        return groups.get(effect.group, ())

    @torch.inference_mode()
    def probabilities(self, effect: EffectSpec, pictures: NDArray[np.uint8]) -> list[float]:
        """Return how probably each picture shows an effect that it knows: pictures (B, H, H, 3) uint8."""
        heads = self.network(to_scorer_pixels(torch.from_numpy(pictures), self.config.resolution))
        logits = heads[0] if effect.group == "expression" else heads[1]
        column = self._names(effect).index(effect.id)
        return [float(value) for value in logits.double().softmax(1)[:, column]]

    def save(self, folder: Path) -> None:
        """Write it to a folder, its weights as fp16; each file appears whole or not at all."""
        state = self.network.state_dict().items()
        weights = {name: value.half() if value.is_floating_point() else value for name, value in state}
        with atomic_path(folder / _WEIGHTS) as part:
            save_file({name: value.contiguous() for name, value in weights.items()}, str(part))
        write_json(folder / _CONFIG, self.config.model_dump(mode="json"))


def to_scorer_pixels(pictures: Tensor, resolution: int) -> Tensor:
    """Turn (B, H, H, 3) uint8 into (B, 3, R, R) float in [-1, 1], by means of areas."""
    pixels = to_signed(pictures.permute(0, 3, 1, 2))
    if pixels.shape[-1] != resolution:
        pixels = functional.interpolate(pixels, (resolution, resolution), mode="area")
    return pixels


@cache
def load(folder: Path = SHIPPED) -> ShowsScorer:
    """Read a scorer; once a process.

    Raises:
        StillYouError: A file is missing, damaged or of another format.
    """
    if not (folder / _CONFIG).is_file():
        raise StillYouError(f"no curation scorer in {folder}", _REMEDY)
    config = load_json(folder / _CONFIG, ScorerConfig, Rules(_REMEDY, bytes=1 << 20))
    network = ScorerNetwork(config)
    try:
        weights = load_file(str(folder / _WEIGHTS))
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise StillYouError(f"the scorer's weights in {folder} are damaged or do not fit: {reason}", _REMEDY) from error
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise StillYouError(f"the scorer's weights in {folder} hold numbers that are not finite", _REMEDY)
    return ShowsScorer(config, network.eval().requires_grad_(False))
