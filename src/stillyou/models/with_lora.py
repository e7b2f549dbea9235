"""Finding the model that a LoRA belongs to, and the two together."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from stillyou.diffusion.autoencoder import SMALL
from stillyou.diffusion.card import ModelCard, read_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.memory import check_memory, free_memory, sizes_of
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import UsageError
from stillyou.machine import pick_device, pick_dtype
from stillyou.models.from_base import IMAGE_ENCODER, load_base
from stillyou.models.load import load_pipeline
from stillyou.models.lora_choice import LoraChoice
from stillyou.models.place import speed_up

_NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")


def load_with_lora(
    lora: LoraChoice,
    model: str | None = None,
    device: str | torch.device = "auto",
    dtype: torch.dtype | None = None,
    speed: SpeedSettings | None = None,
) -> MultiConditionedPipeline:
    """Load a model with a LoRA merged into it (in fp32, before the model takes its precision).

    Args:
        lora: The LoRA and its scale.
        model: The model it goes on, as in `models.load_pipeline`; None takes the one it was trained on.
        device: As in `models.load_pipeline`.
        dtype: As in `models.load_pipeline`.
        speed: As in `models.load_pipeline`.

    Raises:
        UsageError: No model is named, neither here nor in the LoRA's card.
        StillYouError: The LoRA does not fit the model, one of them is damaged, or the GPU has too little memory.
    """
    chosen = device if isinstance(device, torch.device) else pick_device(device)
    card = read_card(lora.folder)
    pipeline = load_lora_base(lora.folder, card) if model is None else load_pipeline(model, "cpu", torch.float32)
    pipeline.load_lora_weights(str(lora.folder), scale=lora.scale)
    pipeline.merge_lora()
    settings = speed or SpeedSettings()
    precision = dtype or pick_dtype(settings.precision, chosen)
    for name in _NETWORKS:
        network = getattr(pipeline, name)
        if not isinstance(network, SMALL):
            # As in `models.autoencoder_dtype`: bf16 is too coarse for an autoencoder, and fp16 needs a GPU.
            half = chosen.type == "cuda" and precision is not torch.float32
            nn.Module.to(network, (torch.float16 if half else torch.float32) if name == "vae" else precision)
    if card is not None:
        pipeline.card = card
    if chosen.type == "cuda":
        counts = {name: sum(p.numel() for p in getattr(pipeline, name).parameters()) for name in _NETWORKS}
        sizes = sizes_of(pipeline, pipeline.resolution, counts)
        check_memory(sizes, settings, precision is not torch.float32, free_memory(chosen), str(chosen))
    if speed is None:
        return pipeline.to(chosen)
    speed_up(pipeline, speed, chosen)
    return pipeline


def load_lora_base(folder: Path, card: ModelCard | None) -> MultiConditionedPipeline:
    """Load the model that a LoRA's card names, in fp32 on the CPU, without the LoRA.

    Raises:
        UsageError: The card names none.
    """
    training = {} if card is None else card.training
    if "init" in training:
        return load_pipeline(str(training["init"]), "cpu", torch.float32)
    if card is None or "base" not in training:
        raise UsageError(f"{folder} does not say which model it belongs to", "Name it with --model.")
    encoder = str(training.get("image_encoder", IMAGE_ENCODER))
    return load_base(str(training["base"]), encoder, resolution=card.resolution)
