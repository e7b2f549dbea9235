"""The optimizer, where the model goes and how it is wrapped for processes, and a step's batch in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from accelerate import Accelerator

from stillyou.errors import requires
from stillyou.training.config import Optimisation
from stillyou.training.loop.task import Task

_BETAS = (0.9, 0.99)

Whole = TypeVar("Whole")


def make_optimizer(
    parameters: Sequence[torch.nn.Parameter], settings: Optimisation, device: torch.device
) -> torch.optim.Optimizer:
    """Return AdamW: PyTorch's, fused on a GPU, or that of bitsandbytes with moments in 8 bits.

    Raises:
        StillYouError: 8 bits are asked for and bitsandbytes is not installed.
    """
    common: dict[str, Any] = {
        "lr": settings.learning_rate,
        "betas": _BETAS,
        "weight_decay": settings.weight_decay,
    }
    if settings.eight_bit:
        requires("eight-bit", "bitsandbytes")
        from bitsandbytes.optim import AdamW8bit  # type: ignore[import-not-found, unused-ignore]

        optimizer: torch.optim.Optimizer = AdamW8bit(parameters, **common)
        return optimizer
    return torch.optim.AdamW(parameters, fused=device.type == "cuda", **common)


def place(task: Task, device: torch.device) -> None:
    """Put the model on the device, whole or as a share."""
    task.model.to(device)
    if task.shard is not None:
        task.shard(device)


def wrap(accelerator: Accelerator, task: Task, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
    """Let accelerate wrap model and optimizer; a model that is shared already is left as it is."""
    if task.shard is not None:
        return task.model, accelerator.prepare(optimizer)
    model, wrapped = accelerator.prepare(task.model, optimizer)
    return model, wrapped


def split_batch(batch: Whole, parts: int) -> list[Whole]:
    """Cut a batch (a dataclass of tensors with B rows, or None) into equal parts; one part is the batch itself."""
    if parts == 1:
        return [batch]
    fields = [field.name for field in dataclasses.fields(batch)]  # type: ignore[arg-type]
    values = (getattr(batch, name) for name in fields)
    columns = [(None,) * parts if value is None else value.chunk(parts) for value in values]
    return [type(batch)(**dict(zip(fields, part, strict=True))) for part in zip(*columns, strict=True)]
