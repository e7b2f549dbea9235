from __future__ import annotations

import copy

import pytest
import torch

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings
from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.diffusion.card import CARD_NAME, ModelCard
from stillyou.diffusion.pipeline import Edits, MultiConditionedPipeline
from stillyou.diffusion.schedule import first_step, start
from stillyou.effects.lookup import load_effect
from stillyou.effects.spec import Prompts
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import pick_device
from stillyou.models.compact import load_compact, quantise, restore, save_compact
from stillyou.models.find import find_model
from stillyou.models.load import load_pipeline
from tests.conftest import build_tiny_pipeline

SCALES = GuidanceScales(image=1.2, source=1.4, text=2.5)
PROMPT, SOURCE_PROMPT = "a cartoon character, santa claus costume", "a cartoon character"
PROMPTS = Prompts(SOURCE_PROMPT, PROMPT)


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(5)) * 2 - 1


def edit(pipeline: MultiConditionedPipeline, pixels: torch.Tensor, seeds: list[int], **options) -> Edits:
    settings = SamplingSettings(
        guidance=options.pop("guidance", SCALES),
        mask=options.pop("mask_settings", MaskSettings(maps=2, strategy="noise")),
        steps=options.pop("steps", 3),
        strength=options.pop("strength", 1.0),
    )
    return pipeline.edit(pixels, [PROMPTS] * len(pixels), settings, seeds, **options)


def test_shapes_and_evaluations(tiny_pipeline):
    edits = edit(tiny_pipeline, pictures(2), [1, 2])
    assert edits.pixels.shape == edits.reconstruction.shape == (2, 3, 64, 64)
    assert edits.mask.shape == (2, 1, 64, 64)
    assert edits.pixels.abs().max() <= 1
    assert edits.evaluations == 2 * 2 + 5 * 3  # two a map, five branches a step
    assert edit(tiny_pipeline, pictures(1), [1], mask=torch.ones(1, 1, 64, 64)).evaluations == 5 * 3
    plain = MaskSettings(maps=1, strategy="none")
    assert edit(tiny_pipeline, pictures(1), [1], mask_settings=plain).evaluations == 2 + 4 * 3


@pytest.mark.parametrize("strategy", ["noise", "latent", "none"])
def test_an_edit_does_not_depend_on_its_batch(tiny_pipeline, strategy):
    settings = MaskSettings(maps=2, strategy=strategy)
    batch = edit(tiny_pipeline, pictures(3), [7, 8, 9], mask_settings=settings)
    alone = edit(tiny_pipeline, pictures(3)[1:2], [8], mask_settings=settings)
    torch.testing.assert_close(alone.pixels, batch.pixels[1:2], atol=1e-4, rtol=0)


