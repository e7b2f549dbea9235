"""Pairs from portraits: the source is the user's own picture, the target the same with an effect on it.

Everything follows from the source's number and the seed: the square, the design, what is worn. All effects of a number
share their source, so what depends on it alone is found out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillyou.drafts.people.hair import Surroundings
from stillyou.drafts.people.hair import look as look_around
from stillyou.draws import generator
from stillyou.effects.designs import with_design
from stillyou.effects.domains import SUBJECTS
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.portraits.dressed import Look, check_art, draw, draw_look, put_on
from stillyou.pairs.teachers.protocol import PairRequest
from stillyou.pairs.teachers.sources.crops import Crop, draw_crop
from stillyou.pairs.teachers.sources.refused import refused
from stillyou.pairs.teachers.sources.sitter import ASIDE, WIDE, Sitter, Unusable, sit
from stillyou.pairs.teachers.sources.square import part
from stillyou.pairs.teachers.sources.store import Kept

if TYPE_CHECKING:
    from stillyou.pairs.teachers.portraits.refined import Refiner  # loads torch

KIND = "portraits"
LICENCES = {
    "portraits": "those of the pictures that the user gave; stillyou does not know them",
    "art": "Apache-2.0, made by stillyou; art of a user's own effects is the user's",
}


@dataclass(frozen=True, eq=False)
class Seen:
    """A portrait and what is around its head."""

    sitter: Sitter
    around: Surroundings


class PortraitsTeacher:
    """Puts art on portraits, clean (`config` degrades them).

    Args:
        files: The portraits.
        size: Side of the square pictures.
        refiner: Refines the art; None leaves it as it is drawn.
    """

    shares_sources = True
    batch_size = 1
    licences: Mapping[str, str] = LICENCES

    def __init__(self, files: Sequence[Path], size: int, refiner: Refiner | None = None) -> None:
        self.size, self._refiner = size, refiner
        self._seen: Kept[Seen | Unusable] = Kept(files, self._look, _bytes)

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make pairs one after another; see `Teacher.make`."""
        return [self._pair(request.effect, request.seed, request.index) for request in requests]

    def _look(self, path: Path) -> Seen | Unusable:
        found = sit(path, self.size)
        return found if isinstance(found, Unusable) else Seen(found, look_around(found.pixels, found.fit))

    def _pair(self, effect: EffectSpec, seed: int, number: int) -> Pair:
        check_art(effect)
        seen = self._seen.get(number)
        if isinstance(seen, Unusable):
            return refused(seen, effect, seed, KIND, "people")
        crop = draw_crop(seen.sitter, generator(KIND, seed, "crop"))
        look = draw_look(effect, generator(KIND, seed, "look", effect.id))
        source = part(seen.sitter.pixels, crop.left, crop.top, crop.share, self.size)
        around, prompts = seen.around.part(crop.left, crop.top, crop.share), _prompts(effect, look)
        draft = draw(source, crop.fit(seen.sitter.fit), around, effect, look)
        if draft is None:
            return refused(Unusable(seen.sitter.name, ASIDE, source), effect, seed, KIND, "people")
        refiner = self._refiner
        refined = None if refiner is None else refiner.refined(source, draft, effect, prompts, seed)
        target, mask = put_on(source, draft, look, refined)
        if crop.mirrored:
            source, target, mask = (np.ascontiguousarray(each[:, ::-1]) for each in (source, target, mask))
        return Pair(
            source=source,
            target=target,
            mask=mask,
            source_prompt=prompts.source,
            target_prompt=prompts.target,
            effect=effect.id,
            teacher=KIND,
            seed=seed,
            attributes=_attributes(effect, seen.sitter, crop, look) | self._told(),
            domain="people",
        )

    def _told(self) -> dict[str, float]:
        return {} if self._refiner is None else {"refine": self._refiner.level}


def _bytes(seen: Seen | Unusable) -> int:
    if isinstance(seen, Unusable):
        return seen.pixels.nbytes
    return seen.sitter.pixels.nbytes + seen.around.head.nbytes + seen.around.behind.nbytes


def _prompts(effect: EffectSpec, look: Look) -> Prompts:
    prompts = effect.for_domain("people").prompts()
    return Prompts(prompts.source, with_design(prompts.target, look.design if look.named else None))


def _attributes(effect: EffectSpec, sitter: Sitter, crop: Crop, look: Look) -> dict[str, str | int | float]:
    shown: dict[str, str | int | float] = {"target_expression": effect.id, "strength": look.strength}
    if look.design is not None:
        shown = {"target_costume": effect.id, "design": look.design.name, "worn": look.wear}
    return {
        "portrait": sitter.name,
        "face_share": round(WIDE / crop.share, 3),
        "mirrored": int(crop.mirrored),
        "fit_doubt": round(sitter.fit.unsure / crop.share, 4),
        "subject": SUBJECTS["people"],
        **shown,
    }
