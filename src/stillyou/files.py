"""Atomic writes: a file appears whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError

Place = Callable[[str | Path], AbstractContextManager[Path]]
"""Gives the temporary path to write a file at: `atomic_path`, or what `together` yields."""

_PART = re.compile(r"\.part-[a-z0-9_]{8}(\.\w+)?")
"""Names of `atomic_path`'s temporary files."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it on success and vanishes on failure.

    The temporary name keeps the suffix, so that writers which choose a format by name still do.

    Raises:
        StillYouError: The folder cannot be made or written to, or the disk is full.
    """
    path = Path(path)
    if path.is_dir():
        raise StillYouError(f"{path} is a folder, not a file", "Give a file name to write to.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = _locked_part(path)
    except OSError as error:
        raise StillYouError(f"cannot write {path}: {error.strerror}", "Choose a folder you may write to.") from error
    try:
        yield part
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except OSError as error:
        raise StillYouError(
            f"cannot write {path}: {error.strerror or error}", "Check space and permissions."
        ) from error
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


def _locked_part(path: Path) -> tuple[int, Path]:
    """Make a temporary file beside a path and lock it, as long as its handle is open or its process lives."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
        with suppress(OSError):  # file systems without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # `clear_dead_parts` of another process came before the lock


@contextmanager
def together() -> Iterator[Place]:
    """Yield a stand-in for `atomic_path` whose files take their names at the end, or all vanish on a failure."""
    with ExitStack() as parts:
        yield lambda path: nullcontext(parts.enter_context(atomic_path(path)))


def _umask() -> int:
    """Return the process's umask (mkstemp makes files private; outputs should be ordinary files)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def take_place(part: Path, final: Path) -> None:
    """Let a whole folder take a name at once; what bears it goes aside first, since a kill would leave half of it.

    Raises:
        OSError: It cannot be moved.
    """
    remove_folder(final)
    os.replace(part, final)


def remove_folder(folder: Path) -> None:
    """Remove a folder, if there is one and it can be; it loses its name first, so that a kill leaves no half of it."""
    aside = folder.with_name(f".part-old-{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):
        os.replace(folder, aside)
    shutil.rmtree(aside, ignore_errors=True)


def clear_parts(*folders: Path) -> None:
    """Remove what a killed process has left half-written in folders that nobody else writes to."""
    for part in (part for folder in folders for part in folder.glob(".part-*")):
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            part.unlink(missing_ok=True)


def clear_dead_parts(*folders: Path) -> None:
    """Remove the temporary files of `atomic_path` whose writers were killed; those of living ones are locked."""
    for part in (part for folder in folders for part in folder.glob(".part-*") if _PART.fullmatch(part.name)):
        with suppress(OSError):
            handle = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(handle)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically, indented; NaN and infinities are refused (they are not JSON)."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that takes its name on success and vanishes on failure.

    Raises:
        StillYouError: ``path`` is a file or a folder with contents, or cannot be written.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise StillYouError(f"{path} exists and is not an empty folder", "Name a new folder.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=".part-"))
    except OSError as error:
        raise StillYouError(f"cannot write {path}: {error.strerror}", "Choose a folder you may write to.") from error
    try:
        yield part
        os.chmod(part, 0o777 & ~_umask())
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
