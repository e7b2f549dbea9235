"""Whether drafts are lit as their pictures are, for people of every skin tone.

    python -m stillyou.bench.costume_light PAIRS [--json] [-o FILE]

PAIRS is a dataset of people in named designs. Each costume is drawn on its source as edits draw it, and beside the
true target: where both differ from the source, the logarithm of the draft's mean linear luminance over the target's
is 0 for a draft that is as bright. Means differ by design, whose art covers other parts of the body than its drafts
do; what is told is left when each design's own mean is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillyou.bench import command
from stillyou.drafts.people.light import luminance
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.report.tables import table_lines
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair
from stillyou.pairs.worn import draft_of

TONES = ((1, 3), (4, 4), (5, 6), (7, 7), (8, 10))
"""Skin tones of the studio, in the manner of the Monk scale (10 is the darkest), in groups."""
_DIFFERS, _LEAST = 12, 500
"""Levels from which on a pixel counts as changed, and changed pixels that are enough."""


def brightness(pair: Pair) -> float | None:
    """Return the log of a draft's luminance over its target's; None where they share too little."""
    drawn = draft_of(pair, "people")
    if drawn is None:
        return None
    both = _changed(drawn, pair.source) & _changed(pair.target, pair.source)
    if both.sum() < _LEAST:
        return None
    return float(np.log(luminance(drawn[both]).mean() / luminance(pair.target[both]).mean()))


def _changed(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    apart: NDArray[np.bool_] = np.abs(one.astype(np.int16) - other).max(axis=-1) > _DIFFERS
    return apart


def measure(pairs: PairDataset) -> list[tuple[str, int, float]]:
    """Return (design, tone, log ratio) of each pair that has them.

    Raises:
        UsageError: None has.
    """
    found = [
        (str(pair.attributes["design"]), int(pair.attributes["skin_tone"]), ratio)
        for pair in map(pairs.load, range(len(pairs)))
        if "skin_tone" in pair.attributes and (ratio := brightness(pair)) is not None
    ]
    if not found:
        raise UsageError(f"{pairs.path} has no people in named designs", "Make some: docs/reference/pairs.md.")
    return found


def by_tone(found: Sequence[tuple[str, int, float]]) -> list[dict[str, Any]]:
    """Return a row a group of tones from (design, tone, log ratio)."""
    designs, tones, ratios = (np.asarray(column) for column in zip(*found, strict=True))
    left = ratios - np.array([ratios[designs == design].mean() for design in designs])
    rows = []
    for first, last in TONES:
        these = left[(tones >= first) & (tones <= last)]
        mean, error = (None, None) if not len(these) else (float(these.mean()), float(these.std() / len(these) ** 0.5))
        rows.append({"tones": [first, last], "people": len(these), "log_ratio": mean, "error": error})
    return [*rows, {"tones": "all", "people": len(left), "log_ratio": float(ratios.mean()), "error": None}]


def lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return the table in Markdown."""
    yield from table_lines([["skin tones", "people", "log of luminance over the target's"], *map(_cells, rows)])


def _cells(row: Mapping[str, Any]) -> list[str]:
    tones = row["tones"] if isinstance(row["tones"], str) else "{} to {}".format(*row["tones"])
    if row["log_ratio"] is None:
        return [tones, "0", "-"]
    error = "" if row["error"] is None else f" ± {row['error']:.3f}"
    return [tones, str(row["people"]), f"{row['log_ratio']:+.3f}{error}"]


def main() -> None:
    """Print a table in Markdown."""
    parser = command.parser(__doc__)
    parser.add_argument("pairs", type=Path, help="dataset of people in named designs")
    options = parser.parse_args()
    try:
        found = measure(PairDataset(options.pairs))
    except StillYouError as error:
        parser.error(str(error))
    rows = by_tone(found)
    command.tell(options, {"rows": rows}, lines(rows))


if __name__ == "__main__":
    main()
