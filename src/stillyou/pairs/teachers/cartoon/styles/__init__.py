"""The styles of training pairs (docs/reference/cartoon.md, Styles); held-out ones live with the evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from stillyou.errors import UsageError, nearest
from stillyou.pairs.teachers.cartoon.spec import StyleSpec
from stillyou.pairs.teachers.cartoon.styles.busts import LORELEI, MICAH, PERSONAS, TOON_HEAD
from stillyou.pairs.teachers.cartoon.styles.creatures import CLAY, CRITTERS, MOODS
from stillyou.pairs.teachers.cartoon.styles.heads import ADVENTURER, BIG_EARS, BIG_SMILE, DYLAN

TRAIN_STYLES: tuple[StyleSpec, ...] = (
    ADVENTURER,
    TOON_HEAD,
    MICAH,
    BIG_EARS,
    LORELEI,
    PERSONAS,
    BIG_SMILE,
    CRITTERS,
    MOODS,
    CLAY,
    DYLAN,
)


def named_styles(names: Sequence[str] | None) -> tuple[StyleSpec, ...]:
    """Return training styles by name, in the order given; None is all of them.

    Raises:
        UsageError: There is no such style; the message names the nearest.
    """
    if names is None:
        return TRAIN_STYLES
    known = {style.name: style for style in TRAIN_STYLES}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no drawing style '{name}'", nearest(name, known))
    return tuple(known[name] for name in names)
