"""Weights of small networks that come with the package, which an installation may have damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from stillyou.errors import StillYouError

Network = TypeVar("Network", bound=nn.Module)


def filled(network: Network, file: Path, name: str) -> Network:
    """Return a network with the weights of a file (safetensors, any precision), in fp32, frozen and for inference.

    Args:
        network: Of any weights.
        file: The weights.
        name: What messages call the network.

    Raises:
        StillYouError: The file is missing or damaged.
    """
    try:
        network.load_state_dict({key: value.float() for key, value in load_file(str(file)).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise StillYouError(f"the weights of {name} in {file} are damaged: {reason}", "Install again.") from error
    return network.eval().requires_grad_(False)
