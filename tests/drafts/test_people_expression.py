"""Expressions on photographs: the mesh finds the face, its parts move as they should, and all else stays as it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

import stillyou
from stillyou.drafts.draw import EXPRESSIONS, draw_face
from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.people.face import network, place
from stillyou.drafts.people.face import points as of
from stillyou.drafts.people.face.bend import back_map, sample
from stillyou.drafts.people.face.mesh import Mesh, find_mesh
from stillyou.drafts.people.face.mouth import filled
from stillyou.drafts.people.face.pulls import Head, moves
from stillyou.drafts.people.face.white import white

SAMPLE = Path(stillyou.__file__).parent / "samples" / "astronaut.jpg"
SIDE = 480
Pixels = NDArray[np.uint8]


@cache
def portrait(side: int = SIDE, degrees: float = 0.0) -> tuple[Pixels, Fit]:
    """Return the astronaut's head and where it is, turned clockwise."""
    image = Image.open(SAMPLE).convert("RGB").crop((130, 20, 320, 210))
    small = image.rotate(-degrees, Image.Resampling.BICUBIC).resize((side, side), Image.Resampling.BICUBIC)
    placed = {"eye_left": (0.372, 0.43), "eye_right": (0.618, 0.437), "mouth": (0.487, 0.662)}
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.array([placed.get(name, (0.5, 0.5)) for name in POINTS])
    return np.asarray(small), Fit(((points - 0.5) @ turn + 0.5).astype(np.float32))


def seen(pixels: Pixels) -> Mesh:
    """Return the mesh of the upright portrait."""
    mesh = find_mesh(pixels, portrait()[1])
    assert mesh is not None
    return mesh


def traits(pixels: Pixels) -> dict[str, float]:
    """Return what an expression shows in, in half the distance of the eyes: by the mesh of what was drawn."""
    at = Head.of(seen(pixels)).points
    inner = at[[55, 285, 107, 336], 1].mean()
    return {
        "gap": float(at[14, 1] - at[13, 1]),
        "wide": float(at[291, 0] - at[61, 0]),
        "corners": float(at[[61, 291], 1].mean() - at[[0, 17], 1].mean()),
        "inner brows": float(-inner),
        "slope": float(inner - at[[46, 276, 70, 300], 1].mean()),
        "eyes": float((at[[145, 374], 1] - at[[159, 386], 1]).mean()),
    }


def drawn(effect: str, strength: float = 1.0) -> Pixels:
    """Return the portrait with an expression."""
    pixels, fit = portrait()
    draft = draw_face(pixels, fit, "people", effect, strength)
    assert draft is not None
    return draft.over(pixels)


def test_the_network_says_what_the_published_one_says() -> None:
    noise = np.random.default_rng(0).random((1, 192, 192, 3)).astype(np.float32)
    points, flag = network.see(torch.from_numpy(noise).permute(0, 3, 1, 2))
    # the published model run by LiteRT 2.3 on the same noise
    said = [
        [115.53827, 117.010315, -9.762352],
        [120.739876, 102.180435, -23.812466],
        [115.63605, 106.40021, -11.918663],
    ]
    assert points[0, :3].numpy() == pytest.approx(np.array(said), abs=2e-3)
    assert torch.logit(flag, eps=1e-9).item() == pytest.approx(-9.843314, abs=2e-2)


def test_the_mesh_lies_on_the_face_and_moves_with_it() -> None:
    pixels, fit = portrait()
    mesh = seen(pixels)
    eyes = [mesh.points[[*of.UPPER_LIDS[side], *of.LOWER_LIDS[side]]].mean(0) for side in (0, 1)]
    assert eyes == [pytest.approx(SIDE * fit[f"eye_{end}"], abs=0.03 * SIDE) for end in ("left", "right")]
    large = find_mesh(*portrait(2 * SIDE))
    turned = find_mesh(*portrait(degrees=25))
    assert large is not None and turned is not None
    assert np.abs(large.points / 2 - mesh.points).mean() < 0.006 * SIDE
    assert turned.tilt - mesh.tilt == pytest.approx(np.deg2rad(25), abs=0.04)
    assert Head.of(turned).points == pytest.approx(Head.of(mesh).points, abs=0.15)


