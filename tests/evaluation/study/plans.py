"""Plans without pictures, and participants whose preferences are known."""

from __future__ import annotations

import hashlib
import math

from stillyou.draws import generator
from stillyou.evaluation.study.plan import Check, Item, StudyPlan
from stillyou.evaluation.study.sessions import session


def named(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32] + ".png"


def plan(items=12, editors=("ours", "sdedit", "draft"), trials=12, checks=4, seed=5):
    return StudyPlan(
        title="Test",
        seed=seed,
        trials=trials,
        editors=editors,
        items=tuple(
            Item(
                effect="santa",
                words="santa",
                number=i,
                source=named("source", i),
                answers={e: named(e, i) for e in editors},
            )
            for i in range(items)
        ),
        checks=tuple(
            Check(words="santa", source=named("source", i), right=named("right", i), wrong=named("wrong", i))
            for i in range(checks)
        ),
    )


def prefer(strengths, seed):
    """Return somebody who chooses by Bradley-Terry strengths, and gets the checks right."""
    rng = generator("test participant", seed)

    def choose(trial):
        if trial.correct is not None:
            return trial.correct
        left, right = (strengths[editor] for editor in trial.editors)
        return "left" if rng.random() < 1 / (1 + math.exp(right - left)) else "right"

    return choose


def take_part(store, made, done, keeps, seconds=5.0, most=None):
    """Join and answer a whole session, or its first trials."""
    code = store.join()
    for number, trial in enumerate(session(made, store.slot(code))[:most]):
        assert store.answer(code, number, done(trial), keeps(trial), seconds)
    return code
