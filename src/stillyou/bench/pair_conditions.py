"""How well each condition of the teacher `diffusion` keeps what it should, at equal strength of the edit.

    python -m stillyou.bench.pair_conditions --pairs 32 --effect laughing --sheet sheet.png

Sources are drawn once; every set of conditions draws targets beside them, at several holds. Strength is the judge's
score of the effect, `outside` the mean change outside the expected region in levels of 255. At equal strength is what
lies between two holds, by straight lines; a set that does not reach the strength has none. Needs the extra `evaluate`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou.bench.command import parser, tell
from stillyou.effects.conditions import Conditions, RegionSettings
from stillyou.effects.lookup import load_effect
from stillyou.effects.spec import EffectSpec
from stillyou.images import Picture, write_picture
from stillyou.pairs.teachers.conditioning.base import Base
from stillyou.pairs.teachers.conditioning.build import build, chosen
from stillyou.pairs.teachers.conditioning.region import Region
from stillyou.pairs.teachers.diffusion.choose import changes
from stillyou.pairs.teachers.diffusion.config import DiffusionConfig
from stillyou.pairs.teachers.diffusion.teacher import DiffusionTeacher
from stillyou.pairs.teachers.protocol import PairRequest

SETS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "noise": ("noise",),
    "renoise": ("renoise",),
    "prompts": ("prompts",),
    "attention": ("attention",),
    "appearance": ("appearance",),
    "noise, renoise": ("noise", "renoise"),
    "noise, prompts": ("noise", "prompts"),
    "noise, attention": ("noise", "attention"),
    "default without region": (),
    "default": (),
}
"""What is measured; the defaults are the effect's group's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement."""
    options = _options(arguments)
    rows, sheet = measure(options)
    if options.sheet:
        write_picture(options.sheet, Picture(sheet))
    lines = ["conditions, hold, strength, outside"]
    lines += [f"{row['set']}, {row['hold']}, {row['strength']}, {row['outside']}" for row in rows]
    lines += [f"{name}: outside {found} at strength {level}" for name, level, found in _equal(rows)]
    tell(options, {"effect": options.effect, "pairs": options.pairs, "steps": options.steps, "rows": rows}, lines)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--base", default="embedded")
    made.add_argument("--effect", default="laughing")
    made.add_argument("--domain", default="people", choices=("people", "cartoon"))
    made.add_argument("--pairs", type=int, default=32)
    made.add_argument("--steps", type=int, default=20)
    made.add_argument("--holds", type=float, nargs="+", default=[1.0, 0.7, 0.4])
    made.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS), metavar="SET")
    made.add_argument("--sheet", type=Path, help="draw sources and targets, a row a set at its first hold")
    return made.parse_args(arguments)


def measure(options: argparse.Namespace) -> tuple[list[dict[str, Any]], NDArray[np.uint8]]:
    """Return a row for each set and hold, and a sheet."""
    from stillyou.evaluation.judge.classifier import Judge

    config = DiffusionConfig(base=options.base, domain=options.domain, steps=options.steps, candidates=1)
    effect = load_effect(options.effect).for_domain(options.domain)
    teacher, judge = config.build(), Judge.from_folder()
    assert isinstance(teacher, DiffusionTeacher)
    job = teacher.job([PairRequest(effect, seed, seed) for seed in range(options.pairs)])
    regions = Region(RegionSettings()).masks(job)[:, 0].numpy() > 0
    rows, strips = [], [np.concatenate(job.pictures[:8], 1)]
    for name in options.sets:
        for hold in options.holds:
            pictures = teacher.targets(job, build(_set(name, effect, teacher.base)), hold)
            strength = float(np.mean(judge.scores(effect, list(pictures))[1]))
            outside = float(np.mean(changes(job.pictures, pictures, regions)))
            rows.append({"set": name, "hold": hold, "strength": round(strength, 4), "outside": round(outside, 2)})
            if hold == options.holds[0]:
                strips.append(np.concatenate(pictures[:8], 1))
    return rows, np.concatenate(strips, 0)


def _set(name: str, effect: EffectSpec, base: Base) -> Conditions:
    if not name.startswith("default"):
        return chosen(effect, base.family, SETS[name])
    usual = chosen(effect, base.family)
    return usual if name == "default" else usual.model_copy(update={"region": None})


def _equal(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float | None]]:
    """Return what each set has at the strength that most sets reach: the median of all points."""
    level = round(float(np.median([row["strength"] for row in rows])), 4)
    names = list(dict.fromkeys(row["set"] for row in rows))
    points = {name: [(row["strength"], row["outside"]) for row in rows if row["set"] == name] for name in names}
    return [(name, level, at_strength(points[name], level)) for name in names]


def at_strength(points: Sequence[tuple[float, float]], strength: float) -> float | None:
    """Return what (strength, outside) points have at a strength, by straight lines; None outside their range."""
    ordered = sorted(points)
    strengths = [each[0] for each in ordered]
    if not strengths[0] <= strength <= strengths[-1]:
        return None
    return float(np.interp(strength, strengths, [each[1] for each in ordered]))


if __name__ == "__main__":
    raise SystemExit(main())
