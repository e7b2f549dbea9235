"""Where numbers stop being finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


@torch.no_grad()
def first_not_finite(model: nn.Module, batch: Any) -> str:
    """Name the first part of a model whose weights or results are not finite; empty if all are.

    Args:
        model: Called with the batch, once.
        batch: On the model's device.
    """
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            return f"the weights {name}"
    found: list[str] = []

    def watch(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            tensors = output if isinstance(output, tuple | list) else [output]
            for tensor in tensors:
                broken = isinstance(tensor, torch.Tensor) and tensor.is_floating_point() and not tensor.isfinite().all()
                if broken and not found:
                    found.append(name)

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules() if name]
    try:
        model(batch)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else ""
