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

With s1 <= 1 and s2 <= 1 the release evaluates `full` alone and ignores all three scales.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import Conditions
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.sampling import Progress

SCALING = 0.18215
"""Factor between the autoencoder's latents and the model's; a constant in the release."""


@dataclass(frozen=True)
class PosteriorNoise:
    """Standard normal draws for the two pictures that are encoded: source and black, each (1, C, h, w)."""

    source: torch.Tensor
    black: torch.Tensor


@dataclass(frozen=True)
class Scene:
    """What one call of the release's `_encode_image` gives.

    Attributes:
        source: z_s (1, C, h, w).
        image_tokens: c_I (1, N, d).
        null_tokens: o_I (1, N, d).
    """

    source: torch.Tensor
    image_tokens: torch.Tensor
    null_tokens: torch.Tensor


@dataclass(frozen=True)
class Texts:
    """Text tokens (1, T, d): of the prompt, and of the empty one."""

    prompt: torch.Tensor
    empty: torch.Tensor


def sample_posterior(vae: Any, pixels: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return 0.18215 (mu + sigma n).

    Args:
        vae: An `AutoencoderKL`.
        pixels: (1, 3, H, W) in [-1, 1].
        noise: n (1, C, H/8, W/8).

    Returns:
        Latents (1, C, H/8, W/8), fp32.
    """
    posterior = vae.encode(pixels.to(vae.dtype)).latent_dist
    return SCALING * (posterior.mean.float() + posterior.std.float() * noise)


def encode_scene(
    denoiser: Denoiser, vae: Any, pixels: torch.Tensor, vision: torch.Tensor, black: torch.Tensor, noise: PosteriorNoise
) -> Scene:
    """Encode the source and the black picture that stands for an absent one.

    Args:
        denoiser: The networks.
        vae: An `AutoencoderKL`.
        pixels: Source (1, 3, H, W) in [-1, 1].
        vision: The source as CLIP gets it (1, 3, s, s).
        black: A black picture as CLIP gets it (1, 3, s, s).
        noise: The posterior's draws.
    """
    z_s = sample_posterior(vae, pixels, noise.source)
    z_black = sample_posterior(vae, torch.full_like(pixels, -1.0), noise.black)
    return Scene(z_s, denoiser.image_tokens(vision, z_s), denoiser.image_tokens(black, z_black))


def guided_branches(scales: GuidanceScales) -> bool:
    """Tell whether the release evaluates four branches; its condition does not look at s3."""
    return scales.image > 1 or scales.source > 1


def stack_branches(scene: Scene, texts: Texts, scales: GuidanceScales) -> Conditions:
    """Return the conditions of a batch: none, full, image, image+source; or `full` alone without guidance."""
    if not guided_branches(scales):
        return Conditions(scene.source, torch.cat([texts.prompt, scene.image_tokens], dim=1))
    zeros = torch.zeros_like(scene.source)
    text = torch.cat([texts.empty, texts.prompt, texts.empty, texts.empty])
    image = torch.cat([scene.null_tokens, scene.image_tokens, scene.image_tokens, scene.image_tokens])
    return Conditions(torch.cat([zeros, scene.source, zeros, scene.source]), torch.cat([text, image], dim=1))


def combine(predictions: torch.Tensor, scales: GuidanceScales) -> torch.Tensor:
    """Guide: predictions (4B, C, h, w) in blocks none, full, image, image+source to e (B, C, h, w)."""
    e_none, e_full, e_image, e_source = predictions.chunk(4)
    return (
        e_none
        + scales.image * (e_image - e_none)
        + scales.source * (e_source - e_image)
        + scales.text * (e_full - e_source)
    )


def sample_released(
    denoiser: Denoiser,
    scheduler: Any,
    scene: Scene,
    texts: Texts,
    *,
    latents: torch.Tensor,
    scales: GuidanceScales,
    steps: int,
    mask: torch.Tensor | None = None,
    rec_latents: torch.Tensor | None = None,
    record: list[torch.Tensor] | None = None,
    progress: Progress | None = None,
) -> torch.Tensor:
    """Sample as the release does.

    Args:
        denoiser: The networks.
        scheduler: UniPC, as the demo; copied, never changed.
        scene: The encoded source.
        texts: Of the target prompt.
        latents: Initial noise (1, C, h, w).
        scales: s1, s2, s3.
        steps: Scheduler steps.
        mask: Soft mask (1, h, w) in [0, 1]; with `rec_latents`, latents are blended after every step:
            z <- mask z + (1 - mask) rec_latents[step].
        rec_latents: Latents after each step of a reconstruction (steps, C, h, w).
        record: Filled with the latents after each step, what the release's `fast_latents` returns.
        progress: Called with (steps done, steps).

    Returns:
        Latents (1, C, h, w).
    """
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(steps, device=latents.device)
    conditions = stack_branches(scene, texts, scales)
    rows = len(conditions.tokens)
    z_t = latents
    for index, t in enumerate(scheduler.timesteps):
        model_input = scheduler.scale_model_input(torch.cat([z_t] * rows), t)
        predictions = denoiser.predict(model_input, t, conditions)
        e = combine(predictions, scales) if rows == 4 else predictions
        z_t = scheduler.step(e, t, z_t, return_dict=False)[0]
        if mask is not None and rec_latents is not None:
            z_t = z_t * mask + rec_latents[index : index + 1] * (1 - mask)
        if record is not None:
            record.append(z_t)
        if progress is not None:
            progress(index + 1, len(scheduler.timesteps))
    return z_t


def reconstruction_latents(run: Callable[..., torch.Tensor], source_texts: Texts) -> torch.Tensor:
    """Make `rec_latents`, which nothing in the release does.

    The same noise is sampled with the source prompt, for which the model was trained to return the source, and the
    latents after every step are kept: what the release returns for `fast_latents=range(steps)`.

    Args:
        run: `sample_released` with everything given but the texts.
        source_texts: Of the source prompt.

    Returns:
        (steps, C, h, w).
    """
    kept: list[torch.Tensor] = []
    run(source_texts, record=kept)
    return torch.cat(kept)


def decode(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Decode latents (1, C, h, w) to a picture (1, H, W, 3) of uint8, rounded as the release does."""
    pixels = vae.decode((latents / SCALING).to(vae.dtype)).sample.float()
    unit = (pixels / 2 + 0.5).clamp(0, 1)
    return (unit * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


def draw(generator: torch.Generator, shape: Sequence[int], count: int) -> list[torch.Tensor]:
    """Draw `count` standard normal tensors of one shape, one after another, from a CPU generator."""
    return [torch.randn(tuple(shape), generator=generator) for _ in range(count)]
