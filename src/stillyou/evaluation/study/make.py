"""A study from the pictures of a comparison (`comparison.pictures`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillyou.config import load_json
from stillyou.draws import generator
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.evaluation.comparison.pictures import FOLDER, INDEX, PictureIndex
from stillyou.evaluation.study.plan import PICTURES, PLAN, Check, Item, StudyPlan
from stillyou.files import atomic_folder, write_json
from stillyou.images import Picture, read_picture, write_picture
from stillyou.metrics import Picture as Pixels
from stillyou.untrusted.rules import Rules

TILES = 8
"""Tiles a side that the wrong answer of a check is cut into."""
CHECKS = 24
"""Attention checks of a study, at most."""
TRUE_ANSWERS = ("oracle", "teacher")
"""Editors that no study compares unless they are named: they are the truth that checks are made of."""


def make_study(
    report: Path,
    folder: Path,
    *,
    title: str = "Edited portraits",
    contact: str = "",
    editors: Sequence[str] = (),
    trials: int = 24,
    seed: int = 0,
) -> tuple[StudyPlan, list[str]]:
    """Write a study.

    Args:
        report: A folder that `stillyou evaluate --against` wrote.
        folder: Where the study goes; new or empty.
        title: What participants read above it.
        contact: Whom participants can write to.
        editors: Who is compared; by default all but the true answers.
        trials: Comparisons a participant gets.
        seed: Of everything random.

    Returns:
        The plan, and what a person should know about it.

    Raises:
        UsageError: No comparison there, an editor that is not in it, or fewer than two.
        StillYouError: Nothing that every editor answered, or a folder that cannot be written.
    """
    index = _index(report)
    chosen = _chosen(editors, index.editors)
    root = report / FOLDER
    with atomic_folder(folder) as part:
        shelf = _Shelf(part / PICTURES)
        items = _items(root, index, chosen, shelf)
        if not items:
            raise StillYouError(f"{root} has no portrait that all of {', '.join(chosen)} answered", "Evaluate again.")
        plan = StudyPlan(
            title=title,
            contact=contact,
            seed=seed,
            trials=min(trials, len(items)),
            editors=tuple(chosen),
            items=tuple(items),
            checks=tuple(_checks(root, items, shelf, seed)),
        )
        write_json(part / PLAN, plan.model_dump(mode="json"))
    return plan, _notes(plan, len(index.effects) * index.n, trials)


def _items(root: Path, index: PictureIndex, editors: Sequence[str], shelf: _Shelf) -> list[Item]:
    """Take the portraits that every editor answered."""
    items = []
    for effect in index.effects:
        for number in range(index.n):
            place = root / effect.id / f"{number:04d}"
            if all((place / f"{name}.png").is_file() for name in editors):
                answers = {name: shelf.copy(place / f"{name}.png") for name in editors}
                about = {"effect": effect.id, "words": effect.words, "number": number}
                items.append(Item(**about, source=shelf.copy(place / "source.png"), answers=answers))
    return items


def _notes(plan: StudyPlan, portraits: int, trials: int) -> list[str]:
    """Say what is smaller than asked for."""
    notes = []
    if left_out := portraits - len(plan.items):
        notes.append(f"{left_out} portraits are left out: not every editor answered them")
    if plan.trials < trials:
        notes.append(f"{plan.trials} trials a participant: nobody sees a portrait twice, and there are no more")
    return notes


def _index(report: Path) -> PictureIndex:
    path = report / FOLDER / INDEX
    if not path.is_file():
        remedy = "Make one with: stillyou evaluate --against sdedit,lazy -o report/"
        raise UsageError(f"{report} has no pictures of a comparison", remedy)
    return load_json(path, PictureIndex, Rules("Evaluate again."))


def _chosen(editors: Sequence[str], there: Sequence[str]) -> list[str]:
    for name in editors:
        if name not in there:
            raise UsageError(f"the comparison has no editor '{name}'", nearest(name, there))
    chosen = list(dict.fromkeys(editors)) or [name for name in there if name not in TRUE_ANSWERS]
    if len(chosen) < 2:
        raise UsageError(f"a study compares at least two editors, not {len(chosen)}", f"There are: {', '.join(there)}.")
    return chosen


def _checks(root: Path, items: Sequence[Item], shelf: _Shelf, seed: int) -> list[Check]:
    """Make attention checks of portraits in an order that follows from the seed."""
    order = generator("study checks", seed).permutation(len(items))[:CHECKS]
    made = []
    for place in order:
        item = items[int(place)]
        target = read_picture(root / item.effect / f"{item.number:04d}" / "target.png").rgb
        right, wrong = shelf.add(target), shelf.add(shuffled(target, seed + int(place)))
        made.append(Check(words=item.words, source=item.source, right=right, wrong=wrong))
    return made


def shuffled(picture: Pixels, seed: int) -> Pixels:
    """Return a picture uint8 (N, N, 3) with its tiles in another order; rows that do not fill a tile stay."""
    side = len(picture) // TILES
    places = [(y * side, x * side) for y in range(TILES) for x in range(TILES)]
    order = generator("study tiles", seed).permutation(len(places))
    mixed = picture.copy()
    for (y, x), source in zip(places, order, strict=True):
        from_y, from_x = places[int(source)]
        mixed[y : y + side, x : x + side] = picture[from_y : from_y + side, from_x : from_x + side]
    return np.ascontiguousarray(mixed)


class _Shelf:
    """Pictures under names that follow from their pixels, and say nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, path: Path) -> str:
        """Take a picture from a file, without its metadata."""
        return self.add(read_picture(path).rgb)

    def add(self, picture: Pixels) -> str:
        """Take a picture."""
        shape = "x".join(map(str, picture.shape)).encode()
        name = f"{hashlib.sha256(shape + picture.tobytes()).hexdigest()[:32]}.png"
        if not (self._folder / name).exists():
            write_picture(self._folder / name, Picture(picture))
        return name
