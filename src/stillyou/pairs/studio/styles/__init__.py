"""The styles that pairs for training are drawn in (docs/model.md); held-out styles live with the evaluation."""

from __future__ import annotations

from stillyou.pairs.studio.spec import StyleSpec
from stillyou.pairs.studio.styles.busts import LORELEI, MICAH, PERSONAS, TOON_HEAD
from stillyou.pairs.studio.styles.creatures import CLAY, CRITTERS, MOODS
from stillyou.pairs.studio.styles.heads import ADVENTURER, BIG_EARS, BIG_SMILE, DYLAN

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
