"""The default validation: edits of a few held-back pairs, as a picture and as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from stillyou.config import SamplingSettings
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.files import atomic_path
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.metrics import mean_absolute_error
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair
from stillyou.training.data.frames import resize
from stillyou.training.data.strengths import told_strength

Validation = Callable[[MultiConditionedPipeline, int], Mapping[str, float | Path]]
"""Looks at a pipeline with averaged weights at a step; returns figures, and pictures by path."""


@dataclass(frozen=True)
class SampleGrid:
    """Edits fixed pairs and writes a grid: a row a pair, with source, raw edit, target.

    Attributes:
        pairs: A few held-back pairs.
        effects: Specs by id, for guidance and mask settings.
        folder: Where grids go.
        steps: Scheduler steps of an edit.
        at_a_time: Most pairs edited in one batch.
        strengths: Whether edits are as strong as pairs say, for models that learn it.
    """

    pairs: Sequence[Pair]
    effects: Mapping[str, EffectSpec]
    folder: Path
    steps: int = 20
    at_a_time: int = 64
    strengths: bool = False

    def __call__(self, pipeline: MultiConditionedPipeline, step: int) -> dict[str, float | Path]:
        """Edit the pairs; see `Validation`, and `watch` for the figures."""
        size, rows, inside, outside, changed, wanted = pipeline.resolution, [], [], [], [], []
        sources = [_fit(pair.source, size) for pair in self.pairs]
        for pair, source, edit in zip(self.pairs, sources, self._edits(pipeline, sources), strict=True):
            target = _fit(pair.target, size)
            mask = np.asarray(Image.fromarray(pair.mask).resize((size, size), Image.Resampling.NEAREST)) > 0
            inside.append(mean_absolute_error(edit, target, mask))
            outside.append(mean_absolute_error(edit, source, ~mask))
            changed.append(mean_absolute_error(edit, source, mask))
            wanted.append(mean_absolute_error(target, source, mask))
            rows.append(np.concatenate([source, edit, target], axis=1))
        path = self.folder / f"step-{step:08d}.png"
        with atomic_path(path) as part:
            Image.fromarray(np.concatenate(rows)).save(part)
        figures: dict[str, float | Path] = {"inside_error": _mean(inside), "outside_error": _mean(outside)}
        if _mean(wanted) > 0:
            figures["change"] = _mean(changed) / _mean(wanted)
        return figures | {"samples": path}

    def _edits(
        self, pipeline: MultiConditionedPipeline, sources: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.uint8]]:
        """Edit all pairs, those of equal settings in one batch; a pair's seed is its index."""
        batches: dict[SamplingSettings, list[int]] = {}
        for index, pair in enumerate(self.pairs):
            own = self.effects[pair.effect].defaults(pair.domain)
            asked = told_strength(pair.attributes, self.effects[pair.effect].group) if self.strengths else 1.0
            settings = SamplingSettings(guidance=own.guidance, mask=own.mask, steps=self.steps, prompt_strength=asked)
            batches.setdefault(settings, []).append(index)
        answers: dict[int, npt.NDArray[np.uint8]] = {}
        for settings, equal in batches.items():
            for members in (equal[start : start + self.at_a_time] for start in range(0, len(equal), self.at_a_time)):
                edits = pipeline.edit(
                    to_pixels([sources[index] for index in members]),
                    [Prompts(self.pairs[index].source_prompt, self.pairs[index].target_prompt) for index in members],
                    settings,
                    members,
                )
                pixels = to_pictures(edits.pixels)
                answers |= dict(zip(members, pixels, strict=True))
        return [answers[index] for index in range(len(self.pairs))]


def pick_samples(data: PairDataset, held_back: Sequence[int], count: int) -> list[Pair]:
    """Choose held-back pairs, one of each effect before a second of any."""
    effects = [row["effect"] for row in data.rows(("effect",))]
    seen: dict[str, int] = {}
    ranked = []
    for index in held_back:
        seen[effects[index]] = seen.get(effects[index], 0) + 1
        ranked.append((seen[effects[index]], index))
    return [data.load(index) for _, index in sorted(ranked, key=lambda item: item[0])[:count]]


def _fit(picture: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    return to_pictures(resize(to_pixels([picture])[None], size)[0])[0]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
