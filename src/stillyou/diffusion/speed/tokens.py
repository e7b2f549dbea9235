"""Tokens that many edits share: those of the same prompts, and those of absent conditions.

Each prompt is encoded by itself, so its tokens are the same bits whatever else is in the batch and whether they were
kept or made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import torch
from torch import nn

_MOST = 64


class TokenCache:
    """Keeps the tokens used last, as long as the networks that made them are unchanged."""

    def __init__(self) -> None:
        # The networks are kept too: an address that is free may become another network's.
        self._kept: OrderedDict[Hashable, tuple[torch.Tensor, Sequence[nn.Module]]] = OrderedDict()

    def get(
        self, name: Hashable, networks: Sequence[nn.Module], device: torch.device, make: Callable[[], torch.Tensor]
    ) -> torch.Tensor:
        """Return kept tokens, or make and keep them.

        Args:
            name: What the tokens are of.
            networks: What makes them; other weights, precision or adapters count as other networks.
            device: Where the tokens are needed.
            make: Makes them.
        """
        key = (name, device, *(_state(network) for network in networks))
        if key not in self._kept:
            self._kept[key] = make(), networks
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _state(network: nn.Module) -> int:
    """Return a number that changes with a network's parameters, their precision and in-place updates."""
    return hash(tuple((id(p), p.dtype, 0 if p.is_inference() else p._version) for p in network.parameters()))
