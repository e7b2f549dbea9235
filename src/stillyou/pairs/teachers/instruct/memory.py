"""Whether an editor fits into memory, told before it is loaded.

whole         parameters x bytes each + room to work                              on one device
components    the largest component x bytes each + room; the others wait in memory (diffusers' model offload)
layers        room alone; every layer waits in memory (diffusers' sequential offload): slow
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import torch

from stillyou.diffusion.speed.memory import GIGABYTE, free_memory
from stillyou.errors import StillYouError

ROOM = 3.0 * GIGABYTE
"""What activations and the libraries' workspaces take beside the weights; at most, at 1024 px and batch 1."""
_LEAST_ROOM = 1.0 * GIGABYTE
"""What is kept free of the machine's memory."""


@dataclass(frozen=True)
class Placement:
    """How an editor is put into memory, and in words why."""

    how: Literal["whole", "components", "layers"]
    note: str = ""


def weigh(folder: Path) -> dict[str, int]:
    """Return the parameters of each component of a model folder, from the headers of its weights.

    Raises:
        StillYouError: There are none, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    counts: dict[str, int] = {}
    for path in sorted(folder.glob("*/*.safetensors")):
        try:
            with safe_open(path, "numpy") as weights:
                count = sum(prod(weights.get_slice(name).get_shape()) for name in weights.keys())
        except (OSError, SafetensorError) as error:
            raise StillYouError(f"{path} is damaged ({error})", "Download or copy it again.") from error
        counts[path.parent.name] = counts.get(path.parent.name, 0) + count
    if not counts:
        raise StillYouError(f"{folder} has no weights in safetensors", "Download or copy it whole.")
    return counts


def place(counts: Mapping[str, int], device: torch.device, bytes_each: int, free: float | None = None) -> Placement:
    """Decide how a model is put into memory.

    Args:
        counts: Parameters by component.
        device: Where it should run.
        bytes_each: Of a parameter.
        free: Bytes that are free there; None asks the machine.

    Raises:
        StillYouError: It does not fit, with what would.
    """
    total, largest = (bytes_each * float(pick(counts.values())) for pick in (sum, max))
    memory = _free_here() if device.type == "cpu" and free is None else None
    if device.type == "cpu":
        there = memory if free is None else free
        if there is not None and total + _LEAST_ROOM > there:
            raise _too_large("the machine's memory", total + _LEAST_ROOM, there, "Use a machine with more memory.")
        return Placement("whole")
    there = free_memory(device) if free is None else free
    if total + ROOM <= there:
        return Placement("whole")
    if largest + ROOM <= there:
        return Placement("components", f"the editor's components take turns on the GPU ({total / GIGABYTE:.0f} GB)")
    if ROOM <= there:
        return Placement("layers", f"the editor's layers take turns on the GPU ({total / GIGABYTE:.0f} GB); it is slow")
    raise _too_large(f"the GPU {device}", ROOM, there, "Free it, use another, or --base with a smaller editor.")


def _too_large(where: str, needed: float, there: float, remedy: str) -> StillYouError:
    what = f"the editor needs {needed / GIGABYTE:.1f} GB of {where}, of which {there / GIGABYTE:.1f} GB are free"
    return StillYouError(what, remedy)


def _free_here() -> float | None:
    """Return the bytes of memory that are free on this machine; None where nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        names = os.sysconf_names if hasattr(os, "sysconf_names") else {}
        known = "SC_AVPHYS_PAGES" in names
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) if known else None
