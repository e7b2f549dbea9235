"""Test the paper's claim: pairs, curation, editors, tables.

python -m stillyou.evaluation.claim [--size small] [-o claim-small] [--document paper.md] [--images FOLDER]
    [--effects NAMES] [--conditions NAMES | --drift SHARE] [--variants NAMES] [--pairs N] [--steps N] [--tests N]
    [--device auto]

A run that is stopped goes on where it was when the command is repeated.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from stillyou.config import validate
from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.evaluation.claim.paper import write_paper
from stillyou.evaluation.claim.run import run
from stillyou.evaluation.claim.settings import SIZES, ClaimSettings
from stillyou.machine import cores, pick_device

_CHANGES = ("effects", "conditions", "drift", "variants", "pairs", "steps", "tests")
"""Options that change a size."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="claim", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=tuple(SIZES), default="small", help="how much is made, trained and tested")
    parser.add_argument("-o", "--output", type=Path, help="folder of the run; claim-SIZE if not given")
    parser.add_argument("--document", type=Path, help="the report; paper.md in the run's folder if not given")
    parser.add_argument("--images", type=Path, help="folder of its curves and its sheet; beside it if not given")
    parser.add_argument("--effects", metavar="NAMES", help="what is shown, for example santa,laughing")
    parser.add_argument("--conditions", metavar="NAMES", help="tie the pairs' targets to their sources by these alone")
    parser.add_argument("--drift", type=float, help="pairs of the studio whose targets draw this share anew, 0 to 1")
    parser.add_argument("--variants", metavar="NAMES", help="train these editors alone, for example editor,ip2p")
    parser.add_argument("--pairs", type=int, help="candidates an effect")
    parser.add_argument("--steps", type=int, help="of each editor's training")
    parser.add_argument("--tests", type=int, help="test pictures an effect")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    return parser


def _asked(options: argparse.Namespace) -> tuple[ClaimSettings, str]:
    """Return the settings of a run, and the command that makes it again."""
    given = {name: value for name in _CHANGES if (value := getattr(options, name)) is not None}
    changed = {name: tuple(value.split(",")) if isinstance(value, str) else value for name, value in given.items()}
    settings = validate(ClaimSettings, SIZES[options.size].model_dump() | changed, "the command line")
    if not changed:
        return settings, f"make paper-claim SIZE={options.size}"
    told = "".join(f" --{name} {value}" for name, value in given.items())
    return settings, f"python -m stillyou.evaluation.claim --size {options.size}{told}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    root = options.output or Path(f"claim-{options.size}")
    document = options.document or root / "paper.md"
    try:
        settings, command = _asked(options)
        device = pick_device(options.device)
        found = run(settings, root, options.device)
        machine = f"{date.today()}, Python {platform.python_version()}, {device.type}, {cores()} cores"
        files = write_paper(found, document, root, command, machine, options.images)
    except StillYouError as error:
        console.print(f"Error: {error}", markup=False)
        return 1
    for file in files:
        console.print(str(file), markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
