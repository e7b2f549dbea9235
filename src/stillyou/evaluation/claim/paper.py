"""The report of a run in Markdown: what was asked, what came out, what it cost, and what could not be known.

Nothing in it is written by hand, so that a result of the other sign stands there just the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillyou.evaluation.claim.measured import Measured
from stillyou.evaluation.claim.run import Found
from stillyou.evaluation.claim.sheet import save_sheet
from stillyou.evaluation.claim.tables import ablation_lines, claim_lines, editor_lines, pair_lines
from stillyou.evaluation.comparison.regions import PRESERVATION
from stillyou.evaluation.comparison.report import plot
from stillyou.evaluation.comparison.run import AREA
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
        *claim_lines(found),
        "",
        *editor_lines(found),
        "",
        f"![Preservation over success along each editor's dial]({images[0]})",
        "",
        *ablation_lines(found),
        "",
        *pair_lines(found),
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
        f"Effects {', '.join(settings.effects)} on {settings.split}, {settings.side} px. {_made(found)}",
        f"Every editor: {settings.steps} steps of {settings.batch} samples from {_start(found)};",
        f"pix2pix: {settings.gan_steps} of {settings.gan_batch}.",
        f"{many} test pictures that no training saw, all figures against the studio's truth.{glance} Brackets are",
        "95% intervals, pictures resampled; there is one training run an editor, so that chance in training is not in",
        "them.",
    ]


def _made(found: Found) -> str:
    settings = found.settings
    if settings.drift is not None:
        return (
            f"{settings.pairs} candidate pairs an effect by the cartoon studio, whose targets draw anew "
            f"{settings.drift:.0%} of what they should keep (docs/reference/claim.md#pairs-that-drift)."
        )
    names = settings.conditions
    tied = "of each effect's group (docs/reference/diffusion-teacher.md)" if names is None else " and ".join(names)
    return (
        f"{settings.pairs} candidate pairs an effect by the text-to-image model `{settings.base}` "
        f"({settings.teacher_steps} steps), beside a studio's sources; conditions {tied}."
    )


def _start(found: Found) -> str:
    if found.settings.architecture is not None:
        return "the same random weights"
    return f"`{found.settings.base}` without its sources (docs/reference/claim.md#what-editors-start-from)"


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
