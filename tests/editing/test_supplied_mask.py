"""What is understood of a mask that may be meant otherwise is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from stillyou.editing.scene.crop import Crop
from stillyou.editing.supplied_mask import read_supplied

RNG = np.random.default_rng(2)


def test_a_coloured_picture_with_a_hole_is_told_to_be_read_by_brightness(tmp_path):
    rgba = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    rgba[5:9, 5:9, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "hole.png")
    for mask in (tmp_path / "hole.png", Image.fromarray(rgba)):
        supplied = read_supplied(mask, (30, 20))
        assert supplied.pixels[5:9, 5:9].max() == 0
        (note,) = supplied.notes
        assert "coloured picture" in note and "transparent part counts as black" in note
    (note,) = read_supplied(Image.fromarray(rgba[..., :3]), (30, 20)).notes
    assert "coloured picture" in note and "transparent" not in note


@pytest.mark.parametrize("brightest", [1, 100, 127])
def test_a_mask_that_is_dark_everywhere_is_told(brightest):
    mask = np.zeros((20, 30), np.uint8)
    mask[3:9, 3:9] = brightest
    for given in (mask, Image.fromarray(mask), mask / 255):
        supplied = read_supplied(given, (30, 20))
        assert np.array_equal(supplied.pixels, mask)
        assert f"nowhere brighter than {brightest} of 255" in supplied.notes[0]


def test_ordinary_masks_are_taken_without_a_word():
    shape = np.zeros((20, 30), bool)
    shape[4:9, 4:9] = True
    white = np.full((20, 30, 4), 255, np.uint8)
    white[..., 3] = 255 * shape  # white, its shape in the alpha channel
    for given in (shape, shape.astype(float), Image.fromarray(white), np.zeros((20, 30), np.uint8)):
        assert read_supplied(given, (30, 20)).notes == ()
    assert np.array_equal(read_supplied(Image.fromarray(white), (30, 20)).pixels, 255 * shape.astype(np.uint8))


def test_outside_the_square_nothing_is_left_and_that_is_told():
    supplied = read_supplied(np.full((20, 30), 255, np.uint8), (30, 20))
    cut = supplied.within(Crop(5, 5, 10))
    assert cut.pixels.sum() == 255 * 100 and "reaches beyond the square 5,5,10" in cut.notes[0]
    assert supplied.within(Crop(-5, -5, 60)).notes == ()
