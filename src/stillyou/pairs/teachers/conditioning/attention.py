"""Attention of a UNet that rules may replace, one step at a time.

A call that shares attention has two halves of rows: targets, then their sources, branch by branch. In every layer a
rule may give the targets the sources' keys and values, or the sources' maps:

    x = softmax(q k^T / sqrt(d)) v          per head

Shapes: R rows of a call (targets, then sources), H heads, L positions, M keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn import functional

from stillyou.effects.conditions import Part


@dataclass(frozen=True)
class Place:
    """One layer of attention.

    Attributes:
        part: Where in the UNet it is.
        cross: Whether it reads tokens rather than the latents' own positions.
    """

    part: Part
    cross: bool


class Rule(Protocol):
    """What happens to attention at one step."""

    def keys_values(self, place: Place, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values (R, M, d) to read."""
        ...

    def wants_maps(self, place: Place, positions: int) -> bool:
        """Tell whether `maps` has something to say of a layer with so many positions."""
        ...

    def maps(self, place: Place, maps: torch.Tensor) -> torch.Tensor:
        """Return the attention maps (R, H, L, M) to use."""
        ...


@dataclass
class AttentionState:
    """What is done to a UNet's attention in its next call; nothing by default.

    Attributes:
        rules: Applied one after another.
        looks: Rows, from the first, that see the image tokens of an IP-Adapter.
        looks_scale: Weight of those tokens.
    """

    rules: Sequence[Rule] = ()
    looks: int = 0
    looks_scale: float = 1.0


class RuledAttention:
    """An attention processor of diffusers that asks the state's rules.

    Args:
        place: The layer.
        state: Shared by all layers.
        adapter: The layer's IP-Adapter processor, whose weights read image tokens; None without one.
    """

    def __init__(self, place: Place, state: AttentionState, adapter: Any | None = None) -> None:
        self.place, self.state, self.adapter = place, state, adapter

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: Any = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Attend: hidden states (R, L, d), and tokens (R, M, d) or, with an IP-Adapter, a tuple (tokens, [looks])."""
        context, looks = hidden_states, None
        if encoder_hidden_states is not None:
            context = encoder_hidden_states
            if isinstance(context, tuple):
                context, looks = context
        queries = attn.to_q(hidden_states)
        keys, values = attn.to_k(context), attn.to_v(context)
        for rule in self.state.rules:
            keys, values = rule.keys_values(self.place, keys, values)
        x = self._attend(attn.heads, queries, keys, values)
        if looks is not None and self.adapter is not None and self.state.looks:
            x = x + self._looked(attn.heads, queries, looks)
        out: torch.Tensor = attn.to_out[1](attn.to_out[0](x))
        return out

    def _attend(self, heads: int, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        q, k, v = (_split(part, heads) for part in (queries, keys, values))
        wanting = [rule for rule in self.state.rules if rule.wants_maps(self.place, q.shape[2])]
        if not wanting:
            return _joined(functional.scaled_dot_product_attention(q, k, v))
        maps = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        for rule in wanting:
            maps = rule.maps(self.place, maps)
        return _joined(maps @ v)

    def _looked(self, heads: int, queries: torch.Tensor, looks: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return what the first rows see of image tokens, 0 in the others."""
        rows, seen = self.state.looks, torch.zeros_like(queries)
        assert self.adapter is not None
        for tokens, to_k, to_v in zip(looks, self.adapter.to_k_ip, self.adapter.to_v_ip, strict=True):
            shown = tokens[:rows].flatten(1, -2)  # (b, pictures, n, w): all image tokens of a row together
            q, k, v = (_split(x, heads) for x in (queries[:rows], to_k(shown), to_v(shown)))
            seen[:rows] += self.state.looks_scale * _joined(functional.scaled_dot_product_attention(q, k, v))
        return seen


def install(unet: Any, state: AttentionState) -> None:
    """Let a UNet's attention ask a state's rules; with none it attends as before."""
    unet.set_attn_processor(
        {
            name: RuledAttention(_place(name), state, processor if hasattr(processor, "to_k_ip") else None)
            for name, processor in unet.attn_processors.items()
        }
    )


def _place(name: str) -> Place:
    """Read a layer's place off the name of its processor, for example up_blocks.1.attentions.0...attn2.processor."""
    part: Part = "down" if name.startswith("down") else "up" if name.startswith("up") else "mid"
    return Place(part, ".attn2." in name)


def _split(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(R, L, H d) to (R, H, L, d)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def _joined(x: torch.Tensor) -> torch.Tensor:
    """(R, H, L, d) to (R, L, H d)."""
    return x.transpose(1, 2).flatten(2)
