"""The autoencoder of a run as it is now: its result, or the averaged weights of its newest checkpoint."""

from __future__ import annotations

from pathlib import Path

from stillyou.config import validate
from stillyou.diffusion.autoencoder import SmallAutoencoder
from stillyou.errors import StillYouError, UsageError
from stillyou.training.config import TrainingConfig
from stillyou.training.loop.checkpoint import latest_checkpoint
from stillyou.training.model import fresh_autoencoder, load_autoencoder
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE

_PREFIX = "vae."
"""What the stage's objective puts before the names of weights."""


def load_trained(folder: Path) -> tuple[SmallAutoencoder, int | None]:
    """Load the autoencoder of a run, of a model, or of its own folder.

    Returns:
        The autoencoder, in eval mode, and the step of its checkpoint; None for a finished one.

    Raises:
        UsageError: The folder holds neither.
        StillYouError: It is damaged.
    """
    for place in (folder, folder / "vae", folder / "model" / "vae", folder / "autoencoder" / "vae"):
        if (place / "diffusion_pytorch_model.safetensors").is_file():
            return load_autoencoder(place).eval(), None
    if not (folder / "config.json").is_file():
        raise UsageError(f"{folder} holds neither a run nor an autoencoder", "Name a run's folder.")
    saved = read_object(folder / "config.json", RUN_FILE)
    if "config" not in saved:
        raise UsageError(f"{folder} holds neither a run nor an autoencoder", "Name a run's folder.")
    config = validate(TrainingConfig, saved["config"], str(folder / "config.json"))
    checkpoint = latest_checkpoint(folder / "autoencoder")
    if checkpoint is None:
        raise UsageError(f"{folder} has no checkpoint of its autoencoder yet", "Wait for one.")
    vae = fresh_autoencoder(config.architecture, config.seed)
    weights = {name.removeprefix(_PREFIX): value for name, value in checkpoint.average.items()}
    try:
        vae.load_state_dict(weights)
    except RuntimeError as error:
        raise StillYouError(
            f"the checkpoint of {folder} is of other networks than its config.json", "Restore one of them."
        ) from error
    return vae.eval(), checkpoint.step
