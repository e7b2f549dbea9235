"""The square around the character."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.editing.scene.crop import Crop, check_crop, find_crop, mask_box, parse_crop
from stillyou.errors import UsageError
from stillyou.images import Picture

RNG = np.random.default_rng(1)


def plain(width, height, box, colour=(240, 240, 250)):
    """A noisy character in a box on a plain background."""
    rgb = np.full((height, width, 3), colour, np.uint8)
    left, top, right, bottom = box
    rgb[top:bottom, left:right] = RNG.integers(0, 120, (bottom - top, right - left, 3))
    return Picture(rgb)


def contains(crop, box, slack=0):
    left, top, right, bottom = box
    return (
        crop.left <= left + slack
        and crop.top <= top + slack
        and crop.left + crop.size >= right - slack
        and crop.top + crop.size >= bottom - slack
    )


def test_a_small_character_is_framed_with_a_margin():
    box = (600, 200, 900, 500)
    crop = find_crop(plain(1600, 900, box))
    assert contains(crop, box)
    assert 450 <= crop.size <= 510
    assert abs(crop.left + crop.size / 2 - 750) <= 8
    assert abs(crop.top + crop.size / 2 - 350) <= 8


def test_alpha_decides_where_there_is_any():
    rgb = RNG.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    alpha = np.zeros((300, 400), np.uint8)
    alpha[50:150, 200:300] = 255
    crop = find_crop(Picture(rgb, alpha))
    assert contains(crop, (200, 50, 300, 150))
    assert crop.size <= 170


def test_squares_are_not_smaller_than_the_models_own_unless_the_picture_is():
    box = (40, 40, 80, 80)
    assert find_crop(plain(400, 400, box), least=128).size == 128
    assert find_crop(plain(100, 100, (40, 40, 60, 60)), least=128) == Crop(0, 0, 100)


def test_a_square_picture_that_the_character_fills_is_taken_whole():
    assert find_crop(plain(256, 256, (30, 20, 230, 256))) == Crop(0, 0, 256)


def test_a_character_at_the_edge_keeps_the_square_inside():
    crop = find_crop(plain(1000, 800, (0, 600, 150, 800)))
    assert crop.left == 0
    assert crop.top + crop.size == 800


def test_a_character_longer_than_the_picture_is_wide_reaches_beyond_it():
    crop = find_crop(plain(300, 500, (20, 10, 280, 490)))
    assert crop.left < 0
    assert contains(crop, (20, 10, 280, 490), slack=3)


def test_two_background_colours_are_still_plain():
    picture = plain(800, 800, (300, 300, 460, 460))
    picture.rgb[:, :390][picture.rgb[:, :390, 2] == 250] = (200, 220, 90)
    crop = find_crop(picture)
    assert contains(crop, (300, 300, 460, 460))
    assert crop.size < 280


def test_photographs_get_the_largest_square_above_the_centre():
    noise = RNG.integers(0, 256, (900, 500, 3), dtype=np.uint8)
    smooth = np.kron(noise[::30, ::30], np.ones((30, 30, 1), np.uint8))[:900, :500]
    assert find_crop(Picture(smooth)) == Crop(0, 140, 500)
    assert find_crop(Picture(smooth.transpose(1, 0, 2).copy())) == Crop(200, 0, 500)


def test_an_empty_picture_gets_the_largest_square():
    assert find_crop(Picture(np.zeros((40, 60, 3), np.uint8))) == Crop(10, 0, 40)
    clear = Picture(np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8))
    assert find_crop(clear) == Crop(10, 0, 40)


def test_a_mask_is_included():
    picture = plain(1600, 900, (600, 200, 900, 500))
    assert contains(find_crop(picture, include=(1000, 600, 1100, 700)), (600, 200, 1100, 700), slack=3)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 9**9), st.sampled_from(["noise", "flat", "alpha", "box"]))
@settings(max_examples=150, deadline=None)
def test_any_picture_gets_a_square_that_is_mostly_inside(width, height, seed, kind):
    rng = np.random.default_rng(seed)
    rgb = np.full((height, width, 3), 200, np.uint8)
    alpha = None
    if kind == "noise":
        rgb = rng.integers(0, 256, rgb.shape, dtype=np.uint8)
    if kind == "alpha":
        alpha = (rng.random((height, width)) > 0.7).astype(np.uint8) * 255
    if kind == "box":
        left, top = rng.integers(0, width), rng.integers(0, height)
        rgb[top : top + 20, left : left + 20] = 0
    crop = find_crop(Picture(rgb, alpha))
    left, top, right, bottom = crop.visible((width, height))
    assert crop.size >= 1
    assert 2 * (right - left) >= crop.size
    assert 2 * (bottom - top) >= crop.size
    assert crop.size <= 2 * min(width, height)
    check_crop(crop, (width, height))
    assert find_crop(Picture(rgb, alpha)) == crop


def test_crops_of_users():
    assert parse_crop("10,-20,300") == Crop(10, -20, 300)
    for text in ("1,2", "a,b,c", "1,2,0", "1,2,3.5", "1,2,99999999", ""):
        with pytest.raises(UsageError, match="crop"):
            parse_crop(text)
    with pytest.raises(UsageError, match="lies outside"):
        check_crop(Crop(100, 0, 10), (100, 100))
    with pytest.raises(UsageError, match="mostly outside"):
        check_crop(Crop(0, 0, 500), (100, 100))


def test_mask_box():
    mask = np.zeros((5, 7), np.uint8)
    assert mask_box(mask) is None
    mask[1, 2] = mask[3, 5] = 1
    assert mask_box(mask) == (2, 1, 6, 4)
