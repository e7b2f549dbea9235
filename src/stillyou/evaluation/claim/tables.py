"""The tables of a run's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillyou.evaluation.claim.measured import DRAFTED, TEACHER, UNMASKED, Measured
from stillyou.evaluation.claim.questions import Against, EqualSuccess, against, against_pairs, apart, verdict
from stillyou.evaluation.claim.run import Found
from stillyou.evaluation.claim.variants import IP2P, PIX2PIX, VARIANTS
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.statistics import Interval, PairedTest, interval
from stillyou.evaluation.report.tables import table_lines

_UNCURATED, _LEVELS = "no-curation", "outside_error"
_FIGURES = {"edit_success": "{:.2f}", PRESERVATION: "{:.3f}", "outside_error": "{:.2f}", "inside_error": "{:.1f}"}


def claim_lines(found: Found) -> list[str]:
    """Say whether the editor keeps more than its pairs and than what else was trained on them, at equal success."""
    first, learned = found.measured["editor"], _learned_from(found)
    body = [
        _kept(name, "the pairs it learned from", against_pairs(found.measured[name], rows))
        for name, rows in learned.items()
    ]
    levels = [_levels(name, found.measured[name], rows) for name, rows in learned.items()]
    for name in (TEACHER, IP2P, PIX2PIX):
        if name in found.measured:
            one = against(first, found.measured[name])
            body.append(_kept("editor", f"`{name}`", one.equal, one.area))
    head = ["editor", "against", "equal success", "editor keeps", "it keeps", "difference", "the editor keeps", "area"]
    return [
        "## Does the editor keep more than its own pairs?",
        "",
        "Preservation is the mean SSIM to the source outside the true mask, at the greatest success that both reach",
        f"along their dials. The pairs are measured as they are; `{TEACHER}` draws test pictures exactly as it drew",
        "the training pairs, before curation. Differences are the editor's minus the other's; the last is that of the",
        "areas under the curves.",
        "",
        *table_lines([head, *body]),
        "",
        "In levels of 255, which tell other colours where SSIM tells other shapes: the mean error outside the true",
        "mask, of each editor at its default and of the pairs that it learned from.",
        "",
        *table_lines([["editor", "its error", "its pairs' error", "difference"], *levels]),
    ]


def _learned_from(found: Found) -> dict[str, list[dict[str, Any]]]:
    """Return the pairs that editors learned from: the curated ones, and all of them."""
    accepted = [row for row in found.pairs if row["status"] == "accepted"]
    learned = {"editor": accepted, _UNCURATED: list(found.pairs)}
    return {name: rows for name, rows in learned.items() if name in found.measured}


def _levels(name: str, editor: Measured, pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    own = [value for value in editor.default.column(_LEVELS) if value is not None]
    theirs = [float(row[_LEVELS]) for row in pairs]
    return [
        f"`{name}`",
        _bracketed(interval(own), "{:.2f}"),
        _bracketed(interval(theirs), "{:.2f}"),
        _bracketed(apart(own, theirs) if own else None, "{:+.2f}"),
    ]


def _kept(editor: str, other: str, each: EqualSuccess, area: Interval | None = None) -> list[str]:
    return [
        f"`{editor}`",
        other,
        f"{each.success:.2f}",
        f"{each.first:.3f}",
        f"{each.second:.3f}",
        _signed(each.apart),
        verdict(each.apart) if each.success else "no success to compare",
        "-" if area is None else _signed(area),
    ]


def editor_lines(found: Found) -> list[str]:
    """Return what every editor does at its default."""
    head = ["editor", "success", "preservation", "error outside", "error inside", "area"]
    head += ["evaluations", "seconds", "failed"]
    body = [
        [
            f"`{name}`",
            *(_measured(each, figure, form) for figure, form in _FIGURES.items()),
            _plain(each.curve.interval()),
            "-" if each.default.evaluations is None else f"{each.default.evaluations:.0f}",
            f"{each.default.seconds:.2f}",
            str(sum(each.default.failures.values())),
        ]
        for name, each in found.measured.items()
    ]
    wrong = [
        f"- `{name}` {reason}: {count} times"
        for name, each in found.measured.items()
        for reason, count in each.default.failures.items()
    ]
    said = ["", "Failed edits count as no success; their other figures have no value.", "", *wrong] if wrong else []
    below = [
        "",
        "SSIM looks at windows, so that a true change counts a little beside its mask: the oracle's preservation is",
        "the highest that goes with success.",
    ]
    return ["## All editors at their defaults", "", *table_lines([head, *body]), *below, *said]


def ablation_lines(found: Found) -> list[str]:
    """Return what each part gives: the whole method minus the method without it."""
    first, whole = found.measured["editor"], found.costs["editor"]
    parts = {name: VARIANTS[name].part for name in found.settings.variants if name not in ("editor", IP2P)}
    body = [
        [f"`{name}`", part, *_given(against(first, found.measured[name])), _cost(whole, found.costs[name])]
        for name, part in parts.items()
    ]
    unmasked, drafted = found.measured[UNMASKED], found.measured[DRAFTED]
    given = [*_given(against(first, unmasked)), _evaluations(first, unmasked)]
    body.append([f"`{UNMASKED}`", "the editing mask", *given])
    given = [*_given(against(drafted, first)), _evaluations(drafted, first)]
    body.append([f"`{DRAFTED}`", "nothing: drafts are added (with them minus without)", *given])
    head = ["editor", "what it lacks", "success", "preservation", "area", "cost of the part"]
    return [
        "## What each part gives",
        "",
        "The whole method minus the method without the part: above 0 the part helps.",
        "",
        *table_lines([head, *body]),
    ]


def _given(each: Against) -> list[str]:
    return [_test(each.success, "{:+.2f}"), _test(each.preservation, "{:+.3f}"), _signed(each.area)]


def _evaluations(with_part: Measured, without: Measured) -> str:
    more = (with_part.default.evaluations or 0) - (without.default.evaluations or 0)
    return f"{more:+.0f} evaluations an edit"


def _cost(whole: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Say what training with a part took beside training without it; steps are equal."""
    return f"{whole['seconds'] - own['seconds']:+.0f} s of {whole['seconds']:.0f} s of training"


