"""Characters: who is drawn (identity), with whose face, and the SVG that shows an expression and a costume.

Source and target of a pair share the identity and every random number that is not part of the edit, so they
differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from stillyou.drafts.vector.costumes import CostumeLayers
from stillyou.pairs.teachers.cartoon import definition, palette
from stillyou.pairs.teachers.cartoon.avatar import AvatarPieces, recolour, render_avatar
from stillyou.pairs.teachers.cartoon.faces import BorrowedFace, Face, OwnFace, with_variants
from stillyou.pairs.teachers.cartoon.sketched import SketchedFace, draw_traits
from stillyou.pairs.teachers.cartoon.spec import OptionValue, StyleSpec

_BORROWED, _SKETCHED = 0.15, 0.2
"""Shares of characters, among those whose style allows it, that wear another face than their own."""


@dataclass(frozen=True)
class Character:
    """A character without an expression.

    Attributes:
        style: How the head and the rest are drawn.
        options: dicebear options of everything but the face's expression.
        face: What shows expressions.
        swaps: Colours of the drawing and their replacements.
    """

    style: StyleSpec
    options: Mapping[str, OptionValue]
    face: Face
    swaps: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def variants(self) -> Mapping[str, str]:
        """The variant of each component that dicebear draws, whatever the expression."""
        return render_avatar(definition.marked_style(self.style), self.options).variants


@dataclass(frozen=True)
class Drawing:
    """An SVG in pieces, in canvas units: what `raster.document` puts together.

    Attributes:
        defs: Shared definitions.
        body: The character with its overlays and costume.
        side: Side of the square canvas.
    """

    defs: str
    body: str
    side: float


def _draw_options(
    style: StyleSpec, rng: np.random.Generator, varied: bool
) -> tuple[dict[str, OptionValue], dict[str, str]]:
    """Draw the seed and the colours of a style: its options and its swaps."""
    options: dict[str, OptionValue] = {"seed": f"{int(rng.integers(2**53))}", **style.identity}
    for name, role in style.colours.items():
        options[f"{name}Color"] = palette.pick_for(rng, role, varied)
    return options, {old: palette.pick_for(rng, role, varied) for old, role in style.swaps.items()}


def _skin(style: StyleSpec, options: Mapping[str, OptionValue]) -> str:
    roles = ("skin", "light-skin", "creature")
    return next((str(options[f"{name}Color"]) for name, role in style.colours.items() if role in roles), "#f2d3b1")


def _draw_face(
    style: StyleSpec, options: Mapping[str, OptionValue], donors: Sequence[StyleSpec], rng: np.random.Generator
) -> Face:
    """Choose whose face the character wears; without donors it is its own."""
    lenders = [donor for donor in donors if donor.lends_face and donor is not style]
    chance = rng.random()
    if style.wears_faces and donors and chance < _SKETCHED:
        return SketchedFace(style, draw_traits(rng))
    if style.wears_faces and lenders and chance < _SKETCHED + _BORROWED:
        donor = lenders[int(rng.integers(len(lenders)))]
        colours, swaps = _draw_options(donor, rng, varied=True)
        skin = {f"{name}Color": _skin(style, options) for name, role in donor.colours.items() if "skin" in role}
        return BorrowedFace(style, donor, {**colours, **skin}, swaps)
    return OwnFace(style)


def draw_character(
    style: StyleSpec, rng: np.random.Generator, *, varied: bool = True, donors: Sequence[StyleSpec] = ()
) -> Character:
    """Draw who the character is: variants by dicebear's own seeded choice, colours from the palette.

    Args:
        style: How it is drawn.
        rng: Random source.
        varied: Whether colours may be fanciful.
        donors: Styles that may lend their faces; empty keeps every face on its own head.
    """
    options, swaps = _draw_options(style, rng, varied)
    return Character(style, options, _draw_face(style, options, donors, rng), swaps)


def drifted(character: Character, share: float, rng: np.random.Generator) -> Character:
    """Return nearly the same character: every part and colour of it is drawn anew with a probability.

    What costumes are fitted to stays, so that one drawn for the character fits.

    Args:
        character: Who.
        share: The probability, 0 to 1.
        rng: Random source.
    """
    style = character.style
    options, swaps = _draw_options(style, rng, varied=False)
    another = Character(style, options, character.face, swaps)
    fitted = style.costume.anchor if style.costume else ""
    anew: dict[str, OptionValue] = {
        f"{name}Variant": value for name, value in another.variants.items() if name != fitted
    }
    anew |= {f"{name}Color": options[f"{name}Color"] for name in style.colours}
    kept = {**character.options, **{f"{name}Variant": value for name, value in character.variants.items()}}
    return Character(
        style,
        {name: anew[name] if name in anew and rng.random() < share else value for name, value in kept.items()},
        character.face,
        {old: swaps[old] if rng.random() < share else new for old, new in character.swaps.items()},
    )


def _fill(pieces: AvatarPieces, name: str, content: str) -> AvatarPieces:
    """Put SVG in place of a marker, or take the marker away."""
    hole, filled = definition.marker(name), f"<g>{content}</g>" if content else ""
    return AvatarPieces(pieces.defs.replace(hole, filled), pieces.body.replace(hole, filled), pieces.variants)


def _clip_hair(pieces: AvatarPieces, clip: str) -> AvatarPieces:
    old, new = f'<g class="{definition.HAIR}">', f'<g clip-path="url(#{clip})">'
    return AvatarPieces(pieces.defs.replace(old, new), pieces.body.replace(old, new), pieces.variants)


def show(
    character: Character, expression: str, rng: np.random.Generator, layers: CostumeLayers | None = None
) -> Drawing:
    """Draw a character with an expression and perhaps a costume.

    Args:
        character: Who.
        expression: One of `EXPRESSIONS` that the character's face can show.
        rng: Chooses the look and shapes the overlays.
        layers: A costume in canvas coordinates.
    """
    face = character.face.draw(expression, rng)
    options = with_variants(character.options, face.variants)
    style = character.style
    pieces = recolour(render_avatar(definition.marked_style(style), options), character.swaps)
    pieces = _fill(pieces, definition.FACE, face.svg)
    pieces = _fill(pieces, definition.BACK, layers.back if layers else "")
    pieces = _fill(pieces, definition.BODY, layers.body if layers else "")
    pieces = _fill(pieces, definition.TOP, layers.top if layers else "")
    if layers and layers.hair_clip:
        pieces = _clip_hair(pieces, layers.hair_clip)
    defs = pieces.defs + face.defs + (layers.defs if layers else "")
    return Drawing(defs, pieces.body, definition.canvas_side(style.name))
