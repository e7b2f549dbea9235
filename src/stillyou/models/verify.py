"""Looking at every byte of a model folder: is it whole, safe to load, and what its configs say?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from stillyou.diffusion.card import read_card
from stillyou.diffusion.checksums import CHECKSUMS_NAME, file_sum, model_files, read_checksums
from stillyou.diffusion.lora import ADAPTER_NAME
from stillyou.errors import StillYouError
from stillyou.models.lora_choice import WEIGHTS_NAME

NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")
_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
_UNFINISHED = (".incomplete", ".part", ".tmp", ".crdownload")
_POINTER = b"version https://git-lfs"
_PREFIXES = ("text_model.", "vision_model.")
"""Names that older transformers put before the keys of its CLIP models."""
_OLD_NAMES = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
"""What older diffusers called an autoencoder's attention."""

Shapes = dict[str, tuple[int, ...]]


@dataclass
class Verification:
    """What was found in a folder.

    Attributes:
        problems: What is wrong, a line each; none if the model is fine.
        files: Files that were read.
        bytes: Their size together.
        tensors: Tensors that were read.
        checksums: Whether the folder has checksums to hold its files against.
    """

    problems: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    tensors: int = 0
    checksums: bool = False


def verify_model(folder: Path, progress: Callable[[str], None] = lambda name: None) -> Verification:
    """Check a model folder of either storage form, or a LoRA's.

    Args:
        folder: Holds `model_index.json`, or a LoRA's files.
        progress: Called with the name of each file before it is read.

    Returns:
        All problems: missing, unfinished, damaged or changed files, pickles, weights that are not finite or do not have
        the shapes that their configs say.
    """
    found = Verification()
    found.problems += _unsafe(folder)
    if (folder / WEIGHTS_NAME).is_file():
        _check_lora(folder, found, progress)
        return found
    found.problems += _structure(folder)
    _hold_against_checksums(folder, found, progress)
    try:
        card = read_card(folder)
        compact = card is not None and card.storage == "int8"
    except StillYouError as error:
        found.problems.append(error.what)
        compact = False
    for name in NETWORKS:
        if (folder / name).is_dir():
            _check_network(folder / name, found, compact, progress)
    return found


def _check_lora(folder: Path, found: Verification, progress: Callable[[str], None]) -> None:
    """Read the updates of the UNet and the adapter's weights; whether they fit a base is seen when they are loaded."""
    for name in (WEIGHTS_NAME, ADAPTER_NAME):
        path = folder / name
        if not path.is_file():
            found.problems.append(f"{name} is missing")
            continue
        progress(name)
        found.files, found.bytes = found.files + 1, found.bytes + path.stat().st_size
        _read_weights(path, name, found)


def _unsafe(folder: Path) -> Iterator[str]:
    """Name pickles, which may hold code, and downloads that stopped."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in _PICKLES:
            yield f"{name} is a pickle, which may hold code; stillyou never reads it: delete it"
        elif path.suffix in _UNFINISHED or path.name.startswith(".part-"):
            yield f"{name} is left over from a download or save that stopped: delete it"


def _structure(folder: Path) -> Iterator[str]:
    """Name what `model_index.json` promises and the folder lacks."""
    index = _json(folder / "model_index.json")
    if index is None:
        yield "model_index.json is missing or damaged"
        return
    parts = [name for name, value in index.items() if isinstance(value, list) and value[0] is not None]
    for name in [*parts, *(network for network in NETWORKS if network not in parts)]:
        if not (folder / name).is_dir():
            yield f"{name}/ is missing"
        elif name in NETWORKS and _json(folder / name / "config.json") is None:
            yield f"{name}/config.json is missing or damaged"


def _json(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _hold_against_checksums(folder: Path, found: Verification, progress: Callable[[str], None]) -> None:
    try:
        sums = read_checksums(folder)
    except StillYouError as error:
        found.problems.append(error.what)
        return
    if sums is None:
        return
    found.checksums = True
    present = set(model_files(folder))
    for name, recorded in sums.files.items():
        if name not in present:
            found.problems.append(f"{name} is missing")
            continue
        progress(name)
        actual = file_sum(folder / name)
        if actual.bytes != recorded.bytes:
            found.problems.append(f"{name} has {actual.bytes:,} bytes instead of {recorded.bytes:,}")
        elif actual != recorded:
            found.problems.append(f"{name} is not the file that {CHECKSUMS_NAME} was written for")
    found.problems += [f"{name} is not in {CHECKSUMS_NAME}" for name in sorted(present - set(sums.files))]


def _check_network(part: Path, found: Verification, compact: bool, progress: Callable[[str], None]) -> None:
    """Read a component's weights and compare their shapes with those of the class that its config describes."""
    paths = sorted(part.glob("*.safetensors"))
    if not paths:
        found.problems.append(f"{part.name}/ has no .safetensors file")
        return
    shards = (_json(path) or {} for path in part.glob("*.safetensors.index.json"))
    wanted = {str(name) for index in shards for name in index.get("weight_map", {}).values()}
    found.problems += [f"{part.name}/{name} is missing" for name in sorted(wanted - {path.name for path in paths})]
    shapes: Shapes = {}
    for path in paths:
        progress(f"{part.name}/{path.name}")
        found.files, found.bytes = found.files + 1, found.bytes + path.stat().st_size
        shapes |= _read_weights(path, f"{part.name}/{path.name}", found)
    if not found.problems:
        found.problems += _misfits(part, shapes, compact)


