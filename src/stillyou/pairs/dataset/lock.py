"""The folder that a dataset is written to: refused if it holds something else, and written by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stillyou.errors import StillYouError, UsageError
from stillyou.files import clear_parts
from stillyou.pairs.dataset.info import DESCRIPTION, DatasetInfo, read_info
from stillyou.pairs.dataset.shards import shard_name


def check_folder(folder: Path, info: DatasetInfo) -> None:
    """Refuse a folder that these settings must not write to.

    Raises:
        UsageError: It is a file, holds something else, or was begun with other settings (the first is named).
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", "Give a folder for the pairs.")
    if not (folder / DESCRIPTION).exists():
        check_names(folder, {entry.name for entry in folder.iterdir()} if folder.is_dir() else set(), info)
        return
    check_settings(folder, read_info(folder), info)


def check_names(folder: Path | str, names: set[str], info: DatasetInfo) -> None:
    """Refuse a folder with these names in it, none of which is a description; raises UsageError."""
    shards = {shard_name(number) for number in range(len(info.ranges()))}  # left where a damaged description was
    if any(not name.startswith(".") for name in names - shards):
        raise UsageError(f"{folder} is not empty and holds no pair dataset", "Choose a new or empty folder.")


def check_settings(folder: Path | str, begun: DatasetInfo, info: DatasetInfo) -> None:
    """Refuse to go on with a dataset that was begun otherwise; raises UsageError that names the first difference."""
    if begun.format_version < info.format_version:
        older = f"{folder} was begun by an older stillyou (format version {begun.format_version})"
        raise UsageError(older, "It can be read but not continued: choose another folder.")
    remedy = "Use the same settings, or another folder."
    old, new = begun.settings(), info.settings()
    for name in sorted(old.keys() | new.keys(), key=[*new, *old].index):  # options are left out where there are none
        before, value = old.get(name), new.get(name)
        if before != value:
            raise UsageError(f"{folder} was begun with {_difference(name, before, value)}", remedy)
    if begun.candidates > info.candidates:
        counts = f"{begun.candidates} candidates an effect, not {info.candidates}"
        raise UsageError(f"{folder} was begun with {counts}", "A dataset can grow, not shrink.")


def _difference(name: str, before: Any, value: Any) -> str:
    """Say in a few words how two settings differ."""
    if name == "options":
        return f"{_words(before)}, not {_words(value)}"
    if name == "config":
        return _option(before or {}, value or {})
    if name != "effects":
        return f"{name.replace('_', ' ')} {before}, not {value}"
    ids, wanted = ([effect["id"] for effect in effects] for effects in (before, value))
    if ids != wanted:
        return f"effects {','.join(ids)}, not {','.join(wanted)}"
    changed = next(old["id"] for old, new in zip(before, value, strict=True) if old != new)
    return f"other prompts of effect '{changed}'"


def _option(before: dict[str, Any], value: dict[str, Any]) -> str:
    """Name the first option of the teacher that differs."""
    name = next(name for name in (*value, *before) if before.get(name) != value.get(name))
    return f"{name.replace('_', ' ')} {before.get(name)}, not {value.get(name)}"


def _words(options: dict[str, str] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (options or {}).items()) or "no options"


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for writing and clear what a killed run left half-written.

    The lock is the operating system's: that of a killed process goes with it.

    Raises:
        UsageError: Another process is writing there.
        StillYouError: The folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"another process is writing to {folder}", "Wait for it, or choose another folder.") from error
    except OSError as error:
        raise StillYouError(f"cannot write to {folder}: {error.strerror}", "Choose another folder.") from error
    try:
        clear_parts(folder)
        yield
    finally:
        lock.release()
