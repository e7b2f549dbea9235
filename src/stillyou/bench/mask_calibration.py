"""Recall and area of the editing mask over its settings, on true masks: where the groups' values come from.

    python -m stillyou.bench.mask_calibration [-n 30] [--levels 0.5 0.7 0.9] [--model embedded] [--device cuda]
    python -m stillyou.bench.mask_calibration --domain people [--pairs FOLDER]

Pairs have seeds that neither training nor evaluation uses: cartoons of the training styles, or new people. `--pairs`
takes a dataset that is there already (`stillyou pairs make --teacher people -e all -n 24 --seed 777 -o FOLDER` makes
one on all cores). Each level of the schedule costs 20 evaluations a pair; all other settings are then tried on the same
maps. For each effect group the table ends with the smallest area at which recall is high enough, as YAML. What differs
from `config.MaskSettings` belongs into the group (`effects.groups`), for people into its `domains`.

`worst` is the effect with the least recall. `face` is the share of the face that a costume's mask marks although the
edit leaves it alone: the middle of the face box where portraits of people are framed alike, less the true mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stillyou.bench import command
from stillyou.config import MaskSettings
from stillyou.console import console
from stillyou.diffusion.mask import editing_mask, smooth, soft_map
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import estimate_soft_map
from stillyou.draws import stable_seed
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.evaluation.known_truth.splits import cases
from stillyou.images.framing import FACE_CENTRE, FACE_SHARE
from stillyou.images.tensors import to_pixels
from stillyou.models.load import load_pipeline
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.protocol import PairRequest

SEED = 777
BATCH = 16
UNCLAMPED = 1000.0  # a ratio that no difference reaches: the map is then the difference over its mean
MULTIPLES = {
    "costume": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4),
    "expression": (1.5, 2.0, 2.5, 3.0, 3.6, 4.0, 5.0, 6.0),
}
"""Multiples of the mean difference that count as edited: ratio times threshold."""
THRESHOLDS = {"costume": 0.5, "expression": 0.6}
PASSES = (0, 1, 2)
LEAST_RECALL = 0.95


@dataclass(frozen=True)
class Found:
    """One setting and what it comes to: shares, but for the area, which is a multiple of the true one."""

    settings: MaskSettings
    recall: float
    worst: float
    worst_effect: str
    area: float
    face: float

    def document(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "settings": self.settings.model_dump(mode="json")}

    def line(self) -> str:
        """Return a row of the table."""
        multiple = self.settings.ratio * self.settings.threshold
        return (
            f"{self.settings.encode_strength:5.2f}  {multiple:8.2f}  {self.settings.smooth:6}  {self.recall:6.3f}  "
            f"{self.worst:6.3f} {self.worst_effect:<9}  {self.area:4.2f}  {self.face:5.3f}"
        )


def difference_maps(pipe: MultiConditionedPipeline, pairs: Sequence[Pair], level: float) -> torch.Tensor:
    """Return d over its mean for each pair, (N, 1, h, w)."""
    settings, maps = MaskSettings(encode_strength=level, ratio=UNCLAMPED, smooth=0), []
    for start in range(0, len(pairs), BATCH):
        chunk = pairs[start : start + BATCH]
        pixels = to_pixels([pair.source for pair in chunk])
        encoded = pipe.encode(pixels, [Prompts(pair.source_prompt, pair.target_prompt) for pair in chunk])
        with torch.inference_mode():
            soft = estimate_soft_map(pipe.denoiser, pipe.scheduler, encoded, settings, range(start, start + len(chunk)))
        maps.append(UNCLAMPED * soft.float().cpu())
    return torch.cat(maps)


def make(effects: Sequence[EffectSpec], domain: str, n: int, size: int) -> list[Pair]:
    """Make n pairs of each effect."""
    if domain == "cartoon":
        return [pair for effect in effects for pair in cases(effect, "unseen-characters", n, size=size, seed=SEED)]
    people = [stable_seed("mask calibration", SEED, index) for index in range(n)]
    requests = [PairRequest(effect, seed) for seed in people for effect in effects]
    return PeopleConfig(size=size).build().make(requests)


def load(folder: Path, effects: Sequence[EffectSpec], n: int) -> list[Pair]:
    """Read the first n accepted pairs of each effect that the dataset has."""
    known, pairs = {effect.id for effect in read_info(folder).effects}, []
    for effect in effects:
        if effect.id not in known:
            continue
        data = PairDataset(folder, effects=[effect.id])
        pairs += [data.load(index) for index in range(min(n, len(data)))]
    return pairs


def face_middle(size: int) -> torch.Tensor:
    """Return where a framed face surely is, (size, size): the ellipse in the middle half of the detector's box."""
    y, x = np.mgrid[:size, :size] / size
    radius = FACE_SHARE / 4
    return torch.from_numpy(((x - FACE_CENTRE[0]) / radius) ** 2 + ((y - FACE_CENTRE[1]) / radius) ** 2 < 1)


