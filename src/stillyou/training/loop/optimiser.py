"""The optimizer, and a step's batch in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import torch

from stillyou.errors import requires
from stillyou.training.config import Optimisation

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


def split_batch(batch: Whole, parts: int) -> list[Whole]:
    """Cut a batch (a dataclass of tensors with B rows) into equal parts; one part is the batch itself."""
    if parts == 1:
        return [batch]
    fields = [field.name for field in dataclasses.fields(batch)]  # type: ignore[arg-type]
    columns = [getattr(batch, name).chunk(parts) for name in fields]
    return [type(batch)(**dict(zip(fields, values, strict=True))) for values in zip(*columns, strict=True)]
