"""From `unet.pth` and `adapter.pth` to a model folder: checked first, then written whole or not at all.

Memory: the checkpoint's tensors are mapped from disk, the expected shapes come from networks without storage, and the
base's parts are loaded, saved and dropped one after another. The largest thing in memory is a text encoder.
"""

from __future__ import annotations

import gc
import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import CLIPVisionConfig

from stillyou.diffusion.adapter import ImageAdapter
from stillyou.diffusion.card import ModelCard, forget_places, write_card
from stillyou.diffusion.checksums import write_checksums
from stillyou.diffusion.official import released
from stillyou.diffusion.official.released import BASE, IMAGE_ENCODER, Task
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.files import atomic_folder
from stillyou.models.from_base import base_config, find_image_encoder
from stillyou.models.official import parts
from stillyou.models.official.checkpoint import Checkpoint, State, find_checkpoint, read_state
from stillyou.models.official.shapes import Mismatch, WrongCheckpoint, compare, shapes_of

Say = Callable[[str], None]
"""Told what is being done, a line at a time."""

_WEIGHTS = "diffusion_pytorch_model.safetensors"
_REST_BYTES = 2 << 30
"""Room for autoencoder, text encoder and image encoder (1.2 GB in fp32) beside the checkpoint itself."""


@dataclass(frozen=True)
class _Sources:
    """Where everything comes from, as it was named and as it lies on disk."""

    checkpoint: Checkpoint
    base: str
    base_folder: Path
    image_encoder: str
    image_encoder_folder: Path


@dataclass(frozen=True)
class _Layout:
    """The two trained networks without storage, as base and image encoder imply them."""

    unet: UNet2DConditionModel
    adapter: ImageAdapter
    resolution: int


def import_official(
    source: str,
    output: str | Path,
    *,
    task: Task | None = None,
    base: str = BASE,
    image_encoder: str = IMAGE_ENCODER,
    say: Say = lambda _: None,
) -> ModelCard:
    """Convert a released checkpoint to a model folder with safetensors, a card, and everything an edit needs.

    Args:
        source: Folder or hub id, see `checkpoint.find_checkpoint`.
        output: Folder to write; must be new or empty.
        task: `outfit` or `cartoon`; None tells it by where the files lie.
        base: Stable Diffusion 1.5 base, folder or hub id.
        image_encoder: CLIP ViT-B/32, folder or hub id.
        say: Told what is being done.

    Returns:
        The card that was written.

    Raises:
        UsageError: A wrong name or option, or an output folder that is not empty.
        WrongCheckpoint: The checkpoint does not fit the base or the image encoder.
        StillYouError: A file is missing, damaged or holds code, the hub cannot be reached, or the disk is full.
    """
    output = Path(output)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} exists and is not an empty folder", "Name a new folder.")
    sources = _find(source, task, base, image_encoder, say)
    say(f"reading {sources.checkpoint.unet.name} and {sources.checkpoint.adapter.name}")
    unet, adapter = read_state(sources.checkpoint.unet), read_state(sources.checkpoint.adapter)
    layout = _layout(sources)
    _check_fit(released.UNET_FILE, unet, layout.unet, f"the base '{base}'")
    _check_fit(released.ADAPTER_FILE, adapter, layout.adapter, f"'{image_encoder}' and the base '{base}'")
    card = _card(sources, layout.resolution, say)
    _check_room(output, unet)
    try:
        with atomic_folder(output) as part:
            _write(part, sources, layout, unet, adapter, card, say)
    except (OSError, SafetensorError) as error:
        raise StillYouError(f"cannot write {output}: {error}", "Check space and permissions.") from error
    return card


def _find(source: str, task: Task | None, base: str, image_encoder: str, say: Say) -> _Sources:
    checkpoint = find_checkpoint(source, task)
    say(f"found the '{checkpoint.task}' checkpoint in {checkpoint.source}")
    return _Sources(
        checkpoint=checkpoint,
        base=base,
        base_folder=parts.find_base_parts(base),
        image_encoder=image_encoder,
        image_encoder_folder=find_image_encoder(image_encoder, parts.fetch_image_encoder),
    )


def _layout(sources: _Sources) -> _Layout:
    """Build UNet and adapter as base and image encoder imply them, on the meta device: shapes without storage.

    Raises:
        StillYouError: The base's parts do not fit each other.
    """
    config = base_config(sources.base_folder, "unet")
    text_width = base_config(sources.base_folder, "text_encoder").get("hidden_size")
    if config.get("cross_attention_dim") != text_width:
        raise StillYouError(
            f"in the base {sources.base} the UNet reads text of width {config.get('cross_attention_dim')}, "
            f"the text encoder writes {text_width}",
            "Download or copy it whole.",
        )
    encoder = parts.image_encoder_config(sources.image_encoder_folder)
    channels = base_config(sources.base_folder, "vae").get("latent_channels", 4)
    try:
        with torch.device("meta"):
            unet = UNet2DConditionModel.from_config({**config, "in_channels": 2 * channels})
            adapter = _adapter(unet, channels, encoder)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StillYouError(f"the base {sources.base} is no Stable Diffusion 1.x ({error})", "Name another.") from error
    return _Layout(unet, adapter, 8 * int(unet.config.sample_size))


