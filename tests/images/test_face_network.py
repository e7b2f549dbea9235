"""The network that finds faces where the detector finds none."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import torch
from PIL import Image

from stillyou.images import face_network, faces
from stillyou.images.faces import find_faces
from stillyou.images.picture import Pixels


@pytest.fixture
def astronaut() -> Pixels:
    with Image.open(str(files("stillyou") / "samples" / "astronaut.jpg")) as sample:
        return np.array(sample.convert("RGB"))


def with_dark_glasses(rgb: Pixels) -> Pixels:
    """Lay a bar over the eyes."""
    (face,) = find_faces(rgb)
    top, left = int(face.y - 0.38 * face.size), int(face.x - 0.5 * face.size)
    covered = rgb.copy()
    covered[top : top + int(0.32 * face.size), left : left + int(face.size)] = 25
    return covered


def test_it_answers_as_the_published_network(astronaut: Pixels) -> None:
    """The numbers are what LiteRT says with the file that the weights come from."""
    small = Image.fromarray(astronaut).resize((128, 128), Image.Resampling.BOX)
    pixels = torch.from_numpy(np.asarray(small, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    logits, values = face_network.load()(pixels)
    assert logits.shape == (1, 896) and values.shape == (1, 896, 16) and int(logits.argmax()) == 141
    assert logits[0, [141, 0, 895]].tolist() == pytest.approx([2.457571, -4.1848855, -54.478878], abs=1e-3)
    assert values[0, 141, :6].tolist() == pytest.approx([4.696, -3.691, 23.609, 23.609, -0.901, -10.412], abs=2e-3)


def test_it_sees_the_face_that_the_detector_finds(astronaut: Pixels) -> None:
    (found,) = find_faces(astronaut)
    for rgb, right in ((astronaut, 0), (np.pad(astronaut, ((0, 0), (300, 0), (0, 0))), 300)):
        seen = face_network.see(rgb, 0.5)[0]
        assert (seen.x, seen.y) == pytest.approx((found.x + right, found.y), abs=0.25 * found.size)
        assert seen.size == pytest.approx(found.size, rel=0.25)
    for degrees in (-30, 0, 30):  # counter-clockwise, so that turning back is the other way; a pixel is 5 degrees here
        turned = np.asarray(Image.fromarray(astronaut).rotate(degrees))
        assert face_network.see(turned, 0.5)[0].tilt == pytest.approx(-degrees, abs=15)
    assert face_network.see(np.full((90, 60, 3), 127, np.uint8), 0.5) == []


def test_a_face_that_the_detector_misses_is_found(astronaut: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,), covered = find_faces(astronaut), with_dark_glasses(astronaut)
    (face,) = find_faces(covered)
    assert np.hypot(face.x - before.x, face.y - before.y) < 0.2 * before.size
    assert face.size == pytest.approx(before.size, rel=0.2) and 0.25 <= face.score <= 0.5
    flat = covered // 64 * 64  # as drawings are
    assert face_network.see(flat, 0.5) and faces._seen(flat) == []
    monkeypatch.setattr(faces, "_seen", lambda rgb: [])
    assert find_faces(covered) == []
