"""The parts of the cartoon studio: masks, poses, warps, faces and the markers in definitions."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from dicebear import Style
from dicebear.errors import StyleValidationError
from dicebear.validator import StyleValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillyou.draws import generator
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.degrade.chains import DRAWING
from stillyou.pairs.degrade.lens import warp
from stillyou.pairs.degrade.scene import degrade
from stillyou.pairs.pair import Mask, Pixels
from stillyou.pairs.teachers.cartoon.character import Character, draw_character, show
from stillyou.pairs.teachers.cartoon.definition import face_definition, marked_definition, marked_style
from stillyou.pairs.teachers.cartoon.faces import BorrowedFace, affine_between
from stillyou.pairs.teachers.cartoon.pose import canonical_pose, draw_pose
from stillyou.pairs.teachers.cartoon.raster import Pose, document, rasterise
from stillyou.pairs.teachers.cartoon.sketched import SketchedFace, draw_traits
from stillyou.pairs.teachers.cartoon.spec import EXPRESSIONS, StyleSpec
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.pairs.truth import change_mask, exact_outside

STYLES = (*TRAIN_STYLES, *HELD_OUT_STYLES)
WHITE = '<rect width="1" height="1" fill="#ffffff"/>'
pictures = arrays(np.uint8, (9, 11, 3))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_definitions_follow_the_librarys_schema(style: StyleSpec) -> None:
    """Styles are made without this check, which is slow."""
    StyleValidator.validate(marked_definition(style))
    if style.lends_face:
        StyleValidator.validate(face_definition(style))


def test_other_styles_are_checked_as_ever() -> None:
    marked_style(STYLES[0])
    with pytest.raises(StyleValidationError):
        Style({"canvas": {}})


def naive_mask(source: Pixels, target: Pixels) -> Mask:
    """The definition in words: over 8 levels in a channel, then closed by a 3x3 square."""
    h, w, _ = source.shape
    pixels = [(y, x) for y in range(h) for x in range(w)]
    changed = {p for p in pixels if any(abs(int(source[p][c]) - int(target[p][c])) > 8 for c in range(3))}
    around = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    grown = {(y + dy, x + dx) for y, x in changed for dy, dx in around}
    closed = {(y, x) for y, x in pixels if all((y + dy, x + dx) in grown for dy, dx in around)} | changed
    return np.array([[255 if (y, x) in closed else 0 for x in range(w)] for y in range(h)], np.uint8)


@settings(max_examples=60, deadline=None)
@given(source=pictures, target=pictures, spots=arrays(np.bool_, (9, 11)))
def test_masks_follow_the_definition(source: Pixels, target: Pixels, spots: np.ndarray) -> None:
    target = np.where(spots[:, :, None], target, source)
    assert (change_mask((source, target)) == naive_mask(source, target)).all()


def test_differences_of_eight_levels_are_no_change() -> None:
    source = np.full((40, 40, 3), 100, np.uint8)
    assert not change_mask((source, source + np.uint8(8))).any()
    assert change_mask((source, source + np.uint8(9))).all()


@given(source=pictures, target=pictures, spots=arrays(np.bool_, (9, 11)))
def test_outside_the_mask_the_target_is_the_source(source: Pixels, target: Pixels, spots: np.ndarray) -> None:
    mask = spots.astype(np.uint8) * np.uint8(255)
    kept = exact_outside(source, target, mask)
    assert (kept[~spots] == source[~spots]).all()
    assert (kept[spots] == target[spots]).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_augmentation_treats_both_pictures_alike(seed: int) -> None:
    picture = generator("noise", seed).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    for step in (warp, partial(degrade, chain=DRAWING)):
        source, target = step((picture, picture.copy()), generator("step", seed))
        assert source.shape == picture.shape and source.dtype == np.uint8
        assert (source == target).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), index=st.integers(0, len(STYLES) - 1), closer=st.booleans())
def test_poses_keep_the_face_in_the_picture(seed: int, index: int, closer: bool) -> None:
    style = STYLES[index]
    assert style.costume is not None
    for pose in (draw_pose(style, generator("pose", seed), closer=closer), canonical_pose(style)):
        side = show(draw_character(style, generator(0)), "neutral", generator(0)).side
        x, y = style.costume.face[0] / side, style.costume.face[1] / side
        assert 0.2 < pose.a * x + pose.c * y + pose.e < 0.8
        assert 0.2 < pose.b * x + pose.d * y + pose.f < 0.8


def test_a_mirrored_pose_mirrors_the_picture() -> None:
    style = TRAIN_STYLES[0]
    drawing = show(draw_character(style, generator(1)), "angry", generator(1))
    plain = rasterise(document(drawing, backdrop=WHITE), drawing.side, 128)
    mirrored = rasterise(document(drawing, backdrop=WHITE, pose=Pose(a=-1, e=1)), drawing.side, 128)
    assert np.abs(plain[:, ::-1].astype(int) - mirrored).mean() < 2
    assert np.abs(plain.astype(int) - mirrored).mean() > 8


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_drawings_leave_no_marker_and_stand_over_their_backdrop(style: StyleSpec) -> None:
    for expression in EXPRESSIONS:
        drawing = show(draw_character(style, generator(3)), expression, generator(3))
        assert "<g id=" not in drawing.body
        assert "stillyou-face" not in drawing.defs
        picture = rasterise(document(drawing, backdrop=WHITE), drawing.side, 64)
        assert 0.05 < (picture != 255).any(axis=2).mean() < 0.98


def test_borrowed_eyes_and_mouths_land_on_the_host_s() -> None:
    for host in TRAIN_STYLES:
        for donor in TRAIN_STYLES:
            matrix = affine_between(donor.face, host.face)
            for name in ("left_eye", "right_eye", "mouth"):
                moved = matrix @ [*getattr(donor.face, name), 1.0]
                assert np.allclose(moved[:2], getattr(host.face, name))


@pytest.mark.parametrize("kind", ["borrowed", "sketched"])
def test_other_faces_replace_the_host_s_own(kind: str) -> None:
    micah = next(style for style in TRAIN_STYLES if style.name == "micah")
    critters = next(style for style in TRAIN_STYLES if style.name == "critters")
    own = draw_character(micah, generator(5))
    lent = draw_character(critters, generator(6)).options
    face = BorrowedFace(micah, critters, lent) if kind == "borrowed" else SketchedFace(micah, draw_traits(generator(7)))
    worn = Character(micah, own.options, face, own.swaps)

    def picture(character: Character, expression: str) -> Pixels:
        drawing = show(character, expression, generator(8))
        return rasterise(document(drawing, backdrop=WHITE), drawing.side, 128)

    assert change_mask((picture(own, "neutral"), picture(worn, "neutral"))).any()
    # The head is the same: only the middle of the picture changes with the expression.
    change = change_mask((picture(worn, "neutral"), picture(worn, "laughing"))) > 0
    assert 0.002 < change.mean() < 0.12
    rows, columns = np.nonzero(change)
    assert 20 < rows.min() and rows.max() < 100 and 25 < columns.min() and columns.max() < 110
