"""How much memory training takes, counted before any is spent.

    weights       UNet and adapter: 4 bytes a parameter that is trained, 2 (under autocast) of one that is not
    casts         2 bytes a trained parameter under autocast, which keeps what it cast
    gradients     4 bytes a trained parameter
    moments       8 bytes a trained parameter, 2 in 8 bits
    average       4 bytes a trained parameter, unless `ema_decay` is 0
    activations   what the UNet keeps for its backward pass, found by running it on PyTorch's meta device, where tensors
                  have shapes and no contents; with gradient checkpointing, the inputs of the blocks that are computed
                  again, and the largest of these blocks
    reserve       the CUDA context, workspaces, and what the allocator leaves unused

The frozen encoders are on the device only while the cache is made and while validation edits, when gradients and
activations are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from diffusers import UNet2DConditionModel
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.speed.memory import GIGABYTE
from stillyou.errors import StillYouError
from stillyou.training.config import EditorSettings, LoraSettings
from stillyou.training.editor.frozen import prepare_unet

_RESERVE = 1.2e9


@dataclass(frozen=True)
class Subject:
    """What is trained, by its sizes.

    Attributes:
        unet: The widened UNet's configuration.
        adapter: Parameters of the adapter.
        tokens: Cross-attention tokens, T + N.
        latent_size: Side of the latents.
    """

    unet: Mapping[str, Any]
    adapter: int
    tokens: int
    latent_size: int


def subject(networks: Mapping[str, Any], resolution: int) -> Subject:
    """Return the sizes of networks by name, trained on pictures of a side in pixels."""
    vision = networks["image_encoder"].config
    return Subject(
        unet=dict(networks["unet"].config),
        adapter=sum(parameter.numel() for parameter in networks["adapter"].parameters()),
        tokens=networks["text_encoder"].config.max_position_embeddings
        + (vision.image_size // vision.patch_size) ** 2
        + 1,
        latent_size=resolution // 8,
    )


class FlashAttention:
    """Attention as a fused kernel keeps it for the backward pass: queries, keys, values and result, no weights."""

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Stand in for diffusers' processor; shapes and what is kept are right, values are not."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context)
        result: torch.Tensor = attn.to_out[0](_Keep.apply(q, k, v))  # type: ignore[no-untyped-call]
        return result


class _Keep(torch.autograd.Function):
    """Saves its arguments and its result."""

    @staticmethod
    def forward(ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        result = torch.empty_like(q)
        ctx.save_for_backward(q, k, v, result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return ctx.saved_tensors[:3]


class _Kept:
    """Counts the distinct tensors that autograd saves, weights apart."""

    def __init__(self, weights: set[int]) -> None:
        self._weights, self._seen = weights, dict[int, torch.UntypedStorage]()

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._weights:
            self._seen[storage._cdata] = storage  # kept alive, so that no other gets its number
        return tensor

    @property
    def bytes(self) -> int:
        return sum(storage.nbytes() for storage in self._seen.values())


def sketch_unet(what: Subject, settings: EditorSettings, dtype: torch.dtype) -> Any:
    """Build the UNet as it is trained on PyTorch's meta device, its weights in the precision of the activations."""
    with torch.device("meta"):
        unet: Any = UNet2DConditionModel.from_config(dict(what.unet))
        prepare_unet(unet, settings, 0, dtype)
    nn.Module.to(unet, dtype)
    unet.set_attn_processor(FlashAttention())
    return unet.train()


def count_activations(unet: Any, what: Subject, settings: EditorSettings, batch: int) -> int:
    """Return the bytes that a forward pass of a sketched UNet keeps, see the module.

    Args:
        unet: See `sketch_unet`.
        what: Sizes.
        settings: Checkpointing.
        batch: Samples on one device at a time.
    """
    shape = (batch, what.unet["in_channels"], what.latent_size, what.latent_size)
    x = torch.empty(shape, dtype=unet.dtype, device="meta")
    tokens = torch.empty(batch, what.tokens, what.unet["cross_attention_dim"], dtype=unet.dtype, device="meta")
    weights = {parameter.untyped_storage()._cdata for parameter in unet.parameters()}
    outer, largest = _Kept(weights), [0]

    def counted(block: Callable[..., Any], *inputs: Any) -> Any:
        for tensor in inputs:
            if isinstance(tensor, torch.Tensor):
                outer.add(tensor)
        inner = _Kept(weights)
        with saved_tensors_hooks(inner.add, _back):
            result = block(*inputs)
        largest[0] = max(largest[0], inner.bytes)
        return result

    if settings.gradient_checkpointing:
        unet.enable_gradient_checkpointing(counted)
    with saved_tensors_hooks(outer.add, _back):
        # The tokens need gradients: the adapter, which makes them, is trained.
        unet(x, torch.zeros(batch, device="meta"), encoder_hidden_states=tokens.requires_grad_())
    return outer.bytes + largest[0]


