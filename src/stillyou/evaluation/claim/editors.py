"""Training the editors, each in a folder of its own, by the code that `stillyou train` runs.

All start from the same weights: the base's without its sources (`start`), or random ones around its autoencoder.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stillyou.diffusion.conditions import black_vision
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.editing.editor import Editor
from stillyou.errors import StillYouError
from stillyou.evaluation.claim.pairs import ALL, CURATED
from stillyou.evaluation.claim.record import once
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.claim.start import start_folder
from stillyou.evaluation.claim.variants import VARIANTS, Absent, Variant
from stillyou.evaluation.known_truth.splits import domain_of
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.models.load import load_pipeline
from stillyou.training.config import BranchShares, EditorSettings, TrainingConfig
from stillyou.training.loop.trainer import Outcome
from stillyou.training.model import load_init, replace_folder
from stillyou.training.plan import make_plan
from stillyou.training.run import Request, Run
from stillyou.training.stages import run_training

COST = "cost.json"
_RECONSTRUCTION = EditorSettings().reconstruction


def config_of(settings: ClaimSettings, variant: Variant) -> TrainingConfig:
    """Return how a variant is trained."""
    networks = {} if settings.architecture is None else {"architecture": settings.architecture}
    return TrainingConfig(
        name="claim",
        seed=settings.seed,
        steps=settings.steps,
        **networks,
        held_back=2,
        validate_minutes=1e6,
        editor=EditorSettings(
            batch=settings.batch,
            learning_rate=settings.learning_rate,
            warmup_steps=min(100, max(1, settings.steps // 10)),
            ema_decay=0.999 if settings.steps > 5000 else 0.99,
            branches=variant.branches or BranchShares(),
            reconstruction=_RECONSTRUCTION if variant.reconstruction is None else variant.reconstruction,
            edit_weights=variant.edit_weights,
            released_nulls=variant.released_nulls,
            studio_share=0,
        ),
    )


def train(settings: ClaimSettings, name: str, root: Path, device: str) -> Mapping[str, Any]:
    """Train a variant, or go on where it was left.

    Args:
        settings: The run's.
        name: One of `VARIANTS`.
        root: Folder of the whole run; the editor lies in `editors/NAME`.
        device: `auto`, `cpu` or `cuda`.

    Returns:
        What it cost: `seconds`, `samples` and `parameters` of the UNet.

    Raises:
        StillYouError: It was stopped; run again.
    """
    folder = root / "editors" / name
    return once(folder / COST, lambda: _trained(settings, name, root, device))


def _trained(settings: ClaimSettings, name: str, root: Path, device: str) -> dict[str, Any]:
    """Train a variant to its end and say what that took."""
    variant, editors = VARIANTS[name], root / "editors"
    pairs = root / "pairs" / (CURATED if variant.curated else ALL)
    start = None if settings.architecture else str(start_folder(settings, root / "start"))
    config = config_of(settings, variant)
    run = Run(Request(editors / name, config, ("editor",), pairs=pairs, device=device, init=start))
    make_plan(run.request).begun.begin()  # a folder is a run before anything else lies in it
    _lend(settings, run, editors / "editor" / "cache")
    report = run_training(run.request, validation=lambda pipeline, step: {})
    if report.outcome is not Outcome.FINISHED:
        raise StillYouError(f"training of '{name}' was stopped", "Run the same command again: it goes on.")
    shutil.rmtree(run.compact, ignore_errors=True)
    return {
        "seconds": sum(run.spent().values()),
        "samples": settings.steps * settings.batch,
        "parameters": parameters(load_pipeline(str(run.model), "cpu").unet),
    }


def _lend(settings: ClaimSettings, run: Run, cache: Path) -> None:
    """Put the base's autoencoder into a run of random networks, and into any what the first has encoded with it."""
    if settings.architecture is not None and not run.vae.is_dir():
        vae: Any = load_init(settings.base).vae
        run.vae.parent.mkdir(parents=True, exist_ok=True)
        replace_folder(run.vae, lambda folder: vae.save_pretrained(folder))
    own = run.folder / "cache"
    if cache.is_dir() and not own.exists():
        shutil.copytree(cache, own)


def parameters(network: nn.Module) -> int:
    """Return how many numbers a network is made of."""
    return sum(weights.numel() for weights in network.parameters())


def load(settings: ClaimSettings, name: str, root: Path, device: str) -> MultiConditionedPipeline:
    """Load a trained variant; a condition that it has never seen is absent from all of its edits."""
    pipeline = load_pipeline(str(root / "editors" / name / "model"), device)
    return without(pipeline, VARIANTS[name].absent)


def subject(settings: ClaimSettings, name: str, root: Path, device: str) -> ModelSubject:
    """Return a trained variant as the benchmark's subject."""
    return ModelSubject(Editor(load(settings, name, root, device), name), domain_of(settings.split))


class NoImage(nn.Module):
    """Stands for an adapter: whatever the picture is, its tokens are those of an absent one.

    Args:
        tokens: (1, N, d).
    """

    def __init__(self, tokens: torch.Tensor) -> None:
        super().__init__()
        self.tokens: torch.Tensor
        self.register_buffer("tokens", tokens)

    @property
    def device(self) -> torch.device:
        """Where it lies: pipelines ask their parts."""
        return self.tokens.device

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its tokens."""
        return self.tokens.dtype

    def forward(self, hidden: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Return the tokens for a batch of hidden states (B, N, d) and latents (B, C, h, w)."""
        return self.tokens.to(hidden).expand(len(source), -1, -1)


@torch.no_grad()
def without(pipeline: MultiConditionedPipeline, absent: Absent) -> MultiConditionedPipeline:
    """Take a condition out of all that a pipeline does."""
    channels = int(pipeline.unet.config.out_channels)
    if absent == "source":
        pipeline.unet.conv_in.weight[:, channels:] = 0
    elif absent == "image":
        denoiser, weights = pipeline.denoiser, pipeline.unet.conv_in.weight
        black = black_vision(int(pipeline.image_encoder.config.image_size), weights.device)
        side = int(pipeline.unet.config.sample_size)
        tokens = denoiser.image_tokens(black, torch.zeros(1, channels, side, side).to(weights))
        pipeline.adapter = NoImage(tokens.float())
    return pipeline
