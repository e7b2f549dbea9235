"""The model around training: fresh networks, the card, and the folders that a run leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from stillyou.diffusion.autoencoder import SmallAutoencoder, small_class
from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.network import Architecture, build_autoencoder, build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.draws import stable_seed
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError
from stillyou.files import take_place
from stillyou.machine import quiet_libraries
from stillyou.models.compact import save_compact
from stillyou.models.load import load_pipeline
from stillyou.untrusted.model_folder import read_config

LICENCE = "Apache-2.0"


def fresh_autoencoder(architecture: Architecture, seed: int) -> SmallAutoencoder:
    """Build the autoencoder with random weights that follow from the seed."""
    with seeded(seed, "autoencoder weights"):
        return build_autoencoder(architecture)


def fresh_pipeline(
    architecture: Architecture, prompts: Iterable[str], vae: SmallAutoencoder, seed: int
) -> MultiConditionedPipeline:
    """Build all networks with random weights that follow from the seed, around a trained autoencoder."""
    with seeded(seed, "editor weights"):
        components = build_components(architecture, prompts)
    components["vae"] = vae
    pipeline = MultiConditionedPipeline(**components)
    pipeline.card = ModelCard(resolution=architecture.resolution)
    return pipeline


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Seed PyTorch's global generator for a while, because the libraries' initialisers know no other."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stable_seed(*parts))
        yield


def load_autoencoder(folder: Path) -> SmallAutoencoder:
    """Load the autoencoder stage's result.

    Raises:
        StillYouError: The folder is damaged.
    """
    try:
        kind = small_class(read_config(folder / "config.json"))
        vae: SmallAutoencoder = kind.from_pretrained(str(folder), use_safetensors=True)
    except (OSError, ValueError, RuntimeError) as error:
        detail = (str(error).splitlines() or [""])[0]
        raise StillYouError(
            f"the autoencoder {folder} is damaged ({detail:.100})", "Delete it and run the autoencoder stage again."
        ) from error
    return vae


def load_init(model: str) -> MultiConditionedPipeline:
    """Load a model to fine-tune, in fp32 on the CPU; see `models.load_pipeline` for names."""
    quiet_libraries()
    return load_pipeline(model, "cpu", torch.float32)


def merge_effects(known: Iterable[EffectSpec], new: Iterable[EffectSpec]) -> tuple[EffectSpec, ...]:
    """Return the effects of a card: known ones and new ones as they are; a new one replaces the known one of its id."""
    merged = {effect.id: effect for effect in (*known, *new)}
    return tuple(merged.values())


def save_model(pipeline: MultiConditionedPipeline, run: Path) -> Mapping[str, int]:
    """Write `run/model` (plain diffusers folder) and `run/compact` (int8), each whole or not at all.

    Returns:
        Bytes of weights by folder name.
    """
    quiet_libraries()
    cpu: Any = pipeline.to("cpu")
    writers = {"model": cpu.save_pretrained, "compact": lambda folder: save_compact(cpu, folder)}
    sizes = {}
    for name, write in writers.items():
        replace_folder(run / name, write)
        sizes[name] = sum(file.stat().st_size for file in (run / name).rglob("*.safetensors"))
    return sizes


def save_plain(pipeline: MultiConditionedPipeline, run: Path) -> Mapping[str, int]:
    """Write `run/model` alone: int8 is for small models that ship.

    Returns:
        Bytes of weights by folder name.
    """
    quiet_libraries()
    cpu: Any = pipeline.to("cpu")
    replace_folder(run / "model", cpu.save_pretrained)
    return {"model": sum(file.stat().st_size for file in (run / "model").rglob("*.safetensors"))}


def replace_folder(final: Path, write: Callable[[Path], object]) -> None:
    """Let `write(folder)` fill a folder that then takes the place of `final`.

    Raises:
        StillYouError: It cannot be written; what was there before stays.
    """
    part = final.with_name(f".part-{final.name}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        write(part)
        take_place(part, final)
    except OSError as error:
        raise StillYouError(f"cannot write {final}: {error}", "Check space and permissions.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