def measure(maps: torch.Tensor, truth: torch.Tensor, names: Sequence[str], settings: MaskSettings) -> Found:
    """Compare the masks of one setting with the true ones, (N, 1, H, W) bool."""
    soft = soft_map(smooth(maps, settings.smooth), settings.ratio)
    marked = editing_mask(soft, (truth.shape[-2], truth.shape[-1]), settings) >= 0.5
    hit = (marked & truth).sum((1, 2, 3)) / truth.sum((1, 2, 3)).clamp_min(1)
    by_effect = {name: float(hit[[other == name for other in names]].mean()) for name in sorted(set(names))}
    kept = face_middle(truth.shape[-1]) & ~truth
    worst = min(by_effect, key=lambda name: by_effect[name])
    return Found(
        settings,
        recall=float(hit.mean()),
        worst=by_effect[worst],
        worst_effect=worst,
        area=float(marked.sum() / truth.sum()),
        face=float((marked & kept).sum() / kept.sum().clamp_min(1)),
    )


def best(found: Sequence[Found]) -> Found:
    """Return the least area with enough recall, or the greatest recall if none has it."""
    enough = [one for one in found if one.recall >= LEAST_RECALL]
    return min(enough, key=lambda one: one.area) if enough else max(found, key=lambda one: one.recall)


def yaml(settings: MaskSettings) -> str:
    """Return settings as an effect's file writes them."""
    names = ("strategy", "encode_strength", "maps", "smooth", "ratio", "threshold", "grow", "feather")
    return "mask: {" + ", ".join(f"{name}: {getattr(settings, name)}" for name in names) + "}"


def main() -> None:
    """Print a table for each effect group."""
    parser = command.parser(__doc__)
    parser.add_argument("-n", type=int, default=30, help="pairs an effect")
    parser.add_argument("--levels", type=float, nargs="+", default=[0.5, 0.7, 0.9])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--domain", choices=["cartoon", "people"], default="cartoon")
    parser.add_argument("--pairs", type=Path, help="a pair dataset at the model's resolution")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--all", action="store_true", help="print every setting, not the best of each level alone")
    options = parser.parse_args()
    pipe = load_pipeline(options.model, options.device)
    found: dict[str, list[Found]] = {}
    for group in MULTIPLES:
        effects, size = [effect for effect in catalogue().values() if effect.group == group], pipe.resolution
        n = options.n
        pairs = load(options.pairs, effects, n) if options.pairs else make(effects, options.domain, n, size)
        console.print(f"{group}: {len(pairs)} pairs", markup=False)
        tried = [calibrate(pipe, pairs, group, level) for level in options.levels]
        found[group] = [one for level in tried for one in (level if options.all else [best(level)])]
    command.tell(options, {group: [one.document() for one in tried] for group, tried in found.items()}, _lines(found))


def calibrate(pipe: MultiConditionedPipeline, pairs: Sequence[Pair], group: str, level: float) -> list[Found]:
    """Measure all settings of a group at one level of the schedule, on the same maps."""
    truth = torch.from_numpy(np.stack([pair.mask for pair in pairs]))[:, None] > 0
    maps, names, threshold = difference_maps(pipe, pairs, level), [pair.effect for pair in pairs], THRESHOLDS[group]
    plain = MaskSettings(encode_strength=level, threshold=threshold, grow=0, feather=0.02)
    tried = [
        plain.model_copy(update={"ratio": round(multiple / threshold, 3), "smooth": passes})
        for multiple in MULTIPLES[group]
        for passes in PASSES
    ]
    return [measure(maps, truth, names, settings) for settings in tried]


def _lines(found: Mapping[str, Sequence[Found]]) -> Iterator[str]:
    for group, tried in found.items():
        chosen = best(tried)
        yield f"{group}\nlevel  multiple  passes  recall   worst            area   face"
        yield from (one.line() for one in tried)
        yield f"best: recall {chosen.recall:.3f} at {chosen.area:.2f} times the true area\n  {yaml(chosen.settings)}\n"


if __name__ == "__main__":
    main()
