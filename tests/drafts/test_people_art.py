"""Costume art for photographs: sprites of every design, put where a fit says, at any size, the same every time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.people import draw_costume
from stillyou.drafts.people.frames import brim, ellipse, real
from stillyou.drafts.people.hair import look
from stillyou.drafts.people.light import Light, estimate, lit
from stillyou.drafts.people.sprites import ART, all_art, evened, nearest, sprites
from stillyou.drafts.people.warp import affine, apply, draw, inverse, similarity, spline
from stillyou.effects.designs import DESIGNS
from stillyou.errors import UsageError

MOST_BYTES = 7_000_000
EFFECTS = [(effect, known[0].name) for effect, known in DESIGNS.items()]


def seen(sprite_points: np.ndarray, scale: float, turn: float, shift: tuple[float, float], side: int) -> Fit:
    """A fit whose points are a sprite's own, moved by a similarity."""
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    moved = sprite_points @ np.array([[c, s], [-s, c]]) + shift
    return Fit((moved / side).astype(np.float32))


@lru_cache(maxsize=4)
def portrait(side: int) -> np.ndarray:
    """A face of one colour with dark hair before a plain wall, lit from the left."""
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.full((side, side, 3), (150, 160, 170), np.float32)
    picture[np.hypot((x - 0.5) / 0.2, (y - 0.42) / 0.27) < 1] = (50, 35, 30)
    picture[np.hypot((x - 0.5) / 0.15, (y - 0.48) / 0.2) < 1] = (190, 140, 115)
    picture[(y > 0.68) & (np.abs(x - 0.5) < 0.08)] = (180, 130, 105)
    picture[y > 0.78] = (60, 70, 90)
    return np.clip(picture * (1.15 - 0.3 * x)[..., None], 0, 255).astype(np.uint8)


def straight(side: int = 256) -> Fit:
    """The fit of that portrait."""
    sprite = nearest("santa", "classic", "coat", 0.0)
    eyes = sprite.at("eye_left", "eye_right").mean(0)
    scale = 0.36 * side / float(np.linalg.norm(np.subtract(*sprite.at("face_top", "face_bottom"))))
    return seen(sprite.points, scale, 0.0, (0.5 * side - scale * eyes[0], 0.44 * side - scale * eyes[1]), side)


@pytest.mark.parametrize(("effect", "design"), all_art())
def test_every_design_has_art_for_many_turns(effect: str, design: str) -> None:
    hats, coats = sprites(effect, design, "hat"), sprites(effect, design, "coat")
    assert {round(sprite.yaw) for sprite in hats} >= {-51, -34, -17, 0, 17, 34, 51}
    assert len({sprite.pitch for sprite in hats}) == 3 and len(coats) >= 5
    for sprite in (*hats, *coats):
        assert sprite.points.shape == (len(POINTS), 2)
        assert sprite.pixels[..., 3].max() == 255 and (sprite.pixels[..., 3] == 0).mean() > 0.05


def test_the_art_is_small() -> None:
    files = [file for effect in DESIGNS for file in (ART / effect).iterdir()]
    assert sum(len(file.read_bytes()) for file in files) <= MOST_BYTES


def test_the_nearest_turn_is_chosen_and_mirrored() -> None:
    assert nearest("santa", "classic", "hat", 30.0, 2.0).yaw == 34
    left, right = (nearest("santa", "classic", "hat", yaw) for yaw in (-34.0, 34.0))
    assert (left.pixels == right.pixels[:, ::-1]).all()
    assert np.allclose(left.at("brim_left")[0, 0], right.pixels.shape[1] - right.at("brim_right")[0, 0])


@given(
    turn=st.floats(-1, 1), scale=st.floats(0.3, 3), x=st.floats(-50, 50), y=st.floats(-50, 50), seed=st.integers(0, 99)
)
@settings(max_examples=40, deadline=None)
def test_maps_find_a_similarity_again(turn: float, scale: float, x: float, y: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 40, (5, 2))
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    moved = points @ np.array([[c, s], [-s, c]]) + (x, y)
    for find in (similarity, affine):
        matrix = find(points, moved)
        assert np.abs(apply(matrix, points) - moved).max() < 1e-6
        assert np.abs(apply(inverse(matrix), moved) - points).max() < 1e-6
    assert np.abs(spline(points, moved)(points) - moved).max() < 1e-6


