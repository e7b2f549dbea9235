"""What the machine offers: cores, shared memory, devices, the precision that is fast here, and quiet libraries.

`auto` precision is bf16 where that is really fast. Every GPU from Ampere on is. A CPU must say that it has instructions
for it (AMX or AVX-512 BF16), and a trial of a few milliseconds must agree, because virtual machines and old libraries
offer instructions that gain nothing. The answer is kept in the user's cache, for that CPU and version of PyTorch: so
one machine computes the same bits every time. `STILLYOU_PRECISION` and `--precision` overrule it.

PyTorch is imported inside the functions that need it: the command line reads this module at every start.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, get_args

from stillyou.errors import StillYouError, UsageError
from stillyou.files import write_json

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "bf16", "fp16", "fp32"]
PRECISION_VARIABLE = "STILLYOU_PRECISION"
_SHARED = "/dev/shm"
_GAIN = 0.8
"""bf16 counts as fast if the trial takes at most this share of what it takes in fp32."""
_RUNS = 5
_LARGEST_CACHE = 100_000
"""Bytes; ours has a line a CPU, so a larger file is not ours."""
_KEPT_CPUS = 20


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shared_memory() -> int:
    """Return the bytes of shared memory that loaders may fill; containers often have little."""
    return shutil.disk_usage(_SHARED).free // 2 if os.path.isdir(_SHARED) else 0


def quiet_libraries() -> None:
    """Keep the bars and lines of diffusers and transformers away: what goes wrong is said once, by us."""
    import logging

    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.disable_progress_bar()
        library.set_verbosity(logging.CRITICAL)


def pick_device(device: str = "auto") -> torch.device:
    """Turn `auto`, `cpu` or `cuda` (also `cuda:N`) into a device that exists.

    Raises:
        UsageError: An unknown name, or no such GPU here.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise UsageError(f"unknown device '{device}'", "Use auto, cpu or cuda.")
    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"there is no GPU '{device}' that PyTorch can use here", "Use --device cpu.")
    return chosen


def pick_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Turn a precision by name into a type that the device computes in; see the module for `auto`.

    Raises:
        UsageError: fp16 on a CPU, or `STILLYOU_PRECISION` names no precision.
    """
    import torch

    if precision == "auto":
        precision = _asked_for()
    if precision == "auto":
        return torch.bfloat16 if _bf16_is_fast(device) else torch.float32
    if precision == "fp16" and device.type == "cpu":
        raise UsageError("fp16 needs a GPU", "Use --precision bf16 or fp32.")
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]


def _asked_for() -> Precision:
    """Return what the environment asks for; `auto` if it says nothing."""
    value = os.environ.get(PRECISION_VARIABLE) or "auto"
    if value not in get_args(Precision):
        raise UsageError(f"{PRECISION_VARIABLE} is '{value:.40}'", f"Set it to {', '.join(get_args(Precision))}.")
    found: Precision = value  # type: ignore[assignment]
    return found


def _bf16_is_fast(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return cpu_bf16_is_fast(_has_bf16_instructions(), _cpu_name(), _trial_seconds, _cache_file())


def cpu_bf16_is_fast(instructions: bool, name: str, trial: Callable[[bool], float], cache: Path) -> bool:
    """Decide whether a CPU is really fast in bf16.

    Args:
        instructions: Whether it has any for bf16; without them nothing is tried.
        name: Of CPU and library; the answer is kept under it.
        trial: Returns the seconds of a small piece of the network's work, in bf16 or (False) in fp32.
        cache: File with answers. One that is damaged, foreign or cannot be written costs no more than the trial.
    """
    if not instructions:
        return False
    known = _read_answers(cache)
    if name not in known:
        fast = trial(True) <= _GAIN * trial(False)
        known = {**dict(list(known.items())[-_KEPT_CPUS:]), name: fast}
        try:
            write_json(cache, known)
        except (StillYouError, OSError):
            pass
    return known[name]


def _read_answers(cache: Path) -> dict[str, bool]:
    try:
        with cache.open("rb") as file:
            found: Any = json.loads(file.read(_LARGEST_CACHE))
    except (OSError, ValueError, RecursionError):
        return {}
    answers = found.items() if isinstance(found, Mapping) else ()
    return {name: fast for name, fast in answers if isinstance(fast, bool)}


def _cache_file() -> Path:
    """Return where answers are kept, by the platform's custom."""
    folder = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    return Path(folder) / "stillyou" / "bf16.json"


def _has_bf16_instructions() -> bool:
    import torch

    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, check, lambda: False)()) for check in checks)


@lru_cache
def _cpu_name() -> str:
    """Return CPU and PyTorch version, by which an answer is kept."""
    import torch

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.processor() or platform.machine()}, torch {torch.__version__}"


def _trial_seconds(bf16: bool) -> float:
    """Time a convolution and a matrix product of the embedded model's sizes: the median of a few, warmed up."""
    import torch
    from torch.nn import functional

    dtype = torch.bfloat16 if bf16 else torch.float32
    with torch.inference_mode():
        x, kernel = torch.ones(4, 64, 32, 32, dtype=dtype), torch.ones(64, 64, 3, 3, dtype=dtype)
        tokens, matrix = torch.ones(4 * 256, 256, dtype=dtype), torch.ones(256, 256, dtype=dtype)
        seconds = []
        for _ in range(_RUNS + 1):
            start = time.perf_counter()
            functional.conv2d(x, kernel, padding=1)
            tokens @ matrix
            seconds.append(time.perf_counter() - start)
    return median(seconds[1:])
