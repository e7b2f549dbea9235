"""What a study compares. The plan is never served: it alone knows which picture is whose."""

from __future__ import annotations

import hashlib
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stillyou.config import Strict, load_json
from stillyou.errors import StillYouError
from stillyou.untrusted.rules import Rules

PLAN, PICTURES = "study.json", "pictures"
DONE, KEEPS = "done", "keeps"
QUESTIONS = {DONE: "Which edit is better done?", KEEPS: "Which keeps the person better?"}
"""The two questions of every trial, by the column that holds their answers."""
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
_RULES = Rules("Make the study again with: stillyou study make")
PictureName = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.png$")]


class Item(Strict):
    """One portrait under one effect.

    Attributes:
        effect: The effect's id.
        words: What was asked for, in words.
        number: Of the pair within its effect.
        source: Name of the picture before.
        answers: Names of the edits, by editor.
    """

    effect: str = Field(max_length=100)
    words: str = Field(max_length=2000)
    number: int = Field(ge=0)
    source: PictureName
    answers: dict[str, PictureName]


class Check(Strict):
    """A trial whose answer is known: the true edit beside itself with its tiles shuffled."""

    words: str = Field(max_length=2000)
    source: PictureName
    right: PictureName
    wrong: PictureName


class StudyPlan(Strict):
    """A study.

    Attributes:
        version: Of the format.
        title: What participants read above it.
        contact: Whom participants can write to.
        seed: Everything random follows from it.
        trials: Comparisons that a participant gets, checks not counted.
        editors: Their names.
        items: Portraits.
        checks: Attention checks.
    """

    version: Literal[1] = 1
    title: str = Field(max_length=200)
    contact: str = Field("", max_length=200)
    seed: int = Field(ge=0)
    trials: int = Field(ge=1, le=500)
    editors: tuple[str, ...] = Field(min_length=2)
    items: tuple[Item, ...] = Field(min_length=1)
    checks: tuple[Check, ...] = ()

    def pairs(self) -> list[tuple[str, str]]:
        """Return every pair of editors."""
        return list(combinations(self.editors, 2))

    def pictures(self) -> set[str]:
        """Return the names of all pictures."""
        shown = {name for item in self.items for name in (item.source, *item.answers.values())}
        return shown | {name for check in self.checks for name in (check.source, check.right, check.wrong)}

    def digest(self) -> str:
        """Return what tells this plan from any other."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_plan(folder: Path) -> StudyPlan:
    """Read a study's plan.

    Raises:
        StillYouError: No study, a damaged one, or one whose pictures are not all there.
    """
    path = folder / PLAN
    if not path.is_file():
        raise StillYouError(f"{folder} holds no study", "Make one with: stillyou study make report/ -o study/")
    plan = load_json(path, StudyPlan, _RULES)
    for item in plan.items:
        if set(item.answers) != set(plan.editors):
            raise _RULES.refuse(path, f"has not every editor's answer to {item.effect} {item.number}")
    missing = sorted(name for name in plan.pictures() if not (folder / PICTURES / name).is_file())
    if missing:
        raise StillYouError(f"{folder} lacks {len(missing)} of its pictures, such as {missing[0]}", _RULES.remedy)
    return plan