def pair_lines(found: Found) -> list[str]:
    """Return what is true of the pairs: made, accepted, refused and why."""
    head = ["candidates", "number", "success", "preservation"]
    body = []
    for status in ("accepted", "rejected"):
        rows = [row for row in found.pairs if row["status"] == status]
        body.append([status, str(len(rows)), _mean_of(rows, "edit_success", "{:.2f}"), _mean_of(rows, PRESERVATION)])
    reasons: dict[str, int] = {}
    for row in found.pairs:
        if row["status"] == "rejected":
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    said = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items(), key=lambda each: -each[1]))
    refused = ["", f"Refused for: {said}."] if said else []
    return ["## The pairs themselves, against truth", "", *table_lines([head, *body]), *refused]


def _measured(each: Measured, figure: str, form: str) -> str:
    values = [value for value in each.default.column(figure) if value is not None]
    return _bracketed(interval(values), form)


def _mean_of(rows: Sequence[Mapping[str, Any]], figure: str, form: str = "{:.3f}") -> str:
    return _bracketed(interval([row[figure] for row in rows if row[figure] is not None]), form)


def _plain(each: Interval) -> str:
    return _bracketed(each, "{:.3f}")


def _signed(each: Interval) -> str:
    return _bracketed(each, "{:+.3f}")


def _bracketed(each: Interval | None, form: str) -> str:
    return "-" if each is None else f"{form.format(each.mean)} [{form.format(each.low)}, {form.format(each.high)}]"


def _test(test: PairedTest | None, form: str) -> str:
    if test is None:
        return "-"
    return f"{form.format(test.difference)} [{form.format(test.low)}, {form.format(test.high)}]"