@given(dx=st.integers(0, 40), dy=st.integers(0, 40), scale=st.sampled_from([1.0, 2.0, 3.0]))
@settings(max_examples=15, deadline=None)
def test_a_drawn_spot_lands_on_its_target(dx: int, dy: int, scale: float) -> None:
    art = np.zeros((30, 40, 4), np.uint8)
    art[10:15, 20:25] = 255
    box = (dx, dy, dx + 40 * scale, dy + 30 * scale)
    draft = draw(art, lambda points: (points - (dx, dy)) / scale, box, (170, 140))
    rows, columns = np.mgrid[0:140, 0:170] + 0.5
    middle = [float((axis * draft.alpha).sum() / draft.alpha.sum()) for axis in (columns, rows)]
    assert np.abs(np.array(middle) - (dx + 22.5 * scale, dy + 12.5 * scale)).max() < 0.5


@pytest.mark.parametrize(("effect", "design"), EFFECTS)
def test_the_face_stays_free(effect: str, design: str) -> None:
    draft = draw_costume(portrait(256), straight(), effect, design)
    face = ellipse(straight(), "face", 256.0).distance(256, 256) <= 1
    assert (draft.alpha[face] == 0).all()
    assert draft.alpha.max() > 0.95 and 0 <= draft.alpha.min()
    assert (draft.over(portrait(256))[face] == portrait(256)[face]).all()


def test_hat_and_coat_can_be_worn_alone() -> None:
    hat = draw_costume(portrait(256), straight(), "royal", "purple", wear="hat").alpha
    coat = draw_costume(portrait(256), straight(), "royal", "purple", wear="coat").alpha
    assert hat[:100].max() > 0.9 and hat[220:].max() == 0
    assert coat[:60].max() == 0 and coat[230:].max() > 0.9


@pytest.mark.parametrize("colour", [(40, 190, 60), (90, 110, 130), (60, 40, 35)])
def test_a_hat_that_is_worn_already_is_told_from_the_wall(colour: tuple[int, int, int]) -> None:
    """A wide hat down to the face, which hides from the fit network how large the head is: it gives way like hair."""
    points = straight().points.copy()
    for end in ("left", "right", "top", "bottom"):
        points[POINTS.index(f"hood_{end}")] = points[POINTS.index(f"face_{end}")]
    fit, picture = Fit(points), portrait(256).copy()
    u, v = brim(fit, 256.0).of(256, 256)
    worn = ((np.abs(u) < 1.0) & (v > -0.05) & (v < 0.9)) | (np.hypot(u / 1.8, (v - 0.05) / 0.16) < 1)
    worn &= ellipse(fit, "face", 256.0).distance(256, 256) > 1
    picture[worn] = colour
    head = np.asarray(Image.fromarray(look(picture, fit).head).resize((256, 256)))
    assert (head[worn] > 0.5).mean() > 0.85
    assert head[:, :20].max() < 0.1 and head[:20].max() < 0.1


def brimmed() -> tuple[np.ndarray, np.ndarray]:
    """The portrait in a hat whose brim is wider than any hair, and where the brim's ends are."""
    picture = portrait(256).copy()
    u, v = brim(straight(), 256.0).of(256, 256)
    ends = np.hypot(u / 2.6, (v - 0.1) / 0.3) < 1
    picture[((np.abs(u) < 1.0) & (v > -0.05) & (v < 1.1)) | ends] = (40, 60, 160)
    return picture, ends & (np.abs(u) > 1.6)


