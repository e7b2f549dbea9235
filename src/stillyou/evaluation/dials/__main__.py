"""Choose the dials of a group of effects from a measured curve of preservation beside success.

    python -m stillyou.evaluation.dials --group expression [--split unseen-characters] [-n 32] [--seed 1]
        [--dials text,mask,steps] [--target 0.95 | --knee] [--draft auto|none] [--effects angry,...] [--model embedded]
        [--write] [-o FILE.json]

Each dial is turned through its settings on the same pairs with the same noise, and the rule takes one (`choose`).
`--write` lays the choice over the group's defaults, with command, date, n and all figures (effects/measured.json).
Held-out styles choose nothing: `unseen-styles` is refused.
"""

from __future__ import annotations

import argparse
import datetime
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from stillyou.console import console
from stillyou.effects.measured import Choice, Figure, add_choice
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.evaluation.dials.choose import at_target, knee
from stillyou.evaluation.dials.dials import DIALS, FROM_DRAFT, FROM_NOISE
from stillyou.evaluation.known_truth.settings import Settings, parse_start
from stillyou.evaluation.known_truth.splits import PairSample, check_split, domain_of
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import write_json

ALLOWED = ("unseen-characters", "people")
"""Splits that may choose defaults."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    try:
        choice = _chosen(options, "python -m stillyou.evaluation.dials " + shlex.join(words))
        if options.output is not None:
            write_json(options.output, choice.model_dump(mode="json", exclude_none=True))
        if options.write:
            add_choice(choice)
    except StillYouError as error:
        console.print(f"Error: {error}", markup=False)
        return error.exit_code
    print("\n".join(lines(choice)))
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="dials", description=(__doc__ or "").splitlines()[0])
    add = made.add_argument
    add("--group", required=True, choices=("expression", "costume"))
    add("--split", default=ALLOWED[0], help=" or ".join(ALLOWED))
    add("-n", type=int, default=32, help="pairs an effect")
    add("--seed", type=int, default=1, help="of the pairs and of the noise; reports have 0")
    add("--dials", default="", help="names with commas between, in the order in which they are turned")
    rule = made.add_mutually_exclusive_group()
    rule.add_argument("--target", type=float, default=0.95, help="success from which on preservation decides")
    rule.add_argument("--knee", action="store_true", help="take the knee of the curve")
    add("--draft", default="auto", help="auto or none: what costumes start from")
    add("--effects", default="", help="names with commas between; all of the group by default")
    add("--model", default="embedded")
    add("--device", default="auto")
    add("--write", action="store_true", help="lay the choice over the group's defaults")
    add("-o", "--output", type=Path, metavar="FILE", help="write the choice and its figures")
    return made


def _chosen(options: argparse.Namespace, command: str) -> Choice:
    """Measure, and return the choice."""
    from stillyou.evaluation.comparison.run import Ground
    from stillyou.evaluation.dials.sweep import sweep
    from stillyou.evaluation.judge.classifier import Judge
    from stillyou.evaluation.known_truth.subject import ModelSubject

    dials = _checked(options)
    subject = ModelSubject.from_pretrained(options.model, options.device, domain_of(options.split))
    names = {name.strip() for name in options.effects.split(",") if name.strip()}
    own = [each for each in subject.effects() if each.group == options.group]
    if unknown := names - {each.id for each in own}:
        raise UsageError(f"no {options.group} '{min(unknown)}' to measure", nearest(min(unknown), [e.id for e in own]))
    effects = [each for each in own if each.id in names or not names]
    designs = options.group == "costume" and options.draft == "auto"
    sample = PairSample(options.split, options.n, options.seed, effects, None, designs).made(subject.resolution)
    ground = Ground(Judge.from_folder(), sample, Settings(draft=parse_start(options.draft)))
    rule: Any = knee if options.knee else partial(at_target, target=options.target)
    found = sweep(subject, ground, dials, rule, lambda figure: console.print(_told(figure), markup=False))
    return Choice(
        group=options.group,
        domain=domain_of(options.split),
        tuning=found.tuning,
        command=command,
        rule="knee" if options.knee else f"success of at least {options.target:g}",
        n=options.n,
        seed=options.seed,
        split=options.split,
        date=datetime.date.today().isoformat(),
        effects=tuple(each.id for each in effects),
        model=options.model,
        figures=tuple(found.figures),
    )


def _checked(options: argparse.Namespace) -> list[str]:
    """Return the dials; raises UsageError for what does not go together, before anything is loaded."""
    check_split(options.split)
    if options.split not in ALLOWED:
        raise UsageError(f"{options.split} is held out and chooses no defaults", f"Give {' or '.join(ALLOWED)}.")
    if not 1 <= options.n <= 100_000 or not 0 <= options.target <= 1:
        raise UsageError("-n or --target is out of range", "Give -n from 1, and --target from 0 to 1.")
    drafted = options.group == "costume" and parse_start(options.draft) == "auto"
    able = FROM_DRAFT if drafted else FROM_NOISE
    dials = [name.strip() for name in options.dials.split(",") if name.strip()] or list(able)
    for name in dials:
        if name not in DIALS:
            raise UsageError(f"unknown dial '{name}'", nearest(name, DIALS))
        if name not in able:
            start = "a draft" if drafted else "noise"
            raise UsageError(f"'{name}' changes nothing from {start}", f"There are: {', '.join(able)}.")
    return dials


def lines(choice: Choice) -> list[str]:
    """Return the figures as a Markdown table, the chosen settings marked."""
    head = ["dial", "setting", "success", "preservation", "evaluations", "chosen"]
    body = [
        [f.dial, f"{f.value:g}", f"{f.edit_success:.3f}", f"{f.preservation:.4f}", f"{f.evaluations:g}", "x" * f.chosen]
        for f in choice.figures
    ]
    return table_lines([head, *body])


def _told(figure: Figure) -> str:
    return f"{figure.dial} {figure.value:g}: success {figure.edit_success:.3f}, preservation {figure.preservation:.4f}"


if __name__ == "__main__":
    sys.exit(main())
