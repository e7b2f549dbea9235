"""Edits that start from the effect's own art, on a pipeline with a known answer and with a fit that is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stillyou
from stillyou.config import UNGUIDED
from stillyou.drafts import network
from stillyou.drafts.fit import Fit
from stillyou.editing import drafting
from stillyou.editing.editor import Editor
from stillyou.editing.fitting import find_fit, is_turned, upright
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.frame import Framed, frame_crop, frame_face
from stillyou.effects.designs import DESIGNS
from stillyou.errors import LeftAlone, StillYouError, UsageError
from stillyou.images.faces import Face
from stillyou.images.picture import Picture
from tests.drafts.test_expression import face
from tests.drafts.test_people_expression import portrait as person
from tests.drafts.test_vector_place import FIT, SKY, portrait
from tests.editing.fakes import CARD, RedPipeline

SAMPLES = Path(stillyou.__file__).parent / "samples"


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    monkeypatch.setattr(network, "predict", lambda squares: [FIT] * len(squares))
    return Editor(RedPipeline(CARD.model_copy(update={"drafts": True})), "fake", detector=lambda _: [])


def source(side: int = 240) -> Image.Image:
    return Image.fromarray(portrait(side))


def test_a_costume_is_drawn_without_the_model_and_the_rest_is_untouched(editor: Editor) -> None:
    result = editor.edit(source(), "santa", crop=Crop(0, 0, 240))
    before, after, mask = np.array(source()), np.array(result.image), np.array(result.mask)
    assert not editor.pipeline.calls and result.report.evaluations == 0
    assert (result.report.design, result.report.refine) == ("classic", 0.0)
    assert np.array_equal(after[mask == 0], before[mask == 0]) and 0.1 < (mask > 0).mean() < 0.7
    cloth = [int(DESIGNS["santa"][0].colours["cloth"][i : i + 2], 16) for i in (1, 3, 5)]
    assert (np.abs(after.astype(int) - cloth).max(axis=-1) < 4).mean() > 0.05


def test_art_is_drawn_at_the_pictures_own_size(editor: Editor) -> None:
    small, large = (editor.edit(source(side), "royal", crop=Crop(0, 0, side)) for side in (120, 960))
    reduced = np.asarray(large.image.resize((120, 120), Image.Resampling.BOX), int)
    assert np.abs(reduced - np.asarray(small.image, int)).mean() < 4
    edges = np.abs(np.diff(np.asarray(large.image.convert("L"), int), axis=1))
    assert (edges > 60).sum() > 300  # an enlarged drawing has no such edges


def test_designs_and_what_is_worn_are_the_users_choice(editor: Editor) -> None:
    looks = {design.name: editor.edit(source(), "santa", design=design.name).image for design in DESIGNS["santa"]}
    assert len({image.tobytes() for image in looks.values()}) == len(DESIGNS["santa"])
    hat = np.array(editor.edit(source(), "santa", wear="hat").mask)
    assert hat[:120].any() and not hat[170:].any()
    with pytest.raises(UsageError, match="'classic'"):
        editor.edit(source(), "santa", design="clasic")
    with pytest.raises(UsageError, match="no designs"):
        editor.edit(source(), "angry", design="classic")
    with pytest.raises(UsageError, match="both"):
        editor.edit(source(), "santa", wear="boots")


def test_refinement_asks_the_model_from_the_draft_with_few_unguided_steps(editor: Editor) -> None:
    result = editor.edit(source(), "flower", crop=Crop(0, 0, 240), refine=0.5)
    (call,) = editor.pipeline.calls
    assert (call.refine, call.steps, call.guidance) == (0.5, 8, UNGUIDED)
    drawn = (call.draft - call.pixels).abs().amax(1, keepdim=True) > 0.1
    assert bool((call.mask[drawn] > 0).all()) and float(call.mask.mean()) < 0.8
    mask = np.array(result.mask)
    assert np.array_equal(np.array(result.image)[mask == 0], np.array(source())[mask == 0])
    assert result.report.refine == 0.5 and result.report.steps == 8
    editor.edit(source(), "flower", refine=0.5, steps=3, guidance="1,2,3")
    assert (editor.pipeline.calls[-1].steps, editor.pipeline.calls[-1].guidance.text) == (3, 3)


def test_a_model_that_needs_few_steps_takes_two_from_a_draft(editor: Editor) -> None:
    pipeline = editor.pipeline
    few = Editor(type(pipeline)(pipeline.card.model_copy(update={"few_steps": True})))
    few.edit(source(), "flower", crop=Crop(0, 0, 240), refine=0.5)
    assert few.pipeline.calls[-1].steps == 2


def test_options_of_a_sampler_that_is_not_called_are_told(editor: Editor) -> None:
    notes = editor.edit(source(), "santa", crop=Crop(0, 0, 240), steps=5, guidance="1,2,3").report.notes
    assert [note for note in notes if note.startswith("steps and guidance changed nothing")]
    for options in ({}, {"refine": 0.5, "steps": 5}, {"draft": "none", "steps": 5}):
        notes = editor.edit(source(), "santa", crop=Crop(0, 0, 240), **options).report.notes
        assert not [note for note in notes if "changed nothing" in note]


@pytest.mark.parametrize("options", [{"draft": "none"}, {"refine": 1.0}])
def test_the_papers_way_is_always_there(editor: Editor, options: dict[str, object]) -> None:
    result = editor.edit(source(), "santa", **options)
    (call,) = editor.pipeline.calls
    assert call.draft is None and call.steps == 20 and call.guidance != UNGUIDED
    assert result.report.design is None and result.report.refine is None and result.draft is None


def test_another_model_starts_from_noise_unless_a_draft_is_asked_for(editor: Editor) -> None:
    plain = Editor(RedPipeline(), "fake", detector=lambda _: [])
    assert plain.edit(source(), "santa").report.design is None
    for options in ({"draft": "auto"}, {"design": "green"}, {"wear": "hat"}, {"refine": 0.0}):
        assert plain.edit(source(), "santa", **options).report.refine == 0.0


def test_an_unsure_fit_starts_from_noise_and_says_so(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    doubtful = Fit(FIT.points, FIT.turn, np.full(len(FIT.points), 0.5, np.float32))
    monkeypatch.setattr(network, "predict", lambda squares: [doubtful] * len(squares))
    result = editor.edit(source(), "santa")
    assert editor.pipeline.calls[0].draft is None
    assert any("could not be told" in note for note in result.report.notes)


def test_a_photograph_is_left_as_it_is_where_the_costumes_place_is_unsure(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a small model draws on a photograph from noise is not worth having, unless it is asked for."""
    doubt = np.full(len(FIT.points), 1.0, np.float32)
    monkeypatch.setattr(network, "predict", lambda squares: [Fit(FIT.points, FIT.turn, doubt)] * len(squares))
    options = {"crop": Crop(0, 0, 240), "domain": "people"}
    for refine in (None, 0.4):
        with pytest.raises(LeftAlone, match="left as it is.*--crop.*--draft none lets the model draw it"):
            editor.edit(source(), "santa", refine=refine, **options)
    assert not editor.pipeline.calls
    assert editor.edit(source(), "santa", draft="none", **options).report.evaluations


