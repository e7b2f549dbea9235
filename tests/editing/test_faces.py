"""Real detection on a real face, composed into pictures of many kinds."""

import math

import numpy as np
import pytest
from PIL import Image
from skimage import data

from stillyou.images.faces import MOST_FACES, Face, face_detector, find_faces
from tests.editing.portraits import FACE, astronaut, group, portrait

pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")


def near(face, x, y, size, slack=0.25):
    return math.hypot(face.x - x, face.y - y) < slack * size and 0.7 < face.size / size < 1.4


@pytest.mark.parametrize("side", [160, 512, 2000])
def test_a_face_is_found_at_any_resolution(side):
    (face,) = find_faces(portrait(side))
    assert near(face, *(value * side / 512 for value in FACE))
    assert abs(face.tilt) < 6
    assert face.score > 0.8


@pytest.mark.parametrize("turn", [-90, -50, -20, 135])
def test_a_tilted_face_is_found_with_its_tilt(turn):
    turned = astronaut().rotate(turn, Image.Resampling.BICUBIC, expand=True)
    face = max(find_faces(np.asarray(turned)), key=lambda found: found.score)
    x, y, angle = FACE[0] - 256, FACE[1] - 256, math.radians(turn)
    x, y = math.cos(angle) * x + math.sin(angle) * y, -math.sin(angle) * x + math.cos(angle) * y
    assert near(face, x + turned.width / 2, y + turned.height / 2, FACE[2])
    assert abs((face.tilt + turn + 180) % 360 - 180) < 12  # what was turned one way stands upright turned back
    assert -180 < face.tilt <= 180


def test_a_group_is_listed_from_left_to_right():
    places = [(20, 300, 300), (900, 60, 220), (430, 40, 420), (1250, 250, 500), (1900, 500, 180)]
    faces = find_faces(group(places, (2200, 900)))
    expected = sorted((left + 0.5 * side, top + 0.45 * side, 0.45 * side) for left, top, side in places)
    assert len(faces) == len(expected)
    assert all(near(face, *place, slack=0.35) for face, place in zip(faces, expected, strict=True))


def test_twenty_small_faces_in_a_large_picture():
    places = [(25 + 510 * (i % 5), 40 + 480 * (i // 5), 180 + 17 * (i % 7)) for i in range(20)]
    faces = find_faces(group(places, (2600, 1960)))
    assert len(faces) == 20 <= MOST_FACES
    assert [face.x for face in faces] == sorted(face.x for face in faces)


@pytest.mark.parametrize("name", ["chelsea", "coins"])
def test_no_face_where_there_is_none(name):
    picture = getattr(data, name)()
    assert find_faces(picture if picture.ndim == 3 else np.dstack([picture] * 3)) == []


@pytest.mark.parametrize("size", [(1, 1), (39, 500), (2000, 1), (41, 41)])
def test_tiny_and_thin_pictures(size):
    assert find_faces(np.full((size[1], size[0], 3), 128, np.uint8)) == []


def test_cut_off_faces_are_found_or_not_but_never_outside():
    for left in (180, 215):
        cut = portrait(512)[:, left:].copy()
        for face in find_faces(cut):
            assert 0 <= face.x < cut.shape[1] and 0 <= face.y < cut.shape[0]


def test_it_is_there_when_dlib_is(monkeypatch):
    assert face_detector() is find_faces
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert face_detector() is None


def test_boxes_are_squares_around_the_middle():
    assert Face(50.2, 40.4, 20).box == (40, 30, 60, 50)
    assert Face(5, 5, 20, score=0.5).weight == 10
    assert Face(5, 5, 20, score=3).weight == 20
