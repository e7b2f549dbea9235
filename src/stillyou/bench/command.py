"""What the measuring commands share: their arguments and how they tell their figures. Imports nothing heavy.

Every command is `python -m stillyou.bench.NAME`. It prints a table for people, or one JSON object with `--json`;
`-o FILE` keeps that object in a file as well.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stillyou import __version__
from stillyou.files import write_json
from stillyou.machine import cores


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the shared arguments; the description is the command's docstring."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    made.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the JSON object to a file as well")
    return made


def ways_parser(description: str | None, splits: Sequence[str], ways: Iterable[str]) -> argparse.ArgumentParser:
    """Return a parser for measuring ways of editing on pairs of known truth; the first split is the default."""
    made, names = parser(description), list(ways)
    made.add_argument("--split", choices=splits, default=splits[0])
    made.add_argument("-n", type=int, default=32, help="pairs an effect")
    made.add_argument("--size", type=int, default=512, help="side of the pictures in pixels")
    made.add_argument("--ways", nargs="+", choices=names, default=names)
    made.add_argument("--model", default="embedded")
    made.add_argument("--device", default="auto")
    made.add_argument("--sheet", type=Path, metavar="FILE", help="draw a contact sheet of the first pairs")
    return made


def document(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures with what they were measured on."""
    machine = {"cores": cores(), "python": platform.python_version(), "stillyou": __version__}
    return {**figures, "machine": machine}


def tell(options: argparse.Namespace, figures: Mapping[str, Any], lines: Iterable[str] = ()) -> None:
    """Write and print figures as the shared arguments ask.

    Args:
        options: Of `parser`.
        figures: Plain data.
        lines: The same for people.
    """
    found = document(figures)
    if options.output is not None:
        write_json(options.output, found)
    if options.json:
        print(json.dumps(found, allow_nan=False))
        return
    for line in lines:
        print(line)
