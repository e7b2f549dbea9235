"""What a good pair measures: a criterion a score, the most telling fault first.

A criterion has a band for each group of effects, and a phrase for either side of it. The bands leave room around what
the studios' own pairs and pairs with planted defects measure (docs/results/curation.md). An effect's spec (`curation`)
and the command line (``--min``, ``--max``) put other bounds in their place, side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stillyou.config import validate
from stillyou.effects.bands import Band
from stillyou.effects.groups import Group
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest
from stillyou.pairs.curation.rules import BOUNDS, FAINT, HIDDEN, NOTHING, SHOWN, SPECKLED, TOO_LARGE

Bands = Mapping[str, Band]
"""By score."""


@dataclass(frozen=True)
class Criterion:
    """What one score should be.

    Attributes:
        score: Its name.
        low: Why a pair is refused whose score is below the band.
        high: Why one is refused that is above it.
        ideal: The score of a pair that could not be better, for the overall score; None keeps it out of that.
        bands: By group of effects; groups that are missing have no bounds.
    """

    score: str
    low: str
    high: str
    ideal: float | None = None
    bands: Mapping[Group, Band] = field(default_factory=dict)


def _everywhere(least: float | None = None, most: float | None = None) -> dict[Group, Band]:
    return dict.fromkeys(BOUNDS, Band(least=least, most=most))


CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion("unsafe", "the checker objects to nothing", "the safety checker objects", bands=_everywhere(most=0)),
    Criterion("novelty", "a near duplicate of an earlier pair", "the pair is like no other", bands=_everywhere(1.5)),
    Criterion(
        "agreement",
        "source and target do not belong together",
        "source and target hardly differ",
        bands={"expression": Band(least=0.25), "costume": Band(least=0.17)},
    ),
    Criterion("shift", "the target is not shifted", "the target is shifted", 0.0, _everywhere(most=2.5)),
    Criterion("exposure", "the target is darker", "the target is brighter", 0.0, _everywhere(-12, 12)),
    Criterion("sharpness", "the target is blurred", "the target is over-sharpened", 1.0, _everywhere(0.9, 1.5)),
    Criterion("faces", "there is no face", "there are several faces", bands=_everywhere(1, 1)),
    Criterion("new_faces", "a face is gone", "the target has another face", 0.0, _everywhere(most=0)),
    Criterion("turn", "the head is turned alike", "the head is turned otherwise", 0.0, _everywhere(most=25)),
    Criterion(
        "identity",
        "another person",
        "the face is the same to the last",
        1.0,
        {"costume": Band(least=0.65), "expression": Band(least=0.43)},
    ),
    Criterion(
        "head_change",
        "the head is untouched",
        "the head is another's",
        0.0,
        {"costume": Band(most=6), "expression": Band(most=3)},
    ),
    Criterion(
        "outside",
        "nothing changed around the effect",
        "it changes what it should keep",
        0.0,
        {"expression": Band(most=6), "costume": Band(most=10)},
    ),
    # The scorer that ships names costumes well and expressions less so: of those it refuses none by itself.
    Criterion("strength", "the effect does not show", "the effect is overdone", 1.0, {"costume": Band(least=0.05)}),
    Criterion(
        "clip_direction", "the picture does not change as the words do", "the effect is overdone", 1.0, _everywhere(0.1)
    ),
    Criterion("clip_image", "it is another picture", "nothing but noise changed", bands=_everywhere(0.6, 0.995)),
    Criterion(
        "change_inside",
        FAINT,
        "the change is too strong",
        bands={"expression": Band(least=6.5), "costume": Band(least=15), "other": Band(least=4)},
    ),
    Criterion(
        "mask_share",
        HIDDEN,
        TOO_LARGE,
        bands={group: Band(least=b.least_share, most=b.greatest_share) for group, b in BOUNDS.items()},
    ),
    Criterion(
        "speckle",
        "the mask is in one piece",
        SPECKLED,
        0.0,
        {group: Band(most=bounds.greatest_speckle) for group, bounds in BOUNDS.items()},
    ),
)
"""In the order in which faults are looked for: what is wrong with a pair is the first of them."""

FAULTS: Final = frozenset({SHOWN, NOTHING} | {phrase for each in CRITERIA for phrase in (each.low, each.high)})
"""Every reason that curation gives for a fault; other reasons are those of a pair's maker."""

SCORES: Final = tuple(criterion.score for criterion in CRITERIA)
"""Names of the scores that may have bounds."""


def parse_bands(least: Sequence[str], most: Sequence[str]) -> dict[str, Band]:
    """Read ``--min NAME=V`` and ``--max NAME=V`` options.

    Raises:
        UsageError: Not ``NAME=V``, an unknown score (with the nearest ones), or bounds that exclude everything.
    """
    lower, upper = _parsed("--min", least), _parsed("--max", most)
    sides = {name: {"least": lower.get(name), "most": upper.get(name)} for name in lower | upper}
    return {name: validate(Band, bounds, f"the bounds of '{name}'") for name, bounds in sides.items()}


def _parsed(option: str, items: Sequence[str]) -> dict[str, float]:
    values: dict[str, float] = {}
    for item in items:
        name, _, text = item.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value != value or value in (float("inf"), float("-inf")):
            raise UsageError(f"{option} '{item}' is not NAME=NUMBER", f"For example: {option} sharpness=0.9")
        check_scores([name], option)
        if name in values:
            raise UsageError(f"{option} {name} is given twice", "Give it once.")
        values[name] = value
    return values


def check_scores(names: Iterable[str], where: str) -> None:
    """Refuse names of scores that there are not; raises UsageError with the nearest ones."""
    for name in names:
        if name not in SCORES:
            raise UsageError(f"{where}: there is no score '{name}'", nearest(name, SCORES))


def bands_of(effect: EffectSpec, said: Bands) -> dict[str, Band]:
    """Return the bands of an effect: what the user says, over what its spec says, over those of its group.

    Raises:
        UsageError: The spec names a score that there is not, or the bounds of the three exclude everything.
    """
    check_scores(effect.curation, f"effect '{effect.id}', curation")
    found = {}
    for criterion in CRITERIA:
        name = criterion.score
        band = (
            said.get(name, Band())
            .over(effect.curation.get(name, Band()))
            .over(criterion.bands.get(effect.group, Band()))
        )
        found[name] = validate(Band, vars(band), f"the bounds of '{name}' for effect '{effect.id}'")
    return found
