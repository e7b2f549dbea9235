"""Where a dataset is written: a folder of this machine, or one that fsspec reaches (s3://, gs://, sftp:// ...).

Both hold the same files. What a run needs of its destination is `Destination`: which shards are whole there, and a way
to write a file that appears whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stillyou.errors import UsageError, requires
from stillyou.pairs.dataset.info import DatasetInfo, write_info
from stillyou.pairs.dataset.lock import check_folder, sole_writer
from stillyou.pairs.dataset.store import PairDataset, inspect_shards

_URL = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.S)
TOLD = ("effect", "status", "reason")
"""Columns that the counts of a dataset follow from."""


@dataclass(frozen=True)
class Present:
    """Numbers of the shards that are whole, and a line about each that is damaged."""

    whole: frozenset[int]
    damaged: tuple[str, ...]


class Destination(Protocol):
    """Where a dataset is written. Workers get a copy, so it must be picklable."""

    @property
    def one_process(self) -> bool:
        """Whether no other process of this machine would see what is written there."""
        ...

    def check(self, info: DatasetInfo) -> None:
        """Refuse what these settings must not write to; see `lock.check_folder`."""
        ...

    def sole_writer(self) -> AbstractContextManager[None]:
        """Clear what a killed run left half-written, and keep other writers away if that can be done."""
        ...

    def present(self, info: DatasetInfo) -> Present:
        """Look at the shards that are there; raises StillYouError if one was made with other settings."""
        ...

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Give a local path to write a file at, whole or not at all; at the end it lies here under its name."""
        ...

    def write_info(self, info: DatasetInfo) -> None:
        """Write ``dataset.json``."""
        ...

    def rows(self, info: DatasetInfo) -> Iterable[Mapping[str, Any]]:
        """Return the columns `TOLD` of all rows; every shard must be there."""
        ...


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine, or a mounted one."""

    folder: Path
    one_process = False

    def __str__(self) -> str:
        return str(self.folder)

    def check(self, info: DatasetInfo) -> None:
        """Refuse a folder that these settings must not write to."""
        check_folder(self.folder, info)

    def sole_writer(self) -> AbstractContextManager[None]:
        """Hold the folder's lock."""
        return sole_writer(self.folder)

    def present(self, info: DatasetInfo) -> Present:
        """Look at the footers of all shards."""
        state = inspect_shards(self.folder, info)
        return Present(frozenset(state.whole), tuple(state.damaged.values()))

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give the file's path: whoever writes a shard there does so atomically."""
        yield self.folder / name

    def write_info(self, info: DatasetInfo) -> None:
        """Write ``dataset.json`` atomically."""
        write_info(self.folder, info)

    def rows(self, info: DatasetInfo) -> Iterator[dict[str, Any]]:
        """Describe the dataset as it is now, and iterate over what curation said of its rows."""
        write_info(self.folder, info)
        return PairDataset(self.folder, status="any").rows(TOLD)


def destination(out: str | Path) -> Destination:
    """Return where a folder or address leads.

    Raises:
        UsageError: An address that fsspec does not know.
        StillYouError: The library for such addresses is not installed.
    """
    found = _URL.fullmatch(str(out)) if isinstance(out, str) else None
    if found is None:
        return LocalFolder(Path(out))
    if found["protocol"] in ("file", "local"):
        if not found["rest"].startswith("/"):
            raise UsageError(f"'{out}' names no folder", "Write file:///FOLDER, or the folder alone.")
        return LocalFolder(Path(found["rest"]))
    requires("pairs", "fsspec")
    from stillyou.pairs.dataset.remote import RemoteFolder

    return RemoteFolder.at(str(out))
