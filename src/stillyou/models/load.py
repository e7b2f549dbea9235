"""Loading stored models of either form: by name, from folders, from the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from stillyou.diffusion.card import read_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.memory import Sizes, check_memory, free_memory, read_sizes
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import pick_device, pick_dtype, quiet_libraries
from stillyou.models.compact import load_compact
from stillyou.models.find import find_model
from stillyou.models.place import speed_up
from stillyou.models.verify import NETWORKS, missing_weights


def autoencoder_dtype(folder: Path, dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """Return the precision of the autoencoder beside a denoiser in `dtype`.

    bf16 would cost a level of 8-bit pixels: fp16 has the bits where there is a GPU (`precision.safely` watches over its
    range), else fp32. The tiny autoencoder always runs in fp32, which costs nothing.
    """
    config = folder / "vae" / "config.json"
    tiny = config.exists() and "encoder_block_out_channels" in config.read_text(encoding="utf-8")
    if tiny or dtype is torch.float32 or device.type == "cpu":
        return torch.float32
    return torch.float16


def load_pipeline(
    model: str = "embedded",
    device: str | torch.device = "auto",
    dtype: torch.dtype | None = None,
    speed: SpeedSettings | None = None,
) -> MultiConditionedPipeline:
    """Load a model for editing.

    Args:
        model: A shipped model's name, a model folder (diffusers layout or the compact form), or a hub id `OWNER/NAME`,
            which is downloaded (safetensors, JSON and text files only).
        device: `auto`, `cpu`, `cuda` or a device.
        dtype: Precision of the denoiser, before `speed.precision`; see `autoencoder_dtype` for the autoencoder's.
        speed: How it runs; None leaves the networks as they are on disk, to be trained or saved.

    Raises:
        UsageError: No such model or device.
        StillYouError: The model's folder is damaged, the hub cannot be reached, or the GPU has too little memory.
    """
    chosen = device if isinstance(device, torch.device) else pick_device(device)
    settings = speed or SpeedSettings()
    precision = dtype or pick_dtype(settings.precision, chosen)
    folder = find_model(model)
    _check_kind(folder)
    card = read_card(folder)
    if chosen.type == "cuda":
        sizes = _counted(folder, card.resolution if card else None)
        check_memory(sizes, settings, precision is not torch.float32, free_memory(chosen), str(chosen))
    if card is not None and card.storage == "int8":
        pipeline = load_compact(folder, precision)
    else:
        pipeline = _load_plain(folder, precision, chosen)
    if speed is None:
        return pipeline.to(chosen)
    speed_up(pipeline, speed, chosen)
    return pipeline


def _check_kind(folder: Path) -> None:
    """Refuse a text-to-image model; a damaged index is told when the model is loaded."""
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(index, dict) and "adapter" not in index:
        raise UsageError(
            f"{folder} is a text-to-image model, which cannot edit", "Train on it: stillyou train --base with its name."
        )


def _counted(folder: Path, resolution: int | None) -> Sizes:
    """Read a model's sizes; a folder that does not hold them is damaged."""
    try:
        return read_sizes(folder, resolution)
    except (OSError, ValueError, KeyError, IndexError, TypeError, SafetensorError) as error:
        raise StillYouError(
            f"the model folder {folder} is damaged or incomplete", "Copy or download it again."
        ) from error


def _load_plain(folder: Path, dtype: torch.dtype, device: torch.device) -> MultiConditionedPipeline:
    quiet_libraries()
    options: dict[str, Any] = {"use_safetensors": True, "local_files_only": True}
    try:
        options["dtype"] = {"default": dtype, "vae": autoencoder_dtype(folder, dtype, device)}
        pipeline = MultiConditionedPipeline.from_pretrained(folder, **options)
        for name in NETWORKS:
            _check_complete(folder / name, getattr(pipeline, name))
        return pipeline
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        detail = (str(error).splitlines() or [""])[0]
        raise StillYouError(
            f"the model folder {folder} is damaged or incomplete ({detail:.160})", "Copy or download it again."
        ) from error


def _check_complete(part: Path, network: torch.nn.Module) -> None:
    """Raise ValueError if files lack weights: the libraries would make those up."""
    lacking = missing_weights(part, network)
    if lacking:
        raise ValueError(f"{part.name} lacks {len(lacking)} weights, '{lacking[0]}' first")