def test_there_is_no_face_on_what_shows_none() -> None:
    _, fit = portrait()
    ramp = np.broadcast_to(np.linspace(0, 255, SIDE, dtype=np.uint8)[:, None, None], (SIDE, SIDE, 3))
    for effect in EXPRESSIONS:
        assert draw_face(np.ascontiguousarray(ramp), fit, "people", effect, 1.0) is None


def test_a_face_from_the_side_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, fit = portrait()
    mesh = seen(pixels)
    whole = np.column_stack([mesh.points, mesh.depth])
    straight = Head.of(mesh).facing
    for degrees in (20, 60):
        angle = np.deg2rad(degrees)
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        other = (whole - whole.mean(0)) @ turn.T + whole.mean(0)
        side = Mesh(other[:, :2], other[:, 2], mesh.tilt, 1.0)
        yaw = np.arccos(straight) + angle, abs(np.arccos(straight) - angle)
        assert min(abs(np.arccos(Head.of(side).facing) - each) for each in yaw) < 0.03
        monkeypatch.setattr(place, "find_mesh", lambda *_, side=side: side)
        assert (place.draw_expression(pixels, fit, "shocked") is None) == (degrees == 60)


@pytest.mark.parametrize("effect", EXPRESSIONS)
def test_the_face_moves_and_all_else_stays(effect: str) -> None:
    pixels, fit = portrait()
    draft = draw_face(pixels, fit, "people", effect, 1.0)
    again = draw_face(pixels, fit, "people", effect, 1.0)
    assert draft is not None and again is not None
    after = draft.over(pixels)
    assert np.array_equal(after, again.over(pixels))
    changed = (after != pixels).any(-1)
    assert np.array_equal(after[draft.alpha == 0], pixels[draft.alpha == 0]) and changed.mean() > 0.02
    oval = seen(pixels).points[[*of.OVAL]]
    far = filled(oval.mean(0) + 1.75 * (oval - oval.mean(0)), (0, 0, SIDE, SIDE)) == 0
    assert far.mean() > 0.1 and not changed[far].any()


@pytest.mark.parametrize("effect", EXPRESSIONS)
@pytest.mark.parametrize("side", [24, 60])
def test_faces_of_few_pixels_and_cut_by_the_border_are_drawn_or_left_alone(effect: str, side: int) -> None:
    small, fit = portrait(side)
    pixels, _ = portrait()
    move = np.array([0.4, -0.3])
    cut = np.roll(pixels, tuple(np.rint(SIDE * move[::-1]).astype(int)), (0, 1))
    for picture, where in ((small, fit), (cut, Fit((fit.points + move).astype(np.float32)))):
        draft = draw_face(picture, where, "people", effect, 1.0)
        if draft is not None:
            assert np.isfinite(draft.rgb).all() and 0 <= draft.alpha.min() <= draft.alpha.max() <= 1
            assert np.array_equal(draft.over(picture)[draft.alpha == 0], picture[draft.alpha == 0])


def test_parts_of_the_face_move_as_the_expression_says() -> None:
    calm = traits(portrait()[0])
    angry, shocked, laughing, crying = (traits(drawn(effect)) for effect in EXPRESSIONS)
    assert angry["inner brows"] < calm["inner brows"] < crying["inner brows"] < shocked["inner brows"]
    assert angry["slope"] > calm["slope"] > crying["slope"] and shocked["eyes"] > calm["eyes"] + 0.02
    assert shocked["gap"] > calm["gap"] + 0.2 and shocked["wide"] < calm["wide"]
    assert laughing["gap"] > calm["gap"] and laughing["eyes"] < calm["eyes"]
    assert max(angry["gap"], crying["gap"]) < 0.5 * calm["gap"]  # the astronaut smiles: lips meet
    assert min(angry["corners"], crying["corners"]) > calm["corners"] + 0.05


