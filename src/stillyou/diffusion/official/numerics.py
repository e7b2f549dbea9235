"""What the released pipeline computes (its `_encode_image`, `__call__` and `decode_latents`), equation by equation.

    z_s    = 0.18215 (mu(x) + sigma(x) n_s)                     sampled; one sample serves source latents and tokens
    c_I    = A(CLIP(x), z_s)                                    CLIP's last hidden state, without the post-layernorm
    o_I    = A(CLIP(black), 0.18215 (mu(black) + sigma(black) n_o))             absent image tokens
    c_T, o_T = text tokens of the prompt and of the empty prompt

    branch          source latents   text   image tokens        in this order in a batch
    none            0                o_T    o_I
    full            z_s              c_T    c_I
    image           0                o_T    c_I
    image+source    z_s              o_T    c_I

    e = e(none) + s1 (e(image) - e(none)) + s2 (e(image+source) - e(image)) + s3 (e(full) - e(image+source))

Branches, the UNet's call and guidance are those of the package (`conditions`, `network`, `guidance`); only the null
tokens and the order of the rows are the release's own. With s1 <= 1 and s2 <= 1 the release evaluates `full` alone and
ignores all three scales.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.autoencoder import posterior
from stillyou.diffusion.conditions import Branch, Conditions, EncodedSource, NullTokens
from stillyou.diffusion.guidance import guide_rows
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.sampling import StepEnd

SCALING = 0.18215
"""Factor between the autoencoder's latents and the model's; a constant in the release."""
ORDER = (Branch.NONE, Branch.FULL, Branch.IMAGE, Branch.IMAGE_SOURCE)
"""The release's order of branches in a batch."""


@dataclass(frozen=True)
class PosteriorNoise:
    """Standard normal draws for the two pictures that are encoded: source and black, each (1, C, h, w)."""

    source: torch.Tensor
    black: torch.Tensor


@dataclass(frozen=True)
class Texts:
    """Text tokens (1, T, d): of the target prompt, of the source prompt, and of the empty one."""

    target: torch.Tensor
    source: torch.Tensor
    empty: torch.Tensor


@dataclass(frozen=True)
class Views:
    """The source as the networks get it: pixels (1, 3, H, W) in [-1, 1], and source and black for CLIP (1, 3, s, s)."""

    pixels: torch.Tensor
    vision: torch.Tensor
    black: torch.Tensor


def sample_posterior(vae: Any, pixels: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return 0.18215 (mu + sigma n).

    Args:
        vae: An `AutoencoderKL`.
        pixels: (1, 3, H, W) in [-1, 1].
        noise: n (1, C, H/8, W/8).

    Returns:
        Latents (1, C, H/8, W/8), fp32.
    """
    mu, sigma = posterior(vae, pixels)
    return SCALING * (mu + sigma * noise)


def encode_source(denoiser: Denoiser, vae: Any, views: Views, noise: PosteriorNoise, texts: Texts) -> EncodedSource:
    """Encode the source, and the black picture that stands for an absent one: the release's `_encode_image`.

    Args:
        denoiser: The networks.
        vae: An `AutoencoderKL`.
        views: The source.
        noise: The posterior's draws.
        texts: Of the prompts.
    """
    z_s = sample_posterior(vae, views.pixels, noise.source)
    z_black = sample_posterior(vae, torch.full_like(views.pixels, -1.0), noise.black)
    image_tokens = denoiser.image_tokens(views.vision, z_s)
    nulls = NullTokens(image=denoiser.image_tokens(views.black, z_black), text=texts.empty)
    return EncodedSource(z_s, image_tokens, texts.target, texts.source, nulls)


def guided_branches(scales: GuidanceScales) -> bool:
    """Tell whether the release evaluates four branches; its condition does not look at s3."""
    return scales.image > 1 or scales.source > 1


def stack_branches(encoded: EncodedSource, scales: GuidanceScales, *, source_prompt: bool = False) -> Conditions:
    """Return the conditions of a batch: none, full, image, image+source; or `full` alone without guidance."""
    order = ORDER if guided_branches(scales) else (Branch.FULL,)
    return encoded.conditions(*order, source_prompt=source_prompt)


def sample_released(
    denoiser: Denoiser,
    scheduler: Any,
    conditions: Conditions,
    latents: torch.Tensor,
    scales: GuidanceScales,
    steps: int,
    on_step_end: StepEnd | None = None,
) -> torch.Tensor:
    """Sample as the release does.

    Args:
        denoiser: The networks.
        scheduler: UniPC, as the demo; copied, never changed.
        conditions: See `stack_branches`.
        latents: Initial noise (1, C, h, w).
        scales: s1, s2, s3.
        steps: Scheduler steps.
        on_step_end: May replace the latents after a step, see `blend`.

    Returns:
        Latents (1, C, h, w).
    """
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(steps, device=latents.device)
    rows = len(conditions.tokens)
    z_t = latents
    for index, t in enumerate(scheduler.timesteps):
        model_input = scheduler.scale_model_input(torch.cat([z_t] * rows), t)
        predictions = denoiser.predict(model_input, t, conditions)
        e = guide_rows(predictions, scales, ORDER) if rows == len(ORDER) else predictions
        z_t = scheduler.step(e, t, z_t, return_dict=False)[0]
        if on_step_end is not None:
            z_t = on_step_end(index + 1, len(scheduler.timesteps), t, z_t)
    return z_t


def blend(mask: torch.Tensor, rec_latents: torch.Tensor) -> StepEnd:
    """Return the release's blending after a step: z <- mask z + (1 - mask) rec_latents[step].

    Args:
        mask: Soft mask (1, h, w) in [0, 1].
        rec_latents: Latents after each step of a reconstruction (steps, C, h, w). Nothing in the release makes them;
            `demo` takes those of the source prompt, which the model was trained to answer with the source.
    """

    def after(done: int, steps: int, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return z * mask + rec_latents[done - 1 : done] * (1 - mask)

    return after


def record(kept: list[torch.Tensor]) -> StepEnd:
    """Return a step's end that keeps the latents: what the release returns for `fast_latents=range(steps)`."""

    def after(done: int, steps: int, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        kept.append(z)
        return z

    return after


def decode(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Decode latents (1, C, h, w) to a picture (1, H, W, 3) of uint8, rounded as the release does."""
    pixels = vae.decode((latents / SCALING).to(vae.dtype)).sample.float()
    unit = (pixels / 2 + 0.5).clamp(0, 1)
    return (unit * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


def draw(generator: torch.Generator, shape: Sequence[int], count: int) -> list[torch.Tensor]:
    """Draw `count` standard normal tensors of one shape, one after another, from a CPU generator."""
    return [torch.randn(tuple(shape), generator=generator) for _ in range(count)]
