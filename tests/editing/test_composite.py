"""Compositing: exact where the mask is 0, faithful where it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.editing.composite.composite import composite, native_mask
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import mask_view, on_white, view
from stillyou.images import Picture

SIDE = 16


def noise(rng, height, width, channels=3):
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


@st.composite
def cases(draw):
    """A random picture, square, edit and 8-bit mask."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    size = draw(st.integers(1, 2 * min(width, height)))
    crop = Crop(draw(st.integers(-size // 2, width - 1 - size // 3)), draw(st.integers(-size // 2, height - 1)), size)
    alpha = draw(st.sampled_from([None, "noise", "hard"]))
    channel = None
    if alpha is not None:
        channel = noise(rng, height, width, 1)[..., 0]
        if alpha == "hard":
            channel = np.where(channel > 127, 255, 0).astype(np.uint8)
    picture = Picture(noise(rng, height, width), channel)
    edit, reconstruction = (rng.uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32) for _ in range(2))
    mask = noise(rng, height, width, 1)[..., 0] * (rng.random((height, width)) > 0.5).astype(np.uint8)
    return picture, crop, edit, reconstruction, mask


@given(cases())
@settings(max_examples=200, deadline=None)
def test_pixels_are_bit_identical_where_the_mask_is_0(case):
    picture, crop, edit, reconstruction, mask = case
    before = picture.rgb.copy()
    result = composite(picture, edit, reconstruction, mask, crop)
    assert result.dtype == np.uint8
    assert np.array_equal(result[mask == 0], before[mask == 0])
    assert np.array_equal(picture.rgb, before)
    left, top, right, bottom = crop.visible(picture.size)
    outside = np.ones(mask.shape, bool)
    outside[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    assert np.array_equal(result[outside], before[outside])
    if picture.alpha is not None:
        assert np.array_equal(result[picture.alpha == 0], before[picture.alpha == 0])


def test_without_resampling_the_blend_is_the_formula():
    rng = np.random.default_rng(0)
    picture = Picture(noise(rng, SIDE, SIDE))
    edit = np.full((SIDE, SIDE, 3), (255, 0, 0), np.float32)
    reconstruction = np.full((SIDE, SIDE, 3), (0, 255, 255), np.float32)  # a change so large that only e counts
    mask = noise(rng, SIDE, SIDE, 1)[..., 0]
    result = composite(picture, edit, reconstruction, mask, Crop(0, 0, SIDE))
    expected = np.rint(picture.rgb + mask[..., None] / 255.0 * (edit - picture.rgb.astype(float)))
    assert np.abs(result - expected).max() <= 1
    assert np.array_equal(result[mask == 255], edit[mask == 255])


def test_where_the_model_changes_nothing_the_detail_stays():
    rng = np.random.default_rng(0)
    picture = Picture(noise(rng, 96, 96))
    blurry = np.full((SIDE, SIDE, 3), 100, np.float32)
    result = composite(picture, blurry, blurry, np.full((96, 96), 255, np.uint8), Crop(0, 0, 96))
    assert np.array_equal(result, picture.rgb)


def test_small_changes_are_added_to_the_detail():
    rng = np.random.default_rng(0)
    picture = Picture(rng.integers(20, 200, (96, 96, 3), dtype=np.uint8))
    source = np.full((SIDE, SIDE, 3), 100, np.float32)
    result = composite(picture, source + 6, source, np.full((96, 96), 255, np.uint8), Crop(0, 0, 96))
    assert np.array_equal(result, picture.rgb + 6)


def test_large_changes_show_the_models_pixels_in_the_right_place():
    picture = Picture(np.full((64, 128, 3), 128, np.uint8))
    source = np.full((SIDE, SIDE, 3), 128, np.float32)
    edit = source.copy()
    edit[4:8, 8:12] = (255, 0, 0)
    crop = Crop(64, 0, 64)  # 4 native pixels for one of the model
    result = composite(picture, edit, source, np.full((64, 128), 255, np.uint8), crop)
    assert np.abs(result[18:30, 64 + 34 : 64 + 46].astype(int) - (255, 0, 0)).max() <= 24
    assert np.array_equal(result[:, :64], picture.rgb[:, :64])
    assert np.abs(result[40:].astype(int) - 128).max() == 0


def test_strips_of_large_pictures_join_without_seams(monkeypatch):
    rng = np.random.default_rng(0)
    picture = Picture(noise(rng, 90, 70))
    edit, source = (rng.uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32) for _ in range(2))
    mask = noise(rng, 90, 70, 1)[..., 0]
    crop = Crop(-5, 3, 75)
    whole = composite(picture, edit, source, mask, crop)
    soft = rng.random((SIDE, SIDE)).astype(np.float32)
    whole_mask = native_mask(soft, crop, (70, 90))
    monkeypatch.setattr("stillyou.editing.scene.resample._STRIP", 140)
    assert np.abs(composite(picture, edit, source, mask, crop).astype(int) - whole).max() <= 1
    assert np.abs(native_mask(soft, crop, (70, 90)).astype(int) - whole_mask).max() <= 1


def test_half_transparent_pixels_change_as_seen_on_white():
    rgb = np.full((SIDE, SIDE, 3), 40, np.uint8)
    picture = Picture(rgb, np.full((SIDE, SIDE), 128, np.uint8))
    seen = on_white(picture, (0, 0, SIDE, SIDE)).astype(np.float32)
    edit = seen + 5
    result = composite(picture, edit, seen, np.full((SIDE, SIDE), 255, np.uint8), Crop(0, 0, SIDE))
    after = on_white(Picture(result, picture.alpha), (0, 0, SIDE, SIDE))
    assert np.abs(after - edit).max() <= 1


@given(st.integers(1, 80), st.integers(1, 80), st.data())
@settings(max_examples=100, deadline=None)
def test_a_flat_picture_looks_flat_to_the_model(width, height, data):
    size = data.draw(st.integers(1, 2 * min(width, height)))
    crop = Crop(
        data.draw(st.integers(-(size // 2), width - (size + 1) // 2)),
        data.draw(st.integers(-(size // 2), height - (size + 1) // 2)),
        size,
    )
    seen = view(Picture(np.full((height, width, 3), (10, 150, 250), np.uint8)), crop, SIDE)
    assert seen.shape == (SIDE, SIDE, 3)
    assert np.array_equal(seen, np.broadcast_to((10, 150, 250), seen.shape))
    assert np.array_equal(mask_view(np.full((height, width), 255, np.uint8), crop, SIDE), np.ones((SIDE, SIDE)))


def test_the_view_repeats_edges_beyond_the_picture():
    rng = np.random.default_rng(0)
    picture = Picture(noise(rng, SIDE, 8))
    seen = view(picture, Crop(-4, 0, SIDE), SIDE)
    assert np.array_equal(seen[:, 4:12], picture.rgb)
    assert np.array_equal(seen[:, :4], np.repeat(picture.rgb[:, :1], 4, axis=1))
    assert np.array_equal(seen[:, 12:], np.repeat(picture.rgb[:, -1:], 4, axis=1))


def test_native_masks_are_exact_at_the_models_size_and_0_outside_the_square():
    soft = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    whole = native_mask(soft, Crop(0, 0, SIDE), (SIDE, SIDE))
    assert np.array_equal(whole, np.rint(255 * soft))
    inner = native_mask(np.ones((SIDE, SIDE), np.float32), Crop(20, 10, 32), (100, 90))
    assert inner[:10].max() == inner[42:].max() == inner[:, :20].max() == inner[:, 52:].max() == 0
    assert inner[10, 30] == 0  # fades to 0 at its own edges, which lie inside the picture
    assert inner[26, 36] == 255
    around = native_mask(np.ones((SIDE, SIDE), np.float32), Crop(-3, 0, 40), (34, 40))
    assert np.array_equal(around, np.full((40, 34), 255))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_thin_pictures(size):
    width, height = size
    picture = Picture(np.full((height, width, 3), 7, np.uint8))
    edit = np.full((SIDE, SIDE, 3), 250, np.float32)
    result = composite(picture, edit, edit * 0, np.full((height, width), 255, np.uint8), Crop(0, 0, 1))
    assert result[0, 0].tolist() == [250, 250, 250]
    assert (result == 7).all(axis=-1).sum() == width * height - 1
