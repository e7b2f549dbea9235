"""The judge: a small classifier that says which expression and which costume a picture shows.

It gives every preservation figure its counterpart (docs/reference/model.md, Beware of lazy editing):

- *edit success* of an answer to effect c: the most probable class of the head concerned is c;
- *judge score*: the probability that this head gives to c.

The judge knows the drawing styles of training and the held-out ones, from seeds of its own, and is imported by
evaluation alone: training and curation never see it. `training` makes its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from stillyou.config import Strict, load_json
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.files import atomic_path, write_json
from stillyou.images.tensors import to_signed
from stillyou.metrics import Picture
from stillyou.untrusted.rules import Rules

EXPRESSIONS = ("neutral", *(name for name, spec in catalogue().items() if spec.group == "expression"))
"""Classes of a new judge's expression head; a trained one has those of its ``judge.json``."""
COSTUMES = ("none", *(name for name, spec in catalogue().items() if spec.group == "costume"))
"""Classes of its costume head."""
SHIPPED = Path(__file__).parents[2] / "weights" / "judge"
"""The folder of the judge that comes with the package."""
_RETRAIN = "Make one with: python -m stillyou.evaluation.judge -o FOLDER"


class JudgeConfig(Strict):
    """Sizes of the network and where its weights come from; ``judge.json`` beside the weights."""

    format: Literal["stillyou-judge-1"] = "stillyou-judge-1"
    resolution: int = Field(128, ge=32, le=512)
    """Side of the square pictures the network reads, in pixels."""
    widths: tuple[int, int, int, int] = (16, 32, 64, 96)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the resolution."""
    blocks: tuple[int, int, int, int] = (0, 1, 2, 1)
    """Residual blocks at each of these."""
    expressions: tuple[str, ...] = EXPRESSIONS
    costumes: tuple[str, ...] = COSTUMES
    training: dict[str, Any] = {}
    """How the weights were made."""
    accuracy: dict[str, Any] = {}
    """Accuracy on held-back seeds: each head overall, per style and per class."""


class _Block(nn.Module):
    """Two normalised convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))
        self.convolutions = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            h = convolution(F.silu(norm(h)))
        return x + h


