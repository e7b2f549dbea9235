"""Sharing weights, gradients, moments and average among processes (PyTorch's `fully_shard`, known as FSDP2).

Each process keeps a part of every tensor; a block's weights come together only while it computes. Where ordinary
training on several GPUs repeats 16 bytes a parameter on each of them, this divides them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(unet: Any, adapter: Any, device: torch.device) -> None:
    """Share the weights of a UNet, block by block, and of an adapter among all processes, in place."""
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    for module in (*unet.down_blocks, unet.mid_block, *unet.up_blocks, unet, adapter):
        fully_shard(module, mesh=mesh)


def settle(model: torch.nn.Module) -> None:
    """Put weights away that a forward pass without a backward pass has left together; they would grow stale."""
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as it is without sharing; all processes call this."""
    full: torch.Tensor = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return full


def wholes(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return shared tensors as they are without sharing, on the CPU one after the other; others as they are."""
    return {
        name: whole(tensor.detach()).cpu() if isinstance(tensor, DTensor) else tensor.detach()
        for name, tensor in tensors.items()
    }


def like(full: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Share a tensor as a parameter of its shape is shared; anything else stays as it is."""
    if not isinstance(parameter, DTensor) or full.shape != parameter.shape:
        return full
    return distribute_tensor(full.to(parameter.device), parameter.device_mesh, parameter.placements)
