"""Finding and loading models: the embedded one by name, folders, hub ids."""

from __future__ import annotations

import json
import logging
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from stillyou.diffusion.card import read_card
from stillyou.diffusion.checksums import FILE_KINDS
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.memory import Sizes, check_memory, free_memory, read_sizes
from stillyou.diffusion.speed.settings import Precision, SpeedSettings
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.models.compact import load_compact
from stillyou.models.place import speed_up
from stillyou.models.verify import NETWORKS, missing_weights

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_FILES = [f"*{kind}" for kind in FILE_KINDS]
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def shipped_models() -> dict[str, Path]:
    """Return the models that come with the package, by name."""
    root = Path(str(files("stillyou") / "weights"))
    return {path.parent.name: path.parent for path in sorted(root.glob("*/stillyou.json"))}


def pick_device(device: str = "auto") -> torch.device:
    """Turn `auto`, `cpu` or `cuda` (also `cuda:N`) into a device that exists.

    Raises:
        UsageError: An unknown name, or no such GPU here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise UsageError(f"unknown device '{device}'", "Use auto, cpu or cuda.")
    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"there is no GPU '{device}' that PyTorch can use here", "Use --device cpu.")
    return chosen


def pick_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 where it is fast (GPUs from Ampere on, CPUs with AMX), else fp32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    has_amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
    return torch.bfloat16 if has_amx else torch.float32


def as_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Turn a precision by name into a type that the device computes in.

    Raises:
        UsageError: fp16 on a CPU.
    """
    if precision == "auto":
        return pick_dtype(device)
    if precision == "fp16" and device.type == "cpu":
        raise UsageError("fp16 needs a GPU", "Use --precision bf16 or fp32.")
    return _DTYPES[precision]


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
    precision = dtype or as_dtype(settings.precision, chosen)
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


def find_model(model: str) -> Path:
    """Return the folder of a model given by name, folder or hub id; see `load_pipeline`."""
    shipped = shipped_models()
    if model in shipped:
        return shipped[model]
    folder = Path(model)
    if folder.is_dir():
        if not (folder / "model_index.json").exists():
            raise UsageError(f"{model} is no model folder: it has no model_index.json", "Name the folder that has one.")
        return folder
    if is_hub_id(model):
        return _download(model)
    raise UsageError(f"there is no model '{model}', neither by name nor as a folder", nearest(model, shipped))


def is_hub_id(model: str) -> bool:
    """Tell whether a name that is no folder here can be a hub repository, `OWNER/NAME`."""
    return bool(_HUB_ID.fullmatch(model)) and not model.startswith(".") and not Path(model).parent.is_dir()


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, allow_patterns=_HUB_FILES))
    except Exception as error:  # the transport's own classes differ between versions of the hub's library
        raise StillYouError(
            f"cannot get the model '{hub_id}' from the hub ({type(error).__name__})",
            "Check the name and the network, or download it and give its folder.",
        ) from error


def _load_plain(folder: Path, dtype: torch.dtype, device: torch.device) -> MultiConditionedPipeline:
    # What goes wrong is said once, by us; the libraries' own lines and bars would stand in between.
    for library in (diffusers_logging, transformers_logging):
        library.disable_progress_bar()
    diffusers_logging.set_verbosity(logging.CRITICAL)
    transformers_logging.set_verbosity(logging.CRITICAL)
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