def test_a_wide_brim_is_told_from_hair_and_gives_way_to_its_ends() -> None:
    picture, ends = brimmed()
    assert look(picture, straight()).is_hat(straight())
    assert not look(portrait(256), straight()).is_hat(straight())
    curls = portrait(256).copy()
    u, v = brim(straight(), 256.0).of(256, 256)
    curls[(np.hypot(u / 2.2, (v + 0.2) / 2.0) < 1) & (ellipse(straight(), "face", 256.0).distance(256, 256) > 1)] = 30
    assert not look(curls, straight()).is_hat(straight()), "round hair is as wide higher up"
    drawn = draw_costume(picture, straight(), "santa", "classic", wear="hat")
    assert (drawn.alpha[ends] > 0.8).mean() > 0.9
    shown = drawn.over(picture).astype(int)
    assert np.abs(shown[ends] - (40, 60, 160)).max(-1).mean() > 50, "what is shown there is no longer the hat"


def test_a_hood_hides_hair_down_to_the_shoulders() -> None:
    """Long hair beside a hood, before a wall that darkens to the right: what is drawn there goes on with the wall."""
    picture = portrait(256).copy()
    u, v = brim(straight(), 256.0).of(256, 256)
    y = np.arange(256)[:, None]
    long = (
        (np.abs(u) < 2.1) & (v < 0.3) & (y < 0.74 * 256) & (ellipse(straight(), "face", 256.0).distance(256, 256) > 1)
    )
    wall = np.all(portrait(256) == portrait(256)[:1], axis=-1)
    picture[long & wall] = (50, 35, 30)
    shown = draw_costume(picture, straight(), "sheep", "white").over(picture).astype(int)
    beside = long & wall & (v < -1.9) & (np.abs(u) > 1.9) & (y < 0.66 * 256)
    assert beside.sum() > 100
    assert np.abs(shown - portrait(256))[beside].max(-1).mean() < 12, "the wall, and no hair"


def test_any_size_shows_the_same_and_twice_alike() -> None:
    small, large = (draw_costume(portrait(side), straight(), "santa", "classic") for side in (96, 384))
    assert large.size == (384, 384)
    shrunk = large.alpha.reshape(96, 4, 96, 4).mean((1, 3))
    assert np.abs(shrunk - small.alpha).mean() < 0.03
    again = draw_costume(portrait(96), straight(), "santa", "classic")
    assert (again.alpha == small.alpha).all() and (again.rgb == small.rgb).all()


def test_a_fit_far_outside_draws_nothing_there() -> None:
    far = Fit(straight().points + np.float32(4))
    assert draw_costume(portrait(96), far, "santa", "classic", wear="hat").alpha.max() < 0.6


def test_an_unknown_design_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="'classic'"):
        draw_costume(portrait(96), straight(), "santa", "clasic")


def test_light_is_told_and_given() -> None:
    light = estimate(portrait(256), straight())
    assert light.slope[0] < -0.02 and light.colour > 0.5
    dark = estimate((portrait(256) * 0.4).astype(np.uint8), straight())
    assert max(dark.gain) < min(light.gain)
    white, place = np.full((64, 64, 4), (220, 220, 220, 255), np.uint8), np.array([[1.0, 0], [0, 1], [0, 0]])
    shown = lit(white, light, place, 64)[..., :3].mean(-1)
    assert shown[:, :8].mean() > shown[:, -8:].mean()
    grey = lit(white, Light(gain=(1.2, 1.0, 0.8), colour=0.0), place, 64)
    assert np.ptp(grey[..., :3], axis=-1).max() <= 1 and (grey[..., 3] == 255).all()


def test_bright_light_leaves_white_fur_its_texture() -> None:
    """In the strongest light the brightest art is still short of white, and curls differ."""
    shades = np.array([225, 240, 255], np.uint8)
    art = np.concatenate([np.repeat(shades[:, None], 3, 1), np.full((3, 1), 255, np.uint8)], -1)[None]
    shown = lit(art, Light(gain=(1.25, 1.25, 1.25)), np.array([[1.0, 0], [0, 1], [0, 0]]), 64)[0, :, :3].astype(int)
    assert (shown < 252).all()
    assert (np.diff(shown, axis=0) >= 2).all()
    dim = lit(art, Light(gain=(0.4, 0.4, 0.4)), np.array([[1.0, 0], [0, 1], [0, 0]]), 64)[0, :, 0]
    exact = 255 * (0.4 * (shades / 255) ** 2.2) ** (1 / 2.2)
    assert np.abs(dim - exact).max() <= 1, "what is not bright is not held back"