def _adapter(unet: Any, channels: int, encoder: CLIPVisionConfig) -> ImageAdapter:
    return ImageAdapter(
        latent_channels=channels,
        latent_size=int(unet.config.sample_size),
        image_tokens=(encoder.image_size // encoder.patch_size) ** 2 + 1,
        width=encoder.hidden_size,
    )


def _check_fit(file: str, state: State, network: torch.nn.Module, where: str) -> None:
    """Compare shapes, then look for numbers that are not finite.

    Raises:
        WrongCheckpoint: A shape or a name differs.
        StillYouError: A weight is infinite or not a number.
    """
    mismatches: list[Mismatch] = compare(shapes_of(state), shapes_of(network.state_dict()))
    if mismatches:
        raise WrongCheckpoint(file, where, mismatches)
    bad = next((name for name, tensor in state.items() if not bool(tensor.isfinite().all())), None)
    if bad is not None:
        raise StillYouError(f"'{bad}' in {file} holds numbers that are not finite", "Download it again.")


def _card(sources: _Sources, resolution: int, say: Say) -> ModelCard:
    checkpoint = sources.checkpoint
    say("taking checksums")
    return ModelCard(
        name=f"official-{checkpoint.task}",
        resolution=resolution,
        effects=released.effects(checkpoint.task),
        domains=("people",) if checkpoint.task == "outfit" else ("cartoon",),
        licence=released.LICENCE,
        training={
            "official": checkpoint.task,
            "source": checkpoint.source,
            "release": released.CHECKPOINT,
            "base": _named(sources.base),
            "image_encoder": _named(sources.image_encoder),
            "unet.pth sha256": _sha256(checkpoint.unet),
            "adapter.pth sha256": _sha256(checkpoint.adapter),
        },
    )


def _named(place: str) -> str:
    """Return a hub id as it is, and of a folder the name alone: paths of one computer mean nothing on another."""
    return Path(place).resolve().name if Path(place).is_dir() else place


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_room(output: Path, unet: State) -> None:
    """Refuse before anything is written if the disk cannot hold the result."""
    needed = sum(tensor.nbytes for tensor in unet.values())
    needed += _REST_BYTES if needed > _REST_BYTES // 2 else needed
    place = next(folder for folder in output.resolve().parents if folder.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise StillYouError(
            f"the model needs {needed / 1e9:.1f} GB in {place}, {free / 1e9:.1f} GB are free", "Make room first."
        )


def _write(
    folder: Path, sources: _Sources, layout: _Layout, unet: State, adapter: State, card: ModelCard, say: Say
) -> None:
    """Write all parts, then card and checksums."""
    say("writing unet and adapter")
    _save_weights(folder / "unet", layout.unet, unet)
    _save_weights(folder / "adapter", layout.adapter, adapter)
    base = sources.base_folder
    loaders: Mapping[str, Callable[[], Any]] = {
        "vae": lambda: parts.load_autoencoder(base),
        "text_encoder": lambda: parts.load_text_encoder(base),
        "image_encoder": lambda: parts.load_image_encoder(sources.image_encoder_folder),
        "tokenizer": lambda: parts.load_tokenizer(base),
        "scheduler": lambda: parts.load_scheduler(base),
    }
    shells: dict[str, Any] = {"unet": layout.unet, "adapter": layout.adapter}
    for name, load in loaders.items():
        say(f"writing {name}")
        part = load()
        part.save_pretrained(folder / name)
        # The pipeline only writes down the classes; the weights are on disk already and can go.
        shells[name] = part.to("meta") if isinstance(part, torch.nn.Module) else part
        gc.collect()
    MultiConditionedPipeline(**shells).save_config(folder)
    forget_places(folder)
    write_card(folder, card)
    write_checksums(folder)


def _save_weights(folder: Path, network: Any, state: State) -> None:
    """Write a state dict, mapped from disk, as the safetensors file of a network without storage."""
    folder.mkdir()
    network.save_config(folder)
    tensors = {name: _plain(tensor) for name, tensor in state.items()}
    save_file(tensors, folder / _WEIGHTS, metadata={"format": "pt"})


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """Return a contiguous tensor in a precision that safetensors and diffusers have; halves stay halves."""
    return tensor.contiguous() if tensor.dtype != torch.float64 else tensor.float()
