"""The road of an edit for many pictures: shared batches, faces in turns, and failures that stay with their picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stillyou.editing.editor import Editor
from stillyou.editing.request import EditRequest
from stillyou.errors import StillYouError, UsageError
from stillyou.images.faces import Face
from tests.editing.fakes import PEOPLE_CARD, RedPipeline

FACES = (Face(60, 70, 30), Face(150, 72, 36, tilt=20.0), Face(230, 75, 26))


class SeededPipeline(RedPipeline):
    """Paints every square in a colour that its seed and its own pixels decide."""

    def edit(self, pixels, prompts, settings, seeds, *, mask=None, progress=None):
        red = super().edit(pixels, prompts, settings, seeds, mask=mask, progress=progress)
        shift = torch.tensor([seed % 7 / 7 for seed in seeds]).view(-1, 1, 1, 1)
        edited = red.mask * (pixels.mean(dim=(1, 2, 3), keepdim=True) - shift) + (1 - red.mask) * pixels
        return SimpleNamespace(**{**vars(red), "pixels": edited})


def photograph(seed: int, width: int = 280, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def editor(count_of=lambda rgb: len(FACES)) -> Editor:
    return Editor(SeededPipeline(PEOPLE_CARD), "fake", lambda rgb: list(FACES[: count_of(rgb)]))


def arrays(result):
    return np.asarray(result.image), np.asarray(result.mask)


def test_pictures_with_several_faces_are_edited_together_as_each_alone():
    pictures = [photograph(seed) for seed in range(3)]
    requests = [EditRequest.read("santa", face="all", seed=seed, steps=3) for seed in (5, 3, 9)]
    faces_in = {arrays_key(np.asarray(picture)): count for picture, count in zip(pictures, (3, 1, 2), strict=True)}
    edits = editor(lambda rgb: faces_in[arrays_key(rgb)])
    together = edits.run_all(requests, pictures)
    # Round by round: the first faces of all three, the second of two, the third of one.
    assert [call.seeds for call in edits.pipeline.calls] == [[5, 3, 9], [5, 9], [5]]
    for request, picture, result in zip(requests, pictures, together, strict=True):
        alone = edits.run(request, picture)
        assert all(map(np.array_equal, arrays(alone), arrays(result)))
        quick = {"seconds": 0}
        assert alone.report.model_copy(update=quick) == result.report.model_copy(update=quick)


def arrays_key(rgb):
    return rgb[:2, :2].tobytes()


def test_squares_of_equal_settings_share_a_batch_in_the_order_of_the_pictures():
    edits = editor()
    own = np.full((150, 280), 255, np.uint8)
    options = [{}, {"steps": 9}, {"mask": own}, {"seed": 4}, {"mask": own // 2}, {"strength": 0.5}, {"steps": 9}]
    requests = [EditRequest.read("santa", **{"seed": i, "face": 1, **option}) for i, option in enumerate(options)]
    results = edits.run_all(requests, [photograph(i) for i in range(len(options))])
    assert [call.seeds for call in edits.pipeline.calls] == [[0, 4], [1, 6], [2, 4], [5]]
    assert not any(isinstance(result, Exception) for result in results)


def test_failures_stay_with_their_picture_or_batch(tmp_path):
    class Unlucky(SeededPipeline):
        def edit(self, pixels, prompts, settings, seeds, **options):
            if 13 in seeds:
                raise ValueError("unlucky")
            found = super().edit(pixels, prompts, settings, seeds, **options)
            found.pixels[[seed == 14 for seed in seeds]] = torch.nan
            return found

    edits = Editor(Unlucky(PEOPLE_CARD), "fake", lambda rgb: list(FACES[:1]))
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    options = [{"seed": 1}, {"seed": 2}, {"seed": 13, "steps": 1}, {"seed": 14}, {"face": "7"}]
    pictures = [photograph(1), tmp_path / "bad.png", photograph(2), photograph(3), photograph(4)]
    results = edits.run_all([EditRequest.read("santa", **option) for option in options], pictures)
    assert results[0].report.seed == 1
    assert isinstance(results[1], StillYouError) and "bad.png" in str(results[1])
    assert isinstance(results[2], ValueError)
    assert isinstance(results[3], StillYouError) and "not finite" in str(results[3])
    assert isinstance(results[4], StillYouError) and "no face 7" in str(results[4])


def test_what_no_picture_can_change_is_refused_for_all_at_once():
    edits = editor()
    requests = [EditRequest(effect="santa"), EditRequest(effect="sanat")]
    with pytest.raises(UsageError, match="Did you mean 'santa'"):
        edits.run_all(requests, [photograph(1), photograph(2)])
    assert edits.run_all([], []) == []


def test_ctrl_c_stops_all():
    class Stopped(RedPipeline):
        def edit(self, *arguments, **options):
            raise KeyboardInterrupt

    edits = Editor(Stopped(PEOPLE_CARD), "fake", lambda rgb: list(FACES))
    with pytest.raises(KeyboardInterrupt):
        edits.run_all([EditRequest(effect="santa"), EditRequest(effect="angry")], [photograph(1), photograph(2)])


@given(
    st.lists(
        st.tuples(st.integers(1, 70), st.integers(1, 70), st.sampled_from(["RGB", "RGBA", "L"]), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_where_the_mask_is_0_every_picture_of_a_batch_stays_bit_identical(shapes, seed):
    rng = np.random.default_rng(seed)
    pictures, requests = [], []
    for width, height, mode, supplied in shapes:
        pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
        pictures.append(Image.fromarray(pixels).convert(mode))
        mask = rng.choice([0, 0, 90, 255], (height, width)).astype(np.uint8) if supplied else None
        face = None if rng.integers(2) else "all"
        requests.append(EditRequest.read("angry", mask=mask, face=face, domain="people", seed=int(rng.integers(99))))
    edits = Editor(SeededPipeline(PEOPLE_CARD), "fake", lambda rgb: [Face(9, 9, 12), Face(30, 20, 15)])
    for picture, result in zip(pictures, edits.run_all(requests, pictures), strict=True):
        after, mask = arrays(result)
        expected = np.asarray(picture.convert(result.image.mode))
        assert np.array_equal(after[mask == 0], expected[mask == 0])
        assert result.report.change_outside == 0


def test_squares_of_an_evaluation_take_the_road_of_users():
    edits = editor()
    squares = [np.asarray(photograph(seed, 32, 32)) for seed in range(3)]
    batch = edits.edit_batch(squares, ["santa", "angry", "santa"], [1, 2, 3], domain="people", strength=0.5)
    for square, effect, seed, (edit, mask) in zip(squares, ["santa", "angry", "santa"], [1, 2, 3], batch, strict=True):
        options = {"seed": seed, "domain": "people", "strength": 0.5, "crop": "0,0,32"}
        alone = edits.edit(Image.fromarray(square), effect, **options)
        assert np.array_equal(np.asarray(alone.image), edit) and np.array_equal(np.asarray(alone.mask), mask)
