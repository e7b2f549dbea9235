"""LoRA: low-rank updates of the UNet, in diffusers' usual layout, and the adapter, which is trained whole, beside them.

W' = W + scale · (alpha / rank) · B A        of attention projections and of `conv_in`
a' = a + scale · (a_trained - a)             of the adapter's weights

folder/pytorch_lora_weights.safetensors      keys `unet.*`, as diffusers writes and loads them
folder/adapter.safetensors                   keys `adapter.*`
folder/stillyou.json                         card; `training` names the base
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from safetensors.torch import load_file, save_file
from torch import nn

from stillyou.diffusion.card import ModelCard, write_card
from stillyou.diffusion.speed.attention import split_attention
from stillyou.draws import stable_seed
from stillyou.errors import StillYouError, requires
from stillyou.untrusted.rules import told

ADAPTER_NAME = "adapter.safetensors"
TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "conv_in")
"""What is updated: all attention projections, and the input layer, whose source channels a plain base has at zero."""
_PREFIX = "adapter."
_HALVES = {"lora_A.weight": "A", "lora_B.weight": "B", "lora.down.weight": "A", "lora.up.weight": "B"}
_KEY = re.compile(
    r"(?P<network>unet|text_encoder)\.(?P<module>.+?)\.(?P<half>lora_A\.weight|lora_B\.weight|lora\.down\.weight|"
    r"lora\.up\.weight|alpha)"
)
"""A LoRA's keys as diffusers names them."""


class LoraMixin(StableDiffusionLoraLoaderMixin):
    """diffusers' LoRA methods for a pipeline, extended by the image adapter."""

    adapter: Any
    unet: Any
    _plain_adapter: Mapping[str, torch.Tensor] | None = None

    def load_lora_weights(
        self, source: Any, adapter_name: str | None = None, scale: float = 1.0, **options: Any
    ) -> None:
        """Add a LoRA to the UNet, and move the image adapter towards the trained one if the folder holds it.

        Args:
            source: Folder, hub id or state dict, as diffusers takes it. Only a folder brings the image adapter.
            adapter_name: Name of the LoRA among several.
            scale: How strongly it acts.
            options: diffusers' own.

        Raises:
            StillYouError: It does not fit this model, or is damaged.
        """
        requires("train", "peft")
        name = adapter_name or "stillyou"
        split_attention(self.unet)  # fused projections would not see the updates
        try:
            self._check_keys(self.lora_state_dict(source, **options))
            super().load_lora_weights(source, adapter_name=name, **options)
            self.set_adapters([name], [scale])
            trained = _read_adapter(source)
            if trained:
                self._move_adapter(trained, scale)
        except Exception as error:  # files of others can be wrong in as many ways as there are keys
            detail = told(error, 160)
            shown = source if isinstance(source, str | Path) else "given"
            raise StillYouError(
                f"the LoRA {shown} does not fit this model or is damaged ({detail})",
                "Its stillyou.json names the base it was trained on.",
            ) from error

    @classmethod
    def load_lora_into_text_encoder(
        cls, state_dict: Mapping[str, torch.Tensor], *arguments: Any, **options: Any
    ) -> None:
        """Load what a LoRA from elsewhere has for the text encoder; ours have nothing, and diffusers would warn."""
        if any(key.startswith("text_encoder.") for key in state_dict):
            super().load_lora_into_text_encoder(state_dict, *arguments, **options)

    def _check_keys(self, found: Any) -> None:
        """Refuse updates that would be left out or halved.

        Args:
            found: What diffusers reads of a LoRA, a state dict or a tuple that begins with one.

        Raises:
            ValueError: A key that is none of a LoRA's, of a module that the UNet does not have, or one half of a pair.
        """
        keys = list(found[0] if isinstance(found, tuple) else found)
        modules = dict(self.unet.named_modules())
        halves: dict[str, set[str]] = {}
        for key in keys:
            match = _KEY.fullmatch(key)
            known = match and (match["network"] != "unet" or match["module"] in modules)
            if not known or match is None:
                raise ValueError(f"'{key:.100}' is no update of this model's UNet")
            if match["half"] != "alpha":
                halves.setdefault(f"{match['network']}.{match['module']}", set()).add(_HALVES[match["half"]])
        lonely = next((name for name, parts in halves.items() if len(parts) < 2), None)
        if lonely:
            raise ValueError(f"'{lonely:.100}' has lora_{halves[lonely].pop()} without its other half")
        if not halves:
            raise ValueError("it holds no updates")

    def _move_adapter(self, trained: Mapping[str, torch.Tensor], scale: float) -> None:
        before = {name: tensor.detach().clone() for name, tensor in self.adapter.state_dict().items()}
        moved = {
            name: torch.lerp(before[name].float(), trained[name].to(before[name].device).float(), scale)
            for name in before
        }
        self.adapter.load_state_dict(moved)
        self._plain_adapter = self._plain_adapter or before

    def unload_lora_weights(self, *arguments: Any, **options: Any) -> None:
        """Remove all LoRAs; the image adapter becomes what it was."""
        super().unload_lora_weights(*arguments, **options)
        if self._plain_adapter is not None:
            self.adapter.load_state_dict(self._plain_adapter)
            self._plain_adapter = None

    def merge_lora(self) -> None:
        """Make all loaded LoRAs part of the weights, for good and at their scales; then the model is a plain one."""
        self.fuse_lora(components=["unet"])
        self._plain_adapter = None
        self.unload_lora_weights()


