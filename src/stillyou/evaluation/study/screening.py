"""Who is left out, and why. The rules stand before anybody answers, and look at no preference.

| reason | rule |
|---|---|
| attention | fewer than 3/4 of the attention checks right, both questions counted |
| speed | the median answer took less than 1.5 s |
| one side | 12 or more answers, all of one side in both questions |
| too few | fewer than 3 comparisons answered |
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from stillyou.evaluation.study.sessions import Trial
from stillyou.evaluation.study.store import GivenAnswer

ATTENTION, FASTEST, MONOTONE, FEWEST = 0.75, 1.5, 12, 3


def reason_to_leave_out(answers: Sequence[GivenAnswer], trials: Sequence[Trial]) -> str:
    """Return why a participant is left out, in words; empty if they are not.

    Args:
        answers: Theirs.
        trials: Of their session.
    """
    checked = [(a, trials[a.trial].correct) for a in answers if trials[a.trial].correct is not None]
    right = sum((a.done == correct) + (a.keeps == correct) for a, correct in checked)
    if checked and right < ATTENTION * 2 * len(checked):
        return f"attention: {right} of {2 * len(checked)} answers to attention checks are right"
    times = [a.seconds for a in answers if a.seconds is not None]
    if times and median(times) < FASTEST:
        return f"speed: the median answer took {median(times):.1f} s"
    if len(answers) >= MONOTONE and len({side for a in answers for side in (a.done, a.keeps)}) == 1:
        return f"one side: all {len(answers)} answers are {answers[0].done}"
    compared = len(answers) - len(checked)
    if compared < FEWEST:
        return f"too few: {compared} comparisons answered"
    return ""
