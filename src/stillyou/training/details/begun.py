"""What a details run is refused for, before anything is written, and the record that its folder keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stillyou.diffusion.autoencoder import SMALL, SmallAutoencoder, details_of
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.files import write_json
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.autoencoder.sources import photograph_files
from stillyou.training.data.pair_encoder import weights_digest
from stillyou.training.details.lesson import DetailRun
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE

_RECORD = "details.json"
_MOST = 128
"""Channels of a second layer; 8 x 8 pixels have 192 numbers."""


def check(run: DetailRun, pipeline: MultiConditionedPipeline) -> None:
    """Refuse what cannot be done.

    Raises:
        UsageError: The model's autoencoder is none of the small kinds, numbers are out of range, or the folder holds
            another kind of run, or the model itself.
    """
    if not isinstance(pipeline.vae, SMALL):
        raise UsageError(f"'{run.model}' has an autoencoder of Stable Diffusion's kind", "Name a small model.")
    if min(run.steps[:2]) < 1 or run.steps[2] < 0:
        raise UsageError(
            f"--steps {' '.join(map(str, run.steps))}: the first two parts take a step at least",
            "Give two numbers above 0 and one that may be 0.",
        )
    if run.answers < 1:
        raise UsageError(f"--answers {run.answers}: looks are learned from one at least", "Give a number above 0.")
    if not 1 <= run.channels <= _MOST:
        raise UsageError(f"--channels {run.channels} is not between 1 and {_MOST}", f"{DetailRun.channels} is usual.")
    layer = details_of(pipeline.vae)
    if layer is not None and layer.channels != run.channels:
        raise UsageError(
            f"the details of '{run.model}' have {layer.channels} channels, not {run.channels}",
            f"Give --channels {layer.channels}.",
        )
    if (run.folder / "config.json").is_file():
        raise UsageError(f"{run.folder} holds a run of stillyou train", "Choose another folder with -o.")
    if Path(run.model).resolve() in {(run.folder / form).resolve() for form in ("model", "compact")}:
        raise UsageError(f"{run.folder} would replace the model that it starts from", "Choose another folder with -o.")


def record(run: DetailRun, vae: SmallAutoencoder) -> dict[str, Any]:
    """Return what a folder's parts depend on, as plain values."""
    files = [] if run.photographs is None else photograph_files(run.photographs)
    return {
        "autoencoder": weights_digest(vae),
        "seed": run.seed,
        "channels": run.channels,
        "answers": run.answers,
        "pairs": [PairDataset(folder).fingerprint() for folder in run.pairs],
        "photographs": [[path.name, path.stat().st_size] for path in files],
    }


def begin(run: DetailRun, vae: SmallAutoencoder) -> None:
    """Make the folder with its record, or compare a run that was begun.

    Raises:
        UsageError: It was begun with other pairs, another model or other settings.
        StillYouError: It cannot be written to, or its record is damaged.
    """
    wanted, path = record(run, vae), run.folder / _RECORD
    if path.is_file():
        saved = read_object(path, RUN_FILE)
        other = [key for key, value in wanted.items() if saved.get(key) != value]
        if other:
            raise UsageError(
                f"{run.folder} was begun with another value of: {', '.join(other)}",
                "Repeat the first command to go on, or choose another folder with -o.",
            )
        return
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        write_json(path, wanted)
    except OSError as error:
        raise StillYouError(f"cannot write to {run.folder}: {error}", "Choose another folder with -o.") from error
