"""Precision and recall of curation on pairs of a studio, nearly half of them with planted defects.

python -m stillyou.bench.curation [--teacher cartoon] [--pairs 200] [--size 256] [--workers N] [--json] [-o FILE]

Every second pair of an effect, from its second one on, gets one of the six defects of `stillyou.bench.planted`. A pair
with a defect that is refused counts as found, for the right reason or another (told apart); a good pair that is refused
counts against precision.

    precision = defects refused / pairs refused        recall = defects refused / defects
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillyou.bench import command
from stillyou.bench.planted import DEFECTS, REASONS, planted
from stillyou.effects.lookup import load_effects
from stillyou.machine import cores
from stillyou.pairs.assemble import Execution
from stillyou.pairs.curate import Curation, curate
from stillyou.pairs.dataset.info import write_info
from stillyou.pairs.dataset.shards import Row, shard_name, write_shard
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.registry import configure, prepare

GOAL = 0.95
_SEED = 20_261_125
"""Of pairs that no threshold was chosen on."""


def plant(made: Path, out: Path) -> dict[str, str]:
    """Copy a studio's dataset, with a defect in every second pair from the second candidate of an effect on.

    Args:
        made: A finished dataset; pairs that its rules refused are taken for good ones too.
        out: The folder of the copy.

    Returns:
        The defect of each pair by key, or an empty string.
    """
    dataset = PairDataset(made, status="accepted")
    info = dataset.meta
    truth: dict[str, str] = {}
    good: dict[str, int] = {}
    rows: list[Row] = []
    for index in range(len(dataset)):
        key, pair = dataset.row(index)["key"], dataset.load(index)
        turn = sum(divmod(index, len(info.effects)))  # neighbours in a row and in a column take turns
        due = sum(defect != "" for defect in truth.values())
        defect = DEFECTS[due % len(DEFECTS)] if turn % 2 and pair.effect in good else ""
        if defect:
            pair = planted(defect, pair, dataset.load(good[pair.effect]))
        else:
            good[pair.effect] = index
        truth[key] = defect
        rows.append(Row(key, pair, "accepted"))
    out.mkdir(parents=True, exist_ok=True)
    step = -(-len(rows) // len(info.ranges()))
    for number, (start, stop) in enumerate(info.ranges()):
        chosen = rows[number * step : (number + 1) * step]
        write_shard(out / shard_name(number), chosen, settings=info.digest(), start=start, stop=stop)
    write_info(out, info)
    return truth


def figures(curated: Path, truth: Mapping[str, str]) -> dict[str, Any]:
    """Compare a curated dataset with what was planted.

    Returns:
        ``precision``, ``recall``, ``right_reason`` (share of the defects refused), and ``defects``: of each, how many
        there are, were refused, and were refused for a right reason, with all reasons counted. ``good`` likewise.
    """
    counts: dict[str, Counter[str]] = {defect: Counter() for defect in ("", *DEFECTS)}
    for row in PairDataset(curated, status="any").rows(("key", "reason")):
        counts[truth[row["key"]]][row["reason"]] += 1
    table: dict[str, Any] = {}
    for defect, reasons in counts.items():
        refused = {reason: count for reason, count in sorted(reasons.items()) if reason}
        right = sum(count for reason, count in refused.items() if reason in REASONS.get(defect, ()))
        table[defect or "good"] = {
            "pairs": reasons.total(),
            "refused": sum(refused.values()),
            "right_reason": right,
            "reasons": refused,
        }
    wrong = table["good"]["refused"]
    found, right, number = (sum(table[d][name] for d in DEFECTS) for name in ("refused", "right_reason", "pairs"))
    return {
        "precision": found / max(1, found + wrong),
        "recall": found / max(1, number),
        "right_reason": right / max(1, found),
        "table": table,
    }


def main() -> None:
    """Run from the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("--teacher", default="cartoon", help="cartoon or people")
    parser.add_argument("--pairs", type=int, default=200, help="pairs in all, planted ones among them")
    parser.add_argument("--size", type=int, default=256, help="side in pixels")
    parser.add_argument("--workers", type=int, default=cores(), help="processes")
    parser.add_argument(
        "--keep-pairs", type=Path, metavar="FOLDER", help="keep both datasets here; a run that was cut off goes on"
    )
    options = parser.parse_args()

    effects = load_effects("all")
    config = configure(options.teacher, {"size": options.size})
    prepare(config)
    with tempfile.TemporaryDirectory() as scratch:
        made, out = ((options.keep_pairs or Path(scratch)) / name for name in ("made", "planted"))
        n = -(-options.pairs // len(effects))
        execution = Execution(workers=options.workers)
        make_pairs(config, effects, n, made, seed=_SEED, shard_size=max(1, n // 4), execution=execution)
        truth = plant(made, out)
        curate(out, Curation(workers=options.workers))
        found = {"teacher": options.teacher, "size": options.size, **figures(out, truth)}
    command.tell(options, found, _lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':12}{'pairs':>7}{'refused':>9}{'right':>7}  reasons"
    for name, row in found["table"].items():
        reasons = ", ".join(f"{count} x {reason}" for reason, count in row["reasons"].items())
        yield f"{name:12}{row['pairs']:7}{row['refused']:9}{row['right_reason']:7}  {reasons}"
    yield f"precision {found['precision']:.3f}, recall {found['recall']:.3f} (goal {GOAL}), of these for the right"
    yield f"reason {found['right_reason']:.3f}"


if __name__ == "__main__":
    main()
