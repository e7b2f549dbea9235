"""The report of a run in Markdown: what was asked, what came out, what it cost, and what could not be known.

Nothing in it is written by hand, so that a result of the other sign stands there just the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stillyou.evaluation.claim.measured import DRAFTED, TEACHER, UNMASKED, Measured
from stillyou.evaluation.claim.questions import Against, against, verdict
from stillyou.evaluation.claim.run import Found
from stillyou.evaluation.claim.sheet import save_sheet
from stillyou.evaluation.claim.variants import IP2P, PIX2PIX, VARIANTS
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.report import plot
from stillyou.evaluation.comparison.run import AREA
from stillyou.evaluation.comparison.statistics import Interval, PairedTest, interval
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import write_text

CURVES, SHEET = "curves.png", "sheet.jpg"
FEW = 32
"""Test pictures an effect below which figures are a glance."""
_THEIR_OWN = {
    False: ["  The editors begin at random weights; they share its autoencoder, and the drafts' fit network."],
    True: [
        "  Editors begin at its UNet, text encoder and autoencoder, without its source channels, image encoder and",
        "  adapter; how much of editing the layers between remember is not known. It is the same for all of them.",
    ],
}
_FIGURES = {"edit_success": "{:.2f}", PRESERVATION: "{:.3f}", "outside_error": "{:.2f}", "inside_error": "{:.1f}"}


def write_paper(
    found: Found, document: Path, root: Path, command: str, machine: str, images: Path | None = None
) -> list[Path]:
    """Write the document, its curves and its sheet, named after it.

    Args:
        found: The run.
        document: The Markdown file.
        root: Folder of the run, with its pictures.
        command: What makes this again.
        machine: What it ran on.
        images: Folder of curves and sheet; None is the document's own.

    Returns:
        The files.
    """
    curves, sheet = ((images or document.parent) / f"{document.stem}-{name}" for name in (CURVES, SHEET))
    plot({name: _curve(each) for name, each in found.measured.items()}, curves)
    save_sheet(found.measured, found.settings.effects, found.settings.tests, root, sheet)
    links = [Path(os.path.relpath(image, document.parent)).as_posix() for image in (curves, sheet)]
    write_text(document, "\n".join(lines(found, command, machine, links)) + "\n")
    return [document, curves, sheet]


def lines(found: Found, command: str, machine: str, images: Sequence[str]) -> list[str]:
    """Return the document, line by line."""
    return [
        "# The paper's claim",
        "",
        *_asked(found, command, machine),
        "",
        *_claim(found),
        "",
        *_editors(found),
        "",
        f"![Preservation over success along each editor's dial]({images[0]})",
        "",
        *_ablations(found),
        "",
        *_pairs(found),
        "",
        f"![Test pictures: source, target, and each editor's answer at its default]({images[1]})",
        "",
        "A frame is green where the judge sees the effect. `teacher` is what the pairs look like.",
        "",
        *_unknown(found),
    ]


def _asked(found: Found, command: str, machine: str) -> list[str]:
    settings = found.settings
    many = len(settings.effects) * settings.tests
    glance = " Fewer than 32 pictures an effect: **a glance**." if settings.tests < FEW else ""
    return [
        f"Written by `{command}`, {machine}, {found.seconds / 60:.0f} minutes in all. What every name",
        "means stands in docs/reference/claim.md.",
        "",
        f"Effects {', '.join(settings.effects)} on {settings.split}, {settings.side} px. {settings.pairs} candidate "
        f"pairs an effect by the text-to-image model `{settings.base}` ({settings.teacher_steps} steps), beside a",
        f"studio's sources; conditions {_conditions(found)}. Every editor: {settings.steps} steps of {settings.batch} "
        f"samples from {_start(found)}.",
        f"{many} test pictures that no training saw, all figures against the studio's truth.{glance} Brackets are",
        "95% intervals, pictures resampled; there is one training run an editor, so that chance in training is not in",
        "them.",
    ]


def _conditions(found: Found) -> str:
    names = found.settings.conditions
    return "of each effect's group (docs/reference/diffusion-teacher.md)" if names is None else " and ".join(names)


def _start(found: Found) -> str:
    if found.settings.architecture is not None:
        return "the same random weights"
    return f"`{found.settings.base}` without its sources (docs/reference/claim.md#what-editors-start-from)"


def _claim(found: Found) -> list[str]:
    """Say whether the editor keeps more than its pairs and than what else was trained on them, at equal success."""
    first = found.measured["editor"]
    names = [name for name in (TEACHER, IP2P, PIX2PIX) if name in found.measured]
    compared = [against(first, found.measured[name]) for name in names]
    body = [
        [
            f"`{each.name}`",
            f"{each.equal.success:.2f}",
            f"{each.equal.first:.3f}",
            f"{each.equal.second:.3f}",
            _signed(each.equal.apart),
            verdict(each.equal.apart) if each.equal.success else "no success to compare",
            _signed(each.area),
        ]
        for each in compared
    ]
    head = ["against", "equal success", "editor keeps", "it keeps", "difference", "the editor keeps", "area"]
    return [
        "## Does the editor keep more than its own pairs?",
        "",
        f"`{TEACHER}` draws the test pictures exactly as it drew the training pairs. Preservation is the mean SSIM to",
        "the source outside the true mask, at the greatest success that both reach along their dials. Differences are",
        "the editor's minus the other's; the last is that of the areas under the curves.",
        "",
        *table_lines([head, *body]),
    ]


def _editors(found: Found) -> list[str]:
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


def _ablations(found: Found) -> list[str]:
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


def _pairs(found: Found) -> list[str]:
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


def _unknown(found: Found) -> list[str]:
    return [
        "## What this does not say",
        "",
        "- The paper's own numbers come from models and pictures that are not public where this is built.",
        "- Teacher, editors and baselines are tiny beside those of the paper, and are trained for minutes.",
        "- The judge is a network; what it says of the lazy answer and of the oracle tells how far to believe it.",
        "- The text-to-image model has seen other studio pictures of this kind in its own training, as an editor.",
        *_THEIR_OWN[found.settings.architecture is None],
    ]


def _curve(each: Measured) -> dict[str, Any]:
    success, kept = each.curve.points()
    points = [{"edit_success": s, PRESERVATION: p} for s, p in zip(success, kept, strict=True)]
    return {"points": points, AREA: {"mean": each.curve.area()}}


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
