"""Do the configs of a model fit its weights? Told from configs and headers, before memory is given to any network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn

from stillyou.untrusted.model_folder import asks_too_much, read_config
from stillyou.untrusted.rules import told

NETWORKS = ("vae", "text_encoder", "image_encoder", "adapter", "unet")
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


def misfits(part: Path, shapes: Shapes, compact: bool) -> Iterator[str]:
    """Compare weights with an empty network of the class and config."""
    try:
        key = asks_too_much(read_config(part / "config.json"), len(shapes))
        if key:
            yield f"{part.name}/config.json asks for more layers than there are weights ('{key:.60}')"
            return
        expected = {key: tuple(tensor.shape) for key, tensor in _empty_network(part).state_dict().items()}
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        yield f"{part.name}/config.json describes no network ({type(error).__name__}: {told(error, 80)})"
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


def check_finite(name: str, weights: Mapping[str, torch.Tensor]) -> None:
    """Raise ValueError that names the first tensor with a number that is not finite."""
    for key, tensor in weights.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"{name}: '{key}' holds numbers that are not finite")


def check_layers(part: Path) -> None:
    """Raise ValueError if a network's config asks for more layers than there are weights, by their headers alone."""
    if not (part / "config.json").is_file():
        raise ValueError(f"{part.name}/config.json is missing")
    tensors = 0
    for path in sorted(part.glob("*.safetensors")):
        with safe_open(path, "pt") as weights:
            tensors += len(weights.keys())
    key = asks_too_much(read_config(part / "config.json"), tensors)
    if key:
        raise ValueError(f"{part.name}/config.json asks for more layers than there are weights ('{key:.60}')")


def check_fits(folder: Path, compact: bool) -> None:
    """Hold the configs of a model against the headers of its weights, before memory is given to its networks.

    Raises:
        ValueError: A network whose weights are missing or have other shapes than its config says.
    """
    for name in NETWORKS:
        shapes: Shapes = {}
        for path in sorted((folder / name).glob("*.safetensors")):
            with safe_open(path, "pt") as weights:
                shapes |= {key: tuple(weights.get_slice(key).get_shape()) for key in weights.keys()}
        problem = next(misfits(folder / name, shapes, compact), "")
        if problem:
            raise ValueError(problem)


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
    from stillyou.diffusion.autoencoder import is_small, small_class

    config = read_config(part / "config.json")
    with torch.device("meta"):
        if part.name == "text_encoder":
            return CLIPTextModel(CLIPTextConfig.from_pretrained(part))
        if part.name == "image_encoder":
            return CLIPVisionModel(CLIPVisionConfig.from_pretrained(part))
        classes = {"unet": UNet2DConditionModel, "adapter": ImageAdapter}
        kind = classes.get(part.name, small_class(config) if is_small(config) else AutoencoderKL)
        network: nn.Module = kind.from_config(config)
        return network


def load_scheduler(folder: Path) -> Any:
    """Make a scheduler by the class name in its own config.

    Raises:
        ValueError: The class is no scheduler of diffusers.
        StillYouError: The config is missing or damaged.
    """
    import diffusers

    config = read_config(folder / "scheduler_config.json")
    kind = getattr(diffusers, str(config.get("_class_name")), None)
    if not (isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)):
        raise ValueError(f"{config.get('_class_name')} is no scheduler")
    scheduler: Any = kind
    return scheduler.from_config(config)
