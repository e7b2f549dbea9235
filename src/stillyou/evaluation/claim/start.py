"""What every editor of a run starts from: the base that draws the pairs, before it has seen a source.

The paper's editors start from Stable Diffusion. Those of a run start from the base likewise: its UNet, text encoder and
autoencoder, with the UNet's source channels at zero (Brooks et al. 2023, section 3.2.1) and image encoder and adapter
of random weights. A base of stillyou's own was an editor once; what it knew of sources is not handed on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPVisionModel

from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.draws import stable_seed
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.models.from_base import fresh_adapter
from stillyou.training.model import load_init, replace_folder


def start_folder(settings: ClaimSettings, folder: Path) -> Path:
    """Write the model that editors start from, unless it is there, and return its folder."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        pipeline: Any = sourceless(load_init(settings.base), settings.side, settings.seed)
        replace_folder(folder, pipeline.save_pretrained)
    return folder


def sourceless(base: MultiConditionedPipeline, side: int, seed: int) -> MultiConditionedPipeline:
    """Make a model forget, in place, how it sees sources.

    Args:
        base: The model.
        side: Of its pictures from now on, in pixels.
        seed: Of the fresh weights.
    """
    unet: Any = base.unet
    channels = int(unet.config.out_channels)
    with torch.no_grad():
        unet.conv_in.weight[:, channels:] = 0
    unet.register_to_config(sample_size=side // 8)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stable_seed(seed, "image encoder weights"))
        encoder = CLIPVisionModel(base.image_encoder.config)
    adapter = fresh_adapter(unet.config, encoder.config, side // 8, seed)
    base.register_modules(image_encoder=encoder.eval(), adapter=adapter.eval())
    base.card = ModelCard(resolution=side)
    return base
