"""Portraits with their true fits, rendered by both studios: what the fit network learns from and is measured on.

A portrait follows from its kind, its seed and its size alone. Some wear what the network must see through: cartoons
now and then a costume, people their own hats and scarves, long hair and glasses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillyou.drafts.fit import Fit
from stillyou.drafts.vector.costumes import CostumeLayers, dress
from stillyou.draws import generator
from stillyou.pairs.degrade.chains import DRAWING, PHOTOGRAPH
from stillyou.pairs.degrade.scene import degrade
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.cartoon.backdrop import draw_backdrop
from stillyou.pairs.teachers.cartoon.character import Character, draw_character, show
from stillyou.pairs.teachers.cartoon.pose import draw_pose
from stillyou.pairs.teachers.cartoon.raster import document, rasterise
from stillyou.pairs.teachers.cartoon.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.teachers.cartoon.true_fit import true_fit as cartoon_fit
from stillyou.pairs.teachers.people.backdrop import Backdrops
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.expressions import EXPRESSIONS as PEOPLE_EXPRESSIONS
from stillyou.pairs.teachers.people.expressions import expression_weights
from stillyou.pairs.teachers.people.gl.renderer import shared_renderer
from stillyou.pairs.teachers.people.sitting import Showing, Sitting
from stillyou.pairs.teachers.people.true_fit import true_fit as people_fit

_COSTUMED = 0.08
_OTHER_EXPRESSION = 0.35
_CLOSER = 0.3


@dataclass(frozen=True, eq=False)
class Portrait:
    """A square picture uint8 (size, size, 3) and where things sit on it."""

    pixels: Pixels
    fit: Fit


def draw_cartoon(styles: Sequence[StyleSpec], seed: int, size: int) -> Portrait:
    """Draw a character of one of the styles.

    Args:
        styles: Those without a costume fit are left out; all of them lend their faces.
        seed: 0 to 2**63 - 1.
        size: Side in pixels.
    """
    able = [style for style in styles if style.costume]
    rng = generator("fit", "cartoon", seed)
    style = able[int(rng.integers(len(able)))]
    donors = [donor for donor in styles if all(map(donor.can_show, EXPRESSIONS))]
    character = draw_character(style, rng, donors=donors)
    shown = [name for name in EXPRESSIONS if character.face.can_show(name)]
    expression = shown[int(rng.integers(len(shown)))]
    drawing = show(character, expression, rng, _costume(character, rng))
    colours = [str(character.options[f"{name}Color"]) for name in style.colours]
    backdrop = draw_backdrop(rng, colours, varied=True)
    pose = draw_pose(style, rng, closer=bool(rng.random() < _CLOSER))
    svg = document(drawing, pose=pose, backdrop=backdrop.body, backdrop_defs=backdrop.defs)
    pixels = rasterise(svg, drawing.side, size)
    return Portrait(degrade((pixels, pixels), rng, DRAWING)[0], cartoon_fit(character, pose))


def _costume(character: Character, rng: np.random.Generator) -> CostumeLayers | None:
    """Dress a few characters: on some portraits the hairline is under a hat already."""
    fit = character.style.costume
    if fit is None or rng.random() >= _COSTUMED:
        return None
    shifted = fit.shifted(character.variants.get(fit.anchor)) if fit.anchor else fit
    return dress(shifted, COSTUMES[int(rng.integers(len(COSTUMES)))], rng)


def draw_person(seed: int, size: int) -> Portrait:
    """Render a person in their own clothes.

    Args:
        seed: 0 to 2**63 - 1.
        size: Side in pixels.

    Raises:
        StillYouError: There is no OpenGL through EGL.
    """
    rng = generator("fit", "people", seed)
    sitting = Sitting(seed, shared_renderer(Detail.of(size)), Backdrops(size))
    showing = _showing(sitting, rng)
    surface = sitting.figure.surface(expression_weights(showing.expression, seed, showing.strength))
    pixels = sitting.picture(showing).pixels
    fit = people_fit(sitting.figure, sitting.scenery.camera, surface)
    return Portrait(degrade((pixels, pixels), rng, PHOTOGRAPH)[0], fit)


def _showing(sitting: Sitting, rng: np.random.Generator) -> Showing:
    """Return the person's own mild expression, or now and then a strong one."""
    if rng.random() >= _OTHER_EXPRESSION:
        return Showing(sitting.person.source_expression, round(sitting.person.expression_strength, 3))
    return Showing(PEOPLE_EXPRESSIONS[int(rng.integers(len(PEOPLE_EXPRESSIONS)))], round(rng.uniform(0.6, 1.05), 3))
