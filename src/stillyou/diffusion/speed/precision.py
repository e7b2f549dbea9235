"""Numbers that are not finite: which network made them, and what can be done about it.

fp16 ends at 65,504. Some autoencoders and text encoders reach that; in fp32 they do not, and they are small enough to
run so. The UNet is not: for it bf16 is the remedy, which has fp32's range in the same space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from stillyou.errors import StillYouError


def safely(
    name: str, networks: Sequence[nn.Module], make: Callable[[], torch.Tensor], notes: list[str]
) -> torch.Tensor:
    """Run a small network, and again in fp32 if fp16 was too narrow for it.

    Args:
        name: Of the networks, for people: "the autoencoder".
        networks: What `make` runs; they stay in fp32 after a second run.
        make: Returns the result; called once more at most.
        notes: Gets a line about a second run.
    """
    result = make()
    if not _in_fp16(networks) or bool(result.isfinite().all()):
        return result
    for network in networks:
        network.float()
    notes.append(f"{name} overflowed in fp16 and ran in fp32 instead")
    return make()


def check_denoised(unet: nn.Module, latents: torch.Tensor) -> None:
    """Refuse latents that fp16 was too narrow for.

    Raises:
        StillYouError: The UNet ran in fp16 and its result is not finite.
    """
    if _in_fp16([unet]) and not bool(latents.isfinite().all()):
        raise StillYouError(
            "the UNet overflowed in fp16: its result is not finite",
            "Use --precision bf16, which has the range of fp32, or --precision fp32.",
        )


def _in_fp16(networks: Sequence[nn.Module]) -> bool:
    return any(parameter.dtype is torch.float16 for network in networks for parameter in network.parameters())
