"""The scorers that there are, and those that can work here."""

from __future__ import annotations

from collections.abc import Sequence

from stillyou.pairs.curation.change import Change
from stillyou.pairs.curation.protocol import Scorer, ScorerOptions
from stillyou.pairs.curation.registration import Registration

SCORERS: tuple[type[Scorer], ...] = (Change, Registration)
"""In the order of reports."""


def able(options: ScorerOptions) -> tuple[list[type[Scorer]], dict[str, str]]:
    """Return the scorers that have what they need, and of the others what they lack, by name."""
    lacks = {kind.name: kind.missing(options) for kind in SCORERS}
    return [kind for kind in SCORERS if not lacks[kind.name]], {name: why for name, why in lacks.items() if why}


def fingerprint(kinds: Sequence[type[Scorer]]) -> dict[str, int]:
    """Return the versions of scorers by name: pairs that were measured by the same ones need not be measured again."""
    return {kind.name: kind.version for kind in kinds}
