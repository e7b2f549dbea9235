"""Sampling from a draft, with fresh noise at every step: an independent straight line, batches, seeds, evaluations."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings
from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.diffusion.conditions import Branch
from stillyou.diffusion.pipeline import Edits, MultiConditionedPipeline
from stillyou.diffusion.sampling import draw_noise
from stillyou.diffusion.schedule import make_scheduler, start
from stillyou.effects.spec import Prompts

PROMPTS = Prompts("a cartoon character", "a cartoon character, santa claus costume")
ONE = GuidanceScales(image=1, source=1, text=1)


def pictures(count: int, seed: int = 5) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def stochastic(tiny_pipeline: MultiConditionedPipeline) -> MultiConditionedPipeline:
    pipeline = copy.copy(tiny_pipeline)
    pipeline.scheduler = make_scheduler("ddpm", tiny_pipeline.scheduler)
    return pipeline


def edit(pipeline: MultiConditionedPipeline, seeds: list[int], **said: object) -> Edits:
    count = len(seeds)
    settings = SamplingSettings(guidance=said.pop("guidance", ONE), mask=MaskSettings(strategy="none"), **said)
    white = torch.ones(count, 1, 64, 64)
    sources, drafts = pictures(5)[-count:], pictures(5, seed=6)[-count:]
    return pipeline.edit(sources, [PROMPTS] * count, settings, seeds, draft=drafts, mask=white)


def test_refining_equals_a_straight_line_of_ddim_with_eta_one(stochastic: MultiConditionedPipeline) -> None:
    """Song et al. 2020, equations 12 and 16 with eta = 1, from the draft noised to 0.5; velocity predictions."""
    steps, seed = 4, 11
    got = edit(stochastic, [seed], steps=steps, refine=0.5).pixels
    with torch.inference_mode():
        encoded = stochastic.encode(pictures(5)[-1:], [PROMPTS])
        z_draft = to_latents(stochastic.vae, pictures(5, seed=6)[-1:])
        a_t = stochastic.scheduler.alphas_cumprod
        times = [499, 374, 249, 124]
        z = a_t[499].sqrt() * z_draft + (1 - a_t[499]).sqrt() * draw_noise([seed], z_draft.shape[1:], 0)
        for k, t in enumerate(times):
            v = stochastic.denoiser.predict(z, torch.tensor(t), encoded.conditions(Branch.FULL))
            a, b = a_t[t], a_t[times[k + 1]] if k + 1 < steps else torch.tensor(1.0)
            z_0, e = a.sqrt() * z - (1 - a).sqrt() * v, (1 - a).sqrt() * z + a.sqrt() * v
            deviation = ((1 - b) / (1 - a) * (1 - a / b)).clamp(min=0).sqrt()
            fresh = draw_noise([seed], z.shape[1:], 1000 + k)
            z = b.sqrt() * z_0 + (1 - b - deviation**2).clamp(min=0).sqrt() * e + deviation * fresh
        expected = to_pixels(stochastic.vae, z)
    torch.testing.assert_close(got, expected, atol=2e-4, rtol=0)


def test_a_step_from_a_draft_costs_one_evaluation_and_guidance_three_more(stochastic: MultiConditionedPipeline) -> None:
    assert edit(stochastic, [1], steps=5, refine=0.4).evaluations == 5
    assert edit(stochastic, [1], steps=5, refine=0.4, guidance=GuidanceScales()).evaluations == 20


@pytest.mark.parametrize("name", ["ddpm", "sde-dpm++"])
def test_fresh_noise_follows_from_the_seed_whatever_the_batch(
    tiny_pipeline: MultiConditionedPipeline, name: str
) -> None:
    pipeline = copy.copy(tiny_pipeline)
    pipeline.scheduler = make_scheduler(name, tiny_pipeline.scheduler)
    batch = edit(pipeline, [7, 8, 9], steps=4, refine=0.6).pixels
    alone = edit(pipeline, [9], steps=4, refine=0.6).pixels
    torch.testing.assert_close(alone, batch[2:], atol=1e-4, rtol=0)
    assert not torch.allclose(edit(pipeline, [4], steps=4, refine=0.6).pixels, alone)


def test_less_refinement_stays_nearer_to_the_draft(stochastic: MultiConditionedPipeline) -> None:
    def distance(refine: float) -> float:
        edits = edit(stochastic, [3, 4], steps=4, refine=refine)
        return float((edits.pixels - edits.reconstruction).abs().mean())

    near, middle, far = (distance(refine) for refine in (0.05, 0.4, 0.95))
    assert near < middle < far
    draft = pictures(5, seed=6)[-2:]
    with torch.inference_mode():
        copies = to_pixels(stochastic.vae, to_latents(stochastic.vae, draft))
    torch.testing.assert_close(edit(stochastic, [3, 4], steps=2, refine=0.5).reconstruction, copies)


@pytest.mark.parametrize("name", ["unipc", "ddim", "dpm++", "euler", "ddpm", "sde-dpm++"])
@pytest.mark.parametrize("refine", [0.2, 0.35, 0.6, 0.9])
def test_every_sampler_starts_near_the_level_and_takes_the_steps(
    tiny_pipeline: MultiConditionedPipeline, name: str, refine: float
) -> None:
    scheduler = make_scheduler(name, tiny_pipeline.scheduler)
    _, timesteps = start(scheduler, 8, torch.device("cpu"), refine=refine)
    assert len(timesteps) == 8
    assert abs(float(timesteps[0]) / 1000 - refine) < refine / 7 + 0.01
    assert np.all(np.diff(timesteps.numpy()) < 0)


def test_a_stochastic_model_is_saved_and_loaded(stochastic: MultiConditionedPipeline, tmp_path) -> None:
    stochastic.save_pretrained(tmp_path / "model")
    loaded = MultiConditionedPipeline.from_pretrained(tmp_path / "model")
    assert type(loaded.scheduler).__name__ == "AncestralScheduler"
    assert torch.equal(edit(loaded, [5], steps=3, refine=0.5).pixels, edit(stochastic, [5], steps=3, refine=0.5).pixels)


def test_a_mask_alone_is_the_mask_that_an_edit_finds(tiny_pipeline: MultiConditionedPipeline) -> None:
    settings = SamplingSettings(guidance=ONE, mask=MaskSettings(maps=3), steps=1)
    alone = tiny_pipeline.estimate_mask(pictures(2), [PROMPTS] * 2, settings.mask, [4, 5])
    edits = tiny_pipeline.edit(pictures(2), [PROMPTS] * 2, settings, [4, 5])
    assert torch.equal(alone.mask, edits.mask)
    assert alone.evaluations == 2 * 3 and edits.evaluations == 2 * 3 + 1
