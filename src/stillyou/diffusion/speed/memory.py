"""How much GPU memory an edit needs, counted before any is spent.

    weights     parameters x bytes each; with offload the largest two networks that meet, not all
    UNet        batch x branches x h x w x (channels of the finest level) x bytes x 60
    autoencoder batch x H x W x (channels of its finest level) x bytes x 12

The two activations never meet. The factors, 60 and 12 planes of the finest level alive at once, are upper bounds
counted from the graphs: skip connections, the gated feed-forward layer (8 planes wide), norms that compute in fp32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from stillyou.diffusion.autoencoder import channels_a_pixel, is_small
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import StillYouError
from stillyou.untrusted.model_folder import read_config

_UNET_PLANES, _AUTOENCODER_PLANES = 60, 12
_BRANCHES = 5
_RESERVE = 0.4e9
"""What CUDA itself and the libraries' workspaces take."""
_TILES = 4
GIGABYTE = 1e9


@dataclass(frozen=True)
class Sizes:
    """What the count needs to know of a model.

    Attributes:
        parameters: Of each network, by component.
        unet_channels: Of the UNet's finest level.
        autoencoder_channels: Of the autoencoder's finest level.
        resolution: Side of the pictures in pixels.
        tiny_autoencoder: Whether the autoencoder is the small kind, which always runs in fp32.
    """

    parameters: Mapping[str, int]
    unet_channels: int
    autoencoder_channels: float
    resolution: int
    tiny_autoencoder: bool = False

    @property
    def total(self) -> int:
        """Parameters of all networks."""
        return sum(self.parameters.values())


def read_sizes(folder: Path, resolution: int | None = None) -> Sizes:
    """Read a model folder's sizes from its configs and the headers of its weights, without loading any.

    Args:
        folder: A model folder of either storage form.
        resolution: Side of the pictures; None takes the UNet's.
    """
    unet, vae = (read_config(folder / name / "config.json") for name in ("unet", "vae"))
    return Sizes(
        parameters={part.name: _parameters(part) for part in sorted(folder.iterdir()) if _weight_files(part)},
        unet_channels=unet["block_out_channels"][0],
        autoencoder_channels=channels_a_pixel(vae),
        resolution=resolution or 8 * unet["sample_size"],
        tiny_autoencoder=is_small(vae),
    )


def _weight_files(part: Path) -> list[Path]:
    return sorted(part.glob("*.safetensors")) if part.is_dir() else []


def _parameters(part: Path) -> int:
    """Count a component's parameters; scales of the int8 form are not parameters."""
    from safetensors import safe_open

    count = 0
    for path in _weight_files(part):
        with safe_open(path, "numpy") as weights:
            count += sum(prod(weights.get_slice(k).get_shape()) for k in weights.keys() if not k.endswith(".scale"))
    return count


def bytes_needed(sizes: Sizes, speed: SpeedSettings, half: bool) -> float:
    """Count the memory of an edit in bytes.

    Args:
        sizes: The model's.
        speed: Batch, offload and tiles.
        half: Whether networks run in 16 bits rather than 32.
    """
    width = 2 if half else 4
    coarse = 4 if sizes.tiny_autoencoder else width
    weights = {name: count * (coarse if name == "vae" else width) for name, count in sizes.parameters.items()}
    pixels = speed.batch * sizes.resolution**2
    unet = _BRANCHES * (pixels / 64) * sizes.unet_channels * width * _UNET_PLANES
    autoencoder: float = pixels * sizes.autoencoder_channels * coarse * _AUTOENCODER_PLANES
    if speed.tile_vae:
        autoencoder /= _TILES * speed.batch
    resident = sum(sorted(weights.values())[-2:]) if speed.offload else sum(weights.values())
    return resident + max(unet, autoencoder) + _RESERVE


def check_memory(sizes: Sizes, speed: SpeedSettings, half: bool, free: float, device: str) -> None:
    """Refuse an edit that would not fit, before anything is loaded.

    Args:
        sizes: The model's.
        speed: How it is to run.
        half: See `bytes_needed`.
        free: Bytes that are free on the GPU.
        device: Its name, for the message.

    Raises:
        StillYouError: It needs more than is free; the message names the settings that would fit.
    """
    needed = bytes_needed(sizes, speed, half)
    if needed <= free:
        return
    fitting = [f"{flags} ({need / GIGABYTE:.1f} GB)" for flags, need in _remedies(sizes, speed, half) if need <= free]
    told = f"an edit needs about {needed / GIGABYTE:.1f} GB on {device}, and {free / GIGABYTE:.1f} GB are free"
    raise StillYouError(told, f"This would fit: {'; '.join(fitting)}." if fitting else "Use --device cpu.")


def _remedies(sizes: Sizes, speed: SpeedSettings, half: bool) -> list[tuple[str, float]]:
    """Return combinations of options that need less, each more of a change than the one before."""
    steps: list[tuple[str, Callable[[SpeedSettings], SpeedSettings]]] = []
    if speed.batch > 1:
        steps.append(("--batch 1", lambda s: s.model_copy(update={"batch": 1})))
    if not half:
        steps.append(("--precision fp16", lambda s: s))
    if not speed.tile_vae:
        steps.append(("--tile-vae", lambda s: s.model_copy(update={"tile_vae": True})))
    if not speed.offload:
        steps.append(("--offload", lambda s: s.model_copy(update={"offload": True, "compile": False})))
    flags, found = [], []
    for flag, change in steps:
        flags.append(flag)
        speed, half = change(speed), half or "fp16" in flag
        found.append((" ".join(flags), bytes_needed(sizes, speed, half)))
    return found


def sizes_of(pipeline: Any, side: int, parameters: Mapping[str, int]) -> Sizes:
    """Return the sizes of a loaded `MultiConditionedPipeline` for pictures of a side in pixels.

    Args:
        pipeline: The model.
        side: Of the pictures.
        parameters: Of the networks that are still to be moved to the GPU.
    """
    vae = pipeline.vae.config
    return Sizes(
        parameters=parameters,
        unet_channels=pipeline.unet.config.block_out_channels[0],
        autoencoder_channels=channels_a_pixel(vae),
        resolution=side,
        tiny_autoencoder=is_small(vae),
    )


def check_room(pipeline: Any, side: int) -> None:
    """Refuse a resolution whose activations would not fit on the GPU beside the loaded networks.

    Args:
        pipeline: A loaded `MultiConditionedPipeline`; one on a CPU always passes.
        side: Side of the pictures in pixels.

    Raises:
        StillYouError: As `check_memory`.
    """
    device = pipeline._execution_device
    if device.type != "cuda":
        return
    sizes = sizes_of(pipeline, side, {})  # all of them are there already
    check_memory(sizes, pipeline.speed, pipeline.unet.dtype.itemsize == 2, free_memory(device), str(device))


def explain_exhaustion(batch: int) -> StillYouError:
    """Return what to say when the GPU's memory ran out after all."""
    remedies = ["--precision fp16", "--tile-vae", "--offload"]
    if batch > 1:
        remedies.insert(0, f"--batch {batch // 2}")
    return StillYouError("the GPU's memory ran out during the edit", f"Use {', '.join(remedies)}, or --device cpu.")


def free_memory(device: Any) -> float:
    """Return the bytes that are free on a GPU."""
    import torch

    return float(torch.cuda.mem_get_info(device)[0])
