"""The release's `generate_mask`, defects included; the demo never calls it (docs/reference/official.md lists them).

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
from dataclasses import dataclass
from typing import Any

import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import Branch, Conditions, EncodedSource
from stillyou.diffusion.guidance import guide_rows
from stillyou.diffusion.network import Denoiser
from stillyou.diffusion.official.numerics import ORDER
from stillyou.diffusion.sampling import add_noise
from stillyou.errors import UsageError


@dataclass(frozen=True)
class ReleasedMask:
    """The arguments of `generate_mask`, with the release's defaults.

    Attributes:
        maps: n.
        encode_strength: Share of the schedule that is noised.
        ratio: Clamp, as a multiple of the mean over the whole map.
        steps: Steps of the schedule that the encode strength is counted in.
    """

    maps: int = 10
    encode_strength: float = 0.5
    ratio: float = 3.0
    steps: int = 50

    def check(self) -> None:
        """Refuse what makes no mask.

        Raises:
            UsageError: No maps, or an encode strength that leaves no step.
        """
        if self.maps < 1 or not 1 <= int(self.steps * self.encode_strength) <= self.steps:
            raise UsageError(
                f"{self.maps} maps at encode strength {self.encode_strength} make no mask",
                f"Use one map or more, and a strength from {1 / self.steps:g} to 1.",
            )


def released_mask(
    denoiser: Denoiser,
    scheduler: Any,
    encoded: EncodedSource,
    latents: torch.Tensor,
    noise: torch.Tensor,
    scales: GuidanceScales,
    settings: ReleasedMask,
) -> torch.Tensor:
    """Estimate the soft mask as released.

    Args:
        denoiser: The networks.
        scheduler: Copied, never changed.
        encoded: The source and both prompts.
        latents: z_m (1, C, h, w), a sample of its own.
        noise: (1, C, h, w). In the release it is drawn once and then used for every map, picture and call.
        scales: s1, s2, s3; if all are at most 1, `full` alone is evaluated.
        settings: See there.

    Returns:
        (1, h, w) in [0, 1].

    Raises:
        UsageError: No maps, or an encode strength that leaves no step.
    """
    settings.check()
    t = mask_timestep(scheduler, settings.encode_strength, settings.steps).to(latents.device)
    z_t = add_noise(scheduler, latents, noise, t)
    rows = (_rows(encoded, scales, settings.maps, source_prompt=source) for source in (True, False))
    e_source, e_target = (_predictions(denoiser, z_t, t, conditions, scales, settings.maps) for conditions in rows)
    d = (e_target - e_source).abs().mean(dim=(0, 1))[None]
    ceiling = settings.ratio * d.mean()
    return d.clamp(max=ceiling) / ceiling


def mask_timestep(scheduler: Any, encode_strength: float, steps: int) -> torch.Tensor:
    """Return the timestep, counted from the end of a schedule of `steps`, that the source is noised to."""
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(steps)
    t: torch.Tensor = scheduler.timesteps[steps - int(steps * encode_strength)]
    return t.long()


def _rows(encoded: EncodedSource, scales: GuidanceScales, maps: int, *, source_prompt: bool) -> Conditions:
    """Return one prompt's rows: texts in blocks of `maps`, image conditions tiled with the period of the branches."""
    one = encoded.conditions(*(ORDER if _guided(scales) else (Branch.FULL,)), source_prompt=source_prompt)
    words = encoded.target_tokens.shape[1]
    text, image = one.tokens[:, :words], one.tokens[:, words:]
    tokens = torch.cat([text.repeat_interleave(maps, dim=0), image.repeat(maps, 1, 1)], dim=1)
    return Conditions(one.source.repeat(maps, 1, 1, 1), tokens)


def _predictions(
    denoiser: Denoiser, z_t: torch.Tensor, t: torch.Tensor, rows: Conditions, scales: GuidanceScales, maps: int
) -> torch.Tensor:
    """Return the guided prediction of every map (maps, C, h, w); at most `maps` rows are in memory at a time."""
    parts = [denoiser.predict(z_t.expand(len(part.source), -1, -1, -1), t, part) for part in rows.split(maps)]
    predictions = torch.cat(parts)
    return guide_rows(predictions, scales, ORDER) if _guided(scales) else predictions


def mask_rows(scales: GuidanceScales) -> int:
    """Return the evaluations that a map costs: two prompts of four branches, or of `full` alone."""
    return 8 if _guided(scales) else 2


def _guided(scales: GuidanceScales) -> bool:
    """Here, other than in the sampler, s3 counts as well."""
    return scales.image > 1 or scales.source > 1 or scales.text > 1
