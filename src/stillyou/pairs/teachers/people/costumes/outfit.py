"""What a costume hands to the studio, and the bench that its pieces are made on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from stillyou.draws import generator
from stillyou.effects.designs import Design
from stillyou.pairs.teachers.people.camera import Camera, draw_camera
from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring, fit_ring, neck_loop
from stillyou.pairs.teachers.people.costumes.tufts import STRANDS, Fur, tufts
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import Integers, floats, vertex_normals
from stillyou.pairs.teachers.people.hair import Hair
from stillyou.pairs.teachers.people.parts import MeshPart, Role, StrandPart, mesh_part, strand_part

Part = MeshPart | StrandPart
_CHEST = 1.9
"""Decimetres from the base of the neck down into the chest: fur on a coat is lit as a hull about that."""
Triangles = Integers
Attribute = str | int | float
SAME_SHAPE = {
    ("santa", "burgundy"): "classic",
    ("santa", "blue"): "green",
    ("sheep", "cream"): "white",
    ("sheep", "grey"): "white",
}
"""Designs that differ from another one in their colours alone."""
UNDER_CAPS = {"beanie": 0.22, "cap": 0.16}
"""Coverings that a closed hat replaces, and how far an open ring worn over them stands off the skin."""


@dataclass(frozen=True, eq=False)
class Outfit:
    """A costume on one person.

    Attributes:
        parts: What is drawn besides the person.
        hair: The hair under the costume: the same object where nothing presses on it.
        replaces_clothes: Whether the person's own clothes are taken off.
        hides: Names of accessories that the costume takes off.
        attributes: What was drawn: completeness, cuts, colours.
    """

    parts: tuple[Part, ...]
    hair: Hair | None
    replaces_clothes: bool
    hides: frozenset[str]
    attributes: Mapping[str, Attribute]


@dataclass
class Bench:
    """Collects the pieces of one costume while it is made.

    Attributes:
        figure: Who wears it.
        effect: Which costume.
        design: The look that everybody who wears it shares; None draws one for this person.
        hair: The hair as it is now; pressing replaces it.
        parts: Pieces so far, posed.
        attributes: What was drawn so far.
        hides: Accessories that come off.
    """

    figure: Figure
    effect: str
    hair: Hair | None
    design: Design | None = None
    parts: list[Part] = field(default_factory=list)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    hides: set[str] = field(default_factory=set)
    _camera: Camera | None = None

    def draw(self, component: str) -> np.random.Generator:
        """Return the generator of one component of this costume: of the person, or of the named design alone."""
        if self.design is not None:
            shape = SAME_SHAPE.get((self.effect, self.design.name), self.design.name)
            return generator("people", "design", self.effect, shape, component)
        return self.draw_for_person(component)

    def draw_for_person(self, component: str) -> np.random.Generator:
        """Return the generator of what is the person's own even in a named design."""
        return generator("people", self.figure.person.seed, self.effect, component)

    def colours(self, *keys: str) -> list[Floats] | None:
        """Return key colours of the named design, linear RGB (3,) each; None where none is named."""
        return None if self.design is None else [floats(self.design.linear(key)) for key in keys]

    def pad(self, share: float, most: float, *, closed: bool) -> float:
        """Return how far a ring stands off the skin for what is under it, decimetres; a closed hat takes caps off.

        Args:
            share: Of the hair's thickness that remains under the ring.
            most: Thicker hair is pressed down to this.
            closed: Whether the top of the head is covered.
        """
        covering = self.figure.person.accessories.covering
        if closed and covering in UNDER_CAPS:
            self.hides.add("covering")
        elif covering != "none":
            return UNDER_CAPS.get(covering, 0.15)
        thickness = self.hair.thickness if self.hair is not None else 0.0
        return 0.05 + float(min(share * thickness, most))

    def ring(self, front: float, back: float, pad: float, tilt: float = 0.0) -> Ring:
        """Fit a ring to the head (`fit_ring`)."""
        return fit_ring(self.figure, front=front, back=back, pad=pad, tilt=tilt)

    def mesh(
        self,
        points: Floats,
        triangles: Triangles,
        material: str,
        *,
        aux: Floats | None = None,
        rest: Floats | None = None,
        params: Sequence[Sequence[float]] = (),
        role: Role = Role.COSTUME_HEAD,
    ) -> tuple[Floats, Floats]:
        """Add a mesh given in the head's neutral space; returns its posed positions and normals."""
        posed = np.asarray(self.figure.pose.head(points), np.float32)
        normals = np.asarray(vertex_normals(posed, triangles), np.float32)
        self.place(
            posed,
            normals,
            triangles,
            material,
            aux=aux,
            rest=points if rest is None else rest,
            params=params,
            role=role,
        )
        return posed, normals

    def posed(
        self,
        points: Floats,
        triangles: Triangles,
        material: str,
        *,
        aux: Floats | None = None,
        params: Sequence[Sequence[float]] = (),
        role: Role = Role.COSTUME_HEAD,
    ) -> None:
        """Add a mesh that is posed already and has no other template coordinates."""
        normals = np.asarray(vertex_normals(points, triangles), np.float32)
        self.place(points, normals, triangles, material, aux=aux, rest=points, params=params, role=role)

    def place(
        self,
        posed: Floats,
        normals: Floats,
        triangles: Triangles,
        material: str,
        *,
        rest: Floats,
        role: Role,
        aux: Floats | None = None,
        params: Sequence[Sequence[float]] = (),
    ) -> None:
        """Add a mesh that is posed already."""
        self.parts.append(
            mesh_part(
                posed, triangles, material=material, role=role, normals=normals, rest=rest, aux=aux, params=params
            )
        )

    def fur(
        self,
        rng: np.random.Generator,
        sites: Floats,
        normals: Floats,
        fur: Fur,
        *,
        role: Role = Role.COSTUME_HEAD,
    ) -> None:
        """Add one tuft a posed site.

        Args:
            rng: Draws shapes and shades.
            sites: (S, 3) posed roots.
            normals: (S, 3) posed directions.
            fur: What the tufts are.
            role: Which part of the costume it is.
        """
        points = tufts(rng, sites, normals, fur)
        tint = fur.colour * rng.uniform(0.88, 1.08, (len(sites), 1))
        shade = np.repeat(rng.random(len(sites)) * 0.6, STRANDS[fur.kind]) + rng.random(len(points)) * 0.4
        made = strand_part(
            points,
            material="fur",
            role=role,
            width=np.full(len(points), self.figure.detail.width(fur.width), np.float32),
            colour=np.repeat(tint.astype(np.float32), STRANDS[fur.kind], 0),
            shade=shade.astype(np.float32),
            params=[[1.0 if fur.kind == "wool" else 0.0], self._hull(role)],
        )
        self.parts.append(made)

    @property
    def neck(self) -> Floats:
        """The middle of the base of the neck, (3,) in neutral space."""
        return floats(neck_loop(self.figure, 0.0)[0].mean(0))

    @property
    def camera(self) -> Camera:
        """The camera of this person's pictures."""
        if self._camera is None:
            self._camera = draw_camera(self.figure, self.figure.person.seed)
        return self._camera

    def margin(self, points: Floats, room: float) -> float:
        """Return how far inside the picture posed points (N, 3) lie with room about them, in heights of the picture.

        Negative where they leave it.
        """
        seen = self.camera.project(points)
        scale = self.camera.focal / float(np.linalg.norm(self.camera.eye - points.mean(0)))
        return float(np.minimum(seen, 1 - seen).min()) - room * scale

    def headroom(self, ring: Ring, out: float = 0.0) -> float:
        """Return how tall something on a ring may be to stay inside the picture, decimetres; designs never shrink."""
        heights = np.linspace(0.2, 1.6, 15, dtype=np.float32)
        if self.design is not None:
            return float(heights[-1])
        around = np.linspace(-np.pi, np.pi, 8, dtype=np.float32, endpoint=False)
        points = ring.at(np.tile(around, len(heights)), out, np.repeat(heights, len(around)))
        seen = self.camera.project(np.asarray(self.figure.pose.head(points), np.float32))
        inside = np.minimum(seen, 1 - seen).min(1).reshape(len(heights), -1).min(1) > 0.012
        return float(heights[inside][-1]) if inside.any() else 0.2

    def tuft_count(self, count: int) -> int:
        """Return how many tufts stand for ``count`` at full detail."""
        return max(1, self.figure.detail.count(count))

    def _hull(self, role: Role) -> tuple[float, ...]:
        """Return what fur of a role is lit about, and 1; or nothing, for fur about the head."""
        if role is not Role.COSTUME_BODY:
            return (0.0,)
        x, y, z = self.neck.tolist()
        return x, y - _CHEST, z, 1.0

    def finish(self, *, replaces_clothes: bool) -> Outfit:
        """Close the collection."""
        return Outfit(tuple(self.parts), self.hair, replaces_clothes, frozenset(self.hides), dict(self.attributes))


def with_hair(hair: Hair, points: Floats, opacity: npt.NDArray[np.generic]) -> Hair:
    """Return the hair with other strands."""
    return replace(hair, points=np.asarray(points, np.float32), opacity=opacity.astype(np.asarray(hair.opacity).dtype))