def test_same_seed_same_edit_other_seed_other_edit(tiny_pipeline):
    first, again, other = (edit(tiny_pipeline, pictures(1), [seed]).pixels for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_guided_step_matches_a_straight_line_implementation(tiny_pipeline):
    """One noise-strategy step, written out without the package's conditions, guidance, mask and sampling modules."""
    pipe, x = tiny_pipeline, pictures(1)
    mask = (torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    got = edit(pipe, x, [11], mask=mask, steps=1).pixels
    with torch.inference_mode():
        z_s = to_latents(pipe.vae, x)

        def words(prompt):
            ids = pipe.tokenizer(prompt, padding="max_length", max_length=32, return_tensors="pt").input_ids
            return pipe.text_encoder(ids).last_hidden_state

        def picture(pixels, latents):
            small = torch.nn.functional.interpolate(pixels, size=(32, 32), mode="bicubic", antialias=True).clamp(-1, 1)
            mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
            std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
            hidden = pipe.image_encoder((small / 2 + 0.5 - mean) / std).last_hidden_state
            pooled = torch.nn.functional.max_pool2d(latents, 2).flatten(2) @ pipe.adapter.vae2clip.weight.T
            tokens = torch.cat([hidden, pooled + pipe.adapter.vae2clip.bias], 1)
            return (pipe.adapter.linear1.weight @ tokens) + pipe.adapter.linear1.bias[:, None]

        empty, black = words(""), picture(-torch.ones_like(x), torch.zeros_like(z_s))
        seen = picture(x, z_s)
        z_t = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(11 * 1_000_003))[None]
        scheduler = copy.deepcopy(pipe.scheduler)
        scheduler.set_timesteps(1)
        t = scheduler.timesteps[0]

        def e(source, text, image):
            return pipe.unet(torch.cat([z_t, source], 1), t, torch.cat([text, image], 1)).sample

        none = e(0 * z_s, empty, black)
        image = e(0 * z_s, empty, seen)
        source = e(z_s, empty, seen)
        m = torch.nn.functional.max_pool2d(mask, 8)
        full = m * e(z_s, words(PROMPT), seen) + (1 - m) * e(z_s, words(SOURCE_PROMPT), seen)
        guided = none + 1.2 * (image - none) + 1.4 * (source - image) + 2.5 * (full - source)
        expected = to_pixels(pipe.vae, scheduler.step(guided, t, z_t).prev_sample)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_latent_strategy_keeps_the_source_where_the_mask_is_zero(tiny_pipeline):
    settings = MaskSettings(strategy="latent")
    edits = edit(tiny_pipeline, pictures(1), [1], mask=torch.zeros(1, 1, 64, 64), mask_settings=settings)
    torch.testing.assert_close(edits.pixels, edits.reconstruction, atol=1e-5, rtol=0)


def test_strength_starts_later_in_the_schedule(tiny_pipeline):
    assert [first_step(20, strength) for strength in (1.0, 0.75, 0.5, 0.25, 1e-6)] == [0, 3, 6, 9, 12]
    assert first_step(1, 0.01) == 0
    levels = [
        start(tiny_pipeline.scheduler, 4, torch.device("cpu"), strength)[1] for strength in (1.0, 0.75, 0.5, 0.25, 0.01)
    ]
    assert [len(left) for left in levels] == [4, 4, 4, 4, 4], "few steps stay few, at every strength"
    starts = [int(left[0]) for left in levels]
    assert starts == sorted(starts, reverse=True) and len(set(starts)) == 5
    weak, full = (edit(tiny_pipeline, pictures(1), [1], strength=s, steps=10) for s in (0.5, 1.0))
    assert weak.evaluations - 4 == 5 * 7 and full.evaluations - 4 == 5 * 10
    assert not torch.equal(weak.pixels, full.pixels)


def test_a_late_start_matches_a_straight_line_implementation(tiny_pipeline):
    """With one guidance branch left (unit scales give `full`), start, step and noise are those of the formula."""
    pipe, unit = tiny_pipeline, GuidanceScales(image=1, source=1, text=1)
    settings = MaskSettings(maps=1, strategy="none")
    got = edit(pipe, pictures(1), [4], strength=0.5, steps=4, guidance=unit, mask_settings=settings).pixels
    with torch.inference_mode():
        encoded = pipe.encode(pictures(1), [PROMPTS])
        scheduler = copy.deepcopy(pipe.scheduler)
        scheduler.set_timesteps(6)  # from 0.7 of the schedule on 4 steps are left
        scheduler.set_begin_index(2)
        noise = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(4 * 1_000_003))[None]
        a_t = scheduler.alphas_cumprod[scheduler.timesteps[2]]
        z_t = a_t.sqrt() * encoded.latents + (1 - a_t).sqrt() * noise
        tokens = torch.cat([encoded.target_tokens, encoded.image_tokens], 1)
        for t in scheduler.timesteps[2:]:
            e = pipe.unet(torch.cat([z_t, encoded.latents], 1), t, tokens).sample
            z_t = scheduler.step(e, t, z_t).prev_sample
        expected = to_pixels(pipe.vae, z_t)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


def test_a_weaker_prompt_lies_between_both_and_leaves_the_mask_alone(tiny_pipeline):
    pixels, prompts = torch.rand(1, 3, 64, 64) * 2 - 1, [Prompts("a person", "a person, angry expression")]
    encoded = tiny_pipeline.encode(pixels, prompts)
    quarter = 0.75 * encoded.source_tokens + 0.25 * encoded.target_tokens
    assert torch.allclose(encoded.weaker(0.25).target_tokens, quarter, atol=1e-6)
    assert encoded.weaker(1) is encoded
    settings = SamplingSettings(steps=2)
    whole, weak, none = (
        tiny_pipeline.edit(pixels, asked, settings.model_copy(update={"prompt_strength": strength}), [3])
        for asked, strength in ((prompts, 1.0), (prompts, 0.25), ([Prompts("a person", "a person")], 1.0))
    )
    assert torch.equal(weak.mask, whole.mask)
    distance = [float((edit.pixels - whole.pixels).abs().mean()) for edit in (weak, none)]
    assert 0 < distance[0] < distance[1]


