"""One person before the camera: what a source and all its targets share, built and drawn once.

A sitting follows from its seed alone. What it keeps is never visible in results: a picture asked for twice is the
same as one drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from stillyou.effects.designs import find_design
from stillyou.pairs.teachers.people.accessories import adorn
from stillyou.pairs.teachers.people.anatomy import bare_parts
from stillyou.pairs.teachers.people.backdrop import Backdrops
from stillyou.pairs.teachers.people.camera import draw_camera
from stillyou.pairs.teachers.people.clothes import dress
from stillyou.pairs.teachers.people.costumes import Outfit, wear
from stillyou.pairs.teachers.people.expressions import expression_weights, tears
from stillyou.pairs.teachers.people.figure import Figure, Surface
from stillyou.pairs.teachers.people.geometry import floats
from stillyou.pairs.teachers.people.gl.renderer import Rendered, Renderer, Scenery
from stillyou.pairs.teachers.people.hair import Hair, face_hair, grow, part
from stillyou.pairs.teachers.people.light import draw_light
from stillyou.pairs.teachers.people.parts import Part
from stillyou.pairs.teachers.people.person import Person, draw_person


@dataclass(frozen=True)
class Showing:
    """What one picture shows of a person.

    Attributes:
        expression: Its name.
        strength: How strong it is.
        costume: A costume or ``none``.
        design: The costume's look; None draws one for this person.
        worn: What of the costume is worn, ``head``, ``body`` or ``both``; None draws that.
        share: How far the face is on its way to the expression.
        since: What it showed before; None where it is all the way.
    """

    expression: str
    strength: float = 1.0
    costume: str = "none"
    design: str | None = None
    worn: str | None = None
    share: float = 1.0
    since: Showing | None = None

    def weights(self, seed: int) -> dict[str, float]:
        """Return the weights of ``fu-`` targets, of the person of a seed."""
        whole = expression_weights(self.expression, seed, self.strength)
        if self.since is None:
            return whole
        before = self.since.weights(seed)
        return {
            unit: (1 - self.share) * before.get(unit, 0.0) + self.share * whole.get(unit, 0.0)
            for unit in (*whole, *(unit for unit in before if unit not in whole))
        }

    @property
    def wet(self) -> float:
        """How wet the face is, 0 to 1."""
        whole = tears(self.expression) * self.strength
        return whole if self.since is None else (1 - self.share) * self.since.wet + self.share * whole


@dataclass(frozen=True, eq=False)
class _Face:
    """What an expression changes: parts of the person, and what they wear with its name."""

    person: list[Part]
    worn: list[tuple[str, Part]]


class Sitting:
    """A person, and the pictures taken.

    Args:
        seed: The person's.
        renderer: Draws.
        backdrops: What is behind people.
    """

    def __init__(self, seed: int, renderer: Renderer, backdrops: Backdrops) -> None:
        self.seed, self._renderer = seed, renderer
        self.person: Person = draw_person(seed)
        self.figure = Figure(self.person, renderer.detail)
        self.backdrop = backdrops.draw(seed)
        self.scenery = Scenery(
            camera=draw_camera(self.figure, seed),
            light=draw_light(seed, self.figure.eyes, self.person.skin.melanin),
            backdrop=self.backdrop.pixels,
            seed=float(seed % 97),
            up=self.figure.pose.direction(floats([0, 1, 0])),
            centre=self.figure.head_centre,
        )
        self._faces: dict[Showing, _Face] = {}
        self._outfits: dict[tuple[str, str | None, str | None], Outfit] = {}
        self._pictures: dict[Showing, Rendered] = {}

    def picture(self, showing: Showing) -> Rendered:
        """Return a picture of the person; each is drawn once."""
        if showing not in self._pictures:
            self._pictures[showing] = self._renderer.render(self.parts(showing), self.scenery)
        return self._pictures[showing]

    def parts(self, showing: Showing) -> list[Part]:
        """Return everything that a picture shows."""
        outfit, face = self.outfit(showing), self._face(showing)
        hidden = outfit.hides if outfit else frozenset()
        parts = [*face.person, *(piece for name, piece in face.worn if name not in hidden)]
        hair = outfit.hair if outfit else self._hair
        if hair is not None:
            parts.append(self._hair_part if hair is self._hair and self._hair_part else part(hair, self.figure))
        if outfit is None or not outfit.replaces_clothes:
            parts += self._clothes
        return [*parts, *outfit.parts] if outfit else parts

    def outfit(self, showing: Showing) -> Outfit | None:
        """Return the costume that a picture shows on this person, or nothing for ``none``."""
        costume, key = showing.costume, (showing.costume, showing.design, showing.worn)
        if costume == "none":
            return None
        if key not in self._outfits:
            design = find_design(costume, showing.design) if showing.design is not None else None
            self._outfits[key] = wear(costume, self.figure, self._hair, design=design, worn=showing.worn)
        return self._outfits[key]

    @cached_property
    def _hair(self) -> Hair | None:
        return grow(self.figure)

    @cached_property
    def _hair_part(self) -> Part | None:
        return part(self._hair, self.figure) if self._hair is not None else None

    @cached_property
    def _clothes(self) -> list[Part]:
        return list(dress(self.figure))

    def _face(self, showing: Showing) -> _Face:
        """Return what moves with the expression: the body, brows and beard, and what is worn on the face."""
        key = replace(showing, costume="none", design=None, worn=None)
        if key not in self._faces:
            surface: Surface = self.figure.surface(showing.weights(self.seed))
            bare = bare_parts(self.figure, surface, showing.wet)
            self._faces[key] = _Face([*bare, *face_hair(self.figure, surface)], list(adorn(self.figure, surface)))
        return self._faces[key]
