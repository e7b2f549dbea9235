"""Enlarging an edit: closer to the true large edit than enlargement alone, and no invention."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from stillyou.editing.composite.composite import composite, native_mask
from stillyou.editing.composite.detail import crispness, kept_detail
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import resized
from stillyou.images import Picture
from tests.editing.portraits import portrait

SIDE, MODEL = 512, 128
RNG = np.random.default_rng(2)


def true_edit(source):
    """A hat with a shadow on the face, and another colour for the suit."""
    target = source.astype(float)
    suit = (source[..., 0] > 120) & (source[..., 0].astype(int) - source[..., 2] > 60)
    suit[:230] = False
    green = target.mean(axis=-1, keepdims=True) * np.array([0.5, 1.1, 0.6])
    target = np.where(suit[..., None], green, target)
    shadow = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(shadow).rectangle((170, 80, 280, 110), fill=115)
    target *= 1 - np.asarray(shadow.filter(ImageFilter.GaussianBlur(6)))[..., None] / 255
    hat = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(hat).polygon([(150, 75), (225, -30), (300, 80), (225, 60)], fill=255)
    target = np.where(np.asarray(hat)[..., None] > 0, (200.0, 20.0, 30.0), target)
    return np.clip(np.rint(target), 0, 255).astype(np.uint8)


def model_view(pixels):
    small = Image.fromarray(pixels).resize((MODEL, MODEL), Image.Resampling.LANCZOS)
    return np.asarray(small.filter(ImageFilter.GaussianBlur(0.6))).astype(np.float32)


def error(result, target, where):
    return float(np.square(result.astype(float) - target)[where].mean())


@pytest.fixture(scope="module")
def case():
    source = portrait(SIDE)
    target = true_edit(source)
    edit, copy = model_view(target), model_view(source)
    changed = Image.fromarray((np.abs(edit - copy).max(axis=-1) > 12).astype(np.uint8) * 255)
    soft = changed.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.BoxBlur(1))
    return source, target, edit, copy, np.asarray(soft).astype(np.float32) / 255


def test_the_edit_is_far_closer_to_the_truth_than_bicubic_enlargement(case):
    source, target, edit, copy, soft = case
    crop, picture = Crop(0, 0, SIDE), Picture(source)
    mask = native_mask(soft, crop, picture.size, guide=picture)
    result = composite(picture, edit, copy, mask, crop)
    plain = native_mask(soft, crop, picture.size)
    share = plain[..., None] / 255.0
    bicubic = np.clip(source + share * (resized(edit, SIDE, Image.Resampling.BICUBIC) - source), 0, 255)
    assert np.array_equal(result[mask == 0], source[mask == 0])
    for where in (plain > 0, (plain > 0) & (target == source).all(axis=-1), plain > 127):
        assert error(result, target, where) < 0.6 * error(bicubic, target, where)


def test_the_mask_lies_closer_to_the_true_change_than_the_enlarged_one(case):
    source, target, _, _, soft = case
    crop, picture = Crop(0, 0, SIDE), Picture(source)
    hat = np.zeros((SIDE, SIDE), bool)
    hat[:70] = (target[:70] == (200, 20, 30)).all(axis=-1)
    plain, fitted = (native_mask(soft, crop, picture.size, guide=guide) for guide in (None, picture))
    assert set(np.flatnonzero(plain == 0)) <= set(np.flatnonzero(fitted == 0))
    assert (fitted[hat] == 255).mean() > 0.9
    assert fitted[plain == 255].min() > 250
    assert not np.array_equal(fitted, plain)


def test_detail_stays_where_little_changed_or_all_of_it_is_shaded():
    copy = RNG.uniform(60, 200, (64, 64, 3)).astype(np.float32)
    assert np.array_equal(kept_detail(copy, copy), np.ones((64, 64), np.float32))
    shaded = kept_detail(0.5 * copy, copy)
    assert np.allclose(shaded[8:-8, 8:-8], 0.5, atol=0.1)
    new = kept_detail(RNG.uniform(0, 255, copy.shape).astype(np.float32), copy)
    assert new.mean() < 0.15


def test_new_edges_get_steeper_and_never_leave_the_range_of_their_neighbours():
    copy = np.full((32, 32, 3), 128, np.float32)
    edit = np.full((32, 32, 3), 20, np.float32)
    edit[:, 16:] = 240
    crisp = crispness(edit, copy, 320)
    side = len(crisp)
    enlarged = resized(edit, side, Image.Resampling.BICUBIC)
    result = enlarged + crisp
    steep = lambda plane: np.abs(np.diff(plane[side // 2, :, 0])).max()  # noqa: E731
    assert steep(result) > 1.3 * steep(enlarged)
    assert result.min() >= enlarged.min() - 1e-3 and result.max() <= enlarged.max() + 1e-3
    assert np.abs(crispness(copy, copy, 320)).max() == 0
    assert crispness(edit, copy, 32) is None
