"""The true fit of drawn characters: exact in simple poses, mirrored with the picture, on what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.vector.costumes import dress
from stillyou.draws import generator
from stillyou.errors import UsageError
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.cartoon.character import Character, draw_character, show
from stillyou.pairs.teachers.cartoon.definition import canvas_side
from stillyou.pairs.teachers.cartoon.pose import canonical_pose, draw_pose
from stillyou.pairs.teachers.cartoon.raster import Pose, document, rasterise
from stillyou.pairs.teachers.cartoon.spec import StyleSpec
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.pairs.teachers.cartoon.true_fit import face_matrix, true_fit

STYLES = (*TRAIN_STYLES, *HELD_OUT_STYLES)
BY_NAME = {style.name: style for style in STYLES}
MIRROR = Pose(a=-1.0, e=1.0)
SIZE = 192


def somebody(style: StyleSpec, seed: int = 0) -> Character:
    return draw_character(style, generator("test fit", style.name, seed))


def picture(character: Character, pose: Pose, costume: str = "none") -> Pixels:
    fit = character.style.costume
    assert fit is not None
    shifted = fit.shifted(character.variants.get(fit.anchor)) if fit.anchor else fit
    layers = None if costume == "none" else dress(shifted, costume, generator("test costume", costume))
    drawing = show(character, "neutral", generator("test look"), layers)
    paper = '<rect width="1" height="1" fill="#778899"/>'
    return rasterise(document(drawing, pose=pose, backdrop=paper), drawing.side, SIZE)


def test_without_a_pose_points_are_the_style_s_own_in_shares_of_the_canvas() -> None:
    style = BY_NAME["adventurer"]
    fit, side = true_fit(somebody(style), Pose()), canvas_side(style.name)
    assert style.costume is not None
    (x, y, unit), (nx, ny, shoulder) = style.costume.head, style.costume.neck
    assert fit["brim_left"] == pytest.approx([(x - unit) / side, y / side])
    assert fit["brim_right"] == pytest.approx([(x + unit) / side, y / side])
    assert fit["neck_left"] == pytest.approx([(nx - 0.4 * shoulder) / side, ny / side])
    assert fit["collar"] == pytest.approx([nx / side, (ny + 0.1 * shoulder) / side])
    assert fit["shoulder_right"][0] == pytest.approx((nx + shoulder) / side)
    assert fit.turn == (0, 0, 0)


def test_eyes_lie_under_the_transforms_of_the_drawing() -> None:
    style = BY_NAME["big-ears"]  # <g transform="translate(152 240)scale(.71856)">
    x, y = style.face.left_eye
    expected = np.array([152 + 0.71856 * x, 240 + 0.71856 * y]) / canvas_side(style.name)
    assert true_fit(somebody(style), Pose())["eye_left"] == pytest.approx(expected)


def test_the_face_moves_with_the_body_that_carries_it() -> None:
    style = BY_NAME["clay"]
    heights = {face_matrix(style, variant)[1, 2] for variant in ("stack", "squat")}
    assert len(heights) == 2


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_mirrored_character_has_the_mirrored_fit(style: StyleSpec) -> None:
    character = somebody(style)
    plain, mirrored = true_fit(character, Pose()).mirrored(), true_fit(character, MIRROR)
    np.testing.assert_allclose(mirrored.points, plain.points, atol=1e-6)
    np.testing.assert_allclose(mirrored.turn, plain.turn, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(BY_NAME)),
    scale=st.floats(0.5, 2),
    turn=st.floats(-0.5, 0.5),
    shift=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
)
def test_points_go_along_with_scale_turn_and_shift(
    name: str, scale: float, turn: float, shift: tuple[float, float]
) -> None:
    character = somebody(BY_NAME[name])
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    before = true_fit(character, Pose())
    after = true_fit(character, Pose(c, s, -s, c, *shift))
    np.testing.assert_allclose(after.points, before.points @ np.array([[c, s], [-s, c]]) + shift, atol=1e-5)
    assert after.turn[2] == pytest.approx(before.turn[2] + turn, abs=1e-5)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_points_lie_where_costumes_are_drawn(style: StyleSpec) -> None:
    """A hat covers the middle of the brim and the crown but no eye; a hood's rim lies inside the hood's points."""
    character, pose = somebody(style, 1), draw_pose(style, generator("test pose", style.name), closer=False)
    fit = true_fit(character, pose)
    plain = picture(character, pose)

    def changed(costume: str, point: np.ndarray) -> bool:
        x, y = np.rint(point * SIZE).astype(int)
        if not (2 <= x < SIZE - 2 and 2 <= y < SIZE - 2):
            pytest.skip("the point is outside this picture")
        there = (slice(y - 1, y + 2), slice(x - 1, x + 2))
        return bool((picture(character, pose, costume)[there] != plain[there]).any())

    assert changed("santa", (fit["brim_left"] + fit["brim_right"]) / 2)
    assert changed("santa", fit["brim_left"] * 0.9 + fit["brim_right"] * 0.1)
    assert not changed("santa", fit["eye_left"])
    assert not changed("sheep", fit["mouth"])
    middle = (fit["hood_top"] + fit["hood_bottom"]) / 2
    assert changed("sheep", fit["hood_top"] * 0.92 + middle * 0.08)


def test_a_style_that_costumes_do_not_fit_is_refused() -> None:
    style = replace(BY_NAME["dylan"], costume=None)
    with pytest.raises(UsageError, match="dylan"):
        true_fit(somebody(style), canonical_pose(style))


def test_every_point_is_known() -> None:
    fit = true_fit(somebody(BY_NAME["micah"]), Pose())
    assert fit.points.shape == (len(POINTS), 2)
    assert fit.unsure == 0
    assert isinstance(fit, Fit)
