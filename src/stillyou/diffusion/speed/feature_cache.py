"""Reuse of the UNet's deeper levels between neighbouring steps (DeepCache, Ma et al. 2023, arXiv 2312.00858).

Coarse features change slowly along the trajectory. Every `interval` steps the UNet runs whole, and what enters its last
(finest) up block is kept; the steps between compute only the finest level: conv_in, the first down block, the last up
block and the output layers, around the kept features.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from stillyou.diffusion.conditions import Conditions
from stillyou.diffusion.network import unet_inputs

Skips = tuple[torch.Tensor, ...]


def whole(
    unet: UNet2DConditionModel, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the UNet; return its prediction (B, C, h, w) and the features that enter its last up block."""
    x, skips, embedding = _finest_down(unet, x, t, tokens)
    for block in unet.down_blocks[1:]:
        x, more = _call(block, x, embedding, tokens)
        skips += more
    x = _call(unet.mid_block, x, embedding, tokens)
    for block in unet.up_blocks[:-1]:
        count = len(block.resnets)
        skips, used = skips[:-count], skips[-count:]
        x = _call(block, x, embedding, tokens, res_hidden_states_tuple=used, upsample_size=skips[-1].shape[2:])
    return _finest_up(unet, x, skips, embedding, tokens), x


def shallow(
    unet: UNet2DConditionModel, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor, features: torch.Tensor
) -> torch.Tensor:
    """Run the finest level alone, around features of an earlier step."""
    _, skips, embedding = _finest_down(unet, x, t, tokens)
    return _finest_up(unet, features, skips, embedding, tokens)


def _finest_down(
    unet: UNet2DConditionModel, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor
) -> tuple[torch.Tensor, Skips, torch.Tensor]:
    embedding = unet.time_embedding(unet.get_time_embed(sample=x, timestep=t))
    x = unet.conv_in(x)
    deeper, skips = _call(unet.down_blocks[0], x, embedding, tokens)
    return deeper, (x, *skips), embedding


def _finest_up(
    unet: UNet2DConditionModel, x: torch.Tensor, skips: Skips, embedding: torch.Tensor, tokens: torch.Tensor
) -> torch.Tensor:
    block = unet.up_blocks[-1]
    x = _call(block, x, embedding, tokens, res_hidden_states_tuple=skips[: len(block.resnets)])
    prediction: torch.Tensor = unet.conv_out(unet.conv_act(unet.conv_norm_out(x)))
    return prediction


def _call(block: Any, x: torch.Tensor, embedding: torch.Tensor, tokens: torch.Tensor, **more: Any) -> Any:
    """Call a block of the UNet with the tokens if it attends to them."""
    if getattr(block, "has_cross_attention", False):
        more["encoder_hidden_states"] = tokens
    return block(hidden_states=x, temb=embedding, **more)


@lru_cache
def _compiled(function: Any) -> Any:
    return torch.compile(function, mode="reduce-overhead", dynamic=False)


class FeatureCache:
    """Stands in for `Denoiser.predict` while one batch is sampled.

    Args:
        unet: The denoiser's UNet.
        interval: Every how many calls it runs whole; also whenever the batch has another size than before.
        compiled: Run compiled functions.
    """

    def __init__(self, unet: UNet2DConditionModel, interval: int, *, compiled: bool = False) -> None:
        self.unet = unet
        self.interval = interval
        self.compiled = compiled
        self._features: torch.Tensor | None = None
        self._calls = 0

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Predict for a step; arguments and result are those of `Denoiser.predict`."""
        x, tokens = unet_inputs(self.unet, noisy, conditions)
        kept, self._calls = self._features, self._calls + 1
        if kept is not None and len(kept) == len(x) and (self._calls - 1) % self.interval:
            prediction = self._run(shallow, x, timesteps, tokens, kept)
        else:
            # A compiled call may write over its last results, so what is kept must be a copy.
            prediction, features = self._run(whole, x, timesteps, tokens)
            self._features, self._calls = features.clone(), 1
        return prediction.float().clone()

    def _run(self, function: Any, *inputs: torch.Tensor) -> Any:
        if self.compiled:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
            function = _compiled(function)
        return function(self.unet, *inputs)
