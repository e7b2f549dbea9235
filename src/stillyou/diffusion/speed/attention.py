"""The UNet's attention with its projections in one matrix, and back: the same numbers in fewer GPU kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention

_FUSED = ("to_qkv", "to_kv")


def fuse_attention(unet: UNet2DConditionModel) -> None:
    """Give attention one matrix for its projections; a UNet with LoRA layers is left as it is."""
    if not any(name.endswith("base_layer") for name, _ in unet.named_modules()):
        with torch.no_grad():
            unet.fuse_qkv_projections()


def split_attention(unet: UNet2DConditionModel) -> bool:
    """Undo `fuse_attention`, so that the weights have their ordinary names again; tell whether there was anything."""
    fused = [module for module in unet.modules() if isinstance(module, Attention) and module.fused_projections]
    if fused:
        unet.unfuse_qkv_projections()
    for module in fused:
        for name in _FUSED:
            if hasattr(module, name):
                delattr(module, name)
        module.fused_projections = False
    return bool(fused)


@contextmanager
def ordinary_attention(unet: UNet2DConditionModel) -> Iterator[None]:
    """Keep attention split inside the block, as other programs expect the weights in a file."""
    fused = split_attention(unet)
    try:
        yield
    finally:
        if fused:
            fuse_attention(unet)
