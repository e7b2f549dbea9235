"""Frozen encoders: what is cached is what they say, samples of the posterior, and absent conditions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stillyou.diffusion.conditions import Branch, vision_pixels
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import Prompts
from stillyou.models.from_base import load_base
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import BranchShares, EditorSettings, EditWeights
from stillyou.training.data.cache import LatentCache, open_or_build
from stillyou.training.data.pair_encoder import CacheSettings
from stillyou.training.data.stream import Levels, SampleDraws
from stillyou.training.editor.frozen import FrozenBatch, FrozenBatches, FrozenEncoder, frozen_objective
from stillyou.training.editor.task import GROUPS, encode_words, pools

CPU = torch.device("cpu")
SETTINGS = CacheSettings(resolution=64, vision_size=64, copies=1, seed=0)
Base = tuple[Path, Path]


@pytest.fixture(scope="module")
def pipeline(sd_base: Base) -> MultiConditionedPipeline:
    return load_base(*map(str, sd_base))


@pytest.fixture(scope="module")
def cache(
    pipeline: MultiConditionedPipeline, painted: PairDataset, tmp_path_factory: pytest.TempPathFactory
) -> LatentCache:
    encoder = FrozenEncoder(pipeline, SETTINGS, posterior=True)
    return open_or_build(tmp_path_factory.mktemp("cache"), [painted], encoder, device=CPU)


def batches(cache: LatentCache, posterior: bool = True, batch: int = 8) -> FrozenBatches:
    words = encode_words(cache.rows, {}, EditWeights(), lambda prompts: cache.constants["text"][:-1], CPU)
    shape = (4, 8, 8)
    draws = SampleDraws(
        0, pools(cache.rows, [1.0], []), 1, Levels(1000), shape, BranchShares(), 0.5, posterior=posterior
    )
    return FrozenBatches(cache, words, draws, batch, CPU)


@torch.no_grad()
def test_the_cache_holds_what_the_encoders_say(
    pipeline: MultiConditionedPipeline, cache: LatentCache, painted: PairDataset
) -> None:
    pair = painted.load(3)
    pixels = torch.from_numpy(pair.target).permute(2, 0, 1)[None].float() / 127.5 - 1
    posterior = pipeline.vae.encode(pixels).latent_dist
    scale = pipeline.vae.config.scaling_factor
    for name, expected in (("target", posterior.mean), ("target_std", posterior.std)):
        assert torch.allclose(cache.arrays[name][3, 0].float(), scale * expected[0], rtol=2e-3, atol=1e-4), name
    source = torch.from_numpy(pair.source).permute(2, 0, 1)[None].float() / 127.5 - 1
    hidden = pipeline.image_encoder(vision_pixels(source, 64)).last_hidden_state
    assert torch.allclose(cache.arrays["hidden"][3, 0].float(), hidden[0], rtol=2e-3, atol=2e-3)
    prompts = sorted({row.target_prompt for row in cache.rows} | {row.source_prompt for row in cache.rows})
    for index, prompt in enumerate([*prompts, ""]):
        tokens = pipeline.text_encoder(pipeline.token_ids([prompt])).last_hidden_state[0]
        assert torch.allclose(cache.constants["text"][index].float(), tokens, rtol=2e-3, atol=2e-3), prompt


def test_latents_are_samples_that_the_position_fixes(cache: LatentCache) -> None:
    exact = replace(cache, arrays={name: array for name, array in cache.arrays.items() if not name.endswith("_std")})
    sampled, again = next(batches(cache)(0)), next(batches(cache)(0))
    mean = next(batches(exact, posterior=False)(0))
    assert torch.equal(sampled.source, again.source) and torch.equal(sampled.noise, mean.noise)
    row = [int((cache.source[:, 0].float() == latents).flatten(1).all(1).nonzero()[0]) for latents in mean.source]
    noise = (sampled.source - mean.source) / cache.arrays["source_std"][row, 0].float()
    assert abs(noise.mean().item()) < 0.1 and noise.std().item() == pytest.approx(1, abs=0.1)


def test_reconstructions_have_the_source_as_target_and_its_prompt(cache: LatentCache) -> None:
    batch = next(batches(cache, batch=32)(0))
    rebuilt = batch.group == len(GROUPS)
    assert 4 < int(rebuilt.sum()) < 28
    assert torch.equal(batch.source[rebuilt], batch.target[rebuilt])
    assert not torch.equal(batch.source[~rebuilt], batch.target[~rebuilt])
    prompts = sorted({row.target_prompt for row in cache.rows} | {row.source_prompt for row in cache.rows})
    plain = cache.constants["text"][prompts.index(cache.rows[0].source_prompt)].float()
    assert all(torch.equal(tokens, plain) for tokens in batch.text[rebuilt])


@torch.no_grad()
def test_training_predicts_as_the_pipeline_does(
    pipeline: MultiConditionedPipeline, cache: LatentCache, painted: PairDataset
) -> None:
    """Cached conditions, the adapter and nulls of the objective against the pipeline's own, branch by branch."""
    objective = frozen_objective(pipeline, EditorSettings(frozen_encoders=True), cache, 0, torch.float32).eval()
    n = len(Branch)
    pair, z_t = painted.load(3), torch.randn(n, 4, 8, 8)
    pixels = torch.from_numpy(pair.source).permute(2, 0, 1)[None].float() / 127.5 - 1
    encoded = pipeline.encode(pixels, [Prompts(pair.source_prompt, pair.target_prompt)])
    prompts = sorted({row.target_prompt for row in cache.rows} | {row.source_prompt for row in cache.rows})
    text = cache.constants["text"][prompts.index(pair.target_prompt)].float()
    batch = FrozenBatch(
        source=cache.source[3, 0].float().expand(n, -1, -1, -1),
        target=z_t,
        branch=torch.tensor([int(branch) for branch in Branch]),
        timestep=torch.full((n,), 300),
        noise=z_t,
        earlier=torch.full((n,), -1),
        begun=z_t,
        drafted=torch.zeros(n, dtype=torch.bool),
        edit_weight=torch.zeros(n),
        group=torch.zeros(n, dtype=torch.long),
        prompt_strength=None,
        hidden=cache.arrays["hidden"][3, 0].float().expand(n, -1, -1),
        text=text.expand(n, -1, -1),
    )
    found = objective.denoise(z_t, batch.timestep, objective.conditions(batch))
    for index, branch in enumerate(Branch):
        expected = pipeline.denoiser.predict(z_t[index : index + 1], torch.tensor(300), encoded.conditions(branch))
        assert torch.allclose(found[index], expected[0], atol=5e-3), branch.name


def test_gradients_reach_every_trained_parameter(sd_base: Base, cache: LatentCache) -> None:
    pipeline = load_base(*map(str, sd_base))
    objective = frozen_objective(pipeline, EditorSettings(frozen_encoders=True), cache, 0, torch.float32)
    torch.nn.init.normal_(pipeline.adapter.linear1.weight, std=0.2)  # starts as eye, which hides the latents' tokens
    loss, _ = objective(next(batches(cache, batch=16)(0)))
    loss.backward()
    trained = {name: parameter for name, parameter in objective.named_parameters() if parameter.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"unet", "adapter"}
    unreached = [name for name, p in trained.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not unreached
    for frozen in (pipeline.vae, pipeline.text_encoder, pipeline.image_encoder):
        assert not any(parameter.requires_grad for parameter in frozen.parameters())
