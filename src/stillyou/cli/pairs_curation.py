"""``stillyou pairs curate`` and ``stillyou pairs report``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from stillyou.errors import UsageError, requires
from stillyou.machine import cores

_FOLDER = typer.Argument(..., metavar="FOLDER", help="A pair dataset.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``pairs``."""
    group.command("curate")(_curate)
    group.command("report")(_page)


def _curate(
    folder: Path = _FOLDER,
    least: list[str] = typer.Option([], "--min", metavar="NAME=V", help="Refuse lower scores; may be repeated."),
    most: list[str] = typer.Option([], "--max", metavar="NAME=V", help="Refuse higher scores; may be repeated."),
    keep: float | None = typer.Option(
        None, "--keep", metavar="SHARE", help="Keep this share of each effect's candidates, the best ones."
    ),
    clip: Path | None = typer.Option(None, metavar="DIR", help="A CLIP model of transformers: measures edit strength."),
    safety: Path | None = typer.Option(None, metavar="DIR", help="A safety checker of diffusers."),
    scorer: Path | None = typer.Option(
        None, metavar="DIR", help="A curation scorer of your own, instead of the one that ships."
    ),
    device: str = typer.Option("cpu", help="Where CLIP and the safety checker run."),
    workers: int = typer.Option(
        0, "--workers", help="Processes; they never change the result.", show_default="one a core"
    ),
    again: bool = typer.Option(False, "--again", help="Measure again what the same scorers have measured."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure pairs, refuse the lazy, the overdone and the broken ones, and keep scores and reasons."""
    requires("pairs", "pyarrow")
    from stillyou.cli.pairs import report_counts
    from stillyou.machine import pick_device
    from stillyou.pairs.curate import Curation, curate
    from stillyou.pairs.curation.criteria import parse_bands
    from stillyou.pairs.curation.protocol import ScorerOptions

    if workers < 0:
        raise UsageError(f"--workers {workers} makes no sense", "Give 1 or more, or leave it out for one a core.")
    how = Curation(
        bands=parse_bands(least, most),
        keep=keep,
        scorers=ScorerOptions(clip=clip, safety=safety, scorer=scorer, device=str(pick_device(device))),
        workers=workers or cores(),
        again=again,
        command=shlex.join(["stillyou", *sys.argv[1:]]),
    )
    report_counts(folder, curate(folder, how), as_json)


def _page(
    folder: Path = _FOLDER,
    out: Path = typer.Option(..., "-o", "--out", metavar="FILE.html", help="Where the report goes."),
) -> None:
    """Write a report as one HTML file: counts, scores with their bounds, yields, kept and refused pairs, licences."""
    requires("pairs", "pyarrow")
    from stillyou.errors import UsageError
    from stillyou.pairs.curation.report.page import write_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the report's file is {out}", "Name it with .html at its end.")
    print(write_report(folder, out))
