"""The released demo on one picture, in the order the release does things; optionally with its mask functions.

The demo draws its initial latents from the global generator, seeded 3407; building networks and sampling the posterior
draw from it too, so that its exact numbers follow from versions of its libraries. Here one CPU generator with that seed
gives them in a fixed order: initial latents, posterior of the source, posterior of the black picture; then, for the
mask, both posteriors once more, a further sample of the source's, and the noise of the maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import vision_pixels
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.official import released
from stillyou.diffusion.official.mask import MAPS, mask_rows, released_mask
from stillyou.diffusion.official.numerics import (
    PosteriorNoise,
    Scene,
    Texts,
    decode,
    draw,
    encode_scene,
    guided_branches,
    reconstruction_latents,
    sample_posterior,
    sample_released,
)
from stillyou.diffusion.sampling import Progress
from stillyou.errors import UsageError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class MaskDraws:
    """Random numbers of `generate_mask`, each tensor (1, C, h, w)."""

    scene: PosteriorNoise
    posterior: torch.Tensor
    noise: torch.Tensor


@dataclass(frozen=True)
class Draws:
    """Random numbers of one run, each tensor (1, C, h, w)."""

    latents: torch.Tensor
    scene: PosteriorNoise
    mask: MaskDraws


@dataclass(frozen=True)
class OfficialEdit:
    """The demo's result.

    Attributes:
        pixels: uint8 (S, S, 3), the whole picture: nothing is composited.
        mask: Soft mask (h, w) in [0, 1] at latent size; None without mask.
        evaluations: UNet evaluations.
    """

    pixels: Pixels
    mask: NDArray[np.float32] | None
    evaluations: int


def official_resolution(pipeline: Any) -> int:
    """Return S, the side of the pictures that the adapter was made for (512 in the release).

    Raises:
        UsageError: The model's autoencoder has no posterior to sample from.
    """
    if type(pipeline.vae).__name__ != "AutoencoderKL":
        raise UsageError(
            f"--official runs Stable Diffusion models; this one has a {type(pipeline.vae).__name__}",
            "Import the released weights: stillyou models import-official.",
        )
    return 8 * int(pipeline.adapter.config.latent_size)


def make_draws(pipeline: Any, seed: int = released.SEED) -> Draws:
    """Draw all random numbers of a run from one CPU generator, in the order of the module's description."""
    side = official_resolution(pipeline) // 8
    generator = torch.Generator("cpu").manual_seed(seed)
    z_t, source, black, *rest = (
        noise.to(_device(pipeline)) for noise in draw(generator, (1, pipeline.unet.config.out_channels, side, side), 7)
    )
    mask = MaskDraws(PosteriorNoise(rest[0], rest[1]), rest[2], rest[3])
    return Draws(z_t, PosteriorNoise(source, black), mask)


@torch.inference_mode()
def edit_as_released(
    pipeline: Any,
    square: Pixels,
    prompt: str,
    source_prompt: str,
    *,
    scales: GuidanceScales = released.GUIDANCE,
    steps: int = released.STEPS,
    draws: Draws | None = None,
    with_mask: bool = False,
    maps: int = MAPS,
    rec_latents: torch.Tensor | None = None,
    progress: Progress | None = None,
) -> OfficialEdit:
    """Edit a picture with the released numerics.

    Args:
        pipeline: A `MultiConditionedPipeline` with an `AutoencoderKL`.
        square: The picture squashed to uint8 (S, S, 3), see `official_resolution` and `squash`.
        prompt: Target prompt.
        source_prompt: For the mask and for reconstruction latents; else unused.
        scales: s1, s2, s3.
        steps: Scheduler steps.
        draws: Random numbers; None draws them with the release's seed.
        with_mask: Whether to estimate the released mask and blend latents with it.
        maps: Of the mask.
        rec_latents: What to blend with (steps, C, h, w); None makes it by `numerics.reconstruction_latents`.
        progress: Called with (steps done, steps).

    Returns:
        The whole picture.
    """
    draws = draws or make_draws(pipeline)
    denoiser, scheduler = pipeline.denoiser, pipeline.scheduler
    target, source = _texts(pipeline, denoiser, prompt), _texts(pipeline, denoiser, source_prompt)
    scene = _encode(pipeline, denoiser, square, draws.scene)
    run = partial(sample_released, denoiser, scheduler, scene, latents=draws.latents, scales=scales, steps=steps)
    a_run = (4 if guided_branches(scales) else 1) * steps
    if not with_mask:
        return _finished(pipeline, run(target, progress=progress), None, a_run)
    mask, evaluations = _mask(pipeline, denoiser, square, (source, target), draws.mask, scales, maps)
    if rec_latents is None:
        rec_latents, evaluations = reconstruction_latents(run, source), evaluations + a_run
    _check_rec_latents(rec_latents, (steps, *draws.latents.shape[1:]))
    latents = run(target, mask=mask, rec_latents=rec_latents.to(mask), progress=progress)
    return _finished(pipeline, latents, mask, evaluations + a_run)


