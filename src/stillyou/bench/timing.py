"""Fair clocks: paths take turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch

Run = Callable[[], object]
GIGABYTE = 1e9


def wait(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(run: Run, device: torch.device) -> float:
    """Time one call, in seconds, to the end of its work on the device."""
    wait(device)
    start = time.perf_counter()
    run()
    wait(device)
    return time.perf_counter() - start


def in_turn(
    runs: Mapping[str, Run], times: int, device: torch.device, deadline: float = float("inf")
) -> dict[str, list[float]]:
    """Time calls in turn: a, b, a, b, ...

    Args:
        runs: What to time, by name; each has been called before (nothing is warmed up here).
        times: How often each is called.
        device: What to wait for.
        deadline: `time.monotonic()` after which no further round begins; the first always does.

    Returns:
        Seconds of each call, by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for done in range(times):
        if done and time.monotonic() > deadline:
            break
        for name, run in runs.items():
            seconds[name].append(seconds_of(run, device))
    return seconds


@dataclass
class Peak:
    """Most GPU memory allocated since a point in time, beyond what was allocated then; None on a CPU."""

    gigabytes: float | None = None


@contextmanager
def peak_memory(device: torch.device, resident: int = 0, *, whole_pool: bool = False) -> Iterator[Peak]:
    """Measure the most memory that is allocated inside the block.

    Args:
        device: A GPU; on a CPU nothing is measured.
        resident: Bytes allocated by others, which are not counted; see `allocated`.
        whole_pool: Count what the allocator holds rather than what tensors use: CUDA graphs keep memory of their own.
    """
    peak = Peak()
    if device.type != "cuda":
        yield peak
        return
    wait(device)
    torch.cuda.reset_peak_memory_stats(device)
    try:
        yield peak
    finally:
        wait(device)
        most = torch.cuda.max_memory_reserved if whole_pool else torch.cuda.max_memory_allocated
        peak.gigabytes = round((most(device) - resident) / GIGABYTE, 3)


def allocated(device: torch.device) -> int:
    """Return the bytes allocated on a GPU now, garbage collected; 0 on a CPU."""
    gc.collect()
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    return torch.cuda.memory_allocated(device)