class JudgeNetwork(nn.Module):
    """Strided convolutions with residual blocks; mean and maximum over the picture; one linear head a question."""

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width, blocks in zip(config.widths, config.blocks, strict=True):
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), *(_Block(width) for _ in range(blocks))]
            layers += [] if blocks else [nn.SiLU()]
            before = width
        self.trunk = nn.Sequential(*layers, nn.BatchNorm2d(before), nn.SiLU())
        self.expression = nn.Linear(2 * before, len(config.expressions))
        self.costume = nn.Linear(2 * before, len(config.costumes))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Classify pictures.

        Args:
            pixels: (B, 3, R, R) float in [-1, 1].

        Returns:
            Logits of the expressions (B, 5) and of the costumes (B, 5).
        """
        features = self.trunk(pixels)
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return self.expression(pooled), self.costume(pooled)


@dataclass(frozen=True)
class Verdicts:
    """Probabilities for a batch of pictures: expressions (N, 5) and costumes (N, 5), rows summing to 1."""

    expressions: NDArray[np.float64]
    costumes: NDArray[np.float64]


class Judge:
    """A trained network with the questions it answers."""

    def __init__(self, config: JudgeConfig, network: JudgeNetwork, device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        self.network = network.to(self.device).eval().requires_grad_(False)

    @classmethod
    def from_folder(cls, folder: str | Path = SHIPPED, device: str = "cpu") -> Judge:
        """Read a judge from its folder (``judge.json`` and ``judge.safetensors``).

        Raises:
            StillYouError: A file is missing, damaged or of another format.
        """
        folder = Path(folder)
        config = _read_config(folder / "judge.json")
        network = JudgeNetwork(config)
        _load_weights(network, folder / "judge.safetensors")
        return cls(config, network, device)

    def save(self, folder: str | Path) -> None:
        """Write the judge to a folder, its weights as fp16; each file appears whole or not at all."""
        folder = Path(folder)
        state = self.network.state_dict().items()
        weights = {name: (value.half() if value.is_floating_point() else value).cpu() for name, value in state}
        with atomic_path(folder / "judge.safetensors") as part:
            save_file({name: value.contiguous() for name, value in weights.items()}, str(part))
        write_json(folder / "judge.json", self.config.model_dump(mode="json"))

    @torch.inference_mode()
    def verdicts(self, pictures: Sequence[Picture] | NDArray[np.uint8]) -> Verdicts:
        """Judge pictures of one size.

        Args:
            pictures: N arrays (H, W, 3) uint8.
        """
        raw = torch.from_numpy(np.stack(list(pictures))).to(self.device)
        logits = self.network(to_judge_pixels(raw, self.config.resolution))
        expressions, costumes = (part.double().softmax(1).cpu().numpy() for part in logits)
        return Verdicts(expressions, costumes)

    def scores(self, effect: EffectSpec, pictures: Sequence[Picture]) -> tuple[list[bool], list[float]]:
        """Say of each picture whether it shows the effect, and with what probability.

        Args:
            effect: An expression or a costume that the judge knows.
            pictures: N arrays (H, W, 3) uint8 of one size.

        Returns:
            Edit success and judge score of each.

        Raises:
            UsageError: The judge does not know the effect.
        """
        column = self.column(effect)
        verdicts = self.verdicts(pictures)
        table = verdicts.expressions if effect.group == "expression" else verdicts.costumes
        return [bool(row.argmax() == column) for row in table], [float(row[column]) for row in table]

    def seen(self, effect: EffectSpec, pictures: Sequence[Picture]) -> list[str]:
        """Return the most probable class of each picture in the effect's head; arguments and errors as `scores`."""
        self.column(effect)
        verdicts = self.verdicts(pictures)
        if effect.group == "expression":
            return [self.config.expressions[row.argmax()] for row in verdicts.expressions]
        return [self.config.costumes[row.argmax()] for row in verdicts.costumes]

    def column(self, effect: EffectSpec) -> int:
        """Return the effect's class in its head; raises UsageError if the judge does not know it."""
        names = {"expression": self.config.expressions, "costume": self.config.costumes}.get(effect.group, ())
        if effect.id not in names:
            known = ", ".join((*self.config.expressions, *self.config.costumes[1:]))
            raise UsageError(f"the judge knows no {effect.group} '{effect.id}'", f"It knows: {known}.")
        return names.index(effect.id)


def to_judge_pixels(pictures: Tensor, resolution: int) -> Tensor:
    """Turn pictures into the judge's input: (N, H, W, 3) uint8 to (N, 3, R, R) float in [-1, 1], by area means."""
    pixels = to_signed(pictures.permute(0, 3, 1, 2))
    if pixels.shape[-2:] != (resolution, resolution):
        pixels = F.interpolate(pixels, (resolution, resolution), mode="area")
    return pixels


def _read_config(path: Path) -> JudgeConfig:
    if not path.is_file():
        raise StillYouError(f"no judge in {path.parent}: {path.name} is missing", _RETRAIN)
    return load_json(path, JudgeConfig, Rules(_RETRAIN, bytes=1 << 20))


def _load_weights(network: JudgeNetwork, path: Path) -> None:
    """Fill the network from fp16 safetensors; raises StillYouError unless every tensor fits and is finite."""
    try:
        weights = load_file(str(path))
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except FileNotFoundError as error:
        raise StillYouError(f"no judge in {path.parent}: {path.name} is missing", _RETRAIN) from error
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise StillYouError(f"the judge's weights {path} are damaged or do not fit: {reason}", _RETRAIN) from error
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise StillYouError(f"the judge's weights {path} hold numbers that are not finite", _RETRAIN)
