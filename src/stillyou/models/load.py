"""Loading stored models of either form: by name, from folders, from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from stillyou.diffusion.autoencoder import is_small
from stillyou.diffusion.card import read_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.memory import Sizes, check_memory, free_memory, read_sizes
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import pick_device, pick_dtype, quiet_libraries
from stillyou.models.compact import load_compact
from stillyou.models.find import find_model
from stillyou.models.fits import NETWORKS, check_finite, check_layers, missing_weights
from stillyou.models.place import speed_up
from stillyou.untrusted.model_folder import check_model_folder, read_config, read_index
from stillyou.untrusted.rules import MODEL_FILE, told


def autoencoder_dtype(folder: Path, dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """Return the precision of the autoencoder beside a denoiser in `dtype`.

    bf16 would cost a level of 8-bit pixels: fp16 has the bits where there is a GPU (`precision.safely` watches over its
    range), else fp32. Small autoencoders always run in fp32, which costs nothing.
    """
    config = folder / "vae" / "config.json"
    tiny = config.exists() and is_small(read_config(config))
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
    """Refuse a text-to-image model, and a damaged index."""
    if "adapter" not in read_index(folder / "model_index.json"):
        raise UsageError(
            f"{folder} is a text-to-image model, which cannot edit", "Train on it: stillyou train --base with its name."
        )


def _counted(folder: Path, resolution: int | None) -> Sizes:
    """Read a model's sizes; a folder that does not hold them is damaged."""
    try:
        return read_sizes(folder, resolution)
    except StillYouError:
        raise
    except Exception as error:  # as below
        raise StillYouError(
            f"the model folder {folder} is damaged or incomplete ({told(error)})", "Copy or download it again."
        ) from error


def _load_plain(folder: Path, dtype: torch.dtype, device: torch.device) -> MultiConditionedPipeline:
    quiet_libraries()
    check_model_folder(folder)
    _check_libraries(folder)
    options: dict[str, Any] = {"use_safetensors": True, "local_files_only": True}
    try:
        for name in NETWORKS:
            check_layers(folder / name)
        options["dtype"] = {"default": dtype, "vae": autoencoder_dtype(folder, dtype, device)}
        pipeline = MultiConditionedPipeline.from_pretrained(folder, **options)
        for name in NETWORKS:
            _check_complete(folder / name, getattr(pipeline, name))
        return pipeline
    except StillYouError:
        raise
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        raise StillYouError(
            f"the model folder {folder} is damaged or incomplete ({told(error, 160)})", "Copy or download it again."
        ) from error


def _check_libraries(folder: Path) -> None:
    """Refuse an index that names classes of other libraries, which would be imported."""
    path = folder / "model_index.json"
    for name, value in read_index(path).items():
        known = isinstance(value, list) and str(value[0]).split(".")[0] in ("diffusers", "transformers", "stillyou")
        if name in (*NETWORKS, "tokenizer", "scheduler") and not known:
            raise MODEL_FILE.refuse(path, f"has no usable '{name}': {str(value):.60}")


def _check_complete(part: Path, network: torch.nn.Module) -> None:
    """Raise ValueError if files lack weights, which the libraries would make up, or weights are not finite."""
    lacking = missing_weights(part, network)
    if lacking:
        raise ValueError(f"{part.name} lacks {len(lacking)} weights, '{lacking[0]}' first")
    check_finite(part.name, network.state_dict())
