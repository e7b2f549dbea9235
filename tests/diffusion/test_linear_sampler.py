"""Steps as linear combinations: equal to the schedulers' own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, EulerAncestralDiscreteScheduler, UniPCMultistepScheduler

from stillyou.diffusion.linear_sampler import Stepper, step_weights, stepper
from stillyou.diffusion.schedule import make_scheduler, start

_CPU = torch.device("cpu")


def _network(z: torch.Tensor, k: int) -> torch.Tensor:
    return torch.tanh(0.7 * z + 0.1 * k)


def _sample(scheduler: Any, timesteps: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Let the scheduler step itself; as the `latent` strategy does, change the latents in between."""
    scheduler = copy.deepcopy(scheduler)
    for k, t in enumerate(timesteps):
        e = _network(scheduler.scale_model_input(z, t), k)
        z = scheduler.step(e, t, z, return_dict=False)[0]
        z = torch.where(z > 1, z * 0.9, z)
    return z


def _sample_by(way: Stepper, count: int, z: torch.Tensor) -> torch.Tensor:
    for k in range(count):
        z = way.step(k, _network(way.network_input(k, z), k), z)
        z = torch.where(z > 1, z * 0.9, z)
    return z


@pytest.mark.parametrize("strength", [1.0, 0.4])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", ["unipc", "ddim", "dpm++", "euler"])
def test_gives_what_the_scheduler_gives(name: Any, prediction: str, strength: float) -> None:
    own = UniPCMultistepScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type=prediction
    )
    scheduler, timesteps = start(make_scheduler(name, own), 12, _CPU, strength)
    weights = step_weights(scheduler, timesteps)
    assert weights is not None
    z = scheduler.init_noise_sigma * torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    expected = _sample(scheduler, timesteps, z)
    found = _sample_by(Stepper(scheduler, timesteps, weights), len(timesteps), z)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("kind", [DDPMScheduler, EulerAncestralDiscreteScheduler, DDIMScheduler])
def test_schedulers_that_clip_or_draw_noise_step_themselves(kind: Any) -> None:
    scheduler, timesteps = start(kind(), 6, _CPU, 1.0)
    before = torch.random.get_rng_state()
    assert step_weights(scheduler, timesteps) is None
    assert torch.equal(torch.random.get_rng_state(), before)
    z = scheduler.init_noise_sigma * torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = _sample(scheduler, timesteps, z)
        torch.manual_seed(0)
        found = _sample_by(stepper(copy.deepcopy(scheduler), timesteps), len(timesteps), z)
    assert torch.equal(found, expected)
