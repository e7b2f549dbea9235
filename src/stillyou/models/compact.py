"""The shipped form: weight matrices as int8 with a scale per output channel, the rest in fp16.

Quantisation is storage only: on load every tensor is restored and the standard modules run as usual. A tensor `w` of at
least two dimensions becomes `w` (int8) and `w.scale` (fp16, one per row): w ~ q * scale, scale = max|row| / 127.
Autoencoders stay in fp16, because their errors would show in every pixel, but for the folded one: its copies are as
good in 8 bits to 0.03 dB (docs/results/autoencoder.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from stillyou.diffusion.autoencoder import SMALL, small_class
from stillyou.diffusion.card import forget_places, read_card, write_card
from stillyou.diffusion.checksums import write_checksums
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.files import atomic_path
from stillyou.models.fits import check_finite, check_fits, load_scheduler
from stillyou.untrusted.model_folder import check_model_folder, read_config
from stillyou.untrusted.rules import told

_SCALE = ".scale"
_QUANTISED = ("unet", "text_encoder", "image_encoder", "adapter")
_NETWORKS = ("vae", *_QUANTISED)


def quantise(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Store matrices and kernels as int8 with fp16 row scales, everything else as fp16."""
    packed: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if tensor.ndim < 2 or not tensor.is_floating_point():
            packed[name] = tensor.half() if tensor.is_floating_point() else tensor.clone()
            continue
        rows = tensor.float().flatten(1)
        scale = (rows.abs().amax(dim=1) / 127).clamp_min(1e-7).half()
        q = (rows / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        packed[name], packed[name + _SCALE] = q.view(tensor.shape), scale
    return packed


def restore(packed: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Undo `quantise` into tensors of `dtype`."""
    state = {}
    for name, tensor in packed.items():
        if name.endswith(_SCALE):
            continue
        scale = packed.get(name + _SCALE)
        if scale is not None:
            tensor = tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))
        state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return state


def save_compact(pipeline: MultiConditionedPipeline, folder: str | Path) -> None:
    """Write a pipeline in the shipped form.

    Args:
        pipeline: What to store.
        folder: Made if absent; files appear whole or not at all, the card last.

    Raises:
        UsageError: The autoencoder is of another kind than `load_compact` builds.
    """
    if not isinstance(pipeline.vae, SMALL):
        raise UsageError(
            f"the int8 form is for models with a small autoencoder, this one has a {type(pipeline.vae).__name__}",
            "Use the plain layout.",
        )
    folder = Path(folder)
    for name in _NETWORKS:
        module = getattr(pipeline, name)
        state = {key: tensor.detach().cpu().contiguous() for key, tensor in module.state_dict().items()}
        few_bits = name in _QUANTISED or isinstance(module, FoldedAutoencoder)
        packed = quantise(state) if few_bits else {key: tensor.half() for key, tensor in state.items()}
        with atomic_path(folder / name / "model.safetensors") as part:
            save_file(packed, part)
        _save_config(module, folder / name)
    pipeline.tokenizer.save_pretrained(folder / "tokenizer")
    pipeline.scheduler.save_pretrained(folder / "scheduler")
    pipeline.save_config(folder)
    write_card(folder, pipeline.card.model_copy(update={"storage": "int8"}))
    forget_places(folder)
    write_checksums(folder)


def _save_config(module: Any, folder: Path) -> None:
    """Write a component's config.json, for diffusers and transformers classes alike."""
    if hasattr(module, "save_config"):
        module.save_config(folder)
    else:
        module.config.save_pretrained(folder)


def load_compact(folder: str | Path, dtype: torch.dtype = torch.float32) -> MultiConditionedPipeline:
    """Load the shipped form into standard modules.

    Args:
        folder: As written by `save_compact`.
        dtype: Precision of the restored weights; the autoencoder's are fp32.

    Raises:
        StillYouError: A file is missing or damaged.
    """
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModel

    from stillyou.diffusion.adapter import ImageAdapter

    folder = Path(folder)
    check_model_folder(folder)
    try:
        check_fits(folder, compact=True)
        autoencoder = small_class(read_config(folder / "vae" / "config.json"))
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(folder / "text_encoder"))
        vision = CLIPVisionModel(CLIPVisionConfig.from_pretrained(folder / "image_encoder"))
        networks = {
            "vae": autoencoder.from_config(autoencoder.load_config(folder / "vae")),
            "text_encoder": text,
            "image_encoder": vision,
            "adapter": ImageAdapter.from_config(ImageAdapter.load_config(folder / "adapter")),
            "unet": UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(folder / "unet")),
        }
        for name, module in networks.items():
            # Small autoencoders run in fp32: bf16 would cost a level of 8-bit pixels and save nothing.
            precision = torch.float32 if name == "vae" else dtype
            packed = load_file(folder / name / "model.safetensors")
            check_finite(name, packed)
            module.load_state_dict(restore(packed, precision), assign=True)
            module.eval().requires_grad_(False)
        pipeline = MultiConditionedPipeline(
            tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            scheduler=load_scheduler(folder / "scheduler"),
            **networks,
        )
    except StillYouError:
        raise
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        raise StillYouError(
            f"the model folder {folder} is damaged ({type(error).__name__}: {told(error)})",
            "Copy or install it again.",
        ) from error
    card = read_card(folder)
    if card is not None:
        pipeline.card = card
    return pipeline
