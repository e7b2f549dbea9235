"""What a second try of edits out of band is worth: failed edits before and after, and what it costs.

    python -m stillyou.bench.retry [--split unseen-styles] [-n 32] [--effects angry ...] [--draft auto|none] [--seed 0]
        [--size 256] [--bands] [--json] [-o FILE]

Every pair is edited once; those whose scores are out of band (`editing.check`) are then edited as `--retry` does. An
edit has failed where the judge does not see the effect. `--bands` prints instead what successful edits look like, from
which `effects.usual` is written: only on unseen-characters or people, since held-out styles set no thresholds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stillyou.bench import command
from stillyou.console import console
from stillyou.draws import stable_seed
from stillyou.editing.editor import Editor
from stillyou.editing.result import EditResult
from stillyou.editing.showing import shows
from stillyou.effects.bands import Band
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.effects.usual import USUAL
from stillyou.errors import UsageError
from stillyou.evaluation.judge.classifier import SHIPPED, Judge
from stillyou.evaluation.known_truth.benchmark import PictureJudge
from stillyou.evaluation.known_truth.groups import wilson
from stillyou.evaluation.known_truth.settings import Batch, Settings, parse_start
from stillyou.evaluation.known_truth.splits import SPLITS, cases, domain_of
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.evaluation.report.tables import table_lines
from stillyou.images import Picture as Whole
from stillyou.pairs.pair import Pair

EDGES = (5.0, 95.0)
"""Percentiles of successful edits that bands lie between."""
SHOWN = (5.0, 10.0, 15.0)
"""Percentiles of what successful edits of each effect show more than their sources, to choose the least from."""
OFFERED = tuple(effect.id for effect in catalogue().values() if effect.offered)
EXPRESSIONS = tuple(effect.id for effect in catalogue().values() if effect.group == "expression" and effect.offered)
_HEAD = ("effect", "edits", "failed", "failed with a second try", "tried again", "of the failed", "of the good ones")
Row = dict[str, Any]


def measure(
    subject: ModelSubject, judge: PictureJudge, effect: EffectSpec, pairs: Sequence[Pair], settings: Settings, seed: int
) -> list[Row]:
    """Edit pairs once, and again where that is wanted.

    Returns:
        For each the effect, whether it `succeeded` at first and in the `end`, whether it was tried `again`, the scores
        of the first try (`shows` as `editing.showing` has it), and `evaluations` and processor `seconds` of one try and
        `in_all`.
    """
    rows: list[Row] = []
    for first in range(0, len(pairs), 8):
        part = pairs[first : first + 8]
        seeds = [stable_seed("evaluation noise", seed, effect.id, first + i) for i in range(len(part))]
        batch, started = Batch.of(part, effect, seeds, settings), time.process_time()
        results = subject.edit(batch)
        once = (time.process_time() - started) / len(part)
        own = [_row(effect, result, once) for result in results]
        for row, pair, result in zip(own, part, results, strict=True):
            row["shows"] = shows(effect, Whole(pair.source), result)
        for row, success in zip(own, judge.scores(effect, [r.picture.rgb for r in results])[0], strict=True):
            row |= {"succeeded": success, "end": success}
        _again(subject, judge, batch, results, own)
        rows += own
    return rows


def _again(
    subject: ModelSubject, judge: PictureJudge, batch: Batch, results: Sequence[EditResult], rows: Sequence[Row]
) -> None:
    """Edit those again that `--retry` would; of people all, whose faces are compared only then."""
    usual = USUAL.get((batch.effect.group, subject.domain))
    band = Band() if usual is None else usual.bands(batch.effect.id)["shows"]
    out = []
    for i, (result, row) in enumerate(zip(results, rows, strict=True)):
        scores, lacks = result.report.scores, row["shows"] is not None and not band.holds(row["shows"])
        if scores is not None and (scores.out_of_band or lacks or subject.domain == "people"):
            out.append(i)
    if not out:
        return
    asked, started = batch.only(out), time.process_time()
    found = subject.edit(replace(asked, settings=replace(asked.settings, retry=True)))
    both = (time.process_time() - started) / len(out)
    verdicts = judge.scores(batch.effect, [result.picture.rgb for result in found])[0]
    for i, result, success in zip(out, found, verdicts, strict=True):
        if result.report.tries > 1:
            spent = {"evaluations_in_all": result.report.evaluations, "seconds_in_all": both}
            rows[i] |= {"end": success, "again": True, **spent}


def _row(effect: EffectSpec, result: EditResult, seconds: float) -> Row:
    report, scores = result.report, result.report.scores
    return {
        "effect": effect.id,
        "again": False,
        "mask_share": None if scores is None else scores.mask_share,
        "change_inside": report.change_inside,
        "evaluations": report.evaluations,
        "evaluations_in_all": report.evaluations,
        "seconds": seconds,
        "seconds_in_all": seconds,
    }


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Return shares of `failed` edits `before` and `after` with 95% intervals, who was tried again, and the cost."""
    n, failed = len(rows), [row for row in rows if not row["succeeded"]]
    after, good = sum(not row["end"] for row in rows), n - len(failed)
    before = len(failed)
    return {
        "edits": n,
        "before": before / n,
        "before_95": wilson(before / n, n),
        "after": after / n,
        "after_95": wilson(after / n, n),
        "again": sum(row["again"] for row in rows) / n,
        "again_of_failed": sum(row["again"] for row in failed) / before if before else None,
        "again_of_good": sum(row["again"] for row in rows if row["succeeded"]) / good if good else None,
        "evaluations": _ratio(rows, "evaluations"),
        "seconds": _ratio(rows, "seconds"),
    }


