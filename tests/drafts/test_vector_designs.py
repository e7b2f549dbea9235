"""Named designs of the vector wardrobe: one look for everybody, in the design's own colours."""

from __future__ import annotations

import numpy as np
import pytest

from stillyou.drafts.vector.costume_fit import CostumeFit
from stillyou.drafts.vector.costumes import dress
from stillyou.effects.designs import DESIGNS, find_design
from stillyou.errors import UsageError

FIT = CostumeFit(
    head=(128, 88, 52), neck=(128, 205, 90), face=(128, 118, 42, 50), hood=(128, 112, 66, 74), frame=(0, 0, 256)
)
ALL = [(effect, design.name) for effect, known in DESIGNS.items() for design in known]


@pytest.mark.parametrize(("effect", "design"), ALL)
def test_a_design_is_the_same_art_whatever_else_is_drawn(effect: str, design: str) -> None:
    alone = dress(FIT, effect, design=design)
    assert dress(FIT, effect, np.random.default_rng(5), design) == alone
    others = [dress(FIT, effect, design=each.name).body for each in DESIGNS[effect] if each.name != design]
    assert alone.body not in others


@pytest.mark.parametrize(
    ("effect", "key"), [("santa", "cloth"), ("flower", "cloth"), ("sheep", "fleece"), ("royal", "robe")]
)
def test_a_design_is_drawn_in_its_key_colours(effect: str, key: str) -> None:
    for design in DESIGNS[effect]:
        assert design.colours[key] in dress(FIT, effect, design=design.name).body


def test_a_misspelt_design_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="'classic'"):
        dress(FIT, "santa", design="clasic")
    with pytest.raises(UsageError, match="no designs"):
        find_design("angry", "classic")
