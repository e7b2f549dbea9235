"""The editor on a pipeline with a known answer, and once on a real (random) one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.diffusion.card import ModelCard
from stillyou.editing.editor import Editor
from stillyou.editing.scene.crop import Crop
from stillyou.effects.lookup import catalogue
from stillyou.effects.settings import PartialGuidance
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.images import read_mask, read_picture
from tests.editing.fakes import CARD, RedPipeline
from tests.images.test_write_picture import swapped_profile

RNG = np.random.default_rng(5)
PIRATE = """
id: pirate
title: Pirate
group: costume
source_prompt: "a {subject}"
target_prompt: "a {subject}, pirate hat"
keeps: [face]
"""


def picture(width=70, height=50, channels=3):
    return Image.fromarray(RNG.integers(0, 256, (height, width, channels), dtype=np.uint8))


@pytest.fixture
def editor():
    return Editor(RedPipeline(), "fake")


def test_the_masked_region_becomes_red_and_the_rest_stays(editor):
    source = picture(32, 32)
    result = editor.edit(source, "santa")
    before, after, mask = np.array(source), np.array(result.image), np.array(result.mask)
    assert np.array_equal(after[mask == 0], before[mask == 0])
    assert (mask == 0).any()
    assert (after[mask == 255].mean(axis=0) - (255, 0, 0)).max() < 40
    report = result.report
    assert (report.effect, report.model, report.change_outside) == ("santa", "fake", 0.0)
    assert report.mask_area == (mask >= 128).mean()
    assert report.change_inside == pytest.approx(
        np.abs(after.astype(float) - before)[mask >= 128].mean() / 255, abs=1e-9
    )
    assert (report.width, report.height, report.crop.size) == (32, 32, 32)
    assert report.prompt == "a cartoon character, santa claus costume"


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from(["RGB", "RGBA", "L", "LA"]), st.integers(0, 9**9))
@settings(max_examples=60, deadline=None)
def test_any_picture_stays_bit_identical_where_the_mask_is_0(width, height, mode, seed):
    rng = np.random.default_rng(seed)
    source = Image.fromarray(rng.integers(0, 256, (height, width, 4), dtype=np.uint8)).convert(mode)
    result = Editor(RedPipeline()).edit(source, "angry", seed=seed)
    kept = np.array(result.mask) == 0
    expected = np.array(source.convert(result.image.mode))
    assert result.image.size == result.mask.size == source.size
    assert np.array_equal(np.array(result.image)[kept], expected[kept])
    if result.image.mode == "RGBA":
        assert np.array_equal(np.array(result.image)[..., 3], expected[..., 3])
    assert result.report.change_outside == 0


def test_a_supplied_mask_is_used_as_it_is(editor, tmp_path):
    source, mask = picture(), RNG.integers(0, 256, (50, 70), dtype=np.uint8)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    given_masks = [mask, Image.fromarray(mask), tmp_path / "mask.png", mask / 255.0]
    crop = Crop(-10, -10, 90)
    results = [editor.edit(source, "santa", mask=each, crop=crop) for each in given_masks]
    for result in results:
        assert np.array_equal(np.array(result.mask), mask)
        assert result.report.mask is None
        assert np.array_equal(np.array(result.image)[mask == 0], np.array(source)[mask == 0])
    assert editor.pipeline.calls[0].mask.shape == (1, 1, 32, 32)
    with pytest.raises(StillYouError, match="8x8 pixels, the picture is 70x50"):
        editor.edit(source, "santa", mask=Image.new("L", (8, 8)))
    for bad in (np.full((50, 70), np.nan), np.full((50, 70), 2.0), np.zeros((50, 70), np.int64)):
        with pytest.raises(UsageError, match="mask"):
            editor.edit(source, "santa", mask=bad)


def test_a_supplied_mask_moves_the_square_and_what_lies_outside_is_told(editor):
    rgb = np.full((100, 400, 3), 250, np.uint8)
    rgb[30:70, 30:70] = RNG.integers(0, 90, (40, 40, 3))
    mask = np.zeros((100, 400), np.uint8)
    mask[20:40, 100:120] = 255
    moved = editor.edit(Image.fromarray(rgb), "santa", mask=mask)
    assert np.array_equal(np.array(moved.mask), mask)
    assert moved.report.notes == ()
    fixed = editor.edit(Image.fromarray(rgb), "santa", mask=mask, crop=Crop(0, 0, 100))
    assert np.array(fixed.mask).max() == 0
    assert "nothing was edited" in fixed.report.notes[0]


def test_strength_0_is_the_input_and_asks_no_model(editor):
    source = picture(channels=4)
    result = editor.edit(source, "crying", strength=0)
    assert np.array_equal(np.array(result.image), np.array(source))
    assert np.array(result.mask).max() == 0
    assert result.report.evaluations == 0
    assert editor.pipeline.calls == []


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("strength", [-0.1, 1.1, math.nan, math.inf]),
        ("seed", [-1, 2**63, 1.5, True]),
        ("steps", [0, 1001, 2.5]),
        ("guidance", [(1, 2), (1, 2, math.nan), (1, 2, 31), (-1, 2, 3)]),
        ("mask_strategy", ["magic"]),
        ("variables", [{"subjekt": "woman"}]),
        ("crop", [Crop(500, 0, 10)]),
    ],
)
def test_wrong_options_are_refused_before_the_model_runs(editor, option, values):
    for value in values:
        with pytest.raises(UsageError) as caught:
            editor.edit(picture(), "santa", **{option: value})
        assert caught.value.exit_code == 2
    assert editor.pipeline.calls == []


def test_options_reach_the_model(editor):
    editor.edit(
        picture(), "santa", strength=0.5, seed=7, steps=3, guidance=(1, 2, 4), variables={"subject": "woman"},
        mask_strategy="latent",
    )  # fmt: skip
    (call,) = editor.pipeline.calls
    assert (call.prompts, call.source_prompts) == (["a woman, santa claus costume"], ["a woman"])
    assert (call.strength, call.seeds, call.steps) == (0.5, [7], 3)
    assert call.guidance == GuidanceScales(image=1, source=2, text=4)
    assert call.mask_settings.strategy == "latent"


def test_the_models_own_defaults_come_before_the_catalogue():
    own = GuidanceScales(image=3, source=2, text=4)
    effects = tuple(
        effect.model_copy(update={"guidance": PartialGuidance.model_validate(own)}) for effect in CARD.effects
    )
    pipeline = RedPipeline(CARD.model_copy(update={"effects": effects}))
    editor = Editor(pipeline)
    editor.edit(picture(), "santa")
    editor.edit(picture(), catalogue()["santa"])
    assert pipeline.calls[0].guidance == own
    assert pipeline.calls[1].guidance == catalogue()["santa"].defaults().guidance


def test_unknown_and_untrained_effects(editor, tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'santa'"):
        editor.edit(picture(), "sanat")
    (tmp_path / "my.yaml").write_text(PIRATE)
    with pytest.raises(UsageError, match="not trained for the effect 'pirate'") as caught:
        editor.edit(picture(), tmp_path / "my.yaml")
    for step in ("stillyou pairs import", "stillyou train --init fake", "--model run/model"):
        assert step in caught.value.remedy
    few = Editor(RedPipeline(CARD.model_copy(update={"effects": CARD.effects[:2]})), "few")
    with pytest.raises(UsageError, match="not trained for the effect 'angry'") as caught:
        few.edit(picture(), "angry")
    assert "stillyou pairs make --teacher cartoon -e angry" in caught.value.remedy


def test_models_may_know_effects_of_their_own_and_models_without_a_card_take_any(tmp_path):
    words = {"source_prompt": "a {subject}", "target_prompt": "a {subject}, pirate hat"}
    pirate = EffectSpec(id="pirate", title="Pirate hat", group="costume", keeps=["face"], **words)
    pipeline = RedPipeline(ModelCard(resolution=32, effects=(pirate,)))
    Editor(pipeline).edit(picture(), "pirate")
    assert pipeline.calls[0].prompts == ["a cartoon character, pirate hat"]
    (tmp_path / "my.yaml").write_text(PIRATE)
    assert Editor(pipeline).edit(picture(), tmp_path / "my.yaml").report.effect == "pirate"
    free = RedPipeline(ModelCard(resolution=32))
    assert Editor(free).edit(picture(), tmp_path / "my.yaml").report.effect == "pirate"


def test_the_model_sees_srgb_and_the_file_keeps_its_profile(editor, tmp_path):
    icc = swapped_profile()  # red and blue change places
    Image.new("RGB", (32, 32), (20, 40, 200)).save(tmp_path / "a.png", icc_profile=icc)
    result = editor.edit(tmp_path / "a.png", "santa", mask=np.full((32, 32), 255, np.uint8))
    seen = (editor.pipeline.calls[0].pixels[0, :, 5, 5].numpy() + 1) * 127.5
    assert np.abs(seen - (200, 40, 20)).max() <= 3
    assert np.abs(np.array(result.image)[16, 16].astype(int) - (0, 0, 255)).max() <= 3  # sRGB red in that profile
    assert result.image.info["icc_profile"] == icc
    result.save(tmp_path / "b.png")
    assert read_picture(tmp_path / "b.png").info.icc == icc


def test_edits_of_transparent_pixels_are_told(editor):
    rgba = RNG.integers(0, 256, (32, 32, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    rgba[10:22, 10:22, 3] = 0
    result = editor.edit(Image.fromarray(rgba), "santa", crop=Crop(0, 0, 32))
    assert np.array_equal(np.array(result.image)[10:22, 10:22], rgba[10:22, 10:22])
    assert np.array(result.mask)[10:22, 10:22].max() == 0
    assert "transparent" in result.report.notes[0]


def test_files_are_turned_upright_and_saved_whole(editor, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(40, 20).save(tmp_path / "a.png", exif=exif)
    result = editor.edit(str(tmp_path / "a.png"), "santa")
    assert result.image.size == (20, 40)
    result.save(tmp_path / "b.png")
    assert np.array_equal(read_picture(tmp_path / "b.png").rgb, np.array(result.image))
    result.mask.save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png", (20, 40)), np.array(result.mask))


def test_batches_mix_effects_and_keep_their_order(editor):
    sources = [RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(4)]
    names = ["santa", "angry", "santa", "crying"]
    results = editor.edit_batch(sources, names, [1, 2, 3, 4])
    for source, (edit, mask) in zip(sources, results, strict=True):
        assert np.array_equal(edit[mask == 0], source[mask == 0])
        assert (edit[mask == 255].mean(axis=0) - (255, 0, 0)).max() < 40
    asked = sorted(seed for call in editor.pipeline.calls for seed in call.seeds)
    assert asked == [1, 2, 3, 4]
    alone = editor.edit(Image.fromarray(sources[1]), "angry", seed=2)
    assert np.array_equal(np.array(alone.image), results[1][0])
    assert np.array_equal(np.array(alone.mask), results[1][1])
    untouched = editor.edit_batch(sources, names, [1, 2, 3, 4], strength=0)
    assert all(
        np.array_equal(edit, source) and not mask.any() for source, (edit, mask) in zip(sources, untouched, strict=True)
    )


def test_a_real_pipeline(tiny_pipeline):
    editor = Editor(tiny_pipeline, "tiny")
    source = picture(90, 70)
    first, again = (editor.edit(source, "santa", seed=3, steps=2) for _ in range(2))
    assert np.array_equal(np.array(first.image), np.array(again.image))
    kept = np.array(first.mask) == 0
    assert np.array_equal(np.array(first.image)[kept], np.array(source)[kept])
    assert first.report.device == "cpu"
    assert first.report.dtype == "float32"
    assert first.report.evaluations > 0
    ((edit, mask),) = editor.edit_batch([np.array(picture(64, 64))], ["laughing"], [1], steps=2)
    assert edit.shape == (64, 64, 3)
    assert mask.shape == (64, 64)


def test_damaged_weights_are_told_instead_of_a_silent_copy(monkeypatch):
    pipeline = RedPipeline()
    answer = pipeline.edit

    def broken(*arguments, **options):
        edits = answer(*arguments, **options)
        edits.pixels = edits.pixels * math.nan
        return edits

    monkeypatch.setattr(pipeline, "edit", broken)
    with pytest.raises(StillYouError, match="not finite"):
        Editor(pipeline).edit(picture(), "santa")


def test_an_edit_that_hardly_shows_is_told(editor):
    red = Image.new("RGB", (32, 32), (255, 0, 0))
    assert any("hardly anything was edited" in note for note in editor.edit(red, "santa").report.notes)
    assert editor.edit(red, "santa", strength=0).report.notes == ()
    assert editor.edit(Image.new("RGB", (32, 32), "white"), "santa").report.notes == ()


@pytest.mark.parametrize(
    ("image", "options", "remedy"),
    [
        (np.zeros((8, 8, 3), np.uint8), {}, "fromarray"),
        (None, {}, "a path or a Pillow image"),
        (b"\x89PNG", {}, "BytesIO"),
        (picture(), {"guidance": 5}, "IMAGE,SOURCE,TEXT"),
        (picture(), {"crop": (0, 0, 8)}, r"Crop\(left, top, size\)"),
    ],
)
def test_arguments_of_another_kind_are_refused_with_the_remedy(editor, image, options, remedy):
    with pytest.raises(UsageError, match=remedy):
        editor.edit(image, "santa", **options)


def test_strength_may_be_any_real_number(editor):
    assert editor.edit(picture(), "santa", strength=np.float32(0.5)).report.strength == 0.5