def test_a_fit_that_is_a_little_unsure_is_used_with_a_word(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    sure = network.load().config.sure_below
    doubtful = Fit(FIT.points, FIT.turn, np.full(len(FIT.points), 1.2 * sure, np.float32))
    monkeypatch.setattr(network, "predict", lambda squares: [doubtful] * len(squares))
    result = editor.edit(source(), "santa", crop=Crop(0, 0, 240))
    assert not editor.pipeline.calls and result.report.refine == 0
    assert any("unsure" in note and "--nudge" in note for note in result.report.notes)
    assert not any("unsure" in note for note in editor.edit(source(), "santa", nudge="hat:0,0").report.notes)


def test_a_head_that_is_turned_gets_no_costume_in_the_wrong_place() -> None:
    upright = Image.open(SAMPLES / "micah.png").convert("RGB")
    square = frame_crop(Crop(0, 0, upright.width), 256)
    for turn in (0, 90, 180, 270):
        picture = Picture(np.asarray(upright.rotate(turn)))
        (fit,) = network.predict(square.see(picture)[None])
        assert is_turned(picture, square, fit) == (turn > 0)


def test_who_looks_again_at_a_head_on_its_side_looks_at_it_upright() -> None:
    upright_picture = Picture(np.asarray(Image.open(SAMPLES / "micah.png").convert("RGB")))
    lying = Picture(np.ascontiguousarray(np.rot90(upright_picture.rgb)))
    middle = upright_picture.size[0] / 2
    fits = []
    for picture, tilt in ((upright_picture, 0.0), (lying, -90.0)):
        seen_small = frame_face(Face(middle, middle, 1.8 * middle, tilt), 256, upright_picture.size[1])
        fit, framed, _ = find_fit(picture, seen_small, 2)
        assert framed.crop != seen_small.crop and framed.tilt == pytest.approx(tilt, abs=12)
        fits.append(fit)
    assert fits[1].unsure < network.load().config.sure_below
    assert np.abs(fits[1].points - fits[0].points).max() < 0.06


def test_a_turned_head_is_told(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    doubts = [np.full(len(FIT.points), doubt, np.float32) for doubt in (0.03, 0.02, 0.03)]
    turns = [Fit(FIT.points, FIT.turn, doubt) for doubt in doubts]
    monkeypatch.setattr(network, "predict", lambda squares: turns[: len(squares)])
    result = editor.edit(source(), "santa")
    assert editor.pipeline.calls[0].draft is None
    assert any("upside down" in note and "turn the picture upright" in note for note in result.report.notes)


def test_a_head_that_lies_in_a_later_look_alone_is_dressed_as_the_first_saw_it(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = frame_crop(Crop(0, 0, 240), CARD.resolution)
    wider = frame_crop(Crop(-40, -40, 320), CARD.resolution)
    monkeypatch.setattr(drafting, "find_fit", lambda _, square, looks: (FIT, wider if looks > 1 else square, None))
    monkeypatch.setattr(drafting, "is_turned", lambda _, square, fit: square == wider)
    dressed = editor.edit(source(), "santa", crop=given.crop)
    assert not dressed.report.evaluations and (np.asarray(dressed.mask) > 0).any()
    monkeypatch.setattr(drafting, "is_turned", lambda *_: True)
    assert any("upside down" in note for note in editor.edit(source(), "santa", crop=given.crop).report.notes)


def test_a_weaker_costume_is_a_fainter_one(editor: Editor) -> None:
    half, whole = (editor.edit(source(), "royal", crop=Crop(0, 0, 240), strength=s) for s in (0.5, 1.0))
    before = np.array(source(), np.float64)
    change = [np.array(result.image) - before for result in (half, whole)]
    assert np.abs(change[0] - change[1] / 2).max() <= 1.5
    assert np.array_equal(np.array(editor.edit(source(), "royal", strength=0).image), np.array(source()))


def test_an_expression_on_a_drawing_is_drawn_without_the_model(editor: Editor) -> None:
    picture = Image.fromarray(face(240))
    whole, half = (
        editor.edit(picture, "angry", crop=Crop(0, 0, 240), domain="cartoon", strength=s, nudge=n)
        for s, n in ((1.0, None), (0.5, "hat:1,1"))
    )
    assert not editor.pipeline.calls and whole.report.evaluations == 0 and whole.report.refine == 0
    mask = np.array(whole.mask)
    assert mask.max() == np.array(half.mask).max() == 255  # milder, not fainter
    assert np.array_equal(np.array(whole.image)[mask == 0], np.array(picture)[mask == 0])
    assert not np.array_equal(np.array(half.image), np.array(whole.image))
    assert not whole.report.notes and half.report.notes == ("nudge changed nothing: an expression is no costume",)
    assert not whole.report.placed


@pytest.mark.parametrize("domain", ["cartoon", "people"])
@pytest.mark.parametrize("options", [{"draft": "none"}, {"refine": 1.0}])
def test_the_model_draws_an_expression_where_it_is_asked_to(
    editor: Editor, domain: str, options: dict[str, object]
) -> None:
    editor.edit(Image.fromarray(face(240)), "angry", domain=domain, **options)
    assert editor.pipeline.calls and all(call.draft is None for call in editor.pipeline.calls)


def test_an_expression_moves_the_face_of_a_photograph_and_leaves_what_shows_none_alone(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, fit = person()
    monkeypatch.setattr(drafting, "find_fit", lambda picture, framed, looks: (fit, framed, None))
    options = {"crop": Crop(0, 0, 480), "domain": "people"}
    results = [editor.edit(Image.fromarray(picture), "shocked", strength=s, **options) for s in (1.0, 0.5)]
    assert not editor.pipeline.calls and [result.report.evaluations for result in results] == [0, 0]
    whole, half = (np.array(result.image) for result in results)
    mask = np.array(results[0].mask)
    assert np.array_equal(whole[mask == 0], picture[mask == 0]) and 0.02 < (mask > 0).mean() < 0.7
    assert not np.array_equal(whole, half) and mask.max() == np.array(results[1].mask).max() == 255
    with pytest.raises(LeftAlone, match="'shocked': no face that looks towards the camera was found"):
        editor.edit(Image.linear_gradient("L").convert("RGB").resize((480, 480)), "shocked", **options)


def test_an_expression_whose_mouth_is_not_found_starts_from_noise_and_says_so(editor: Editor) -> None:
    result = editor.edit(Image.fromarray(face(240, mouth=False)), "angry", domain="cartoon")
    assert editor.pipeline.calls and any("mouth could not be told" in note for note in result.report.notes)


def test_a_draft_can_be_taken_out_changed_and_given_back(editor: Editor, tmp_path) -> None:
    first = editor.edit(source(), "santa", crop=Crop(0, 0, 240))
    drawn = first.draft
    assert drawn is not None and drawn.size == (240, 240) and drawn.mode == "RGBA"
    drawn.save(tmp_path / "draft.png")
    again = editor.edit(source(), "santa", crop=Crop(0, 0, 240), draft=tmp_path / "draft.png", refine=0)
    assert np.abs(np.array(again.image, int) - np.array(first.image, int)).max() <= 2
    over = Image.new("RGB", (240, 240), SKY)
    over.paste(source())
    over.paste((0, 200, 0), (100, 20, 140, 60))
    painted = editor.edit(source(), "santa", crop=Crop(0, 0, 240), draft=over, refine=0)
    assert (np.array(painted.image)[30:50, 110:130] == (0, 200, 0)).all()
    assert not np.array(painted.mask)[100:].any()
    with pytest.raises(StillYouError, match="100x100 pixels"):
        editor.edit(source(), "santa", draft=Image.new("RGBA", (100, 100)))
    with pytest.raises(StillYouError, match="shows nothing"):
        editor.edit(source(), "santa", draft=source())
    with pytest.raises(UsageError, match="draft"):
        editor.edit(source(), "santa", draft=7)


def test_a_users_mask_limits_a_draft(editor: Editor) -> None:
    mask = Image.new("L", (240, 240))
    mask.paste(255, (0, 0, 240, 90))
    result = editor.edit(source(), "santa", crop=Crop(0, 0, 240), mask=mask)
    assert np.array_equal(np.array(result.image)[95:], np.array(source())[95:])
    assert (np.array(result.image)[:90] != np.array(source())[:90]).any()


def test_a_coat_goes_down_to_the_pictures_edge(editor: Editor) -> None:
    tall = Image.new("RGB", (240, 382), SKY)
    tall.paste(source())
    result = editor.edit(tall, "santa", crop=Crop(0, 0, 240))
    mask = np.array(result.mask)
    assert (mask[380, 100:140] == 255).all() and (mask[238:242, 110:130] == 255).all()


@pytest.mark.parametrize("way", [-1, 1])
def test_a_shoulder_at_the_squares_side_goes_on(editor: Editor, monkeypatch: pytest.MonkeyPatch, way: int) -> None:
    """A head near one side of its square, as in profiles, in a picture that goes on there."""
    aside = replace(FIT, points=FIT.points + np.float32([0.3 * way, 0]))
    monkeypatch.setattr(network, "predict", lambda squares: [aside] * len(squares))
    wide = Image.new("RGB", (480, 240), SKY)
    wide.paste(source(), (120 + 72 * way, 0))
    marked = np.array(editor.edit(wide, "santa", crop=Crop(120, 0, 240)).mask) > 0
    edge, beyond = (120, 117) if way < 0 else (359, 362)
    assert marked[:, edge].sum() > 20
    assert abs(int(marked[:, edge].sum()) - int(marked[:, beyond].sum())) < 8
    centred = np.array(editor.edit(wide, "santa", crop=Crop(120 + 72 * way, 0, 240)).mask) > 0
    assert not centred[:, 0].any() and not centred[:, -1].any()  # room enough: nothing is drawn larger


def test_points_of_a_turned_square_are_found_in_the_picture() -> None:
    rng = np.random.default_rng(0)
    pixels = np.zeros((400, 400, 3), np.uint8)
    framed = Framed(Crop(0, 0, 400), 100, 136, 30.0)
    spot = rng.uniform(150, 250, 2)
    y, x = np.mgrid[:400, :400]
    pixels[np.hypot(x - spot[0], y - spot[1]) < 9] = 255
    from stillyou.images import Picture

    seen = framed.see(Picture(pixels))[..., 0].astype(float)
    rows, columns = np.mgrid[:100, :100] + 0.5
    at = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum() / 100
    points = np.tile(at.astype(np.float32), (len(FIT.points), 1))
    found = upright(Fit(points, (0.0, 0.0, 0.0)), framed)
    np.testing.assert_allclose(found.points[0] * 400, spot + 0.5, atol=3)
    assert found.turn[2] == pytest.approx(np.deg2rad(30))
