"""Squares around faces, upright and turned."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.face_ownership import nearest_only, territory
from stillyou.editing.scene.frame import UPRIGHT, Framed, frame_crop, frame_face
from stillyou.images import Picture
from stillyou.images.faces import Face
from stillyou.images.framing import FACE_CENTRE, FACE_SHARE
from tests.editing.portraits import FACE, astronaut, portrait


def smooth(side, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(side / 16)))


@pytest.mark.parametrize("tilt", [0.0, 5.0, -UPRIGHT])
def test_an_upright_face_lies_where_the_studio_has_it(tilt):
    face = Face(400, 300, 60, tilt)
    framed = frame_face(face, 64, 2000)
    crop = framed.crop
    assert (framed.tilt, framed.cells) == (0, 64)
    assert abs(face.size / crop.size - FACE_SHARE) < 0.01
    assert abs((face.x - crop.left) / crop.size - FACE_CENTRE[0]) < 0.01
    assert abs((face.y - crop.top) / crop.size - FACE_CENTRE[1]) < 0.01


def test_a_square_that_ends_just_above_the_edge_reaches_it():
    face = Face(400, 300, 60)
    bottom = frame_face(face, 64, 2000).crop.top + frame_face(face, 64, 2000).crop.size
    assert frame_face(face, 64, bottom + 10).crop.top + frame_face(face, 64, bottom + 10).crop.size == bottom + 10
    assert frame_face(face, 64, 2 * bottom) == frame_face(face, 64, 2000)
    assert frame_face(face, 64, bottom - 20) == frame_face(face, 64, 2000)


@pytest.mark.parametrize("tilt", [90.0, -90.0, 180.0, 45.0, -30.0])
def test_the_model_sees_a_tilted_face_upright_and_in_its_place(tilt):
    turned = astronaut().rotate(-tilt, Image.Resampling.BICUBIC, expand=True)
    angle, x, y = math.radians(tilt), FACE[0] - 256, FACE[1] - 256
    place = (math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y)
    face = Face(place[0] + turned.width / 2, place[1] + turned.height / 2, FACE[2], tilt)
    seen = frame_face(face, 128, turned.height).see(Picture(np.asarray(turned)))
    upright = frame_face(Face(*FACE), 128, 5000).see(Picture(portrait(512)))
    middle = slice(32, 96)  # around it the turned picture ends sooner
    assert np.abs(seen.astype(int) - upright)[middle, middle].mean() < 10


@given(st.floats(-180, 180), st.integers(0, 9**9))
@settings(max_examples=25, deadline=None)
def test_what_the_model_saw_lies_over_the_same_pixels_again(tilt, seed):
    side = 64
    framed = frame_face(Face(150, 150, 200 * FACE_SHARE, tilt), side, 10**6)
    picture = Picture(smooth(300, seed))
    laid = framed.lay(framed.see(picture).astype(np.float32))
    there = frame_crop(framed.crop, framed.cells).see(picture)
    solid = framed.lay_mask(np.ones((side, side), np.float32)) > 0.99
    assert laid.shape == (framed.cells, framed.cells, 3)
    assert solid.mean() > 0.3
    assert np.abs(laid - there)[solid].mean() < 3


def test_a_turned_mask_is_0_outside_its_square_and_comes_back():
    framed = Framed(Crop(0, 0, 182), 64, 92, 45.0)
    laid = framed.lay_mask(np.ones((64, 64), np.float32))
    assert laid[0, 0] == laid[-1, -1] == laid[0, -1] == 0
    assert laid[46, 46] == 1
    native = np.asarray(Image.fromarray((laid * 255).astype(np.uint8)).resize((182, 182)))
    seen = framed.see_mask(native)
    assert seen.shape == (64, 64)
    assert seen[8:-8, 8:-8].min() > 0.9


def test_every_pixel_has_one_owner():
    faces = [Face(20, 50, 20), Face(60, 50, 40), Face(90, 20, 10)]
    owners = np.stack([nearest_only(faces, index, (120, 100)) for index in range(3)])
    assert np.array_equal(owners.sum(axis=0), np.ones((100, 120)))
    assert owners[0, 50, 20] and owners[1, 50, 60] and owners[2, 20, 90]
    same = [Face(20, 50, 20), Face(60, 50, 20)]
    assert nearest_only(same, 0, (80, 60))[:, :40].all() and nearest_only(same, 1, (80, 60))[:, 40:].all()


def test_territories_are_soft_and_share_the_picture():
    faces, crop = [Face(20, 50, 20), Face(60, 50, 20)], Crop(0, 10, 80)
    one, two = (territory(faces, index, crop, 40) for index in (0, 1))
    assert one[20, 10] == 1 and one[20, 30] == 0
    assert np.allclose(one + two, 1)
    assert np.allclose(one[:, 19:21].mean(), 0.5, atol=0.02)
    assert np.array_equal(territory(faces[:1], 0, crop, 40), np.ones((40, 40)))
