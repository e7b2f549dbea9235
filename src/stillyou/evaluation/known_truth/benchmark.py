"""The benchmark: edits of unseen pictures against known truth, beside the lazy answer and the oracle.

Each effect gets n studio pairs (`splits`): of cartoons evenly from the drawing styles that can show it, of people
one person each. Three answers to each pair are measured with the same figures: the edit, `lazy` (the source as the
answer, nothing marked) and `oracle` (the target, with the true mask).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from stillyou.draws import stable_seed
from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.figures import Answer, Failed, Figures, failed_figures, figures, summary
from stillyou.evaluation.identity import FaceReader, between
from stillyou.evaluation.known_truth.groups import AXES, with_certainty, worst_first
from stillyou.evaluation.known_truth.rows import Row, confusion, described, sources, summaries, with_identity
from stillyou.evaluation.known_truth.settings import Batch, Settings
from stillyou.evaluation.known_truth.splits import PairSample, check_split, domain_of
from stillyou.metrics import Picture
from stillyou.pairs.pair import Attribute, Pair

FEWEST = 32
"""Pairs an effect below which figures are only a glance."""
LEAST_ORACLE, MOST_LAZY = 0.95, 0.10
"""Success of the oracle and of the lazy answer with which a judge is fit for use."""
EXAMPLES = 3
"""Pairs an effect kept for the contact sheet."""


class PictureEditor(Protocol):
    """What the benchmark needs of an editor."""

    @property
    def resolution(self) -> int:
        """Side of the pictures it edits, in pixels."""
        ...

    def answer(self, batch: Batch) -> Sequence[Answer | Failed]:
        """Edit a batch."""
        ...


class Beside(Protocol):
    """What measures how answers look, beside others of its own."""

    def add(self, batch: Batch, pairs: Sequence[Pair], edits: Sequence[Picture]) -> None:
        """Take the edits of a batch of pairs."""
        ...

    def document(self) -> dict[str, Any]:
        """Return what was found, ready for JSON."""
        ...


class PictureJudge(Protocol):
    """What the benchmark needs of a judge."""

    def scores(self, effect: EffectSpec, pictures: Sequence[Picture]) -> tuple[list[bool], list[float]]:
        """Say of each picture whether it shows the effect, and with what probability."""
        ...

    def seen(self, effect: EffectSpec, pictures: Sequence[Picture]) -> list[str]:
        """Say what each picture shows, of what the effect is one of."""
        ...


@dataclass(frozen=True)
class Example:
    """One measured edit, for the contact sheet."""

    pair: Pair
    answer: Answer
    success: bool


@dataclass
class Evaluation:
    """What an evaluation found.

    Attributes:
        document: The figures, ready for JSON.
        examples: The first edits of each effect.
        rows: The figures of every picture, effect after effect.
    """

    document: dict[str, Any]
    examples: list[Example] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


def evaluate(
    editor: PictureEditor,
    judge: PictureJudge,
    sample: PairSample,
    *,
    settings: Settings | None = None,
    batch: int = 8,
    faces: FaceReader | None = None,
    looks: Beside | None = None,
    progress: Callable[[int], None] = lambda edits: None,
) -> Evaluation:
    """Measure an editor on one split.

    Args:
        editor: What answers.
        judge: What says whether an answer shows the effect.
        sample: The pairs.
        settings: How edits are made.
        batch: Pictures edited at a time.
        faces: Compares the faces of people; without it there are no figures of identity.
        looks: Measures how the answers are drawn (`drawing`); without it there are no such figures.
        progress: Called with the number of edits just done.

    Returns:
        The document has `edit_success`, `judge_score`, the errors and the mask figures of `figures.summary` for all
        edits, for each of `effects` and of `styles` (cartoons) or `groups` (people: axis, then group, worst first), and
        the same under `lazy` and `oracle`; `confusion`: what the judge took answers for, by effect; `judge_fit` tells
        whether the judge told those two apart. With `faces` also `different_people`: how similar the sources are to
        each other; with `looks` also what that found.

    Raises:
        UsageError: An unknown split or an effect that the judge or the split cannot show.
    """
    check_split(sample.split)
    settings = settings or Settings()
    run = _Run(editor, judge, sample, settings, batch, faces, looks, progress)
    started = time.monotonic()
    for effect in sample.shown():
        run.measure(effect, sample.of(effect, editor.resolution))
    rows = run.rows if faces is None else with_identity(run.rows)
    document = {
        **_asked(sample, settings, editor.resolution),
        "seconds": round(time.monotonic() - started, 2),
        "seconds_per_edit": round(run.editing / len(rows), 4),
        **_answers(rows, sample.split),
        **({} if faces is None else {"different_people": between(sources(rows))}),
        **({} if looks is None else {"looks": looks.document()}),
    }
    return Evaluation(document, run.examples, rows)


def _asked(sample: PairSample, settings: Settings, resolution: int) -> dict[str, Any]:
    """Return what was asked for, as the document has it."""
    return {
        "split": sample.split,
        "n": sample.n,
        "seed": sample.seed,
        "steps": settings.steps,
        "draft": settings.draft,
        "refine": settings.refine,
        "designs": sample.designs,
        "strength": settings.strength,
        "guidance": {effect.id: settings.scales(effect).model_dump() for effect in sample.shown()},
        "resolution": resolution,
        "size": sample.size or resolution,
    }


def _answers(rows: Sequence[Row], split: str) -> dict[str, Any]:
    """Summarise the edits, and beside them the lazy answers and the oracle's, groups in the edits' order."""
    edit, lazy, oracle = (_tables(rows, name, split) for name in ("edit", "lazy", "oracle"))
    if "groups" in edit:
        _sort_groups(edit, lazy, oracle)
    fit = oracle["edit_success"] >= LEAST_ORACLE and lazy["edit_success"] <= MOST_LAZY
    return {**edit, "judge_fit": fit, "lazy": lazy, "oracle": oracle}


@dataclass
class _Run:
    """An evaluation under way: its settings, and what it has found so far."""

    editor: PictureEditor
    judge: PictureJudge
    sample: PairSample
    settings: Settings
    batch: int
    faces: FaceReader | None
    looks: Beside | None
    progress: Callable[[int], None]
    rows: list[Row] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    editing: float = 0.0

    def measure(self, effect: EffectSpec, pairs: Sequence[Pair]) -> None:
        """Edit and measure an effect's pairs, batch after batch."""
        for first in range(0, self.sample.n, self.batch):
            part = pairs[first : first + self.batch]
            seeds = [stable_seed("evaluation noise", self.sample.seed, effect.id, first + i) for i in range(len(part))]
            started = time.monotonic()
            asked = Batch.of(part, effect, seeds, self.settings)
            answers = self.editor.answer(asked)
            self.editing += time.monotonic() - started
            rows = _figures_of(self.judge, self.faces, effect, part, answers)
            self.rows += rows
            self._look(asked, part, answers)
            for pair, answer, row in list(zip(part, answers, rows, strict=True))[: max(0, EXAMPLES - first)]:
                if isinstance(answer, Answer):
                    self.examples.append(Example(pair, answer, bool(row.figures["edit"]["edit_success"])))
            self.progress(len(part))

    def _look(self, asked: Batch, pairs: Sequence[Pair], answers: Sequence[Answer | Failed]) -> None:
        """Hand a batch's answers to what measures their looks, without those that failed."""
        done = {i: answer.edit for i, answer in enumerate(answers) if isinstance(answer, Answer)}
        if self.looks is not None and done:
            self.looks.add(asked.only(list(done)), [pairs[i] for i in done], list(done.values()))


