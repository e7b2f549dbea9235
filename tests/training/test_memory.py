"""Counted memory: against what autograd really keeps, by hand, and what is proposed where it does not fit."""

from __future__ import annotations

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch.autograd.graph import saved_tensors_hooks

from stillyou.bench.sizes import _unet
from stillyou.errors import StillYouError
from stillyou.training.config import EditorSettings, LoraSettings
from stillyou.training.editor.memory import Subject, count_activations, count_memory, refuse_if_too_large, sketch_unet
from tests.sd_tiny import _unet as tiny_unet

FULL = EditorSettings(frozen_encoders=True, batch=1)
LORA = FULL.model_copy(update={"lora": LoraSettings(rank=64)})
THRIFTY = {"gradient_checkpointing": True}


@pytest.fixture(scope="module")
def sd15() -> Subject:
    with torch.device("meta"):
        config = dict(UNet2DConditionModel(**_unet()).config)
    return Subject(config, adapter=1024 * 768 + 768 + 54 * 50 + 50, tokens=127, latent_size=64)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_counts_what_autograd_keeps(checkpointing: bool) -> None:
    """The same pass with real tensors; fused attention on a CPU keeps small sums more."""
    unet = tiny_unet(8, 64, 64)
    what = Subject(dict(unet.config), adapter=0, tokens=82, latent_size=8)
    settings = FULL.model_copy(update={"gradient_checkpointing": checkpointing})
    counted = count_activations(sketch_unet(what, settings, torch.float32), what, settings, 2)
    weights = {parameter.untyped_storage().data_ptr() for parameter in unet.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        unet(torch.randn(2, 8, 8, 8), torch.zeros(2), torch.randn(2, 82, 64, requires_grad=True))
    real = sum(storage.nbytes() for storage in kept.values())
    if checkpointing:
        assert counted < 0.6 * real
    else:
        assert counted == pytest.approx(real, rel=0.1)


def test_weights_gradients_and_moments_by_hand(sd15: Subject) -> None:
    parts = count_memory(sd15, FULL, 1, half=True)
    trained = 859_520_964 + 320 * 4 * 9 + sd15.adapter  # Stable Diffusion 1.5's UNet, four input channels more
    assert parts["weights"] == parts["gradients"] == parts["average"] == 4 * trained
    assert parts["moments"] == 8 * trained and parts["casts"] == 2 * trained
    eight = count_memory(sd15, FULL.model_copy(update={"eight_bit": True, "ema_decay": 0.0}), 1, half=True)
    assert eight["moments"] == 2 * trained and eight["average"] == 0
    shared = count_memory(sd15, FULL.model_copy(update={"shard": True}), 1, half=True, processes=4)
    assert shared["moments"] == 8 * (trained // 4) and shared["activations"] == parts["activations"]


def test_full_training_fits_24_gb_and_lora_12(sd15: Subject) -> None:
    def total(settings: EditorSettings) -> float:
        return sum(count_memory(sd15, settings, 1, half=True).values())

    thrifty = total(FULL.model_copy(update=THRIFTY))
    assert total(LORA) < 12e9 < thrifty < total(FULL) < 24e9


def test_too_little_memory_names_what_would_fit(sd15: Subject) -> None:
    with pytest.raises(StillYouError, match=r"needs about 2\d\.\d GB, the device has 16\.0 GB .*--eight-bit") as error:
        refuse_if_too_large(sd15, FULL, 1, True, 16e9, 16e9)
    assert "--lora" not in str(error.value)
    with pytest.raises(StillYouError, match="--gradient-checkpointing --eight-bit --lora 64"):
        refuse_if_too_large(sd15, FULL, 1, True, 8e9, 8e9)
    refuse_if_too_large(sd15, LORA, 1, True, 12e9, 12e9)