def _mask(
    pipeline: Any,
    denoiser: Denoiser,
    square: Pixels,
    texts: tuple[Texts, Texts],
    draws: MaskDraws,
    scales: GuidanceScales,
    maps: int,
) -> tuple[torch.Tensor, int]:
    """Return the released mask (1, h, w) for the source's and the target's texts, and the evaluations it took."""
    scene = _encode(pipeline, denoiser, square, draws.scene)
    z_m = sample_posterior(pipeline.vae, _pixels(square).to(_device(pipeline)), draws.posterior)
    mask = released_mask(denoiser, pipeline.scheduler, scene, *texts, z_m, draws.noise, scales, maps=maps)
    return mask, mask_rows(scales) * maps


def _finished(pipeline: Any, latents: torch.Tensor, mask: torch.Tensor | None, evaluations: int) -> OfficialEdit:
    soft = None if mask is None else mask[0].float().cpu().numpy()
    return OfficialEdit(decode(pipeline.vae, latents)[0].numpy(), soft, evaluations)


def _device(pipeline: Any) -> torch.device:
    """Return where the networks compute; with offloading they lie elsewhere."""
    device: torch.device = pipeline._execution_device
    return device


def squash(image: Image.Image, side: int) -> Pixels:
    """Squash a picture to uint8 (side, side, 3) as the demo does: Pillow's default filter, aspect ratio ignored."""
    return np.asarray(image.resize((side, side)).convert("RGB"))


def _pixels(square: Pixels) -> torch.Tensor:
    """Turn uint8 (S, S, 3) into (1, 3, S, S) in [-1, 1]."""
    return torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 255 * 2 - 1


def _encode(pipeline: Any, denoiser: Denoiser, square: Pixels, noise: PosteriorNoise) -> Scene:
    side, device = int(pipeline.image_encoder.config.image_size), _device(pipeline)
    # CLIP's own preprocessing reduces 8-bit pictures with Pillow's bicubic filter.
    small = np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.BICUBIC))
    seen = _pixels(small).to(device)
    vision, black = vision_pixels(seen, side), vision_pixels(torch.full_like(seen, -1.0), side)
    return encode_scene(denoiser, pipeline.vae, _pixels(square).to(device), vision, black, noise)


def _texts(pipeline: Any, denoiser: Denoiser, prompt: str) -> Texts:
    tokens = denoiser.text_tokens(pipeline.token_ids([prompt, ""]).to(_device(pipeline)))
    return Texts(tokens[:1], tokens[1:])


def _check_rec_latents(rec_latents: torch.Tensor, wanted: tuple[int, ...]) -> None:
    if tuple(rec_latents.shape) != wanted:
        raise UsageError(
            f"rec_latents has shape {tuple(rec_latents.shape)}, the steps need {wanted}",
            "Give the latents after each step.",
        )