def _back(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def count_memory(
    what: Subject, settings: EditorSettings, batch: int, half: bool, processes: int = 1
) -> dict[str, float]:
    """Return the bytes of a training step by kind, on one device.

    Args:
        what: Sizes.
        settings: What is trained and how.
        batch: Samples on the device at a time.
        half: Whether the step computes in 16 bits.
        processes: How many there are; they divide what they share.
    """
    unet = sketch_unet(what, settings, torch.bfloat16 if half else torch.float32)
    trained = what.adapter + sum(parameter.numel() for parameter in unet.parameters() if parameter.requires_grad)
    frozen = sum(parameter.numel() for parameter in unet.parameters() if not parameter.requires_grad)
    trained = trained // processes if settings.shard else trained
    parts = {
        "weights": 4 * trained + (2 if half else 4) * frozen,
        "casts": 2 * trained if half else 0,
        "gradients": 4 * trained,
        "moments": (2 if settings.eight_bit else 8) * trained,
        "average": 4 * trained if settings.ema_decay else 0,
        "activations": count_activations(unet, what, settings, batch),
        "reserve": _RESERVE,
    }
    return {name: float(value) for name, value in parts.items()}


def check_memory(pipeline: MultiConditionedPipeline, settings: EditorSettings, accelerator: Accelerator) -> None:
    """Refuse a run that a GPU has too little memory for, before anything is moved there.

    Raises:
        StillYouError: With what it needs, what there is, and the options that would fit.
    """
    if accelerator.device.type != "cuda":
        return
    batch = at_a_time(settings, accelerator.num_processes)
    free, total = torch.cuda.mem_get_info(accelerator.device)
    what = subject(pipeline.components, pipeline.resolution)
    half = accelerator.mixed_precision != "no"
    refuse_if_too_large(what, settings, batch, half, free, total, accelerator.num_processes)


def at_a_time(settings: EditorSettings, processes: int) -> int:
    """Return how many samples are on one device at a time."""
    return max(1, settings.batch // (processes * settings.accumulation))


def refuse_if_too_large(
    what: Subject, settings: EditorSettings, batch: int, half: bool, free: float, total: float, processes: int = 1
) -> None:
    """Raise StillYouError if a step needs more than is free; see `check_memory`."""
    needed = sum(count_memory(what, settings, batch, half, processes).values())
    if needed <= free:
        return
    fitting = next(
        (flags for flags, other, part in remedies(settings, batch) if _fits(what, other, part, half, free)), ""
    )
    raise StillYouError(
        f"training needs about {needed / GIGABYTE:.1f} GB, "
        f"the device has {free / GIGABYTE:.1f} GB free of {total / GIGABYTE:.1f}",
        f"Try {fitting}." if fitting else "No combination of --lora, --gradient-checkpointing and --eight-bit fits.",
    )


def _fits(what: Subject, settings: EditorSettings, batch: int, half: bool, free: float) -> bool:
    return sum(count_memory(what, settings, batch, half).values()) <= free


def remedies(settings: EditorSettings, batch: int) -> list[tuple[str, EditorSettings, int]]:
    """Return options that need less memory, each more of a change than the one before, with the batch at a time."""
    steps: list[tuple[str, dict[str, object], int]] = []
    if not settings.gradient_checkpointing:
        steps.append(("--gradient-checkpointing", {"gradient_checkpointing": True}, batch))
    if batch > 1:
        steps.append((f"--accumulation {settings.accumulation * batch}", {}, 1))
    if not settings.eight_bit:
        steps.append(("--eight-bit", {"eight_bit": True}, 1))
    if settings.lora is None:
        steps.append(("--lora 64", {"lora": LoraSettings(rank=64)}, 1))
    found, flags, change = [], [], dict[str, object]()
    for flag, update, part in steps:
        flags.append(flag)
        change |= update
        found.append((" ".join(flags), settings.model_copy(update=change), part))
    return found
