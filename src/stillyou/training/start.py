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
from stillyou.training.config import TrainingConfig
from stillyou.training.data.mixture import words
from stillyou.training.model import fresh_autoencoder, fresh_pipeline, load_autoencoder, load_init
from stillyou.training.run import Run


def first_autoencoder(config: TrainingConfig) -> SmallAutoencoder:
    """Return the autoencoder to train: random, or that of the model that training starts from.

    Raises:
        UsageError: That model has other networks.
    """
    if config.start is None:
        return fresh_autoencoder(config.architecture, config.seed)
    vae: SmallAutoencoder = load_start(config.start, config.architecture).vae
    return vae.train().requires_grad_(True)


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
    pipeline.register_modules(vae=vae)
    pipeline.card = ModelCard(resolution=pipeline.resolution)
    return pipeline


def load_start(model: str, architecture: Architecture) -> MultiConditionedPipeline:
    """Load a model whose weights training starts from, in fp32 on the CPU; see `models.load_pipeline` for names.

    Raises:
        UsageError: Its networks are not those of the architecture.
    """
    pipeline = load_init(model)
    with torch.random.fork_rng(devices=[]):
        wanted = build_components(architecture, [])
    for name in ("vae", "unet", "image_encoder", "adapter"):
        ours, theirs = (_shapes(network) for network in (getattr(pipeline, name), wanted[name]))
        if ours != theirs:
            raise UsageError(
                f"the {name} of '{model}' differs from the architecture's", "Start from a model of the same sizes."
            )
    return pipeline


def _shapes(network: Any) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}