def test_progress_counts_every_step(tiny_pipeline):
    seen: list[tuple[int, int]] = []
    edit(tiny_pipeline, pictures(1), [1], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.fixture
def carded() -> MultiConditionedPipeline:
    pipeline = build_tiny_pipeline()
    pipeline.card = ModelCard(name="tiny", resolution=64, effects=(load_effect("santa"),), licence="Apache-2.0")
    return pipeline


def test_save_and_load_edit_identically(carded, tmp_path):
    carded.save_pretrained(tmp_path)
    loaded = load_pipeline(str(tmp_path), device="cpu", dtype=torch.float32)
    assert loaded.card == carded.card
    assert torch.equal(edit(loaded, pictures(1), [1]).pixels, edit(carded, pictures(1), [1]).pixels)


def test_compact_form_restores_to_within_the_rounding_of_int8(carded, tmp_path):
    save_compact(carded, tmp_path)
    loaded = load_compact(tmp_path)
    assert loaded.card.effect_ids == ("santa",)
    for name, weight in carded.unet.state_dict().items():
        restored = loaded.unet.state_dict()[name]
        if weight.ndim >= 2:
            step = weight.flatten(1).abs().amax(1) / 127
            error = (restored - weight).flatten(1).abs().amax(1)
            assert torch.all(error <= 0.51 * step + 1e-3 * weight.abs().max())
    assert load_pipeline(str(tmp_path), device="cpu").resolution == 64


def test_quantise_by_hand():
    packed = quantise({"w": torch.tensor([[1.27, -0.635, 0.0]]), "b": torch.tensor([0.5])})
    assert packed["w"].tolist() == [[127, -64, 0]] or packed["w"].tolist() == [[127, -63, 0]]
    assert packed["b"].dtype == torch.float16
    assert abs(restore(packed, torch.float32)["w"][0, 0].item() - 1.27) < 1e-3


def test_damaged_and_missing_models_are_named(carded, tmp_path):
    save_compact(carded, tmp_path / "model")
    (tmp_path / "model" / "unet" / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(StillYouError, match="damaged"):
        load_pipeline(str(tmp_path / "model"), device="cpu")
    with pytest.raises(UsageError, match="no model_index.json"):
        find_model(str(tmp_path))
    with pytest.raises(UsageError, match="no model 'embeded'"):
        find_model("embeded")


def test_a_card_of_another_format_is_refused(carded, tmp_path):
    save_compact(carded, tmp_path)
    card = tmp_path / CARD_NAME
    card.write_text(card.read_text().replace('"format_version": 2', '"format_version": 99'))
    with pytest.raises(StillYouError, match="format 99"):
        load_pipeline(str(tmp_path), device="cpu")


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert pick_device("auto").type == "cpu"
    for wrong in ("gpu", "cuda", "cuda:3", ""):
        with pytest.raises(UsageError):
            pick_device(wrong)


def test_tokenizer_writes_any_text_and_stays_small(tiny_pipeline):
    assert len(tiny_pipeline.tokenizer) <= 1024
    ids = tiny_pipeline.token_ids(["a woman, Ünïcode 日本 🎅 costume"])
    text = tiny_pipeline.tokenizer.decode(ids[0], skip_special_tokens=True)
    assert text.replace(" ", "") == "awoman,ünïcode日本🎅costume"


def test_a_model_restored_from_int8_is_saved_as_a_plain_folder(carded, tmp_path):
    save_compact(carded, tmp_path / "compact")
    load_compact(tmp_path / "compact").save_pretrained(tmp_path / "plain")
    assert load_pipeline(str(tmp_path / "plain"), device="cpu").card.storage == "diffusers"


def test_saved_models_do_not_tell_where_their_parts_were(carded, tmp_path):
    carded.save_pretrained(tmp_path / "first")
    again = load_pipeline(str(tmp_path / "first"), device="cpu")
    again.save_pretrained(tmp_path / "plain")
    save_compact(again, tmp_path / "compact")
    for config in [*tmp_path.glob("plain/**/*.json"), *tmp_path.glob("compact/**/*.json")]:
        assert str(tmp_path) not in config.read_text(encoding="utf-8"), config