def test_dark_skin_is_not_taken_for_dim_light() -> None:
    pale = portrait(256)
    skin = np.all(np.abs(pale / pale.max(-1, keepdims=True) - np.array([1, 0.737, 0.605])) < 0.03, axis=-1)
    assert skin.mean() > 0.05
    dark = pale.copy()
    dark[skin] = (pale[skin] * (0.62, 0.5, 0.42)).astype(
        np.uint8
    )  # a quarter of the light, and redder, as tone 10 by 1
    levels = [sum(estimate(picture, straight()).gain) for picture in (pale, dark)]
    assert 0.8 < levels[1] / levels[0] < 1.1  # with all of it taken for light it was 0.5


def test_what_repeats_the_border_is_not_shown() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.float32)
    square = np.pad(picture, ((7, 3), (0, 5), (0, 0)), mode="edge")
    expected = np.zeros(square.shape[:2], bool)
    expected[7:27, :30] = True
    assert (real(square) == expected).all()
    assert real(np.zeros((8, 8, 3), np.float32)).all()


def half_length() -> Fit:
    """The fit of a smaller person: the waist is far above the square's lower border."""
    return Fit(straight().points * np.float32(0.4) + np.float32((0.3, 0.05)))


def test_a_coat_reaches_the_lower_border_where_that_is_near() -> None:
    coat = draw_costume(portrait(256), straight(), "santa", "classic", wear="coat").alpha
    assert coat[-2:, 118:138].min() > 0.9


@pytest.mark.parametrize(("effect", "design"), EFFECTS)
@pytest.mark.parametrize("goes_on", [True, False])
def test_where_the_border_is_far_a_coat_is_a_round_cape(effect: str, design: str, goes_on: bool) -> None:
    fit, picture = half_length(), portrait(256)
    draft = draw_costume(picture, fit, effect, design, wear="coat", goes_on=goes_on)
    worn = draft.alpha > 0.9
    lowest = np.where(worn.any(0), 255 - worn[::-1].argmax(0), 0)
    left, right = (round(256 * float(fit[f"shoulder_{end}"][0])) for end in ("left", "right"))
    assert 0 < lowest[left] < lowest[128] - 4 and lowest[right] < lowest[128] - 4  # round, not cut straight
    assert np.abs(np.diff(lowest[left:right].astype(int))).max() <= 6  # in one piece: no gap beside the sleeves
    assert (draft.alpha[lowest.max() + 30 :] == 0).all()
    assert (draft.over(picture)[draft.alpha == 0] == picture[draft.alpha == 0]).all()


def test_a_coat_is_a_cape_where_the_picture_goes_on_below_the_square() -> None:
    """Its hem would be drawn out to a border that is none, and be cut there in the middle of the picture."""
    lower = Fit(straight().points * np.float32(0.54) + np.float32((0.23, 0.02)))
    near, on = (
        draw_costume(portrait(256), lower, "santa", "classic", wear="coat", goes_on=on).alpha for on in (False, True)
    )
    assert near[232, 120:136].min() > 0.9 and on[232:].max() == 0 and on[128, 128] > 0.9


def test_the_shadow_of_a_chest_is_evened_and_all_else_of_a_coat_kept() -> None:
    rng = np.random.default_rng(4)
    coat = np.full((200, 160, 4), 255, np.uint8)
    cloth = rng.integers(90, 110, (200, 160, 1)) * np.array([1.0, 0.5, 0.3])
    shadow = np.where(np.arange(200) < 90, 1.0, 0.6)[:, None, None]
    coat[..., :3] = np.rint(cloth * shadow)
    coat[:, :20, 3] = 0
    even = evened(coat)
    upper, lower = (even[rows, 30:, 0].astype(float).mean() for rows in (slice(0, 80), slice(120, 200)))
    assert lower > 0.85 * upper  # it was 0.6
    assert np.array_equal(even[:60], coat[:60]) and np.array_equal(even[..., 3], coat[..., 3])
    plain = np.full_like(coat, 120)
    assert np.array_equal(evened(plain), plain)
