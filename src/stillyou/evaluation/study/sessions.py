"""Which trials a participant gets.

All comparisons stand in one row: portrait after portrait in an order of the seed, each with the next pair of editors,
and around again with the pair after that, until every portrait has met every pair. Two participants after each other
(a block) get the same piece of that row, sides mirrored, and the next block the piece after it. So pairs, portraits and
sides are balanced whenever somebody stops, and every comparison is judged at least twice. The order within a session
is shuffled, and an attention check comes after every `EVERY` comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillyou.draws import generator
from stillyou.evaluation.study.plan import Side, StudyPlan

EVERY = 6
"""Comparisons to an attention check."""


@dataclass(frozen=True)
class Trial:
    """One question sheet of a participant.

    Attributes:
        words: What was asked for.
        source: Name of the picture before.
        left: Name of the picture on the left.
        right: Name of the picture on the right.
        item: Number of the portrait; None for an attention check.
        editors: Who made left and right; empty for an attention check.
        correct: The side that is right; None for a comparison.
    """

    words: str
    source: str
    left: str
    right: str
    item: int | None = None
    editors: tuple[str, str] | None = None
    correct: Side | None = None


def comparisons(plan: StudyPlan) -> list[tuple[int, tuple[str, str]]]:
    """Return the row of all comparisons: portraits by number, and their pair; equal pictures are not compared."""
    order = generator("study portraits", plan.seed).permutation(len(plan.items)).tolist()
    pairs = plan.pairs()
    row = [(item, pairs[(place + turn) % len(pairs)]) for turn in range(len(pairs)) for place, item in enumerate(order)]
    return [(item, (a, b)) for item, (a, b) in row if plan.items[item].answers[a] != plan.items[item].answers[b]]


def session(plan: StudyPlan, slot: int) -> list[Trial]:
    """Return the trials of the participant who came as number `slot`, from 0."""
    row, (block, mirrored) = comparisons(plan), divmod(slot, 2)
    trials = []
    for k in range(min(plan.trials, len(row))):
        item, (a, b) = row[(block * plan.trials + k) % len(row)]
        swapped = bool(generator("study sides", plan.seed, block, k).integers(2)) != bool(mirrored)
        left, right = (b, a) if swapped else (a, b)
        portrait = plan.items[item]
        pictures = portrait.answers[left], portrait.answers[right]
        trials.append(Trial(portrait.words, portrait.source, *pictures, item, (left, right)))
    order = generator("study order", plan.seed, slot).permutation(len(trials))
    return _with_checks(plan, slot, [trials[int(place)] for place in order])


def _with_checks(plan: StudyPlan, slot: int, trials: list[Trial]) -> list[Trial]:
    """Put an attention check after every `EVERY` trials, or one at the end of a shorter session."""
    if not plan.checks:
        return trials
    found: list[Trial] = []
    for first in range(0, len(trials), EVERY):
        piece = trials[first : first + EVERY]
        found += piece
        if len(piece) == EVERY or first == 0:
            found.append(_check(plan, slot, first // EVERY))
    return found


def _check(plan: StudyPlan, slot: int, number: int) -> Trial:
    rng = generator("study check", plan.seed, slot)
    check = plan.checks[int(rng.permutation(len(plan.checks))[number % len(plan.checks)])]
    if generator("study check side", plan.seed, slot, number).integers(2):
        return Trial(check.words, check.source, check.right, check.wrong, correct="left")
    return Trial(check.words, check.source, check.wrong, check.right, correct="right")
