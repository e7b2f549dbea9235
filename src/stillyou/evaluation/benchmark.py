"""The benchmark: edits of unseen pictures against known truth, beside the lazy answer and the oracle.

Each effect gets n studio pairs, spread evenly over the drawing styles that can show it. Sources are neutral, plain
and in canonical framing. Three answers to each pair are measured with the same figures: the edit, `lazy` (the source
as the answer, nothing marked) and `oracle` (the target, with the true mask).

Pair seeds are keyed by "evaluation": no training or judge picture has one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from stillyou.config import GuidanceScales
from stillyou.draws import stable_seed
from stillyou.effects.catalogue import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest, requires
from stillyou.evaluation.figures import Answer, Figures, figures, summary
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

SPLITS = ("unseen-characters", "unseen-styles")
"""New characters of the training styles; characters of styles that training never saw."""
FEWEST = 32
"""Pairs an effect below which figures are only a glance."""
LEAST_ORACLE, MOST_LAZY = 0.95, 0.10
"""Success of the oracle and of the lazy answer with which a judge is fit for use."""
EXAMPLES = 3
"""Pairs an effect kept for the contact sheet."""


@dataclass(frozen=True)
class Settings:
    """How edits are made.

    Attributes:
        steps: Sampling steps.
        guidance: Scales for all effects; None takes each effect's own.
        text_scale: Replaces the text scale of either; None keeps it.
        strength: 0 = the input, 1 = the full effect.
    """

    steps: int = 20
    guidance: GuidanceScales | None = None
    text_scale: float | None = None
    strength: float = 1.0

    def scales(self, effect: EffectSpec) -> GuidanceScales:
        """Return the guidance scales used for an effect."""
        scales = self.guidance or effect.guidance
        return scales if self.text_scale is None else scales.model_copy(update={"text": self.text_scale})


class PictureEditor(Protocol):
    """What the benchmark needs of an editor."""

    @property
    def resolution(self) -> int:
        """Side of the pictures it edits, in pixels."""
        ...

    def answer(
        self, pictures: Sequence[Picture], effect: EffectSpec, seeds: Sequence[int], settings: Settings
    ) -> list[Answer]:
        """Edit a batch of pictures, each (R, R, 3) uint8, with one effect and a seed each."""
        ...


class PictureJudge(Protocol):
    """What the benchmark needs of a judge."""

    def scores(self, effect: EffectSpec, pictures: Sequence[Picture]) -> tuple[list[bool], list[float]]:
        """Say of each picture whether it shows the effect, and with what probability."""
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
    """

    document: dict[str, Any]
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    effect: str
    style: str
    figures: Mapping[str, Figures]


def check_split(split: str) -> None:
    """Refuse an unknown split; raises UsageError with the names there are."""
    if split not in SPLITS:
        hint = nearest(split, SPLITS)
        known = " or ".join(SPLITS)
        raise UsageError(f"unknown split '{split}'", hint if hint.startswith("There") else f"{hint} Choose {known}.")


def evaluation_seed(split: str, seed: int, effect: str, index: int) -> int:
    """Return the studio seed of a pair of the benchmark; the key's domain is the evaluation's alone."""
    return stable_seed("evaluation", split, seed, effect, index)


def cases(effect: EffectSpec, split: str, n: int, *, size: int, seed: int = 0) -> Iterator[Pair]:
    """Make an effect's pairs: neutral plain sources, styles taking turns.

    Args:
        effect: One of the eight.
        split: One of `SPLITS`.
        n: Number of pairs.
        size: Side of the pictures in pixels.
        seed: Benchmark seed.

    Raises:
        UsageError: An unknown split, or no style of it can show the effect.
    """
    check_split(split)
    requires("pairs", "dicebear", "dicebear_styles", "pyvips")
    from stillyou.evaluation.held_out import HELD_OUT_STYLES
    from stillyou.pairs.studio import TRAIN_STYLES, CartoonStudio

    styles = TRAIN_STYLES if split == SPLITS[0] else HELD_OUT_STYLES
    able = [style for style in styles if _can_show(style, effect)]
    if not able:
        raise UsageError(f"no drawing style of {split} can show '{effect.id}'", "Evaluate another effect.")
    studios = [
        CartoonStudio([style], size=size, augment=False, neutral_sources=True, costumed_sources=False) for style in able
    ]
    first = list(catalogue()).index(effect.id) if effect.id in catalogue() else 0
    for index in range(n):
        # Effects begin with different styles, so that a few pairs an effect still show many styles.
        yield studios[(first + index) % len(studios)].make(effect, evaluation_seed(split, seed, effect.id, index))


def _can_show(style: Any, effect: EffectSpec) -> bool:
    return style.costume is not None if effect.group == "costume" else style.can_show(effect.id)


