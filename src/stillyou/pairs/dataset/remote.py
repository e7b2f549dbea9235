"""A dataset in a folder that fsspec reaches: an object store, another machine.

Workers write a shard to a temporary folder of their machine and hand it over when it is complete, so that no more of a
dataset lies on local disks than is being made. Object stores show a file when all of it has arrived; elsewhere it is
written under another name first. There is no lock: two runs that write to one address at a time do each other's work.
"""

from __future__ import annotations

import posixpath
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.cells import check_words
from stillyou.pairs.dataset.destination import TOLD, Present
from stillyou.pairs.dataset.info import DESCRIPTION, DatasetInfo, parse_info, write_info
from stillyou.pairs.dataset.lock import check_names, check_settings
from stillyou.pairs.dataset.shards import ShardNote, damaged, note_of, shard_name
from stillyou.untrusted.rules import told

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

Answer = TypeVar("Answer")
_APPEAR_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "tos", "hf"})
"""Stores in which a file appears only when all of it has arrived, and which cannot rename without copying."""
_PART = ".part-"
_LONGEST = 1 << 24
"""Bytes of a description that are read."""


@dataclass(frozen=True)
class RemoteFolder:
    """A folder that fsspec reaches.

    Attributes:
        url: Its address, without a slash at the end.
    """

    url: str

    @classmethod
    def at(cls, url: str) -> RemoteFolder:
        """Return the folder at an address; see `destination.destination` for what it raises."""
        made = cls(url.rstrip("/"))
        made._reached()
        return made

    def __str__(self) -> str:
        return self.url

    @property
    def one_process(self) -> bool:
        """Whether it is memory of this process."""
        return self.url.startswith("memory:")

    def check(self, info: DatasetInfo) -> None:
        """Refuse a folder that holds something else, or was begun with other settings."""
        names = self._names()
        if DESCRIPTION in names:
            check_settings(self.url, self._info(), info)
        else:
            check_names(self.url, names, info)

    @contextmanager
    def sole_writer(self) -> Iterator[None]:
        """Clear what a killed run left half-written."""
        fs, root = self._reached()
        with self._saying("write to"):
            if not self._appears_whole:  # such stores have no folders, and might make a bucket
                fs.makedirs(root, exist_ok=True)
            for name in self._names():
                if name.startswith(_PART):
                    fs.rm_file(posixpath.join(root, name))
        yield

    def present(self, info: DatasetInfo) -> Present:
        """Look at the footers of all shards."""
        names, whole, broken = self._names(), set(), []
        for number, span in enumerate(info.ranges()):
            if (name := shard_name(number)) not in names:
                continue
            try:
                note = self._note(name)
            except StillYouError as error:
                broken.append(str(error))
                continue
            if note.settings != info.digest():
                what = f"{self.url}/{name} belongs to another dataset"
                raise StillYouError(what, "Delete it, or use an address for each dataset.")
            if (note.start, note.stop) == span:
                whole.add(number)
        return Present(frozenset(whole), tuple(broken))

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a path in a temporary folder; what is written there is handed over at the end."""
        with tempfile.TemporaryDirectory(prefix="stillyou-") as folder:
            path = Path(folder) / name
            yield path
            self._put(path)

    def write_info(self, info: DatasetInfo) -> None:
        """Write ``dataset.json``."""
        with self.writing(DESCRIPTION) as path:
            write_info(path.parent, info)

    def rows(self, info: DatasetInfo) -> Iterator[dict[str, Any]]:
        """Read what curation said of all rows; the pictures stay where they are."""
        effects = [effect.id for effect in info.effects]
        for number in range(len(info.ranges())):
            table = self._read(shard_name(number), lambda file: file.read(columns=list(TOLD), use_threads=False))
            check_words(table, self._path(shard_name(number)), effects)
            yield from table.to_pylist()

    @property
    def _appears_whole(self) -> bool:
        return self.url.partition(":")[0] in _APPEAR_WHOLE

    def _reached(self) -> tuple[Any, str]:
        """Return the file system and the folder's path in it."""
        import fsspec

        try:
            fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise StillYouError(f"nothing here reaches {self.url} ({told(error)})", "Install that library.") from error
        except ValueError as error:
            known = "Give a folder, or an address that fsspec knows, such as s3://BUCKET/FOLDER."
            raise UsageError(f"'{self.url}' is no address to write to ({told(error)})", known) from error
        except Exception as error:  # each store has classes of its own
            raise self._failed("reach", error) from error
        return fs, str(root)

    @contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        try:
            yield
        except StillYouError:
            raise
        except Exception as error:  # each store has classes of its own
            raise self._failed(what, error) from error

    def _failed(self, what: str, error: Exception) -> StillYouError:
        remedy = "Check address, rights and space, and run the same command again; finished shards are kept."
        return StillYouError(f"cannot {what} {self.url} ({told(error) or type(error).__name__})", remedy)

    def _names(self) -> set[str]:
        fs, root = self._reached()
        with self._saying("read"), suppress(FileNotFoundError):
            fs.invalidate_cache()
            return {posixpath.basename(str(each).rstrip("/")) for each in fs.ls(root, detail=False)}
        return set()

    def _info(self) -> DatasetInfo:
        fs, root = self._reached()
        with self._saying("read"):
            text = fs.cat_file(posixpath.join(root, DESCRIPTION), start=0, end=_LONGEST)
        return parse_info(bytes(text).decode("utf-8", "replace"), f"{self.url}/{DESCRIPTION}")

    def _put(self, path: Path) -> None:
        """Hand a file over under its name, whole or not at all."""
        fs, root = self._reached()
        final = posixpath.join(root, path.name)
        with self._saying("write to"):
            if self._appears_whole:
                fs.put_file(str(path), final)
                return
            part = posixpath.join(root, f"{_PART}{uuid.uuid4().hex[:8]}")
            fs.put_file(str(path), part)
            if fs.exists(final):
                fs.rm_file(final)
            fs.mv(part, final)

    def _path(self, name: str) -> str:
        return f"{self.url}/{name}"

    def _note(self, name: str) -> ShardNote:
        fs, root = self._reached()
        with self._saying("read"):
            size = int(fs.size(posixpath.join(root, name)))
        return self._read(name, lambda file: note_of(file.metadata, self._path(name), size))

    def _read(self, name: str, what: Callable[[ParquetFile], Answer]) -> Answer:
        """Open a shard and read something of it; raises StillYouError where it is damaged."""
        import pyarrow.parquet as pq

        fs, root = self._reached()
        with self._saying("read"):
            file = fs.open(posixpath.join(root, name), "rb")
        with file:
            try:
                return what(pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True))
            except Exception as error:  # Arrow's classes derive from a dozen of Python's
                raise damaged(self._path(name), error) from error
