"""What training starts from: random weights, a model of the same sizes, one to fine-tune, or a text-to-image base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from stillyou.diffusion.autoencoder import SmallAutoencoder
from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.network import Architecture, build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.models.from_base import IMAGE_ENCODER, load_base
from stillyou.training.bridge import cross, measure_bridge
from stillyou.training.config import TrainingConfig
from stillyou.training.data.frames import load_pictures
from stillyou.training.data.mixture import run_parts, words
from stillyou.training.model import fresh_autoencoder, fresh_pipeline, load_autoencoder, load_init
from stillyou.training.run import Run

_PAIRS = 48
"""Pairs of each dataset that latents are compared on."""
_CROSSED = {"vae": ("",), "unet": ("conv_in.", "conv_out."), "adapter": ("linear1.weight",)}
"""Weights that depend on the kind of latents, by the beginnings of their names."""


def first_autoencoder(config: TrainingConfig) -> SmallAutoencoder:
    """Return the autoencoder to train: random, or that of the model that training starts from, if it is of one kind.

    Raises:
        UsageError: That model has other networks.
    """
    fresh = fresh_autoencoder(config.architecture, config.seed)
    if config.start is None:
        return fresh
    vae: SmallAutoencoder = load_start(config.start, config.architecture).vae
    return vae.train().requires_grad_(True) if type(vae) is type(fresh) else fresh


def first_pipeline(run: Run, specs: Mapping[str, EffectSpec]) -> MultiConditionedPipeline:
    """Load the model to fine-tune or the base, or put networks around the trained autoencoder.

    Raises:
        UsageError: There is no autoencoder yet, or the model to start from has other networks.
    """
    request, config = run.request, run.request.config
    if request.init is not None:
        return load_init(request.init)
    if request.base is not None:
        encoder = request.image_encoder or IMAGE_ENCODER
        return load_base(request.base, encoder, resolution=config.resolution, seed=config.seed)
    if not (run.vae / "config.json").is_file():
        raise UsageError(f"{run.vae} does not exist yet", "Run the autoencoder stage first.")
    vae = load_autoencoder(run.vae)
    if config.start is None:
        return fresh_pipeline(config.architecture, words(list(specs.values())), vae, config.seed)
    pipeline = load_start(config.start, config.architecture)
    if type(pipeline.vae) is type(vae):
        pipeline.register_modules(vae=vae)
    else:
        cross(pipeline, vae, measure_bridge(pipeline.vae, vae, _some_pictures(run)))
    pipeline.card = ModelCard(resolution=pipeline.resolution)
    return pipeline


def _some_pictures(run: Run) -> torch.Tensor:
    """Return sources and targets of a few pairs of each dataset, evenly spread, (M, 3, H, W) uint8."""
    found = []
    for part in run_parts(run):
        rows = torch.linspace(0, len(part.data) - 1, min(_PAIRS, len(part.data))).round().long().tolist()
        found.append(load_pictures(part.data, rows, run.request.config.architecture.resolution))
    return torch.cat(found)


def load_start(model: str, architecture: Architecture) -> MultiConditionedPipeline:
    """Load a model whose weights training starts from, in fp32 on the CPU; see `models.load_pipeline` for names.

    Raises:
        UsageError: Its networks are not those of the architecture; an autoencoder of another kind may be, and with it
            what reads and writes latents (`training.bridge`).
    """
    pipeline = load_init(model)
    with torch.random.fork_rng(devices=[]):
        wanted = build_components(architecture, [])
    crossed = _CROSSED if type(pipeline.vae) is not type(wanted["vae"]) else {}
    for name in ("vae", "unet", "image_encoder", "adapter"):
        ours, theirs = (_shapes(network, crossed.get(name, ())) for network in (getattr(pipeline, name), wanted[name]))
        if ours != theirs:
            raise UsageError(
                f"the {name} of '{model}' differs from the architecture's", "Start from a model of the same sizes."
            )
    return pipeline


def _shapes(network: Any, but: tuple[str, ...]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items() if not name.startswith(but)}