def _read_adapter(source: Any) -> dict[str, torch.Tensor]:
    if not isinstance(source, str | Path) or not (Path(source) / ADAPTER_NAME).is_file():
        return {}
    weights = load_file(Path(source) / ADAPTER_NAME)
    foreign = next((name for name in weights if not name.startswith(_PREFIX)), None)
    if foreign is not None:
        raise ValueError(f"'{foreign:.100}' in {ADAPTER_NAME} is no weight of the image adapter")
    return {name.removeprefix(_PREFIX): tensor for name, tensor in weights.items()}


def add_lora(unet: Any, rank: int, alpha: float, seed: int) -> None:
    """Put trainable low-rank updates into a UNet, in fp32 whatever its own precision; B starts at zero, A at random.

    Args:
        unet: `UNet2DConditionModel`, which is frozen by this.
        rank: Of the updates.
        alpha: The update is (alpha / rank) B A.
        seed: Of A.
    """
    requires("train", "peft")
    from peft import LoraConfig

    unet.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stable_seed(seed, "lora weights"))
        unet.add_adapter(
            LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights="gaussian", target_modules=list(TARGETS))
        )
    for parameter in lora_parameters(unet).values():
        parameter.data = parameter.data.float()


def lora_parameters(unet: nn.Module) -> dict[str, nn.Parameter]:
    """Return the updates' parameters by name."""
    return {name: parameter for name, parameter in unet.named_parameters() if "lora_" in name}


def save_lora(pipeline: Any, folder: Path, card: ModelCard) -> None:
    """Write the LoRA that a pipeline's UNet carries, its adapter, and the card, into an existing folder."""
    from peft.utils import get_peft_model_state_dict

    config = pipeline.unet.peft_config["default"].to_dict()
    metadata = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    weights = {
        name: tensor.detach().cpu().contiguous() for name, tensor in get_peft_model_state_dict(pipeline.unet).items()
    }
    StableDiffusionLoraLoaderMixin.save_lora_weights(
        folder, unet_lora_layers=weights, unet_lora_adapter_metadata=metadata
    )
    adapter = pipeline.adapter.state_dict()
    save_file(
        {_PREFIX + name: tensor.detach().cpu().contiguous() for name, tensor in adapter.items()}, folder / ADAPTER_NAME
    )
    write_card(folder, card)