def _figures_of(
    judge: PictureJudge,
    faces: FaceReader | None,
    effect: EffectSpec,
    pairs: Sequence[Pair],
    answers: Sequence[Answer | Failed],
) -> list[Row]:
    """Measure a batch's edits, the lazy answers and the oracle's."""
    given: dict[str, list[Answer | Failed]] = {
        "edit": list(answers),
        "lazy": [Answer(pair.source, pair.mask * 0) for pair in pairs],
        "oracle": [Answer(pair.target, pair.mask) for pair in pairs],
    }
    columns = {name: _column(judge, effect, pairs, batch) for name, batch in given.items()}
    seen = {name: _seen(judge, effect, batch) for name, batch in given.items()}
    rows = []
    for i, pair in enumerate(pairs):
        there = {name: each.edit for name in given if isinstance(each := given[name][i], Answer)}
        found = {name: columns[name][i] for name in given}
        descriptors = None if faces is None else described(faces, there)
        rows.append(Row(effect.id, pair.attributes, found, descriptors, {name: seen[name][i] for name in given}))
    return rows


def _column(
    judge: PictureJudge, effect: EffectSpec, pairs: Sequence[Pair], answers: Sequence[Answer | Failed]
) -> list[Figures]:
    """Measure answers of one kind; those that failed are not shown to the judge."""
    there = [answer for answer in answers if isinstance(answer, Answer)]
    verdicts = iter(zip(*judge.scores(effect, [a.edit for a in there]), strict=True) if there else ())
    return [
        figures(answer, pair, *next(verdicts)) if isinstance(answer, Answer) else failed_figures()
        for answer, pair in zip(answers, pairs, strict=True)
    ]


def _seen(judge: PictureJudge, effect: EffectSpec, answers: Sequence[Answer | Failed]) -> list[str | None]:
    """Return what the judge takes answers of one kind for; None for those that failed."""
    there = [answer.edit for answer in answers if isinstance(answer, Answer)]
    names = iter(judge.seen(effect, there) if there else ())
    return [next(names) if isinstance(answer, Answer) else None for answer in answers]


def _tables(rows: Sequence[Row], answer: str, split: str) -> dict[str, Any]:
    """Summarise one kind of answer: all edits, each effect, and each style or group."""

    def by(key: Callable[[Row], str]) -> dict[str, dict[str, Any]]:
        return summaries(rows, answer, key, summary)

    def by_group(group: Callable[[Mapping[str, Attribute]], str]) -> dict[str, dict[str, Any]]:
        return {name: with_certainty(table) for name, table in by(lambda row: group(row.attributes)).items()}

    tables: dict[str, Any] = {**summary([row.figures[answer] for row in rows]), "effects": by(lambda row: row.effect)}
    tables["confusion"] = confusion(rows, answer)
    if domain_of(split) == "people":
        return {**tables, "groups": {axis: by_group(group) for axis, group in AXES.items()}}
    return {**tables, "styles": by(lambda row: str(row.attributes["style"]))}


def _sort_groups(edit: dict[str, Any], *others: dict[str, Any]) -> None:
    """Put the groups with the worst edits first, and those of the other answers into the same order."""
    for axis, tables in edit["groups"].items():
        order = worst_first(tables)
        for document in (edit, *others):
            document["groups"][axis] = {name: document["groups"][axis][name] for name in order}
