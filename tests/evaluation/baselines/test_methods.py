"""Each published method against a straight-line version of its equations, on a tiny random model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stillyou.effects.lookup import load_effect
from stillyou.evaluation.baselines.diffedit import DiffEdit
from stillyou.evaluation.baselines.instruct import InstructPix2Pix
from stillyou.evaluation.baselines.inversion import Inversion
from stillyou.evaluation.baselines.latent import LatentEditor
from stillyou.evaluation.baselines.levels import CLEAN, Levels
from stillyou.evaluation.baselines.sdedit import SDEdit
from stillyou.evaluation.baselines.text_model import TextModel
from stillyou.evaluation.known_truth.settings import Batch, Settings, Worn

SEEDS = (3, 4)
EFFECT = load_effect("santa")


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64, 64, 3), np.uint8) for _ in SEEDS]


@pytest.fixture
def model(tiny_pipeline, pictures):
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        return TextModel(tiny_pipeline, pixels, [EFFECT.prompts()] * 2, SEEDS)


def network(pipeline, z, t, prompt):
    """Ask the UNet as a text-to-image model would be asked, prompt None for nothing; return the noise it predicts."""
    encoder, adapter = pipeline.image_encoder, pipeline.adapter
    side = encoder.config.image_size
    mean, std = torch.tensor([0.48145466, 0.4578275, 0.40821073]), torch.tensor([0.26862954, 0.26130258, 0.27577711])
    black = ((0 - mean) / std).view(1, 3, 1, 1).expand(1, 3, side, side)
    image = adapter(encoder(black).last_hidden_state, torch.zeros_like(z[:1]))
    text = pipeline.text_encoder(pipeline.token_ids([prompt or ""])).last_hidden_state
    tokens = torch.cat([text, image], dim=1).expand(len(z), -1, -1)
    v = pipeline.unet(torch.cat([z, torch.zeros_like(z)], 1), t, encoder_hidden_states=tokens).sample
    alpha = pipeline.scheduler.alphas_cumprod[t]
    return alpha**0.5 * v + (1 - alpha) ** 0.5 * z


def guided(pipeline, z, t, g):
    nothing = network(pipeline, z, t, None)
    return nothing + g * (network(pipeline, z, t, EFFECT.prompts().target) - nothing)


def alpha_of(pipeline, t):
    return torch.tensor(1.0) if t < 0 else pipeline.scheduler.alphas_cumprod[t]


def split_step(pipeline, z, e, t, u):
    """Return the mean and the deviation of a DDPM step from t to u, by the posterior of Ho et al. 2020, equation 7."""
    a, b = alpha_of(pipeline, t), alpha_of(pipeline, u)
    z_0 = (z - (1 - a).sqrt() * e) / a.sqrt()
    step = a / b
    mean = b.sqrt() * (1 - step) / (1 - a) * z_0 + step.sqrt() * (1 - b) / (1 - a) * z
    return mean, ((1 - b) / (1 - a) * (1 - step)).sqrt()


@torch.inference_mode()
def test_sdedit(tiny_pipeline, model):
    method = SDEdit(dial=0.5, guidance=2.0, budget=7)
    z = alpha_of(tiny_pipeline, 499).sqrt() * model.latents + (1 - alpha_of(tiny_pipeline, 499)).sqrt() * model.noise(0)
    for k, (t, u) in enumerate([(499, 332), (332, 166), (166, -1)]):
        mean, sigma = split_step(tiny_pipeline, z, guided(tiny_pipeline, z, t, 2.0), t, u)
        z = mean + sigma * model.noise(1000 + k)
    made = method.edit(model)
    torch.testing.assert_close(made.latents, z, atol=2e-4, rtol=1e-3)
    assert model.evaluations == 6 <= method.budget and made.mask is None


@torch.inference_mode()
def test_diffedit(tiny_pipeline, model):
    method = DiffEdit(dial=0.4, guidance=2.0, budget=10, maps=2, ratio=1.5)
    prompts, z_s = EFFECT.prompts(), model.latents
    a = alpha_of(tiny_pipeline, 500)
    d = 0
    for n in (model.noise(1), model.noise(2)):
        z = a.sqrt() * z_s + (1 - a).sqrt() * n
        d = d + (network(tiny_pipeline, z, 500, prompts.target) - network(tiny_pipeline, z, 500, prompts.source)).abs()
    d = (d / 2).mean(1, keepdim=True)
    scaled = torch.stack([row.clamp(max=1.5 * row.mean()) / (1.5 * row.mean()) for row in d])
    mask = (scaled > 0.5).float()

    def ddim(z, e, t, u):
        a, b = alpha_of(tiny_pipeline, t), alpha_of(tiny_pipeline, u)
        return b.sqrt() * (z - (1 - a).sqrt() * e) / a.sqrt() + (1 - b).sqrt() * e

    x_1 = ddim(z_s, network(tiny_pipeline, z_s, 0, None), -1, 199)
    x_2 = ddim(x_1, network(tiny_pipeline, x_1, 199, None), 199, 399)
    y = mask * ddim(x_2, guided(tiny_pipeline, x_2, 399, 2.0), 399, 199) + (1 - mask) * x_1
    y = mask * ddim(y, guided(tiny_pipeline, y, 199, 2.0), 199, -1) + (1 - mask) * z_s
    made = method.edit(model)
    assert torch.equal(made.mask, mask) and 0 < mask.mean() < 1
    torch.testing.assert_close(made.latents, y, atol=2e-4, rtol=1e-3)
    kept = (mask == 0).expand_as(z_s)
    assert torch.equal(made.latents[kept], z_s[kept])  # masked decoding ends on the source itself
    assert model.evaluations == 10 == method.budget


@torch.inference_mode()
def test_inversion(tiny_pipeline, model):
    method = Inversion(dial=0.6, guidance=2.0, source_guidance=1.0, budget=6)
    times = [(599, 299), (299, -1)]
    x = {}
    for k, t in enumerate((599, 299)):
        a = alpha_of(tiny_pipeline, t)
        x[t] = a.sqrt() * model.latents + (1 - a).sqrt() * model.noise(2000 + k)
    x[-1] = model.latents
    y = x[599]
    for t, u in times:
        source = network(tiny_pipeline, x[t], t, EFFECT.prompts().source)
        residual = x[u] - split_step(tiny_pipeline, x[t], source, t, u)[0]
        y = split_step(tiny_pipeline, y, guided(tiny_pipeline, y, t, 2.0), t, u)[0] + residual
    torch.testing.assert_close(method.edit(model).latents, y, atol=5e-4, rtol=1e-3)
    assert model.evaluations == 6 == method.budget


@torch.inference_mode()
def test_instruct_pix2pix(tiny_pipeline, model):
    """Two-way guidance over none, source, source and text; image tokens are always those of nothing."""
    method = InstructPix2Pix(dial=1.4, guidance=2.5, budget=7)
    side, seen = tiny_pipeline.image_encoder.config.image_size, tiny_pipeline.image_encoder
    mean, std = torch.tensor([0.48145466, 0.4578275, 0.40821073]), torch.tensor([0.26862954, 0.26130258, 0.27577711])
    black = (-mean / std).view(1, 3, 1, 1).expand(1, 3, side, side)
    image = tiny_pipeline.adapter(seen(black).last_hidden_state, torch.zeros_like(model.latents[:1]))

    def noise(z, t, source, prompt):
        text = tiny_pipeline.text_encoder(tiny_pipeline.token_ids([prompt])).last_hidden_state
        tokens = torch.cat([text, image], dim=1).expand(len(z), -1, -1)
        v = tiny_pipeline.unet(torch.cat([z, source], 1), t, encoder_hidden_states=tokens).sample
        a = alpha_of(tiny_pipeline, t)
        return a.sqrt() * v + (1 - a).sqrt() * z

    z, z_s = model.noise(0), model.latents
    for k, (t, u) in enumerate([(999, 499), (499, -1)]):
        e_none, e_source = noise(z, t, 0 * z_s, ""), noise(z, t, z_s, "")
        e_both = noise(z, t, z_s, EFFECT.prompts().target)
        e = e_none + 1.4 * (e_source - e_none) + 2.5 * (e_both - e_source)
        mu, sigma = split_step(tiny_pipeline, z, e, t, u)
        z = mu + sigma * model.noise(1000 + k)
    # At the first step the signal is a thousandth of the noise: errors of rounding grow by that much.
    found = method.edit(model).latents
    assert ((found - z).abs().max() / z.abs().max()).item() < 5e-3
    assert model.evaluations == 6 <= method.budget


@torch.inference_mode()
def test_inversion_gives_the_source_back_under_its_own_prompt(tiny_pipeline, pictures):
    same = replace(EFFECT.prompts(), target=EFFECT.prompts().source)
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    model = TextModel(tiny_pipeline, pixels, [same] * 2, SEEDS)
    made = Inversion(dial=1.0, guidance=1.0, budget=8).edit(model)
    torch.testing.assert_close(made.latents, model.latents, atol=1e-3, rtol=1e-3)


def test_steps_of_a_schedule():
    levels = Levels(torch.linspace(0.99, 0.01, 100))
    assert levels.timesteps(4, 1.0) == [99, 74, 49, 24, CLEAN]
    assert levels.timesteps(2, 0.5) == [49, 24, CLEAN]
    assert levels.at(CLEAN) == 1 and levels.sigma(49, CLEAN, 1.0) == 0
    z, e = torch.randn(2, 1, 2, 2)
    later = levels.mean(z, e, CLEAN, 49)
    torch.testing.assert_close(levels.mean(later, e, 49, CLEAN), z)  # DDIM runs both ways


@pytest.mark.parametrize(
    "method", [SDEdit(budget=4), DiffEdit(budget=7, maps=2), Inversion(budget=3), InstructPix2Pix(budget=6)]
)
def test_methods_answer_pictures_of_another_side_the_same_in_any_batch(tiny_pipeline, pictures, method):
    editor = LatentEditor(tiny_pipeline, method)
    larger = [np.repeat(np.repeat(p, 2, 0), 2, 1) for p in pictures]
    both = editor.answer(Batch(EFFECT, larger, SEEDS, [Worn()] * 2, Settings()))
    alone = editor.answer(Batch(EFFECT, larger[1:], SEEDS[1:], [Worn()], Settings()))
    assert both[1].edit.shape == (128, 128, 3) and both[1].mask.shape == (128, 128)
    assert np.abs(both[1].edit.astype(int) - alone[0].edit).max() <= 1
    assert both[1].evaluations is not None and 0 < both[1].evaluations <= method.budget
