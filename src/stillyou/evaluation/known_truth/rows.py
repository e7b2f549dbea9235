"""The figures of one picture under one effect, by answer, and those that take all pictures together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stillyou.evaluation.figures import IDENTITY, Figures
from stillyou.evaluation.identity import Descriptor, FaceReader, is_nearest, similarity
from stillyou.metrics import Picture
from stillyou.pairs.pair import Attribute

SOURCE = "lazy"
"""The answer that is the source itself."""


@dataclass(frozen=True)
class Row:
    """One picture under one effect.

    Attributes:
        effect: Its id.
        attributes: What is known of the picture.
        figures: By answer: `edit`, `lazy` and, where there is truth, `oracle`.
        faces: A descriptor of each answer; None if nobody compares faces, or if the source shows none.
            Answers that failed have none.
        seen: What the judge takes each answer for; None for one that failed.
    """

    effect: str
    attributes: Mapping[str, Attribute]
    figures: Mapping[str, Figures]
    faces: Mapping[str, Descriptor] | None = None
    seen: Mapping[str, str | None] = field(default_factory=dict)


def described(reader: FaceReader, answers: Mapping[str, Picture]) -> dict[str, Descriptor] | None:
    """Describe answers to one source, all of them with the face of that source (`SOURCE`); None if it shows none."""
    order = [SOURCE, *(name for name in answers if name != SOURCE)]
    found = reader.describe([answers[name] for name in order])
    return None if found is None else dict(zip(order, found, strict=True))


def sources(rows: Sequence[Row]) -> list[Descriptor]:
    """Return the descriptors of the sources that show a face."""
    return [row.faces[SOURCE] for row in rows if row.faces is not None]


def with_identity(rows: Sequence[Row]) -> list[Row]:
    """Add the figures of identity to every answer; None where there is no face."""
    everybody = sources(rows)

    def values(row: Row, answer: str) -> Figures:
        if row.faces is None or answer not in row.faces:
            return dict.fromkeys(IDENTITY)
        face, own = row.faces[answer], row.faces[SOURCE]
        closest = is_nearest(face, own, everybody)
        found = similarity(face, own), None if closest is None else float(closest)
        return dict(zip(IDENTITY, found, strict=True))

    return [
        replace(row, figures={name: {**figures, **values(row, name)} for name, figures in row.figures.items()})
        for row in rows
    ]


def confusion(rows: Sequence[Row], answer: str) -> dict[str, dict[str, int]]:
    """Return how often the judge took one kind of answer for what: by effect asked for, then by class.

    Answers that failed count as `failed`; classes stand in the order of the effects, then of their first appearance.
    """
    asked = dict.fromkeys(row.effect for row in rows)
    tables = {effect: Counter(row.seen[answer] or "failed" for row in rows if row.effect == effect) for effect in asked}
    order = dict.fromkeys([*asked, *(name for table in tables.values() for name in table)])
    return {effect: {name: table[name] for name in order if table[name]} for effect, table in tables.items()}


def summaries(
    rows: Sequence[Row],
    answer: str,
    key: Callable[[Row], str],
    summarise: Callable[[Sequence[Figures]], Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Summarise one kind of answer for each value of a key, in order of first appearance."""
    names = dict.fromkeys(map(key, rows))
    return {name: dict(summarise([row.figures[answer] for row in rows if key(row) == name])) for name in names}
