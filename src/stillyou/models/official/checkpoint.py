"""The released files on disk: which ones are meant, and their tensors, read without running any code of theirs."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch

from stillyou.diffusion.official.released import ADAPTER_FILE, TASKS, UNET_FILE, Task, locations
from stillyou.errors import StillYouError, UsageError
from stillyou.models.hub import download_files, is_hub_id, repository_files

State = dict[str, torch.Tensor]

_DOWNLOAD_AGAIN = "Download it again."
_FILES = (UNET_FILE, ADAPTER_FILE)


@dataclass(frozen=True)
class Checkpoint:
    """The two files of one task.

    Attributes:
        unet: Path of `unet.pth`.
        adapter: Path of `adapter.pth`.
        task: What it was trained for.
        source: Where it came from: the hub id or the folder's name, with the folder inside.
    """

    unet: Path
    adapter: Path
    task: Task
    source: str


def find_checkpoint(source: str, task: Task | None = None) -> Checkpoint:
    """Find the released files.

    Args:
        source: A folder that holds the two files, a folder with the release's tree in it, or a hub id.
        task: Which of the two tasks; None takes the one that is there, and `outfit` of both.

    Raises:
        UsageError: No such folder, or the task cannot be told or contradicts the folder's name.
        StillYouError: One or both files are missing, or the hub cannot be reached.
    """
    folder = Path(source)
    if folder.is_dir():
        places = ["", *(place for known in TASKS for place in locations(known))]
        names = [_join(place, name) for place in places for name in _FILES if (folder / place / name).is_file()]
        place, chosen = _choose(names, task, source, folder.resolve())
        _check_both(names, place, source)
        inside = folder / place
        return Checkpoint(inside / UNET_FILE, inside / ADAPTER_FILE, chosen, _join(folder.resolve().name, place))
    if not is_hub_id(source):
        raise UsageError(f"there is no folder '{source}'", "Name the download's folder, or a hub id OWNER/NAME.")
    names = [name for name in repository_files(source) if name.rpartition("/")[2] in _FILES]
    place, chosen = _choose(names, task, source, Path(source))
    _check_both(names, place, source)
    inside = download_files(source, [_join(place, name) for name in _FILES]) / place
    return Checkpoint(inside / UNET_FILE, inside / ADAPTER_FILE, chosen, _join(source, place))


def _choose(names: list[str], task: Task | None, source: str, path: Path) -> tuple[str, Task]:
    """Return the folder inside the source ("" is the source itself) and the task."""
    present = {name.rpartition("/")[0] for name in names}
    if "" in present:
        return "", _named_task(path, task)
    for wanted in TASKS if task is None else (task,):
        for place in locations(wanted):
            if place in present:
                return place, wanted
    expected = locations(task or "outfit")[0]
    raise StillYouError(
        f"{source} holds neither {UNET_FILE} and {ADAPTER_FILE} nor {expected} with them",
        "Name the folder of one checkpoint, or of the whole download.",
    )


def _named_task(path: Path, task: Task | None) -> Task:
    """Return the task of a folder that holds the files itself, from its path or from the user."""
    named = [known for known in TASKS if known in path.parts]
    if task is None and len(named) == 1:
        return named[0]
    if task is None:
        raise UsageError(
            f"the task of {path.name} cannot be told from its path", "Add --task outfit or --task cartoon."
        )
    if named and task not in named:
        raise UsageError(f"{path} is the checkpoint of '{named[0]}', not of '{task}'", f"Say --task {named[0]}.")
    return task


def _check_both(names: list[str], place: str, source: str) -> None:
    missing = [name for name in _FILES if _join(place, name) not in names]
    if missing:
        raise StillYouError(
            f"the checkpoint in {_join(source, place)} is incomplete: it has no {missing[0]}", _DOWNLOAD_AGAIN
        )


def _join(folder: str, name: str) -> str:
    return "/".join(part for part in (folder, name) if part)


def read_state(path: Path) -> State:
    """Read a state dict with `weights_only=True`, without the `module.` that distributed training puts before names.

    Tensors of the usual zip layout stay on disk until they are used.

    Raises:
        StillYouError: Not a whole file of tensors; pickles with code are refused unread.
    """
    _check_whole(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the pickle protocol; a file that cannot be read is an error below
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        if "unsupported global" in str(error).lower() or _head(path).startswith(b"\x80"):
            raise StillYouError(
                f"{path} holds code or Python objects beside tensors; it was not run",
                "Get the file from the release itself.",
            ) from error
        raise _damaged(path, "no file of tensors") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        raise _damaged(path, (str(error).splitlines() or [type(error).__name__])[0]) from error
    return _clean(loaded, path)


def _check_whole(path: Path) -> None:
    """Refuse what a failed download leaves, by size and first bytes."""
    head = _head(path)
    if not head:
        raise _damaged(path, "it is empty")
    if head.startswith(b"version https://git-lfs"):
        raise StillYouError(f"{path} is a Git LFS pointer, not the file itself", "Run git lfs pull, or download it.")
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise _damaged(path, "it is a web page")
    if head.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(path):
        raise _damaged(path, f"it is cut off after {path.stat().st_size} bytes")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _damaged(path: Path, why: str) -> StillYouError:
    return StillYouError(f"{path} cannot be read: {why:.160}", _DOWNLOAD_AGAIN)


def _clean(loaded: object, path: Path) -> State:
    if (
        not isinstance(loaded, dict)
        or not loaded
        or not all(isinstance(value, torch.Tensor) for value in loaded.values())
    ):
        raise _damaged(path, "it is no state dict of tensors")
    state = {_without_module(str(name)): tensor for name, tensor in loaded.items()}
    odd = next((name for name, tensor in state.items() if not tensor.is_floating_point()), None)
    if odd is not None:
        raise _damaged(path, f"'{odd}' holds {state[odd].dtype}, not floating-point weights")
    return state


def _without_module(name: str) -> str:
    while name.startswith("module."):
        name = name.removeprefix("module.")
    return name
