"""Costumes sit where they should on anybody, checked on the geometry of 200 people without drawing one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial import cKDTree

pytest.importorskip("moderngl")

from stillyou.pairs.teachers.people.camera import draw_camera
from stillyou.pairs.teachers.people.costumes import COSTUMES, Outfit, wear
from stillyou.pairs.teachers.people.costumes.fit import fit_ring, neck_loop
from stillyou.pairs.teachers.people.costumes.press import press_by_band, press_under_hat
from stillyou.pairs.teachers.people.costumes.torso import layer, torso
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import Floats
from stillyou.pairs.teachers.people.hair import Hair, grow
from stillyou.pairs.teachers.people.parts import MeshPart, Role, StrandPart
from stillyou.pairs.teachers.people.person import draw_person

PEOPLE = 200
SPARSE = Detail(size=64, factor=1, shadow=256, strands=0.04)
"""Few strands: where they stand is tested, not how many."""


@lru_cache(maxsize=2)
def somebody(seed: int) -> tuple[Figure, Hair | None]:
    figure = Figure(draw_person(seed), SPARSE)
    return figure, grow(figure)


def dressed(seed: int, effect: str) -> tuple[Figure, Hair | None, Outfit]:
    figure, hair = somebody(seed)
    return figure, hair, wear(effect, figure, hair)


def points(outfit: Outfit, role: Role) -> Floats:
    found = [
        part.positions if isinstance(part, MeshPart) else part.points.reshape(-1, 3)
        for part in outfit.parts
        if part.role == role
    ]
    return np.concatenate(found) if found else np.zeros((0, 3), np.float32)


def hatted() -> Iterator[tuple[int, str, Figure, Outfit]]:
    """Every person in one costume, the costumes in turn; those who wear no hat in it are left out."""
    for seed in range(PEOPLE):
        effect = COSTUMES[seed % len(COSTUMES)]
        figure, _, outfit = dressed(seed, effect)
        if outfit.attributes["completeness"] != "body":
            yield seed, effect, figure, outfit


def test_hats_touch_the_scalp_spare_the_eyes_and_stay_in_the_picture() -> None:
    counted = 0
    for seed, effect, figure, outfit in hatted():
        counted += 1
        body, head = figure.body, points(outfit, Role.COSTUME_HEAD)
        skin = figure.pose.body(figure.neutral)
        scalp = body.outside[(body.rest[body.outside, 1] > 7.6) & (body.masks["ears"][body.outside] < 0.3)]
        covering = figure.person.accessories.covering != "none"
        gap = cKDTree(skin[scalp]).query(head[::7])[0].min()
        assert gap < (0.3 if covering else 0.2), f"{effect} floats {gap:.2f} dm off the head of person {seed}"
        camera = draw_camera(figure, seed)
        seen = camera.project(head)
        inside = ((seen > 0) & (seen < 1)).all(1).mean()
        assert inside > 0.85, f"{effect} leaves the picture of person {seed}: {inside:.2f} of it is inside"
        for eye in figure.eyeballs:
            front = figure.pose.head(eye.centre + np.float32([0, 0, eye.radius]))
            before = head @ camera.forward < front @ camera.forward
            radius = eye.radius * camera.focal / np.linalg.norm(camera.eye - front)
            near = np.linalg.norm(seen - camera.project(front[None]), axis=1)[before]
            assert near.min(initial=1) > 1.5 * radius, f"{effect} covers an eye of person {seed}"
    assert counted > 0.8 * PEOPLE


def test_the_pom_of_santas_hat_is_in_the_picture() -> None:
    outside = 0
    for seed in range(0, PEOPLE, 4):
        figure, _, outfit = dressed(seed, "santa")
        meshes = [part for part in outfit.parts if isinstance(part, MeshPart) and part.role == Role.COSTUME_HEAD]
        if not meshes:
            continue
        pom = meshes[-1].positions.mean(0)[None]
        seen = draw_camera(figure, seed).project(pom)
        outside += not ((seen > 0.01) & (seen < 0.99)).all()
    assert outside == 0


def hits(origins: Floats, directions: Floats, mesh: MeshPart) -> npt.NDArray[np.bool_]:
    """Whether rays meet a mesh (Moeller & Trumbore 1997)."""
    a, b, c = (mesh.positions[mesh.triangles[:, corner]][None] for corner in range(3))
    p = np.cross(directions[:, None], c - a)
    det = ((b - a) * p).sum(-1)
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    to = origins[:, None] - a
    u = (to * p).sum(-1) / det
    q = np.cross(to, b - a)
    v, t = (directions[:, None] * q).sum(-1) / det, ((c - a) * q).sum(-1) / det
    return np.asarray(((u > -1e-3) & (v > -1e-3) & (u + v < 1.001) & (t > 0)).any(1))


@pytest.mark.parametrize("seed", range(0, 60, 5))
def test_no_skin_pokes_through_santas_hat(seed: int) -> None:
    figure, _, outfit = dressed(seed, "santa")
    meshes = [part for part in outfit.parts if isinstance(part, MeshPart) and part.role == Role.COSTUME_HEAD]
    if not meshes:
        assert outfit.attributes["completeness"] == "body"
        return
    bag, brim = meshes[:2]
    centre = brim.positions.mean(0)
    up = np.linalg.svd(brim.positions - centre)[2][2]
    up = up * np.sign(up @ figure.pose.direction(np.float32([0, 1, 0])))
    skull = figure.pose.body(figure.neutral)[figure.body.outside]
    above = skull[(skull - centre) @ up > 0.15][::6]
    away = above - (centre - 0.1 * up)
    assert len(above) > 30
    assert hits(above, away / np.linalg.norm(away, axis=1, keepdims=True), bag).all()


def test_a_ring_holds_the_whole_skull_above_it() -> None:
    for seed in range(0, 40, 5):
        figure, _ = somebody(seed)
        ring = fit_ring(figure, pad=0.05)
        body = figure.body
        scalp = body.outside[(body.rest[body.outside, 1] > 7.0) & (body.masks["ears"][body.outside] < 0.3)]
        angle, distance, height = ring.cylinder(figure.neutral[scalp])
        above = height > 0
        assert (distance[above] - ring.reach(angle[above])).max() < 0.02


def test_cylinder_coordinates_invert_ring_points() -> None:
    ring = fit_ring(somebody(3)[0], tilt=0.1)
    angles = np.linspace(-3, 3, 50, dtype=np.float32)
    angle, distance, height = ring.cylinder(ring.at(angles, 0.2, 0.3))
    np.testing.assert_allclose(angle, angles, atol=1e-4)
    np.testing.assert_allclose(distance, ring.reach(angles) + 0.2, atol=1e-4)
    np.testing.assert_allclose(height, 0.3, atol=1e-4)


def test_garments_stay_off_the_skin() -> None:
    for seed in range(0, 40, 8):
        figure, _ = somebody(seed)
        part = torso(figure.body)
        cloth = layer(figure, part, 0.12)
        lifted = np.einsum("ij,ij->i", cloth - figure.neutral[part.vertices], figure.normals[part.vertices])
        assert lifted.min() > 0.12 - 1e-4


def test_neck_loops_go_around_the_neck() -> None:
    figure, _ = somebody(4)
    small, large = neck_loop(figure, 0.0)[0], neck_loop(figure, 0.4)[0]
    assert np.ptp(large[:, 0]) > np.ptp(small[:, 0]) > 0.8
    assert (np.abs(small.mean(0)[0])) < 0.1


def test_hats_press_hair_and_leave_what_hangs_below() -> None:
    figure, hair = next(somebody(seed) for seed in range(40) if draw_person(seed).hair.style == "afro")
    assert hair is not None
    ring = fit_ring(figure, front=8.1, back=7.2, pad=0.08)
    pressed = press_under_hat(hair, ring, low=-0.1, hidden=0.05)
    assert pressed is not None
    angle, distance, height = ring.cylinder(pressed.points)
    brim = (height > -0.05) & (height < 0.05)
    assert (distance[brim] < ring.reach(angle[brim]) - 0.04).all()
    assert not pressed.opacity[height > 0.05].any()
    far = (hair.points - ring.centre) @ ring.up < -1.3
    np.testing.assert_array_equal(pressed.points[far], hair.points[far])
    banded = press_by_band(hair, ring, low=-0.1, high=0.1)
    assert banded is not None
    assert (banded.opacity == hair.opacity).all()
    assert press_under_hat(None, ring) is None


def depth(figure: Figure, skin: npt.NDArray[np.int64], places: Floats) -> Floats:
    """How far points are outside the skin, by the nearest of its vertices."""
    near = skin[cKDTree(figure.neutral[skin]).query(places)[1]]
    return np.einsum("ij,ij->i", places - figure.neutral[near], figure.normals[near])


def test_pressed_hair_never_enters_the_skin() -> None:
    for seed in range(0, 40, 3):
        figure, hair = somebody(seed)
        if hair is None:
            continue
        ring = fit_ring(figure, front=8.1, back=7.5, pad=0.05)
        pressed = press_by_band(hair, ring, low=-0.2, high=0.2, zone=0.35)
        assert pressed is not None
        skin = figure.body.outside[figure.body.rest[figure.body.outside, 1] > 7.0]
        moved = (pressed.points != hair.points).any(-1)
        was, now = (depth(figure, skin, one.points[moved]) for one in (hair, pressed))
        assert ((now > -0.03) | (now > was - 0.02)).mean() > 0.995


def test_coats_lift_only_hair_below_the_neck_on_children_too() -> None:
    found = 0
    for seed in range(60):
        figure, hair, outfit = dressed(seed, "santa")
        if outfit.attributes["completeness"] != "body" or hair is None or outfit.hair is hair:
            continue
        found += 1
        assert outfit.hair is not None
        moved = (hair.points != outfit.hair.points).any(-1)
        chin = float(figure.body.joint(figure.cage, "jaw")[1])
        assert (hair.points[moved][:, 1] < chin + 0.15).all()
    assert found > 1


def test_costumes_vary_and_follow_from_the_seed_alone() -> None:
    seen: dict[str, set[object]] = {}
    for seed in range(24):
        for effect in COSTUMES:
            outfit = dressed(seed, effect)[2]
            for name, value in outfit.attributes.items():
                seen.setdefault(f"{effect} {name}", set()).add(value)
    assert {"both", "head", "body"} >= seen["santa completeness"] >= {"both", "head"}
    assert len(seen["santa red"]) > 10
    assert len(seen["royal crown"]) > 4 and len(seen["royal collar"]) == 3 and len(seen["royal robe"]) == 2
    assert len(seen["flower species"]) > 6 and len(seen["flower collar"]) > 3
    assert seen["sheep hood"] == {"hood", "band"}
    first, again = dressed(5, "royal")[2], wear("royal", Figure(draw_person(5), SPARSE), grow(somebody(5)[0]))
    for one, two in zip(first.parts, again.parts, strict=True):
        same = (one.positions, two.positions) if isinstance(one, MeshPart) else (one.points, two.points)
        np.testing.assert_array_equal(*same)


def test_completeness_decides_what_is_worn() -> None:
    for seed in range(16):
        for effect in COSTUMES:
            outfit = dressed(seed, effect)[2]
            worn = outfit.attributes["completeness"]
            assert (len(points(outfit, Role.COSTUME_HEAD)) > 0) == (worn != "body")
            assert (len(points(outfit, Role.COSTUME_BODY)) > 0) == (worn != "head") == outfit.replaces_clothes
            strands = [part for part in outfit.parts if isinstance(part, StrandPart)]
            assert all(np.isfinite(part.points).all() for part in strands)


def test_scarves_and_turbans_stay_on() -> None:
    for seed in range(400):
        person = draw_person(seed)
        covering = person.accessories.covering
        if covering not in ("hijab", "turban", "cap"):
            continue
        for effect in ("santa", "royal"):
            outfit = dressed(seed, effect)[2]
            assert "covering" not in outfit.hides
            assert covering != "hijab" or outfit.attributes["completeness"] == "head"
            assert covering != "turban" or outfit.attributes["completeness"] == "body"
