"""The scorers that there are, and those that can work here."""

from __future__ import annotations

from stillyou.pairs.curation.change import Change
from stillyou.pairs.curation.faces import Faces, Identity, Pose
from stillyou.pairs.curation.protocol import Scorer, ScorerOptions
from stillyou.pairs.curation.registration import Registration
from stillyou.pairs.curation.strength import Clip, Safety, Shows

SCORERS: tuple[type[Scorer], ...] = (Change, Registration, Pose, Faces, Identity, Shows, Clip, Safety)
"""In the order of reports."""


def able(options: ScorerOptions) -> tuple[list[type[Scorer]], dict[str, str]]:
    """Return the scorers that have what they need, and of the others what they lack, by name."""
    lacks = {kind.name: kind.missing(options) for kind in SCORERS}
    return [kind for kind in SCORERS if not lacks[kind.name]], {name: why for name, why in lacks.items() if why}
