"""Close-ups on a pipeline whose mask is known: it marks what is green, and paints it red."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stillyou.drafts import network
from stillyou.drafts.fit import Fit
from stillyou.editing.close_up import LEAST_SHARE, close_up
from stillyou.editing.editor import Editor
from stillyou.editing.plan import GLANCE_MAPS
from stillyou.editing.request import EditRequest
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.frame import Framed, frame_crop, frame_face
from stillyou.errors import UsageError
from stillyou.images.faces import Face
from tests.drafts.test_vector_place import FIT
from tests.editing.fakes import CARD, PEOPLE_CARD, RedPipeline

WHOLE = {"domain": "cartoon", "crop": Crop(0, 0, 200)}
SKY, GREEN = (90, 90, 200), (0, 255, 0)


class GreenPipeline(RedPipeline):
    """Marks what is green."""

    def mask_of(self, pixels):
        return (pixels[:, 1:2] - pixels[:, 0::2].amax(1, keepdim=True) > 0.8).float()


class DazedPipeline(RedPipeline):
    """Marks nothing."""

    def mask_of(self, pixels):
        return torch.zeros_like(pixels[:, :1])


def picture(left: int = 60, top: int = 40, size: int = 20, side: int = 200) -> Image.Image:
    image = Image.new("RGB", (side, side), SKY)
    image.paste(GREEN, (left, top, left + size, top + size))
    return image


def editor(pipeline: RedPipeline | None = None, *faces: Face) -> Editor:
    return Editor(pipeline or GreenPipeline(PEOPLE_CARD), "fake", lambda rgb: sorted(faces, key=lambda face: face.x))


def test_the_edit_is_drawn_in_a_square_around_the_mask() -> None:
    edits = editor()
    result = edits.edit(picture(), "angry", close_up=True, steps=3, **WHOLE)
    (glance,), (call,) = edits.pipeline.glances, edits.pipeline.calls
    assert glance.mask_settings.maps == GLANCE_MAPS and call.mask_settings.maps == 2
    assert call.mask is None and call.pixels.shape == glance.pixels.shape
    shown = [float(edits.pipeline.mask_of(each.pixels).mean()) for each in (glance, call)]
    assert shown[1] > 4 * shown[0], "the square around the mask shows it larger"
    assert result.report.evaluations == 2 * GLANCE_MAPS + 3 * 4
    near = result.report.close_up
    assert near is not None and near.size == 68 and abs(near.left - 36) <= 3 and abs(near.top - 16) <= 3
    mask, after, before = np.asarray(result.mask), np.asarray(result.image), np.asarray(picture())
    assert np.array_equal(after[mask == 0], before[mask == 0]) and result.report.change_outside == 0
    assert (after[44:56, 64:76] == (255, 0, 0)).all(), "the answer comes back to where the question was cut"
    assert not mask[:32].any() and not mask[68:].any() and not mask[:, :52].any() and not mask[:, 88:].any()


@pytest.mark.parametrize("pipeline", [GreenPipeline, RedPipeline, DazedPipeline])
def test_without_close_ups_the_model_is_asked_once_as_before(pipeline: type[RedPipeline]) -> None:
    off, never = editor(pipeline(PEOPLE_CARD)), editor(pipeline(PEOPLE_CARD))
    first = off.edit(picture(), "angry", domain="cartoon", close_up=False)
    second = never.edit(picture(), "santa", domain="cartoon", draft="none", guidance=first.report.guidance)
    assert not off.pipeline.glances and not never.pipeline.glances
    (one,), (other,) = off.pipeline.calls, never.pipeline.calls
    assert torch.equal(one.pixels, other.pixels) and one.mask is None and one.steps == other.steps
    assert first.image.tobytes() == second.image.tobytes()


@pytest.mark.parametrize("pipeline", [RedPipeline, DazedPipeline])
def test_where_the_mask_is_large_or_empty_the_whole_square_is_drawn(pipeline: type[RedPipeline]) -> None:
    near, whole = editor(pipeline(PEOPLE_CARD)), editor(pipeline(PEOPLE_CARD))
    one = near.edit(picture(), "angry", domain="cartoon", close_up=True)
    other = whole.edit(picture(), "angry", domain="cartoon", close_up=False)
    assert torch.equal(near.pipeline.calls[0].pixels, whole.pipeline.calls[0].pixels)
    assert one.image.tobytes() == other.image.tobytes()
    assert one.report.close_up is None
    assert one.report.evaluations == other.report.evaluations + 2 * GLANCE_MAPS


def test_crops_are_kept_and_a_users_mask_asks_nothing_first() -> None:
    edits = editor()
    crop = Crop(40, 20, 100)
    edits.edit(picture(), "angry", domain="cartoon", close_up=True, crop=crop)
    whole, near = edits.pipeline.glances[0].pixels, edits.pipeline.calls[0].pixels
    assert torch.equal(whole, editor_pixels(crop))
    assert edits.pipeline.mask_of(near).mean() > edits.pipeline.mask_of(whole).mean()
    mask = np.zeros((200, 200), np.uint8)
    mask[40:60, 60:80] = 255
    edits.edit(picture(), "angry", domain="cartoon", close_up=True, crop=crop, mask=mask)
    assert len(edits.pipeline.glances) == 1 and torch.equal(edits.pipeline.calls[1].pixels, whole)


def editor_pixels(crop: Crop) -> torch.Tensor:
    whole = editor()
    whole.edit(picture(), "angry", domain="cartoon", close_up=False, crop=crop)
    return whole.pipeline.calls[0].pixels


def test_pictures_together_are_edited_as_each_alone() -> None:
    edits = editor()
    pictures = [picture(60, 40), picture(100, 120, 30), picture(20, 90, 16), picture(70, 70)]
    options = [
        {"close_up": True},
        {"close_up": True, "seed": 3},
        {"close_up": False},
        {"close_up": True, "strength": 0.5},
    ]
    requests = [EditRequest.read("angry", **WHOLE, **option) for option in options]
    together = edits.run_all(requests, pictures)
    assert [len(glance.seeds) for glance in edits.pipeline.glances] == [2, 1]
    assert [len(call.seeds) for call in edits.pipeline.calls] == [1, 2, 1]
    for request, source, found in zip(requests, pictures, together, strict=True):
        assert not isinstance(found, Exception)
        alone = editor().run(request, source)
        assert alone.image.tobytes() == found.image.tobytes() and alone.mask.tobytes() == found.mask.tobytes()
        assert alone.report.evaluations == found.report.evaluations


def test_several_faces_each_have_a_close_up_of_their_own() -> None:
    faces = Face(100, 100, 60), Face(300, 100, 60, tilt=25.0)
    image = Image.new("RGB", (400, 220), SKY)
    for face in faces:
        image.paste(GREEN, (face.x - 12, 92, face.x + 12, 116))
    edits = editor(None, *faces)
    result = edits.edit(image, "angry", domain="people", close_up=True, face="all", steps=2)
    assert len(edits.pipeline.glances) == len(edits.pipeline.calls) == 2
    assert result.report.evaluations == 2 * (2 * GLANCE_MAPS + 2 * 4)
    after, mask = np.asarray(result.image).astype(int), np.asarray(result.mask)
    for face in faces:  # the second one is seen turned: its edges are resampled
        assert np.abs(after[98:110, face.x - 6 : face.x + 6] - (255, 0, 0)).max() < 30
    assert not mask[:, 150:250].any() and not mask[:80].any()


@given(
    st.tuples(st.floats(0.05, 0.9), st.floats(0.05, 0.9), st.floats(0.02, 0.6)),
    st.tuples(st.integers(-30, 60), st.integers(-30, 60), st.integers(3, 900)),
    st.sampled_from([0.0, 20.0, -35.0]),
)
def test_a_close_up_lies_inside_the_square_and_around_the_mask(
    spot: tuple[float, float, float], where: tuple[int, int, int], tilt: float
) -> None:
    face = Face(where[0] + 200, where[1] + 200, where[2], tilt=tilt)
    whole = frame_face(face, 64, 2000) if tilt else frame_crop(Crop(*where), 64)
    mask = np.zeros((whole.cells, whole.cells), np.float32)
    left, top, right, bottom = (
        round(whole.cells * min(at, 1)) for at in (*spot[:2], spot[0] + spot[2], spot[1] + spot[2])
    )
    mask[top:bottom, left:right] = 1
    near = close_up(whole, mask)
    if near is None:
        return
    assert (near.side, near.cells, near.tilt) == (whole.side, whole.cells, whole.tilt)
    assert round(LEAST_SHARE * whole.crop.size) <= near.crop.size <= whole.crop.size
    for one, other, first, last in (
        (near.crop.left, whole.crop.left, left, right),
        (near.crop.top, whole.crop.top, top, bottom),
    ):
        assert other <= one and one + near.crop.size <= other + whole.crop.size
        scale = whole.crop.size / whole.cells
        assert one - 1 <= other + first * scale and other + last * scale <= one + near.crop.size + 1


def test_an_expression_is_drawn_around_the_face_where_the_fit_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = Fit(FIT.points, FIT.turn, np.full(len(FIT.points), 0.01, np.float32))
    monkeypatch.setattr(network, "predict", lambda squares: [sure] * len(squares))
    edits = editor(RedPipeline(CARD))
    report = edits.edit(picture(), "angry", domain="cartoon", crop=Crop(0, 0, 200)).report
    assert not edits.pipeline.glances and len(edits.pipeline.calls) == 1, "the face says where, not the mask"
    near = report.close_up
    assert near is not None and near.size < 200
    middle = 200 * np.mean([FIT[f"face_{end}"] for end in ("left", "right", "top", "bottom")], axis=0)
    inside = np.clip(middle, near.size / 2, 200 - near.size / 2)
    assert np.abs(np.array([near.left, near.top]) + near.size / 2 - inside).max() <= 1
    assert edits.edit(picture(), "santa", domain="cartoon", draft="none").report.close_up is None
    assert edits.edit(picture(), "angry", domain="people", crop=Crop(0, 0, 200)).report.close_up is None


def test_a_few_specks_far_away_do_not_widen_a_close_up() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[20:32, 20:32] = 1
    near = close_up(Framed(Crop(0, 0, 64), 64, 64), mask)
    mask[63, 63] = 1
    assert near is not None and close_up(Framed(Crop(0, 0, 64), 64, 64), mask) == near


def test_what_it_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="neither True nor False"):
        EditRequest.read("angry", close_up="near")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--close-up"):
        EditRequest.read("angry", close_up=True, official=True)
