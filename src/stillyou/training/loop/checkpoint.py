"""Checkpoints: weights, average and optimizer as safetensors, everything else as JSON; nothing is unpickled.

A checkpoint is a folder `checkpoint-00001200` that appears by renaming when it is whole. Its `state.json` holds a
digest of each tensor file; a checkpoint that does not match is skipped and the one before it is used.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.files import remove_folder, take_place, write_json
from stillyou.training.loop.sharding import like
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE

KEPT = 2
_NAME = re.compile(r"checkpoint-(\d{8})")
_PARTS = ("model", "average", "optimizer")


@dataclass(frozen=True)
class Checkpoint:
    """One moment of a stage.

    Attributes:
        step: Steps taken.
        elapsed: Seconds taken over all sessions.
        identity: What the stage was started with; a checkpoint of another identity is not resumed.
        model: Trained parameters by name.
        average: Their moving average by name.
        optimizer: AdamW's state, `NAME.exp_avg`, `NAME.exp_avg_sq`, `NAME.step`.
        scaler: State of the fp16 loss scaler, empty otherwise.
    """

    step: int
    elapsed: float
    identity: Mapping[str, Any]
    model: Mapping[str, torch.Tensor]
    average: Mapping[str, torch.Tensor]
    optimizer: Mapping[str, torch.Tensor]
    scaler: Mapping[str, float]


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, torch.nn.Parameter]
) -> dict[str, torch.Tensor]:
    """Flatten AdamW's state to named tensors; those that parameters share (the 8-bit code books) are copied."""
    return {
        f"{name}.{key}": value.detach().clone() if key.startswith("qmap") else torch.as_tensor(value).detach()
        for name, parameter in parameters.items()
        for key, value in optimizer.state[parameter].items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer,
    parameters: Mapping[str, torch.nn.Parameter],
    tensors: Mapping[str, torch.Tensor],
) -> None:
    """Undo `optimizer_tensors`; the optimizer must hold the same parameters in the same order."""
    state: dict[int, dict[str, Any]] = {index: {} for index in range(len(parameters))}
    numbers = {name: index for index, name in enumerate(parameters)}
    counts = type(optimizer).__module__.startswith("bitsandbytes")  # keeps steps as plain numbers
    for key, value in tensors.items():
        name, _, part = key.rpartition(".")
        shared = like(value, parameters[name])
        state[numbers[name]][part] = int(value) if counts and part == "step" else shared
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and remove all but the newest `KEPT`.

    Raises:
        StillYouError: The folder cannot be written to or the disk is full; older checkpoints stay.
    """
    final = folder / f"checkpoint-{checkpoint.step:08d}"
    part = folder / f".part-{final.name}"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        digests = {}
        for name in _PARTS:
            tensors = {key: value.cpu().contiguous() for key, value in getattr(checkpoint, name).items()}
            save_file(tensors, part / f"{name}.safetensors")
            digests[name] = _digest(part / f"{name}.safetensors")
        state = {"step": checkpoint.step, "elapsed": checkpoint.elapsed, "identity": dict(checkpoint.identity)}
        write_json(part / "state.json", state | {"scaler": dict(checkpoint.scaler), "digests": digests})
        take_place(part, final)
    except (OSError, SafetensorError) as error:
        raise StillYouError(
            f"cannot write the checkpoint {final}: {error}", "Free some space; the same command then resumes."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in checkpoint_folders(folder)[:-KEPT]:
        remove_folder(old)
    return final


def checkpoint_folders(folder: Path) -> list[Path]:
    """Return the checkpoints of a stage, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))


@dataclass(frozen=True)
class StageState:
    """How far a stage is."""

    step: int
    elapsed: float


def newest_state(folder: Path) -> StageState | None:
    """Read how far the newest checkpoint is, without its tensors; None if there is none that can be read."""
    for path in reversed(checkpoint_folders(folder)):
        try:
            state = read_object(path / "state.json", RUN_FILE)
            return StageState(int(state["step"]), float(state["elapsed"]))
        except (StillYouError, ValueError, KeyError, TypeError):
            continue
    return None


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """Load the newest whole checkpoint; damaged ones are named on standard error and skipped."""
    for path in reversed(checkpoint_folders(folder)):
        try:
            return _load(path)
        except (StillYouError, OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:100]
            console.print(f"The checkpoint {path} is damaged ({reason}) and is skipped.", markup=False)
    return None


def _load(path: Path) -> Checkpoint:
    state = read_object(path / "state.json", RUN_FILE)
    tensors = {}
    for name in _PARTS:
        file = path / f"{name}.safetensors"
        if _digest(file) != state["digests"][name]:
            raise ValueError(f"{file.name} does not match its digest")
        tensors[name] = load_file(file)
    return Checkpoint(state["step"], state["elapsed"], state["identity"], scaler=state["scaler"], **tensors)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.blake2b(digest_size=16)
        while chunk := file.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()
