"""Scores of edits, and second tries, on a pipeline whose answer follows from seed and text scale."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stillyou.editing import check
from stillyou.editing.check import out_of_band
from stillyou.editing.editor import Editor
from stillyou.editing.request import EditRequest
from stillyou.editing.result import CropReport, EditResult
from stillyou.editing.showing import shows
from stillyou.effects.bands import Band
from stillyou.effects.lookup import catalogue
from stillyou.effects.usual import USUAL, Usual
from stillyou.errors import UsageError
from stillyou.images import Picture
from stillyou.images.faces import Face
from stillyou.pairs.teachers.registry import configure
from tests.editing.fakes import PEOPLE_CARD, RedPipeline

USUALLY = Usual({"angry": 0.25}, Band(least=0.5, most=2.0), Band(least=0.2, most=0.9))
WHOLE = {"domain": "cartoon", "crop": "0,0,64", "close_up": False}
FAINT, WIDE, GOOD, BROKEN = 1, 2, 3, 4


class MoodyPipeline(RedPipeline):
    """Paints faintly for the seed FAINT, too much for WIDE, and raises for BROKEN; `moods` turns seeds into moods."""

    moods: dict[int, int] = {}

    def edit(self, pixels, prompts, settings, seeds, *, mask=None, progress=None):
        found = super().edit(pixels, prompts, settings, seeds, mask=mask, progress=progress)
        for i, seed in enumerate(seeds):
            mood = self.moods.get(seed, seed if seed < 10 else GOOD)
            if mood == BROKEN:
                raise ValueError("no paint")
            if mood == WIDE:
                found.mask[i], found.pixels[i] = 1.0, torch.tensor([1.0, -1, -1]).view(3, 1, 1)
            if mood == FAINT:
                found.pixels[i] = pixels[i] * 0.95
        return SimpleNamespace(**vars(found))


@pytest.fixture(autouse=True)
def usual(monkeypatch):
    table = {("expression", "cartoon"): USUALLY, ("expression", "people"): USUALLY}
    monkeypatch.setattr(check, "USUAL", MappingProxyType(table))


def editor(*faces: Face) -> Editor:
    return Editor(MoodyPipeline(PEOPLE_CARD), "fake", lambda rgb: list(faces))


def picture(grey: int = 60) -> Image.Image:
    return Image.new("RGB", (64, 64), (grey, grey, grey))


def same(one, other) -> bool:
    return one.image.tobytes() == other.image.tobytes() and one.mask.tobytes() == other.mask.tobytes()


def test_nothing_is_tried_twice_unless_somebody_asks():
    for options in ({}, {"retry": False}):
        edits = editor()
        found = edits.edit(picture(), "angry", seed=FAINT, **WHOLE, **options)
        assert len(edits.pipeline.calls) == 1 and found.report.tries == 1
        assert found.report.scores.out_of_band[0].startswith("the change 0.0")


def test_scores_by_hand():
    found = editor().edit(picture(), "angry", seed=GOOD, **WHOLE)
    scores, marked = found.report.scores, (np.asarray(found.mask) >= 128).mean()
    assert 0.25 < marked < 0.3, "the middle quarter of the square, and half of its soft border"
    assert scores.mask_share == round(marked, 4) and scores.mask_ratio == pytest.approx(4 * marked)
    assert scores.out_of_band == () and scores.identity is None
    wide = editor().edit(picture(), "angry", seed=WIDE, **WHOLE).report.scores
    assert wide.mask_ratio == 4.0 and wide.out_of_band == ("the mask in usual ones 4 is above 2",)
    own = {"mask_ratio": 0.5, "change_inside": 0.91, "identity": 0.39}
    assert out_of_band(own, USUALLY.bands("angry")) == (
        "the change 0.91 is above 0.9",
        "the likeness 0.39 is below 0.4",
    )
    assert out_of_band({"mask_ratio": None, "change_inside": 0.2, "shows": -1}, USUALLY.bands("angry")) == ()
    strict = replace(USUALLY, shows={"angry": 0.1})
    assert out_of_band({"shows": 0.1}, strict.bands("angry")) == out_of_band({"shows": 0}, strict.bands("crying")) == ()
    assert out_of_band({"shows": 0.05}, strict.bands("angry")) == ("how much more the effect shows 0.05 is below 0.1",)


def test_a_better_second_try_is_kept_and_told():
    edits = editor()
    found = edits.edit(picture(), "angry", seed=WIDE, retry=True, steps=3, **WHOLE)
    report, (first, second) = found.report, edits.pipeline.calls
    assert report.tries == 2 and report.scores.out_of_band == () and report.seed == second.seeds[0] != WIDE
    assert report.evaluations == 2 * 3 * 4 and first.guidance == second.guidance
    assert "a first try was out of band (the mask in usual ones 4 is above 2)" in report.notes[-1]
    assert same(found, editor().edit(picture(), "angry", seed=report.seed, steps=3, **WHOLE)), "its seed makes it again"
    assert same(found, editor().edit(picture(), "angry", seed=WIDE, retry=True, steps=3, **WHOLE))


def test_where_too_little_has_changed_the_text_counts_more():
    edits = editor()
    found = edits.edit(picture(), "angry", seed=FAINT, retry=True, guidance=(1, 1, 4), **WHOLE)
    assert [call.guidance.text for call in edits.pipeline.calls] == [4, 6]
    assert found.report.guidance.text == 6 and "text scale 6" in found.report.notes[-1]


@pytest.mark.parametrize("mood", [WIDE, BROKEN])
def test_a_second_try_that_is_no_better_leaves_the_first(mood, monkeypatch):
    once = editor().edit(picture(), "angry", seed=WIDE, **WHOLE)
    monkeypatch.setattr(MoodyPipeline, "moods", _Others(mood))
    found = editor().edit(picture(), "angry", seed=WIDE, retry=True, **WHOLE)
    assert same(found, once) and found.report.seed == WIDE and found.report.tries == 2
    assert ("failed: no paint" if mood == BROKEN else "no better") in found.report.notes[-1]


class _Others(dict):
    """One mood for all seeds that tests do not name."""

    def __init__(self, mood):
        super().__init__()
        self.mood = mood

    def get(self, seed, default=None):
        return self.mood if seed >= 10 else default


def test_a_batch_is_what_each_would_be_alone(tmp_path):
    seeds = [GOOD, WIDE, FAINT, GOOD, WIDE]
    requests = [EditRequest.read("angry", seed=seed, retry=True, **WHOLE) for seed in seeds]
    pictures = [picture(40 + 10 * i) for i in range(5)]
    pictures[3] = tmp_path / "missing.png"
    edits = editor()
    together = edits.run_all(requests, pictures)
    assert [len(call.seeds) for call in edits.pipeline.calls] == [4, 2, 1]  # of the second tries one with more text
    assert isinstance(together[3], Exception)
    for i in (0, 1, 2, 4):
        alone = editor().run(requests[i], pictures[i])
        assert same(alone, together[i])
        quick = {"seconds": 0}
        assert alone.report.model_copy(update=quick) == together[i].report.model_copy(update=quick)


@pytest.mark.parametrize(
    "options", [{"strength": 0.5}, {"mask": np.full((64, 64), 255, np.uint8)}, {"strength": 0}, {"official": None}]
)
def test_bands_hold_for_what_they_were_measured_on(options):
    edits = editor()
    effect = "angry" if "official" not in options else "santa"  # no bands of costumes here
    found = edits.edit(picture(), effect, seed=FAINT, retry=True, draft="none", **WHOLE, **options)
    assert found.report.tries == 1 and len(edits.pipeline.calls) <= 1
    assert found.report.scores is None or found.report.scores.out_of_band == ()


def test_faces_are_compared_where_a_second_try_is_wanted(monkeypatch):
    asked = []

    def likeness(before, result):
        asked.append(result.report.seed)
        assert before.shape == result.picture.rgb.shape
        return 0.3 if result.report.seed == GOOD else 0.6

    monkeypatch.setattr(check, "likeness", likeness)
    photograph = Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8))
    for retry in (False, True):
        edits = editor(Face(60, 50, 40))
        found = edits.edit(photograph, "angry", seed=GOOD, retry=retry, domain="people")
        assert len(asked) == 2 * retry
    assert found.report.scores.identity == 0.6 and found.report.tries == 2
    assert "the likeness 0.3 is below 0.4" in found.report.notes[-1]


def test_an_edit_that_does_not_show_is_tried_again_with_more_text(monkeypatch):
    monkeypatch.setattr(check, "USUAL", {("expression", "cartoon"): replace(USUALLY, shows={"angry": 0.1})})
    asked = []

    def shows(effect, source, result):
        asked.append((effect.id, np.array_equal(source.rgb, np.asarray(picture()))))
        return {GOOD: 0.02, WIDE: 0.3}.get(result.report.seed, second)

    monkeypatch.setattr(check.showing, "shows", shows)
    for second, kept in ((0.01, GOOD), (0.05, None), (0.4, None)):
        found = editor().edit(picture(), "angry", seed=GOOD, retry=True, guidance=(1, 1, 4), **WHOLE)
        assert found.report.tries == 2 and (found.report.seed == GOOD) == (kept == GOOD)
        assert found.report.guidance.text == (4 if kept == GOOD else 6)
        assert found.report.scores.shows == (0.02 if kept == GOOD else second)
        assert "how much more the effect shows 0.02 is below 0.1" in found.report.notes[-1]
    assert asked == [("angry", True)] * 6
    editor().edit(picture(), "angry", seed=GOOD, **WHOLE)
    assert len(asked) == 6, "nobody waits for it where no second try is wanted"


def test_by_how_much_more_a_costume_shows():
    teacher, santa = configure("cartoon", {"size": 128}).build(), catalogue()["santa"]
    pair = teacher.pair(santa, 0)
    report = editor().edit(picture(), "angry", seed=GOOD, **WHOLE).report
    wide = [np.pad(each, ((64, 64), (64, 64), (0, 0))) for each in (pair.source, pair.target)]
    square = report.model_copy(update={"crop": CropReport(left=64, top=64, size=128), "faces": ()})
    source, target = (Picture(each) for each in wide)
    dressed = EditResult(target, Image.new("L", (256, 256)), square)
    assert shows(santa, source, dressed) > 0.3
    assert shows(santa, target, dressed) == 0
    assert shows(santa, source, replace(dressed, report=square.model_copy(update={"domain": "statues"}))) is None


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="neither True nor False"):
        EditRequest.read("angry", retry="yes")
    with pytest.raises(UsageError, match="no retry"):
        EditRequest.read("angry", retry=True, official=True)


def test_the_package_s_bands_make_sense():
    for (group, _), usual in USUAL.items():
        assert group == "expression" or group == "costume"
        assert all(0 < share < 1 for share in usual.masks.values())
        assert set(usual.shows) <= set(usual.masks) and all(-1 < least < 1 for least in usual.shows.values())
        assert usual.mask_ratio.holds(1.0) and usual.change_inside.least < usual.change_inside.most
