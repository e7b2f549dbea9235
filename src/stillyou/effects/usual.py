"""What edits usually look like in figures, by group and domain: the bands that an edit is checked against.

Measured on edits of training styles that succeeded (`python -m stillyou.bench.retry --bands`), never on held-out ones.
A group and domain that is not here has no bands: its edits are never out of band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stillyou.effects.bands import Band
from stillyou.effects.domains import Domain
from stillyou.effects.groups import Group

SAME_PERSON: Final = 0.4
"""dlib's own bound for one person, as a similarity of descriptors."""


@dataclass(frozen=True)
class Usual:
    """Bands of one group in one domain, of edits at full strength with a mask of their own.

    Attributes:
        masks: The usual mask of each effect: share of the square that is marked.
        mask_ratio: Of an edit's mask to its effect's usual one.
        change_inside: Mean absolute change where the mask is marked, in 0..1.
        identity: Similarity of the faces before and after.
    """

    masks: Mapping[str, float]
    mask_ratio: Band
    change_inside: Band
    identity: Band = Band(least=SAME_PERSON)


USUAL: Final[Mapping[tuple[Group, Domain], Usual]] = MappingProxyType(
    {
        # Of 16 successful edits (4 an effect, --seed 101, 256 px), a glance: masks were 0.68 to 1.33 of their effect's
        # median, changes 0.10 to 0.21. The bands are wider than that on every side.
        ("expression", "cartoon"): Usual(
            masks={"angry": 0.062, "shocked": 0.070, "laughing": 0.067, "crying": 0.081},
            mask_ratio=Band(least=0.5, most=2.0),
            change_inside=Band(least=0.08, most=0.4),
        ),
    }
)
