"""What several costumes share on the torso: a coat, fur on any piece, a roll of fur around the neck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from stillyou.pairs.teachers.people.costumes.fit import Floats, neck_loop
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.press import lift_over_coat
from stillyou.pairs.teachers.people.costumes.shapes import sheet
from stillyou.pairs.teachers.people.costumes.torso import Region, layer, posed_layer, sites, torso
from stillyou.pairs.teachers.people.costumes.tufts import Fur
from stillyou.pairs.teachers.people.geometry import Integers, floats, interpolate, sample_surface, vertex_normals
from stillyou.pairs.teachers.people.parts import Role

Triangles = Integers


def coat(
    bench: Bench, off: float, material: str, *, params: Sequence[Sequence[float]], flare: Floats | float = 0.0
) -> tuple[Floats, Floats]:
    """Put a garment over the whole torso; returns its posed vertices and normals.

    Args:
        bench: The costume in the making.
        off: Distance from the skin in decimetres.
        material: Of its surface; its aux is (neckline field, angle around the neck, 0, 0).
        params: The material's numbers.
        flare: More distance, (R,).
    """
    part = torso(bench.figure.body)
    bench.hair = lift_over_coat(bench.hair, bench.neck, off)
    posed, normals = posed_layer(bench.figure, part, layer(bench.figure, part, off + flare))
    bench.place(
        posed, normals, part.triangles, material, rest=part.rest, aux=part.aux, params=params, role=Role.COSTUME_BODY
    )
    return posed, normals


def furred(
    bench: Bench,
    rng: np.random.Generator,
    posed: Floats,
    normals: Floats,
    triangles: Triangles,
    fur: Fur,
    *,
    count: int,
    role: Role = Role.COSTUME_HEAD,
) -> None:
    """Cover a posed mesh evenly with tufts (`Bench.fur`), ``count`` of them at full detail."""
    number = bench.tuft_count(count)
    corners, weights = sample_surface(rng, posed, triangles, np.ones(len(triangles), np.float32), number)
    roots, outward = interpolate(posed, corners, weights), interpolate(normals, corners, weights)
    outward = outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    bench.fur(rng, np.asarray(roots, np.float32), np.asarray(outward, np.float32), fur, role=role)


def furred_region(
    bench: Bench,
    name: str,
    where: Callable[[Region], Floats],
    posed: Floats,
    normals: Floats,
    fur: Fur,
    *,
    count: int,
    pattern: Callable[[Floats], Floats] | None = None,
) -> None:
    """Cover a part of the coat with tufts whose places are the same for everybody.

    Args:
        bench: The costume in the making.
        name: Of the places.
        where: Density a vertex of the torso; a module's function.
        posed: The coat's vertices.
        normals: Their normals.
        fur: What covers it.
        count: Tufts at full detail.
        pattern: Colours (S, 3) of places in template coordinates (S, 3), instead of the fur's own.
    """
    spots = sites(bench.figure.body, name, torso, where, bench.tuft_count(count))
    outward = spots.on(normals)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    if pattern is not None:
        fur = replace(fur, colour=pattern(spots.on(torso(bench.figure.body).rest)))
    bench.fur(bench.draw(name), spots.on(posed), outward, fur, role=Role.COSTUME_BODY)


def neck_roll(bench: Bench, *, thick: float, tall: float, out: float, rise: float) -> tuple[Floats, Floats, Triangles]:
    """Return a posed roll around the base of the neck: vertices, normals, triangles.

    Args:
        bench: The costume in the making.
        thick: Half its width in decimetres.
        tall: Half its height.
        out: Distance of its middle from the skin.
        rise: Of its middle above the base of the neck.
    """
    loop, outward = neck_loop(bench.figure, 0.0)
    loop, outward = np.concatenate([loop, loop[:1]]), np.concatenate([outward, outward[:1]])
    turn = np.linspace(0, 2 * np.pi, 11, dtype=np.float32)[:, None, None]
    up = floats([0, 1, 0])
    rows = loop + outward * (out + np.cos(turn) * thick) + up * (rise + np.sin(turn) * tall)
    points, triangles = sheet(rows)
    posed = np.asarray(bench.figure.pose.blend(points, {"torso": 0.75, "neck01": 0.25}), np.float32)
    return posed, np.asarray(vertex_normals(posed, triangles), np.float32), triangles


def fur_collar(bench: Bench, fur: Fur, *, thick: float) -> None:
    """Lay a roll of fur around the neck, ``thick`` decimetres to either side of its middle."""
    posed, normals, triangles = neck_roll(bench, thick=thick, tall=thick * 1.2, out=0.12, rise=0.02)
    plain = [[*(fur.colour * 0.8), 0.0], [0.0, 0.0, 0.0, 1.0]]
    bench.place(posed, normals, triangles, "felt", rest=posed, params=plain, role=Role.COSTUME_BODY)
    furred(bench, bench.draw("collar fur"), posed, normals, triangles, fur, count=1300, role=Role.COSTUME_BODY)
