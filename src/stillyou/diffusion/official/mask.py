"""The release's `generate_mask`, defects included; the demo never calls it (docs/official.md lists the defects).

    z_m    a second sample of the source's posterior
    z_t    = sqrt(a_t) z_m + sqrt(1 - a_t) noise         t: half of a 50-step schedule; one noise for all maps
    e_p    guided prediction with prompt p, for each map
    d      = mean over maps and channels of |e_target - e_source|
    mask   = min(d, ratio mean(d)) / (ratio mean(d))

Conditions: the rows of a batch are blocks of n maps (none, full, image, image+source), and so are the texts; source
latents and image tokens, though, are tiled with period 4, whatever n. Only n = 1 gets what the names say. For n = 10,
of the ten `full` rows five have no source latents and two no image tokens.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import Conditions
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.official.numerics import Scene, Texts, combine
from stillyou.diffusion.sampling import add_noise
from stillyou.errors import UsageError

MAPS = 10
ENCODE_STRENGTH = 0.5
RATIO = 3.0
MASK_STEPS = 50
"""Steps of the schedule that the encode strength is counted in."""


def released_mask(
    denoiser: Denoiser,
    scheduler: Any,
    scene: Scene,
    source_texts: Texts,
    target_texts: Texts,
    latents: torch.Tensor,
    noise: torch.Tensor,
    scales: GuidanceScales,
    *,
    maps: int = MAPS,
    encode_strength: float = ENCODE_STRENGTH,
    ratio: float = RATIO,
    steps: int = MASK_STEPS,
) -> torch.Tensor:
    """Estimate the soft mask as released.

    Args:
        denoiser: The networks.
        scheduler: Copied, never changed.
        scene: The encoded source.
        source_texts: Of the source prompt.
        target_texts: Of the target prompt.
        latents: z_m (1, C, h, w), a sample of its own.
        noise: (1, C, h, w). In the release it is drawn once and then used for every map, picture and call.
        scales: s1, s2, s3; if all are at most 1, `full` alone is evaluated.
        maps: n.
        encode_strength: Share of the schedule that is noised.
        ratio: Clamp, as a multiple of the mean over the whole map.
        steps: Steps of the schedule.

    Returns:
        (1, h, w) in [0, 1].

    Raises:
        UsageError: No maps, or an encode strength that leaves no step.
    """
    if maps < 1 or not 1 <= int(steps * encode_strength) <= steps:
        raise UsageError(
            f"{maps} maps at encode strength {encode_strength} make no mask",
            f"Use one map or more, and a strength from {1 / steps:g} to 1.",
        )
    t = mask_timestep(scheduler, encode_strength, steps).to(latents.device)
    z_t = add_noise(scheduler, latents, noise, t)
    e_source, e_target = (
        _predictions(denoiser, z_t, t, _conditions(scene, texts, scales, maps), scales, maps)
        for texts in (source_texts, target_texts)
    )
    d = (e_target - e_source).abs().mean(dim=(0, 1))[None]
    ceiling = ratio * d.mean()
    return d.clamp(max=ceiling) / ceiling


def mask_timestep(scheduler: Any, encode_strength: float, steps: int) -> torch.Tensor:
    """Return the timestep, counted from the end of a schedule of `steps`, that the source is noised to."""
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(steps)
    t: torch.Tensor = scheduler.timesteps[steps - int(steps * encode_strength)]
    return t.long()


def _conditions(scene: Scene, texts: Texts, scales: GuidanceScales, maps: int) -> Conditions:
    """Return one prompt's rows: texts in blocks of `maps`, image conditions tiled with period 4."""
    if not _guided(scales):
        tokens = torch.cat([texts.prompt, scene.image_tokens], dim=1)
        return Conditions(scene.source.repeat(maps, 1, 1, 1), tokens.repeat(maps, 1, 1))
    zeros = torch.zeros_like(scene.source)
    source = torch.cat([zeros, scene.source, zeros, scene.source]).repeat(maps, 1, 1, 1)
    image = torch.cat([scene.null_tokens, *[scene.image_tokens] * 3]).repeat(maps, 1, 1)
    text = torch.cat([texts.empty, texts.prompt, texts.empty, texts.empty]).repeat_interleave(maps, dim=0)
    return Conditions(source, torch.cat([text, image], dim=1))


def _predictions(
    denoiser: Denoiser, z_t: torch.Tensor, t: torch.Tensor, rows: Conditions, scales: GuidanceScales, maps: int
) -> torch.Tensor:
    """Return the guided prediction of every map (maps, C, h, w); at most `maps` rows are in memory at a time."""
    parts = [
        denoiser.predict(z_t.expand(len(source), -1, -1, -1), t, Conditions(source, tokens))
        for source, tokens in zip(torch.split(rows.source, maps), torch.split(rows.tokens, maps), strict=True)
    ]
    predictions = torch.cat(parts)
    return combine(predictions, scales) if _guided(scales) else predictions


def mask_rows(scales: GuidanceScales) -> int:
    """Return the evaluations that a map costs: two prompts of four branches, or of `full` alone."""
    return 8 if _guided(scales) else 2


def _guided(scales: GuidanceScales) -> bool:
    """Here, other than in the sampler, s3 counts as well."""
    return scales.image > 1 or scales.source > 1 or scales.text > 1