def _read_weights(path: Path, name: str, found: Verification) -> Shapes:
    """Read every tensor of a file; return shapes by key."""
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            found.problems.append(f"{name} is a Git LFS pointer, not the weights: run 'git lfs pull'")
            return {}
    shapes: Shapes = {}
    try:
        with safe_open(path, "pt") as weights:
            for key in weights.keys():
                tensor = weights.get_tensor(key)
                shapes[key] = tuple(tensor.shape)
                if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                    found.problems.append(f"{name}: '{key}' holds numbers that are not finite")
    except (SafetensorError, OSError, ValueError) as error:
        found.problems.append(f"{name} is damaged or only partly there ({str(error).splitlines()[0]:.80})")
    found.tensors += len(shapes)
    return shapes


def _misfits(part: Path, shapes: Shapes, compact: bool) -> Iterator[str]:
    """Compare weights with an empty network of the class and config."""
    try:
        expected = {key: tuple(tensor.shape) for key, tensor in _empty_network(part).state_dict().items()}
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        yield f"{part.name}/config.json describes no network ({type(error).__name__}: {str(error):.80})"
        return
    if compact:
        shapes = {key: shape for key, shape in shapes.items() if not key.endswith(".scale")}
    actual = _modern(shapes, expected)
    missing = _missing(actual, expected)
    wrong = [key for key, shape in expected.items() if key in actual and actual[key] != shape]
    if missing:
        yield f"{part.name}: {len(missing)} weights are missing, '{missing[0]}' first"
    if wrong:
        key = wrong[0]
        others = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield f"{part.name}: '{key}' has shape {actual[key]}, its config says {expected[key]}{others}"


def missing_weights(part: Path, network: nn.Module) -> list[str]:
    """Return the weights of a network that its folder's files do not hold, by their headers alone."""
    found: Shapes = {}
    for path in sorted(part.glob("*.safetensors")):
        with safe_open(path, "pt") as weights:
            found |= dict.fromkeys(weights.keys(), ())
    expected: Shapes = dict.fromkeys(network.state_dict(), ())
    return _missing(_modern(found, expected), expected)


def _missing(actual: Shapes, expected: Shapes) -> list[str]:
    """Return the keys that are missing; position ids are no weights."""
    return [key for key in expected if key not in actual and not key.endswith("position_ids")]


def _modern(shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> Shapes:
    """Give weights of older libraries the names of today's."""
    renamed = {}
    for key, shape in shapes.items():
        for prefix in _PREFIXES:
            if key.startswith(prefix) and key not in expected:
                key = key.removeprefix(prefix)
        if key not in expected:
            for old, new in _OLD_NAMES:
                key = key.replace(old, new)
        renamed[key] = shape
    return renamed


def _empty_network(part: Path) -> nn.Module:
    """Build a component's network without memory for its weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

    from stillyou.diffusion.adapter import ImageAdapter
    from stillyou.diffusion.autoencoder import LatentAutoencoderTiny

    config = _json(part / "config.json") or {}
    with torch.device("meta"):
        if part.name == "text_encoder":
            return CLIPTextModel(CLIPTextConfig.from_pretrained(part))
        if part.name == "image_encoder":
            return CLIPVisionModel(CLIPVisionConfig.from_pretrained(part))
        tiny = "encoder_block_out_channels" in config
        classes = {"unet": UNet2DConditionModel, "adapter": ImageAdapter}
        kind = classes.get(part.name, LatentAutoencoderTiny if tiny else AutoencoderKL)
        network: nn.Module = kind.from_config(config)
        return network
