"""The cartoon studio: vector characters with exact pairs."""

from stillyou.pairs.teachers.cartoon.licences import Attribution, attributions
from stillyou.pairs.teachers.cartoon.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES

__all__ = [
    "COSTUMES",
    "EXPRESSIONS",
    "TRAIN_STYLES",
    "Attribution",
    "CartoonStudio",
    "StyleSpec",
    "attributions",
]
