"""What ``stillyou evaluate`` prints: tables, or one JSON object, and what to beware of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from stillyou.console import console, results


def print_split(document: Mapping[str, Any], files: Sequence[Path], as_json: bool) -> None:
    """Print the figures of a split with known truth."""
    from stillyou.evaluation.report.folder import BRIEF, axes, group_rows, judge_warning, people_lines, rows
    from stillyou.evaluation.report.looks import looks_rows

    if as_json:
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        print_table(f"{document['model']} on {document['split']}", rows(document, BRIEF))
        for axis in axes(document)[1:]:  # the first table has the effects
            print_table(f"by {axis}", group_rows(document, axis))
        if "looks" in document:
            print_table("looks", looks_rows(document))
        for line in people_lines(document):
            typer.echo(line)
    if not document["judge_fit"]:
        console.print(f"Warning: {judge_warning(document)}", markup=False)
    print_files(files)


def print_photographs(document: Mapping[str, Any], files: Sequence[Path], as_json: bool) -> None:
    """Print the figures of a folder of photographs, and what was left out."""
    from stillyou.evaluation.photographs.report import BRIEF, alike, counted, photo_rows

    if as_json:
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        print_table(f"{document['model']} on {counted(document['n'])}", photo_rows(document, figures=BRIEF))
        typer.echo("\n".join(line for line in alike(document) if line))
    for each in document["left_out"]:
        console.print(f"left out: {each['file']}: {each['reason']}", markup=False)
    if document["not_reached"]:
        console.print(f"Note: {document['not_reached']} more pictures were not reached; -n N takes more of them.")
    print_files(files)


def print_files(files: Sequence[Path]) -> None:
    """Say which files were written."""
    console.print("Wrote " + ", ".join(str(path) for path in files), markup=False)


def print_table(title: str, table: Sequence[Sequence[str]]) -> None:
    """Print a table whose first row is its head."""
    from rich.table import Table

    head, *body = table
    shown = Table(title=title)
    for index, name in enumerate(head):
        shown.add_column(name, justify="right" if index else "left", no_wrap=not index)
    for row in body:
        shown.add_row(*row)
    results().print(shown)
