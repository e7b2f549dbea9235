"""Defaults of groups that a command has chosen from a measured curve, with where they come from.

`measured.json` beside this file is written by `python -m stillyou.evaluation.dials --write`. What it says of a group in
a domain is laid over what `groups` says, key by key; an effect's own sayings still count before both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from stillyou.config import Strict
from stillyou.effects.domains import Domain
from stillyou.effects.settings import Tuning
from stillyou.files import write_json

FILE: Final = Path(__file__).with_name("measured.json")


class Figure(Strict):
    """One setting of one dial that was measured.

    Attributes:
        dial: Its name.
        value: Its setting.
        edit_success: Share of edits in which the judge sees the effect.
        preservation: Mean SSIM to the source outside the true mask.
        evaluations: Mean evaluations of the UNet an edit.
        chosen: Whether it was taken.
    """

    dial: str
    value: float
    edit_success: float
    preservation: float
    evaluations: float
    chosen: bool = False


class Choice(Strict):
    """What was chosen for a group in a domain.

    Attributes:
        group: Of effects.
        domain: Of pictures.
        tuning: What was chosen.
        command: That chose it.
        rule: By which rule.
        n: Pairs an effect.
        seed: Of the pairs.
        split: Of the pairs.
        date: Year, month and day.
        effects: That were edited.
        model: That edited them.
        figures: Every setting that was tried.
    """

    group: Literal["costume", "expression", "other"]
    domain: Domain
    tuning: Tuning
    command: str
    rule: str
    n: int = Field(ge=1)
    seed: int
    split: str
    date: str
    effects: tuple[str, ...]
    model: str
    figures: tuple[Figure, ...]


class Measured(Strict):
    """All choices, at most one for a group in a domain."""

    version: Literal[1] = 1
    choices: tuple[Choice, ...] = ()

    def tuning(self, group: str, domain: str) -> Tuning:
        """Return what was chosen for a group in a domain; an empty saying if nothing was."""
        found = [each.tuning for each in self.choices if (each.group, each.domain) == (group, domain)]
        return found[0] if found else Tuning()

    def with_choice(self, choice: Choice) -> Measured:
        """Return the same with one choice in the place of the one before for its group and domain."""
        key = (choice.group, choice.domain)
        kept = [each for each in self.choices if (each.group, each.domain) != key]
        return Measured(choices=(*kept, choice))


def read_measured(path: Path = FILE) -> Measured:
    """Read the choices; none where there is no file."""
    return Measured.model_validate_json(path.read_bytes()) if path.is_file() else Measured()


def add_choice(choice: Choice, path: Path = FILE) -> None:
    """Write a choice into the file, in the place of the one before; raises StillYouError if it cannot be written."""
    write_json(path, read_measured(path).with_choice(choice).model_dump(mode="json", exclude_none=True))
