"""Stand-ins: a teacher that paints squares, settings that train in seconds, tasks with known answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from stillyou.draws import generator
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.assemble import Execution
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.protocol import OneByOne, Teacher, TeacherConfig
from stillyou.training.config import AutoencoderSettings, EditorSettings, TrainingConfig
from tests.tiny import tiny_architecture

SIZE = 64
SANTA = EffectSpec(
    id="santa",
    title="Santa",
    group="costume",
    source_prompt="a {subject}",
    target_prompt="a {subject}, santa claus costume",
    keeps=["face"],
)
LAUGHING = SANTA.model_copy(
    update={"id": "laughing", "group": "expression", "target_prompt": "a {subject}, laughing expression"}
)


class Painter(TeacherConfig, OneByOne):
    """Paints a random picture and, as the effect, a white rectangle: large for costumes, small for expressions.

    Config and teacher in one.
    """

    kind: str = "painter"
    domain: Domain = "cartoon"
    size: int = SIZE
    shares_sources: ClassVar[bool] = False
    licences: ClassVar[Mapping[str, str]] = {}

    def build(self, device: str = "auto") -> Teacher:
        return self

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        source = generator("painter", seed).integers(0, 160, (SIZE, SIZE, 3), dtype=np.uint8)
        side = 30 if effect.group == "costume" else 10
        mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
        mask[4 : 4 + side, 4 : 4 + side] = 255
        target = source.copy()
        target[mask > 0] = 255
        prompts = effect.prompts()
        words = (prompts.source, prompts.target, effect.id, self.kind, seed, {}, self.domain)
        return Pair(source, target, mask, *words)


QUIET = Execution(progress=False)


def paint_pairs(folder: Path, n: int = 12, seed: int = 0) -> PairDataset:
    make_pairs(Painter(), [SANTA, LAUGHING], n, folder, seed=seed, execution=QUIET)
    return PairDataset(folder)


def tiny_config(**changes: Any) -> TrainingConfig:
    settings: dict[str, Any] = {
        "name": "tiny",
        "steps": 4,
        "precision": "fp32",
        "architecture": tiny_architecture(),
        "held_back": 2,
        "autoencoder": AutoencoderSettings(batch=4, warmup_steps=2),
        "editor": EditorSettings(batch=4, warmup_steps=2),
    }
    return TrainingConfig(**{**settings, **changes})


def write_toml(settings: TrainingConfig, path: Path) -> None:
    """Write settings as a file of one's own; what lies two tables deep is left out."""
    lines, tables = [], []
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, dict):
            items = ((key, item) for key, item in value.items() if item is not None and not isinstance(item, dict))
            tables += [f"[{name}]", *(f"{key} = {json.dumps(item)}" for key, item in items)]
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    path.write_text("\n".join(lines + tables))


@dataclass(frozen=True)
class Numbers:
    """A batch of a line's points."""

    x: torch.Tensor
    y: torch.Tensor
    group: torch.Tensor


class Line(nn.Module):
    """y = a x + b; the loss turns to NaN at a chosen step."""

    def __init__(self, broken_at: int | None = None) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(0.5))
        self.b = nn.Parameter(torch.tensor(-0.5))
        self.calls = 0
        self.broken_at = broken_at

    def forward(self, batch: Numbers) -> tuple[torch.Tensor, torch.Tensor]:
        self.calls += 1
        errors = (self.a * batch.x + self.b - batch.y).square()
        loss = errors.mean()
        return (loss * float("nan") if self.calls == self.broken_at else loss), errors.detach()


def line_batches(first_step: int) -> Iterator[Numbers]:
    """Points of y = 2 x + 1, step by step from a step on."""
    step = first_step
    while True:
        x = torch.from_numpy(generator("line", step).standard_normal(8, dtype=np.float32))
        yield Numbers(x, 2 * x + 1, torch.zeros(8, dtype=torch.long))
        step += 1
