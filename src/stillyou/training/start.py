"""What training starts from: random weights, another model's, one to fine-tune, or a text-to-image base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from stillyou.diffusion.autoencoder import SmallAutoencoder
from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.network import Architecture, build_autoencoder, build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.models.from_base import IMAGE_ENCODER, load_base
from stillyou.training.config import TrainingConfig
from stillyou.training.data.mixture import words
from stillyou.training.model import fresh_autoencoder, fresh_pipeline, load_autoencoder, load_init, seeded
from stillyou.training.run import Run

_KEPT = ("sampler", "few_steps", "drafts")
"""How edits go with the model that training starts from; they go so with what comes of it, too."""


def first_autoencoder(config: TrainingConfig) -> SmallAutoencoder:
    """Return the autoencoder to train: that of the model that training starts from, or a random one of another kind.

    Raises:
        UsageError: That model has other networks.
    """
    if config.start is None:
        return fresh_autoencoder(config.architecture, config.seed)
    vae: SmallAutoencoder = load_start(config.start, config.architecture, config.seed).vae
    return vae.train().requires_grad_(True)


def autoencoder_is_new(config: TrainingConfig) -> bool:
    """Whether training starts from a model, but with another autoencoder than that model's."""
    if config.start is None:
        return False
    return _shapes(load_init(config.start).vae) != _shapes(build_autoencoder(config.architecture))


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
    pipeline = load_start(config.start, config.architecture, config.seed)
    pipeline.register_modules(vae=vae)
    kept = {name: getattr(pipeline.card, name) for name in _KEPT}
    pipeline.card = ModelCard(resolution=pipeline.resolution, **kept)
    return pipeline


def load_start(model: str, architecture: Architecture, seed: int) -> MultiConditionedPipeline:
    """Load a model whose weights training starts from, in fp32 on the CPU; see `models.load_pipeline` for names.

    Where the architecture has another autoencoder, that is new, and so are the layers that read or write its latents:
    random weights from the seed, but for the adapter's, which leaves latents out at first. All others are the model's.

    Raises:
        UsageError: Networks differ in other places, or the new autoencoder should have details, which are not learned
            with it.
    """
    pipeline = load_init(model)
    with seeded(seed, "editor weights"):
        wanted = build_components(architecture, [])
    same_autoencoder = _shapes(pipeline.vae) == _shapes(wanted["vae"])
    if architecture.detail_channels and not same_autoencoder:
        raise UsageError(
            f"the vae of '{model}' differs from the architecture's, which has details",
            "Start from a model that python -m stillyou.training.details gave them.",
        )
    new = {} if same_autoencoder else _NEW_LAYERS
    for name in ("unet", "image_encoder", "adapter"):
        ours, theirs = (_shapes(network) for network in (getattr(pipeline, name), wanted[name]))
        if any(ours.get(key) != theirs.get(key) for key in {*ours, *theirs} - {*new.get(name, ())}):
            raise UsageError(
                f"the {name} of '{model}' differs from the architecture's", "Start from a model of the same sizes."
            )
    if not same_autoencoder:
        vae = fresh_autoencoder(architecture, seed)
        unet, adapter = (_adopted(wanted[name], getattr(pipeline, name), new[name]) for name in new)
        latents, tokens = adapter.config.latent_channels, adapter.config.image_tokens
        mixing = torch.cat([pipeline.adapter.linear1.weight[:, :tokens], torch.zeros(tokens, latents)], dim=1)
        adapter.linear1.weight.data.copy_(mixing)
        pipeline.register_modules(vae=vae, unet=unet, adapter=adapter)
    return pipeline


_NEW_LAYERS: Mapping[str, tuple[str, ...]] = {
    "unet": ("conv_in.weight", "conv_out.weight", "conv_out.bias"),
    "adapter": ("linear1.weight",),
}
"""What has as many channels as the latents."""


def _adopted(wanted: Any, known: Any, new: tuple[str, ...]) -> Any:
    """Return a network with another's weights, but for some layers of its own."""
    own = wanted.state_dict()
    wanted.load_state_dict({**known.state_dict(), **{name: own[name] for name in new}})
    return wanted


def _shapes(network: Any) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in network.state_dict().items()}