@pytest.mark.parametrize("effect", EXPRESSIONS)
def test_pixels_of_the_face_move_with_its_points(effect: str) -> None:
    pixels, _ = portrait()
    mesh = seen(pixels)
    head = Head.of(mesh)
    moved = mesh.points + head.seen(moves(head, effect, 1.0))
    chosen = [
        *of.BROWS[0][0],
        *of.BROWS[0][1],
        *of.BROWS[1][0],
        *of.BROWS[1][1],
        4,
        5,
        195,
        197,
        *of.UPPER_LIP[0][2:-2],
    ]
    before, after = (
        np.stack([ndimage.map_coordinates(p[..., 0].astype(float), (at[chosen] - 0.5).T[::-1], order=1)])
        for p, at in ((pixels, mesh.points), (drawn(effect), moved))
    )
    assert np.abs(moved - mesh.points)[chosen].max() > 0.03 * head.unit
    assert np.abs(before - after).mean() < 9


def test_strength_says_how_far() -> None:
    gaps = [traits(drawn("shocked", strength))["gap"] for strength in (0.25, 0.5, 0.75, 1.0)]
    assert np.diff(gaps).min() > 0.02
    head = Head.of(seen(portrait()[0]))
    for effect in EXPRESSIONS:
        half, whole = moves(head, effect, 0.5), moves(head, effect, 1.0)
        assert 0.4 < np.abs(half).sum() / np.abs(whole).sum() < 0.6
    tiny = drawn("angry", 0.02).astype(int) - portrait()[0]
    assert np.abs(tiny).mean() < 0.4


def test_own_teeth_stay_with_the_upper_jaw_and_shut_lips_hide_them() -> None:
    pixels, _ = portrait()
    mesh = seen(pixels)
    lips = [mesh.points[[*lip[3]]] for lip in (of.UPPER_LIP, of.LOWER_LIP)]
    inside = filled(np.concatenate([lips[0], lips[1][-2:0:-1]]), (0, 0, SIDE, SIDE)) > 0.9
    teeth = inside & (pixels.min(-1) > 0.8 * pixels.min(-1)[inside].max())
    opened, shut = drawn("shocked"), drawn("angry")
    rows, columns = np.nonzero(teeth)
    head = Head.of(mesh)
    x, y = head.seen(moves(head, "shocked", 1.0))[[*of.UPPER_LIP[3][3:-3]]].mean(0)
    there = opened[np.rint(rows + y).astype(int), np.rint(columns + x).astype(int)]
    assert np.median(np.abs(there.astype(int) - pixels[teeth])) < 12
    assert shut[teeth].min(-1).mean() < 0.85 * pixels[teeth].min(-1).mean()


def test_white_is_told_from_the_eyes_but_not_through_dark_glasses() -> None:
    pixels, _ = portrait()
    mesh = seen(pixels)
    tinted = (pixels * np.array([1.0, 0.9, 0.7])).astype(np.uint8)
    (plain, seen_plain), (warm, _) = white(pixels, mesh), white(tinted, mesh)
    assert plain.min() > 120 and warm[2] / warm[0] < 0.9 * plain[2] / plain[0]
    glasses = pixels.copy()
    for side in (0, 1):
        left, top = mesh.points[[*of.UPPER_LIDS[side]]].min(0) - 12
        right, bottom = mesh.points[[*of.LOWER_LIDS[side]]].max(0) + 12
        glasses[int(top) : int(bottom), int(left) : int(right)] = (10, 25, 15)
    through, seen_through = white(glasses, mesh)
    assert through.min() == through.max() > 100 and seen_plain and not seen_through


def test_a_bent_picture_follows_its_points() -> None:
    x, y = np.meshgrid(np.arange(64), np.arange(64))
    plane = np.stack([x, y, x + y], axis=-1).astype(np.float32)
    sources = np.array([[4.0, 4], [60, 4], [4, 60], [60, 60], [32, 32]])
    moved = sources + [3, -2]
    off = back_map(moved, sources, (10, 12, 50, 48))
    assert off == pytest.approx(np.broadcast_to([-3, 2], off.shape), abs=1e-3)
    assert sample(plane, off, (10, 12, 50, 48)) == pytest.approx(plane[14:50, 7:47], abs=0.02)