def evaluate(
    editor: PictureEditor,
    judge: PictureJudge,
    split: str,
    *,
    n: int = FEWEST,
    settings: Settings | None = None,
    seed: int = 0,
    effects: Sequence[EffectSpec] | None = None,
    batch: int = 8,
    progress: Callable[[int], None] = lambda edits: None,
) -> Evaluation:
    """Measure an editor on one split.

    Args:
        editor: What answers.
        judge: What says whether an answer shows the effect.
        split: One of `SPLITS`.
        n: Pairs an effect.
        settings: How edits are made.
        seed: Benchmark seed: pairs and the noise of the edits follow from it.
        effects: The effects; None takes the eight of the catalogue.
        batch: Pictures edited at a time.
        progress: Called with the number of edits just done.

    Returns:
        The document has `edit_success`, `judge_score`, the errors and the mask figures of `figures.summary` for all
        edits, for each of `effects` and `styles`, and the same under `lazy` and `oracle`; `judge_fit` tells whether
        the judge told those two apart.

    Raises:
        UsageError: An unknown split or an effect that the judge or the split cannot show.
    """
    check_split(split)
    settings = settings or Settings()
    effects = list(catalogue().values()) if effects is None else list(effects)
    run = _Run(editor, judge, split, n, settings, seed, batch, progress)
    started = time.monotonic()
    for effect in effects:
        run.measure(effect)
    lazy, oracle = _tables(run.rows, "lazy"), _tables(run.rows, "oracle")
    document = {
        "split": split,
        "n": n,
        "seed": seed,
        "steps": settings.steps,
        "strength": settings.strength,
        "guidance": {effect.id: settings.scales(effect).model_dump() for effect in effects},
        "resolution": editor.resolution,
        "seconds": round(time.monotonic() - started, 2),
        "seconds_per_edit": round(run.editing / len(run.rows), 4),
        **_tables(run.rows, "edit"),
        "judge_fit": oracle["edit_success"] >= LEAST_ORACLE and lazy["edit_success"] <= MOST_LAZY,
        "lazy": lazy,
        "oracle": oracle,
    }
    return Evaluation(document, run.examples)


@dataclass
class _Run:
    """An evaluation under way: its settings, and what it has found so far."""

    editor: PictureEditor
    judge: PictureJudge
    split: str
    n: int
    settings: Settings
    seed: int
    batch: int
    progress: Callable[[int], None]
    rows: list[_Row] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    editing: float = 0.0

    def measure(self, effect: EffectSpec) -> None:
        """Edit and measure an effect's pairs, batch after batch."""
        pairs = list(cases(effect, self.split, self.n, size=self.editor.resolution, seed=self.seed))
        for first in range(0, self.n, self.batch):
            part = pairs[first : first + self.batch]
            seeds = [stable_seed("evaluation noise", self.seed, effect.id, first + i) for i in range(len(part))]
            started = time.monotonic()
            answers = self.editor.answer([pair.source for pair in part], effect, seeds, self.settings)
            self.editing += time.monotonic() - started
            rows = _figures_of(self.judge, effect, part, answers)
            self.rows += rows
            for pair, answer, row in list(zip(part, answers, rows, strict=True))[: max(0, EXAMPLES - first)]:
                self.examples.append(Example(pair, answer, bool(row.figures["edit"]["edit_success"])))
            self.progress(len(part))


def _figures_of(
    judge: PictureJudge, effect: EffectSpec, pairs: Sequence[Pair], answers: Sequence[Answer]
) -> list[_Row]:
    """Measure a batch's edits, the lazy answers and the oracle's."""
    given = {
        "edit": list(answers),
        "lazy": [Answer(pair.source, pair.mask * 0) for pair in pairs],
        "oracle": [Answer(pair.target, pair.mask) for pair in pairs],
    }
    columns = {}
    for name, batch in given.items():
        verdicts = zip(*judge.scores(effect, [answer.edit for answer in batch]), strict=True)
        columns[name] = [figures(a, pair, *v) for a, pair, v in zip(batch, pairs, verdicts, strict=True)]
    return [
        _Row(effect.id, str(pair.attributes["style"]), {name: columns[name][i] for name in given})
        for i, pair in enumerate(pairs)
    ]


def _tables(rows: Sequence[_Row], answer: str) -> dict[str, Any]:
    """Summarise one kind of answer: all edits, each effect and each style."""

    def by(key: Callable[[_Row], str]) -> dict[str, Any]:
        names = dict.fromkeys(map(key, rows))
        return {name: summary([row.figures[answer] for row in rows if key(row) == name]) for name in names}

    return {
        **summary([row.figures[answer] for row in rows]),
        "effects": by(lambda row: row.effect),
        "styles": by(lambda row: row.style),
    }
