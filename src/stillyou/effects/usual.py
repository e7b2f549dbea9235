"""What edits usually look like in figures, by group and domain: the bands that an edit is checked against.

Measured on edits of training styles that succeeded (`python -m stillyou.bench.retry --bands`), never on held-out ones.
A group and domain that is not here has no bands: its edits are never out of band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        shows: By how much more probably an edit shows each effect than its source, at least; an effect that is missing
            has no bound.
    """

    masks: Mapping[str, float]
    mask_ratio: Band
    change_inside: Band
    identity: Band = Band(least=SAME_PERSON)
    shows: Mapping[str, float] = field(default_factory=dict)

    def bands(self, effect: str) -> dict[str, Band]:
        """Return the bands of an effect's edits, by score."""
        shows = Band(least=self.shows.get(effect))
        both = {"mask_ratio": self.mask_ratio, "change_inside": self.change_inside}
        return {**both, "identity": self.identity, "shows": shows}


USUAL: Final[Mapping[tuple[Group, Domain], Usual]] = MappingProxyType(
    {
        # The bands hold every successful edit of training styles that was looked at, from noise at 256 px. Of 125 (32
        # an effect, seed 101) masks were 0.51 to 1.79 of their effect's median and changes 0.053 to 0.33; of 16 an
        # effect (seed 202) shocked showed at least 0.203 more, laughing 0.489, crying 0.214. Angry ones showed down to
        # 0.27 less: of those the scorer tells nothing.
        ("expression", "cartoon"): Usual(
            masks={"angry": 0.063, "shocked": 0.059, "laughing": 0.072, "crying": 0.071},
            mask_ratio=Band(least=0.5, most=2.0),
            change_inside=Band(least=0.05, most=0.4),
            shows={"shocked": 0.2, "laughing": 0.45, "crying": 0.2},
        ),
    }
)
