"""The released demo on one picture, in the order the release does things; optionally with its mask functions.

The demo draws its initial latents from the global generator, seeded 3407; building networks and sampling the posterior
draw from it too, so that its exact numbers follow from versions of its libraries. Here one CPU generator with that seed
gives them in a fixed order: initial latents, posterior of the source, posterior of the black picture; then, for the
mask, both posteriors once more, a further sample of the source's, and the noise of the maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import EncodedSource, black_vision, vision_pixels
from stillyou.diffusion.official import released
from stillyou.diffusion.official.mask import ReleasedMask, mask_rows, released_mask
from stillyou.diffusion.official.numerics import (
    PosteriorNoise,
    Texts,
    Views,
    blend,
    decode,
    draw,
    encode_source,
    guided_branches,
    record,
    sample_posterior,
    sample_released,
    stack_branches,
)
from stillyou.diffusion.sampling import Progress, StepEnd
from stillyou.effects.spec import Prompts
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
class DemoSettings:
    """The demo's arguments, with the release's defaults.

    Attributes:
        scales: s1, s2, s3.
        steps: Scheduler steps.
        mask: Of the released mask, with which latents are then blended; None takes none, as the demo.
    """

    scales: GuidanceScales = released.GUIDANCE
    steps: int = released.STEPS
    mask: ReleasedMask | None = None


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
    return draws_of((1, int(pipeline.unet.config.out_channels), side, side), seed, _device(pipeline))


def draws_of(shape: tuple[int, int, int, int], seed: int, device: torch.device) -> Draws:
    """Draw all random numbers for latents of a shape (1, C, h, w), as `make_draws` does."""
    generator = torch.Generator("cpu").manual_seed(seed)
    z_t, source, black, *rest = (noise.to(device) for noise in draw(generator, shape, 7))
    mask = MaskDraws(PosteriorNoise(rest[0], rest[1]), rest[2], rest[3])
    return Draws(z_t, PosteriorNoise(source, black), mask)


@torch.inference_mode()
def edit_as_released(
    pipeline: Any,
    square: Pixels,
    prompts: Prompts,
    settings: DemoSettings | None = None,
    *,
    draws: Draws | None = None,
    rec_latents: torch.Tensor | None = None,
    progress: Progress | None = None,
) -> OfficialEdit:
    """Edit a picture with the released numerics.

    Args:
        pipeline: A `MultiConditionedPipeline` with an `AutoencoderKL`.
        square: The picture squashed to uint8 (S, S, 3), see `official_resolution` and `squash`.
        prompts: Without a mask the source prompt is unused.
        settings: None takes the release's.
        draws: Random numbers; None draws them with the release's seed.
        rec_latents: What the mask blends with (steps, C, h, w); None takes the latents of the same noise sampled with
            the source prompt, for which the model was trained to return the source.
        progress: Called with (steps done, steps).

    Returns:
        The whole picture.
    """
    settings, draws = settings or DemoSettings(), draws or make_draws(pipeline)
    texts = _texts(pipeline, prompts, with_source=settings.mask is not None)
    encoded = _encode(pipeline, square, draws.scene, texts)

    def run(on_step_end: StepEnd | None, source_prompt: bool = False) -> torch.Tensor:
        conditions = stack_branches(encoded, settings.scales, source_prompt=source_prompt)
        start, scales, steps = draws.latents, settings.scales, settings.steps
        return sample_released(pipeline.denoiser, pipeline.scheduler, conditions, start, scales, steps, on_step_end)

    a_run = (4 if guided_branches(settings.scales) else 1) * settings.steps
    if settings.mask is None:
        return _finished(pipeline, run(_told(None, progress)), None, a_run)
    mask, evaluations = _mask(pipeline, square, texts, draws.mask, settings.scales, settings.mask)
    if rec_latents is None:
        kept: list[torch.Tensor] = []
        run(record(kept), source_prompt=True)
        rec_latents, evaluations = torch.cat(kept), evaluations + a_run
    _check_rec_latents(rec_latents, (settings.steps, *draws.latents.shape[1:]))
    latents = run(_told(blend(mask, rec_latents.to(mask)), progress))
    return _finished(pipeline, latents, mask, evaluations + a_run)


def _told(after: StepEnd | None, progress: Progress | None) -> StepEnd:
    """Return a step's end that also tells the progress."""

    def told(done: int, steps: int, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        z = z if after is None else after(done, steps, t, z)
        if progress is not None:
            progress(done, steps)
        return z

    return told


def _mask(
    pipeline: Any, square: Pixels, texts: Texts, draws: MaskDraws, scales: GuidanceScales, settings: ReleasedMask
) -> tuple[torch.Tensor, int]:
    """Return the released mask (1, h, w) for the source's and the target's texts, and the evaluations it took."""
    encoded = _encode(pipeline, square, draws.scene, texts)
    z_m = sample_posterior(pipeline.vae, _pixels(square).to(_device(pipeline)), draws.posterior)
    mask = released_mask(pipeline.denoiser, pipeline.scheduler, encoded, z_m, draws.noise, scales, settings)
    return mask, mask_rows(scales) * settings.maps


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


def _encode(pipeline: Any, square: Pixels, noise: PosteriorNoise, texts: Texts) -> EncodedSource:
    side, device = int(pipeline.image_encoder.config.image_size), _device(pipeline)
    # CLIP's own preprocessing reduces 8-bit pictures with Pillow's bicubic filter.
    small = np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.BICUBIC))
    vision = vision_pixels(_pixels(small).to(device), side)
    views = Views(_pixels(square).to(device), vision, black_vision(side, device))
    return encode_source(pipeline.denoiser, pipeline.vae, views, noise, texts)


def _texts(pipeline: Any, prompts: Prompts, *, with_source: bool) -> Texts:
    """Encode the prompts, each beside the empty one; a source prompt that nothing reads is left out."""

    def tokens(prompt: str) -> torch.Tensor:
        both: torch.Tensor = pipeline.denoiser.text_tokens(pipeline.token_ids([prompt, ""]).to(_device(pipeline)))
        return both

    target = tokens(prompts.target)
    source = tokens(prompts.source) if with_source else target
    return Texts(target[:1], source[:1], target[1:])


def _check_rec_latents(rec_latents: torch.Tensor, wanted: tuple[int, ...]) -> None:
    if tuple(rec_latents.shape) != wanted:
        raise UsageError(
            f"rec_latents has shape {tuple(rec_latents.shape)}, the steps need {wanted}",
            "Give the latents after each step.",
        )
