"""Characters: who is drawn (identity), how the face looks (expression), and the SVG that shows both.

Source and target of a pair share the identity and every random number that is not part of the edit, so they
differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from dicebear import Avatar

from stillyou.pairs.studio import definition, palette
from stillyou.pairs.studio.costumes import CostumeLayers
from stillyou.pairs.studio.overlays import draw_overlays
from stillyou.pairs.studio.spec import Look, OptionValue, StyleSpec


@dataclass(frozen=True)
class Character:
    """A character without an expression.

    Attributes:
        style: How it is drawn.
        options: dicebear options of everything but the face's expression.
        swaps: Colours of the drawing and their replacements.
    """

    style: StyleSpec
    options: Mapping[str, OptionValue]
    swaps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawing:
    """An SVG in pieces, in canvas units: what `document` puts together.

    Attributes:
        defs: Shared definitions.
        body: The character with its overlays and costume.
        side: Side of the square canvas.
        variants: The variant of each visible component.
    """

    defs: str
    body: str
    side: float
    variants: Mapping[str, str]


def draw_character(style: StyleSpec, rng: np.random.Generator, *, varied: bool = True) -> Character:
    """Draw who the character is: variants by dicebear's own seeded choice, colours from the palette."""
    options: dict[str, OptionValue] = {"seed": f"{int(rng.integers(2**53))}", **style.identity}
    for name, role in style.colours.items():
        options[f"{name}Color"] = palette.pick_for(rng, role, varied)
    swaps = {old: palette.pick_for(rng, role, varied) for old, role in style.swaps.items()}
    return Character(style, options, swaps)


def choose_look(style: StyleSpec, expression: str, rng: np.random.Generator) -> Look:
    """Draw one look of an expression, with one variant for each component."""
    looks = style.looks[expression]
    look = looks[int(rng.integers(len(looks)))]
    chosen = {name: pool and (pool[int(rng.integers(len(pool)))],) for name, pool in look.variants.items()}
    return replace(look, variants=chosen)


def express(character: Character, look: Look) -> dict[str, OptionValue]:
    """Return the character's options with a look chosen by `choose_look`."""
    options = dict(character.options)
    for name, pool in look.variants.items():
        options[f"{name}Probability"] = 100 if pool else 0
        if pool:
            options[f"{name}Variant"] = pool[0]
    return options


@lru_cache(maxsize=64)
def _avatar(style: StyleSpec, options: tuple[tuple[str, OptionValue], ...]) -> Drawing:
    avatar = Avatar(definition.validated_style(style), dict(options))
    svg, resolved = avatar.to_string(), avatar.to_json()["options"]
    variants = {name[: -len("Variant")]: str(value) for name, value in resolved.items() if name.endswith("Variant")}
    # <svg ..><metadata/><defs>..</defs><g clip-path="..">body</g></svg>; the clip would cut costumes off.
    head, body = svg.split("</defs>", 1)
    body = body[body.index(">") + 1 : -len("</g></svg>")]
    return Drawing(head.split("<defs>", 1)[1], body, definition.canvas_side(style.name), variants)


def _hashable(options: Mapping[str, OptionValue]) -> tuple[tuple[str, OptionValue], ...]:
    return tuple(sorted(options.items()))


def render_svg(
    style: StyleSpec,
    options: Mapping[str, OptionValue],
    layers: CostumeLayers | None = None,
    *,
    overlay: str = "",
    swaps: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw a character and fill the markers.

    Args:
        style: The style.
        options: dicebear options, for example from `express`.
        layers: A costume in canvas coordinates.
        overlay: SVG in the coordinates of the face's anchor component.
        swaps: Colours of the drawing and their replacements.
    """
    drawing = _avatar(style, _hashable(options))
    defs, body = drawing.defs, drawing.body
    for old, new in (swaps or {}).items():
        defs, body = defs.replace(f'"{old}"', f'"{new}"'), body.replace(f'"{old}"', f'"{new}"')

    def fill(name: str, content: str) -> None:
        nonlocal defs, body
        hole, filled = definition.marker(name), f"<g>{content}</g>" if content else ""
        defs, body = defs.replace(hole, filled), body.replace(hole, filled)

    fill(definition.FACE, overlay)
    fill(definition.BACK, layers.back if layers else "")
    fill(definition.BODY, layers.body if layers else "")
    fill(definition.TOP, layers.top if layers else "")
    if layers and layers.hair_clip:
        old, new = f'<g class="{definition.HAIR}">', f'<g clip-path="url(#{layers.hair_clip})">'
        defs, body = defs.replace(old, new), body.replace(old, new)
    return Drawing(defs + (layers.defs if layers else ""), body, drawing.side, drawing.variants)


def variants_of(character: Character) -> Mapping[str, str]:
    """Return the variant of each component that dicebear draws for the character, whatever the expression."""
    return _avatar(character.style, _hashable(character.options)).variants


def show(character: Character, look: Look, rng: np.random.Generator, layers: CostumeLayers | None = None) -> Drawing:
    """Draw a character with a look and perhaps a costume.

    Args:
        character: Who.
        look: A look chosen by `choose_look`.
        rng: Shapes the overlays; the same generator state gives the same tears.
        layers: A costume in canvas coordinates.
    """
    overlay = draw_overlays(character.style.face, look.overlays, rng)
    return render_svg(character.style, express(character, look), layers, overlay=overlay, swaps=character.swaps)
