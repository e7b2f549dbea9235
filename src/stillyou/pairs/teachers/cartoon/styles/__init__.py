"""The styles that pairs for training are drawn in (docs/model.md); held-out styles live with the evaluation."""

from __future__ import annotations

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
