"""Train the judge and print its accuracy on held-back seeds.

python -m stillyou.evaluation.judge -o FOLDER [--minutes 15] [--domains cartoon,people] [--init shipped] [--from PAIRS]

FOLDER then holds judge.json and judge.safetensors, as src/stillyou/weights/judge does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from stillyou.console import console
from stillyou.effects.domains import DOMAINS, parse_domains
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.judge.classifier import SHIPPED, Judge
from stillyou.evaluation.judge.training import Plan, train_judge
from stillyou.machine import cores, pick_device

FEWEST = 36
"""Pairs of one round of rendering."""


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"{text} is below {least}")
        return value

    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="judge", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("-o", "--output", type=Path, required=True, help="folder for judge.json and judge.safetensors")
    add("--minutes", type=float, default=15.0, help="time for rendering and learning together")
    add("--pairs", type=_at_least(FEWEST), default=20_000, help="pairs to learn from, at most")
    add("--held-back", type=_at_least(FEWEST), default=1080, help="pairs of other seeds, for the accuracy")
    add("--device", default="auto", help="auto, cpu or cuda")
    add("--workers", type=_at_least(0), default=0, help="processes that render; 0 means one a core")
    add("--seed", type=_at_least(0), default=0, help="seed of the pictures and of the learning")
    add("--domains", default=",".join(DOMAINS), help="what to render: cartoon, people or both")
    add("--init", default="", help="judge to start from: a folder, or 'shipped'")
    add(
        "--from", dest="folders", type=Path, action="append", default=[], metavar="PAIRS",
        help="a studio's pairs to learn from; what none of them shows is rendered; may be repeated",
    )  # fmt: skip
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    if not 0 < options.minutes <= 24 * 60:
        raise UsageError(f"--minutes {options.minutes} is out of range", "Give a number above 0, for example 15.")
    device = pick_device(options.device)
    return Plan(
        minutes=options.minutes,
        pairs=options.pairs,
        held_back=options.held_back,
        batch=512 if device.type == "cuda" else 64,
        workers=options.workers or cores(),
        device=str(device),
        seed=options.seed,
        domains=parse_domains(options.domains),
        init=SHIPPED if options.init == "shipped" else Path(options.init) if options.init else None,
        folders=tuple(options.folders),
    )


def _tell(judge: Judge) -> None:
    for head in ("expression", "costume"):
        table = judge.config.accuracy[head]
        console.print(f"{head}: {table['overall']:.1%} overall", markup=False)
        for kind in ("styles", "classes"):
            console.print("  " + ", ".join(f"{name} {value:.0%}" for name, value in table[kind].items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        judge = train_judge(_plan(options))
        judge.save(options.output)
    except StillYouError as error:
        console.print(f"judge: {error}", markup=False)
        return error.exit_code
    _tell(judge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
