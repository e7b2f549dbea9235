"""What a details run is asked for, and the pictures that it learns from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from stillyou.diffusion.network import Architecture
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.autoencoder.crops import CropBatches, DrawCrops, Source, weighted_targets
from stillyou.training.autoencoder.sources import Shown, crop_sources
from stillyou.training.config import AutoencoderSettings, TrainingConfig
from stillyou.training.data.mixture import Part

_CROPS = AutoencoderSettings(crop=128, pictures=6000, made_up=0.15)
EDIT_WEIGHT = _CROPS.edit_weight
_LEARNED = 128
"""Pictures of each dataset that linear maps are measured on."""


@dataclass(frozen=True)
class DetailRun:
    """What to do.

    Attributes:
        model: The model that gets the autoencoder; one whose autoencoder has details already is trained on.
        pairs: Folders of pair datasets, sampled alike.
        folder: Of the run.
        steps: Of the first layer, of copies with both, and of looks; the last may be 0.
        channels: C', of the second layer.
        photographs: Folder of pictures of no studio that copies are to be good for, too; None for none.
        answers: Pairs that the model draws, for looks to learn from.
        seed: Of everything drawn.
        device: `auto`, `cpu` or `cuda`.
    """

    model: str
    pairs: tuple[Path, ...]
    folder: Path
    steps: tuple[int, int, int] = (2500, 2500, 3000)
    channels: int = 24
    photographs: Path | None = None
    answers: int = 1000
    seed: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class Lesson:
    """Loaded pictures.

    Attributes:
        sources: Those of pairs, and of no studio.
        shown: Held-back targets with their masks.
    """

    sources: list[Source]
    shown: Shown

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of all sources."""
        return tuple(source.name for source in self.sources)

    @property
    def side(self) -> int:
        """Of crops, in pixels."""
        return min(_CROPS.crop or 0, self.sources[0].pictures.shape[-1])

    def crops(self, run: DetailRun, channels: int, batch: int, device: torch.device) -> CropBatches:
        """Return batches of crops around the edits; their noise has as many channels."""
        side = self.side
        draws = DrawCrops(run.seed, [source.share for source in self.sources], (channels, side // 8, side // 8))
        return CropBatches(self.sources, draws, side, _CROPS.edit_weight, batch, device)

    def targets(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return some targets of each dataset (M, 3, H, W), and weights of their pixels (M, 1, H, W)."""
        return weighted_targets(self.sources, _CROPS.edit_weight, _LEARNED)


def load(run: DetailRun, resolution: int) -> Lesson:
    """Load pictures and masks at a model's resolution.

    Raises:
        UsageError: A folder holds no pairs, or there is no such folder of photographs.
        StillYouError: None of the pairs is accepted, or they are damaged.
    """
    parts = [Part(PairDataset(folder), 1.0) for folder in run.pairs]
    crops = _CROPS.model_copy(update={"photographs": None if run.photographs is None else str(run.photographs)})
    config = TrainingConfig(seed=run.seed, architecture=Architecture(resolution=resolution), autoencoder=crops)
    return Lesson(*crop_sources(config, parts))
