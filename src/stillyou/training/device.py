"""Device, precision and processes of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs, ProjectConfiguration

from stillyou.errors import UsageError
from stillyou.machine import cores, pick_device, pick_dtype, shared_memory
from stillyou.training.config import Precision
from stillyou.training.data.stream import Share

_STREAM_WORKERS = 8
TRACKER = "tensorboard"
"""Of those that accelerate offers."""


def make_accelerator(device: str, precision: Precision, *, trackers: Path | None = None) -> Accelerator:
    """Set up what `accelerate launch` chose, or one process on the device asked for.

    Args:
        device: `auto`, `cpu` or `cuda`.
        precision: `auto` is bf16 where it is fast, else fp32.
        trackers: Folder of the run whose figures are tracked, see `tracking`; None tracks none.

    Raises:
        UsageError: No such device, or a precision that it does not have.
    """
    chosen = pick_device(device)
    if precision == "fp16" and chosen.type == "cpu":
        raise UsageError("fp16 needs a GPU", "Use --precision bf16 or fp32.")
    if precision == "auto":
        precision = "bf16" if pick_dtype("auto", chosen) is torch.bfloat16 else "fp32"
    if chosen.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True  # all batches have one shape
        if chosen.index is not None:
            torch.cuda.set_device(chosen)
    if AcceleratorState._shared_state:
        AcceleratorState._reset_state(reset_partial_state=True)  # an earlier run of this process may differ
    mixed = "no" if precision == "fp32" else precision
    # The others wait while the first process renders and encodes, which may take hours.
    patience = InitProcessGroupKwargs(timeout=timedelta(hours=24))
    return Accelerator(
        cpu=chosen.type == "cpu",
        mixed_precision=mixed,
        kwargs_handlers=[patience],
        log_with=None if trackers is None else TRACKER,
        project_config=None if trackers is None else ProjectConfiguration(logging_dir=str(trackers)),
    )


@contextmanager
def tracking(accelerator: Accelerator) -> Iterator[None]:
    """Open accelerate's trackers, and close them at the end; they lie in `RUN/tensorboard`."""
    accelerator.init_trackers(TRACKER)
    try:
        yield
    finally:
        for tracker in accelerator.trackers:
            tracker.finish()


def describe_device(accelerator: Accelerator) -> str:
    """Name the hardware for the model card."""
    count = accelerator.num_processes
    if accelerator.device.type == "cuda":
        name = torch.cuda.get_device_name(accelerator.device)
    else:
        name = f"CPU ({torch.get_num_threads()} threads)"
    return name if count == 1 else f"{count} x {name}"


def fast_precision(device: torch.device) -> torch.autocast:
    """Return autocast to bf16 where that is fast, for encoding; elsewhere it changes nothing.

    On two cores with AMX the embedded model's autoencoder encodes 40 pictures of 256 px a second in bf16; in fp32 a
    training step takes four times as long.
    """
    dtype = pick_dtype("auto", device)
    return torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)


def stream_share(accelerator: Accelerator, batch_bytes: int) -> Share:
    """Return this process's share of batches: none draw ahead on a CPU, whose cores are busy with the networks anyway.

    Args:
        accelerator: The run's device and processes.
        batch_bytes: Size of a drawn batch; shared memory must hold several.
    """
    workers = 0
    if accelerator.device.type != "cpu":
        most = cores() // (2 * accelerator.num_processes)
        workers = max(0, min(_STREAM_WORKERS, most, shared_memory() // (6 * batch_bytes)))
    return Share(accelerator.process_index, accelerator.num_processes, workers)
