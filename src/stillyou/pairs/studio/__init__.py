"""The cartoon studio: vector characters with exact pairs."""

from stillyou.pairs.studio.licences import Attribution, attributions
from stillyou.pairs.studio.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.studio.studio import CartoonStudio
from stillyou.pairs.studio.styles import TRAIN_STYLES

__all__ = [
    "COSTUMES",
    "EXPRESSIONS",
    "TRAIN_STYLES",
    "Attribution",
    "CartoonStudio",
    "StyleSpec",
    "attributions",
]
