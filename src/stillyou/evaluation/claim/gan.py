"""pix2pix on the run's pairs, at as many parameters as the editor's UNet has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillyou.evaluation.baselines.pix2pix.network import config_near
from stillyou.evaluation.baselines.pix2pix.training import GanSettings, Pix2PixTrainer
from stillyou.evaluation.claim.editors import COST, parameters
from stillyou.evaluation.claim.pairs import CURATED
from stillyou.evaluation.claim.record import once
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.claim.variants import PIX2PIX
from stillyou.pairs.dataset.store import PairDataset


def train_gan(settings: ClaimSettings, root: Path, wanted: int, device: str) -> Mapping[str, Any]:
    """Train pix2pix, or go on where it was left; `wanted` is how many parameters its generator should have.

    Returns:
        What it cost, as `editors.train`; the seconds are those of the last session.
    """
    folder = root / "editors" / PIX2PIX

    def trained() -> dict[str, Any]:
        started = time.monotonic()
        config = config_near(wanted, settings.side, settings.effects)
        how = GanSettings(settings.gan_steps, settings.gan_batch, settings.seed)
        trainer = Pix2PixTrainer(config, how, PairDataset(root / "pairs" / CURATED), device)
        trainer.run(folder)
        return {
            "seconds": round(time.monotonic() - started, 1),
            "samples": settings.gan_steps * settings.gan_batch,
            "parameters": parameters(trainer.networks["generator"]),
        }

    return once(folder / COST, trained)
