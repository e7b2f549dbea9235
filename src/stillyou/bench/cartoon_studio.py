"""Pairs a second and core of the cartoon studio, with masks, without writing files.

python -m stillyou.bench.cartoon_studio [--pairs 200] [--size 256] [--json] [-o FILE]

CPU seconds of one process are counted, so the figure is that of one core even on a busy machine. Loading the
styles happens once a process and is reported by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from stillyou.bench import command
from stillyou.effects.lookup import catalogue
from stillyou.pairs.teachers.cartoon.definition import face_style, marked_style
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio

GOALS = {"expression": 40.0, "costume": 25.0}


def warm_up(studio: CartoonStudio) -> float:
    """Load all styles and lendable faces; return CPU seconds."""
    start = time.process_time()
    for style in studio.styles:
        marked_style(style)
        if style.lends_face:
            face_style(style)
    return time.process_time() - start


def pairs_a_second(studio: CartoonStudio, group: str, count: int) -> float:
    """Make pairs of all effects of a group in turn."""
    effects = [effect for effect in catalogue().values() if effect.group == group]
    start = time.process_time()
    for seed in range(count):
        studio.pair(effects[seed % len(effects)], seed)
    return count / (time.process_time() - start)


def main() -> None:
    """Run from the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("--pairs", type=int, default=200, help="pairs of each group")
    parser.add_argument("--size", type=int, default=256, help="side in pixels")
    options = parser.parse_args()

    studio = CartoonStudio(size=options.size)
    report: dict[str, float | int] = {"size": options.size, "pairs": options.pairs, "validation_s": warm_up(studio)}
    for group in GOALS:
        report[f"{group}_pairs_a_second"] = pairs_a_second(studio, group, options.pairs)
    command.tell(options, report, _lines(report))


def _lines(report: Mapping[str, float | int]) -> Iterator[str]:
    yield f"styles validated in {report['validation_s']:.1f} s, once a process"
    for group, goal in GOALS.items():
        yield f"{group:>10}: {report[f'{group}_pairs_a_second']:.1f} pairs a second and core (goal {goal:.0f})"


if __name__ == "__main__":
    main()