def _ratio(rows: Sequence[Row], name: str) -> float:
    return float(sum(row[f"{name}_in_all"] for row in rows) / max(1e-9, sum(row[name] for row in rows)))


def bands(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what successful edits look like.

    Returns:
        `edits`; `masks`, the usual (median) one of each effect; the `EDGES` of `mask_ratio` and `change_inside`; and of
        each effect the percentiles `SHOWN` of what it `shows` more, where the scorer knows it.
    """
    good = [row for row in rows if row["succeeded"] and row["mask_share"]]
    if not good:
        raise UsageError("no edit succeeded, so nothing is usual", "Take more pairs with -n.")
    masks = {
        name: float(np.median([row["mask_share"] for row in good if row["effect"] == name]))
        for name in dict.fromkeys(row["effect"] for row in good)
    }
    ratios = [row["mask_share"] / masks[row["effect"]] for row in good]
    changes = [row["change_inside"] for row in good]
    edges = {"mask_ratio": np.percentile(ratios, EDGES), "change_inside": np.percentile(changes, EDGES)}
    told = {
        name: [row["shows"] for row in good if row["effect"] == name and row["shows"] is not None] for name in masks
    }
    shown = {name: [float(v) for v in np.percentile(each, SHOWN)] for name, each in told.items() if each}
    found = {"edits": len(good), "masks": masks, "shows": shown}
    return found | {name: [float(v) for v in each] for name, each in edges.items()}


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Return the table in Markdown."""
    if "bands" in found:
        yield from (f"{name}: {value}" for name, value in found["bands"].items())
        return
    body = []
    for name, each in {"all": found["all"], **found["effects"]}.items():
        shares = [f"{each['before']:.3f}", f"{each['after']:.3f}", f"{each['again']:.2f}"]
        caught = ["-" if each[key] is None else f"{each[key]:.2f}" for key in ("again_of_failed", "again_of_good")]
        body.append([name, str(each["edits"]), *shares, *caught])
    yield from table_lines([list(_HEAD), *body])
    whole = found["all"]
    yield ""
    cost = f"{whole['evaluations']:.2f} times the evaluations, {whole['seconds']:.2f} times the seconds"
    yield f"Cost of all edits: {cost}."


def main() -> None:
    """Print a table in Markdown."""
    parser = command.parser(__doc__)
    parser.add_argument("--split", choices=SPLITS, default="unseen-styles")
    parser.add_argument("-n", type=int, default=32, help="pairs an effect")
    parser.add_argument("--effects", nargs="+", choices=OFFERED, default=list(EXPRESSIONS))
    parser.add_argument("--draft", default="auto", help="auto or none: what costumes start from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=256, help="side of the pictures in pixels")
    parser.add_argument("--bands", action="store_true", help="print what successful edits look like")
    options = parser.parse_args()
    if options.bands and options.split == "unseen-styles":
        parser.error("held-out styles set no thresholds: give --split unseen-characters or people")
    subject = ModelSubject(Editor.from_pretrained("embedded", "auto"), domain_of(options.split))
    judge, settings, rows = Judge.from_folder(SHIPPED), Settings(draft=parse_start(options.draft)), []
    for effect in [each for each in subject.effects() if each.id in options.effects]:
        pairs = list(cases(effect, options.split, options.n, size=options.size, seed=options.seed))
        rows += measure(subject, judge, effect, pairs, settings, options.seed)
        console.print(f"{effect.id}: {summary([r for r in rows if r['effect'] == effect.id])}", markup=False)
    figures: dict[str, Any] = {"split": options.split, "n": options.n, "seed": options.seed, "size": options.size}
    if options.bands:
        figures["bands"] = bands(rows)
    else:
        names = dict.fromkeys(row["effect"] for row in rows)
        figures |= {"all": summary(rows), "effects": {n: summary([r for r in rows if r["effect"] == n]) for n in names}}
    command.tell(options, {**figures, "rows": rows}, lines(figures))


if __name__ == "__main__":
    main()
