"""Finding and loading models: the embedded one by name, folders, hub ids."""

from __future__ import annotations

import logging
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from stillyou.diffusion.autoencoder import LatentAutoencoderTiny
from stillyou.diffusion.card import read_card
from stillyou.diffusion.compact import load_compact
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError, nearest

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_FILES = ["*.json", "*.txt", "*.safetensors"]


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


def load_pipeline(
    model: str = "embedded", device: str | torch.device = "auto", dtype: torch.dtype | None = None
) -> MultiConditionedPipeline:
    """Load a model for editing.

    Args:
        model: A shipped model's name, a model folder (diffusers layout or the compact form), or a hub id `OWNER/NAME`,
            which is downloaded (safetensors, JSON and text files only).
        device: `auto`, `cpu`, `cuda` or a device.
        dtype: Precision; None picks what is fast on the device. The tiny autoencoder always runs in
            fp32: bf16 would cost a level of 8-bit pixels and save nothing.

    Raises:
        UsageError: No such model or device.
        StillYouError: The model's folder is damaged, or the hub cannot be reached.
    """
    chosen = device if isinstance(device, torch.device) else pick_device(device)
    precision = dtype or pick_dtype(chosen)
    folder = find_model(model)
    card = read_card(folder)
    if card is not None and card.storage == "int8":
        pipeline = load_compact(folder, precision)
    else:
        pipeline = _load_plain(folder, precision)
    pipeline = pipeline.to(chosen)
    if isinstance(pipeline.vae, LatentAutoencoderTiny):
        pipeline.vae.float()
    return pipeline


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
    if _HUB_ID.fullmatch(model) and not model.startswith(".") and not folder.parent.is_dir():
        return _download(model)
    raise UsageError(f"there is no model '{model}', neither by name nor as a folder", nearest(model, shipped))


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=_HUB_FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise StillYouError(
            f"cannot get the model '{hub_id}' from the hub ({type(error).__name__})",
            "Check the name and the network, or download it and give its folder.",
        ) from error


def _load_plain(folder: Path, dtype: torch.dtype) -> MultiConditionedPipeline:
    # What goes wrong is said once, by us; the libraries' own lines and bars would stand in between.
    for library in (diffusers_logging, transformers_logging):
        library.disable_progress_bar()
    diffusers_logging.set_verbosity(logging.CRITICAL)
    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "local_files_only": True}
    try:
        return MultiConditionedPipeline.from_pretrained(folder, **options)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        detail = (str(error).splitlines() or [""])[0]
        raise StillYouError(
            f"the model folder {folder} is damaged or incomplete ({detail:.160})", "Copy or download it again."
        ) from error
