"""Whether a base fits on a GPU, told from the headers of its weights before any are loaded."""

from __future__ import annotations

from pathlib import Path

import torch

from stillyou.diffusion.speed.memory import GIGABYTE, bytes_needed, free_memory, read_sizes
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import StillYouError


def check_room(folder: Path, dtype: torch.dtype, device: torch.device, resolution: int | None, batch: int = 1) -> None:
    """Refuse a base that would not fit; a CPU always passes.

    The count is that of an edit (`speed.memory`): four rows a picture, which is what a target with shared attention
    takes. ControlNets and IP-Adapters come on top.

    Args:
        folder: The base.
        dtype: Of its networks; the autoencoder's is fp32.
        device: Where it is to run.
        resolution: Side of the pictures; None is the base's own.
        batch: Pairs at a time.

    Raises:
        StillYouError: It needs more than is free; the message says how much, and what would fit.
    """
    if device.type != "cuda":
        return
    sizes, half = read_sizes(folder, resolution), dtype.itemsize == 2
    needed, free = bytes_needed(sizes, SpeedSettings(batch=batch), half), free_memory(device)
    if needed > free:
        told = (
            f"the base {folder} needs about {needed / GIGABYTE:.1f} GB on {device}, and {free / GIGABYTE:.1f} are free"
        )
        raise StillYouError(told, "A smaller base, or CUDA_VISIBLE_DEVICES= to draw on the CPU, would fit.")
