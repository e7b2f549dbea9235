"""Reads the folder of a pair dataset: which shards are whole, and pairs out of them (docs/reference/pairs.md)."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillyou.errors import StillYouError, UsageError, nearest, requires
from stillyou.pairs.dataset.cells import check_words, parsed
from stillyou.pairs.dataset.info import DatasetInfo, read_info
from stillyou.pairs.dataset.shards import (
    IMAGES,
    METADATA,
    ShardNote,
    ShardReader,
    damaged,
    decode_png,
    read_footer,
    shard_name,
)
from stillyou.pairs.pair import Pair

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

_PLACE = ("shard", "position")
_OPEN_FILES = 64
"""Shards kept open at a time: far below the usual limit of 1,024 files a process."""


@dataclass(frozen=True)
class ShardState:
    """What lies in the folder: footers of whole shards by number, and what is not there or not usable."""

    whole: Mapping[int, tuple[ShardNote, FileMetaData]]
    missing: Sequence[int]
    damaged: Mapping[int, str]

    def complaint(self, folder: Path) -> str:
        """Name the shards that cannot be used, in one line, or return an empty string."""
        parts = []
        for kind, numbers in (("misses", self.missing), ("has damaged", list(self.damaged))):
            if numbers:
                names = ", ".join(shard_name(number) for number in numbers[:3]) + (", ..." if len(numbers) > 3 else "")
                parts.append(f"{kind} {len(numbers)} {'shard' if len(numbers) == 1 else 'shards'} ({names})")
        return f"{folder} {' and '.join(parts)}" if parts else ""


def inspect_shards(folder: Path, info: DatasetInfo) -> ShardState:
    """Look at the footers of all shards.

    A shard that ends before its range does is missing: the dataset has grown since.

    Raises:
        StillYouError: A shard was made with other settings than the folder's.
    """
    whole: dict[int, tuple[ShardNote, FileMetaData]] = {}
    missing: list[int] = []
    broken: dict[int, str] = {}
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for number, (start, stop) in enumerate(info.ranges()):
        if shard_name(number) not in present:
            missing.append(number)
            continue
        path = folder / shard_name(number)
        try:
            note, footer = read_footer(path)
        except StillYouError as error:
            broken[number] = str(error)
            continue
        if note.settings != info.digest():
            raise StillYouError(f"{path} belongs to another dataset", "Delete it, or use a folder for each dataset.")
        if (note.start, note.stop) == (start, stop):
            whole[number] = note, footer
        else:
            missing.append(number)
    return ShardState(whole, missing, broken)


def decoded(pngs: Sequence[bytes], row: Mapping[str, Any], info: DatasetInfo, path: Path) -> Pair:
    """Decode one pair.

    Args:
        pngs: Its pictures, in the order of `IMAGES`.
        row: Its metadata, with a dict of attributes.
        info: Of its dataset.
        path: Its shard.

    Raises:
        StillYouError: A picture is damaged.
    """
    try:
        source, target, mask = (
            decode_png(png, info.size, "L" if name == "mask" else "RGB") for name, png in zip(IMAGES, pngs, strict=True)
        )
    except Exception as error:  # decoders of damaged pictures raise nearly anything
        raise damaged(path, error) from error
    fields = ("source_prompt", "target_prompt", "effect", "teacher", "seed", "attributes")
    return Pair(source, target, mask, **{name: row[name] for name in fields}, domain=info.domain)


def shard_rows(reader: ShardReader, info: DatasetInfo) -> list[dict[str, Any]]:
    """Return the metadata of a shard's rows in their order; ``scores`` and ``attributes`` as dicts.

    Raises:
        StillYouError: The shard is damaged.
    """
    table = reader.metadata()
    check_words(table, reader.path, [effect.id for effect in info.effects])
    return [parsed(row | {"position": place}, reader.path) for place, row in enumerate(table.to_pylist())]


class PairDataset:
    """Reads a pair dataset: metadata at once and cheaply, pictures one pair at a time.

    Safe to pickle and to fork (worker processes of a data loader); not meant to be shared by threads.

    Args:
        path: The dataset's folder.
        effects: Ids to keep; all by default.
        status: Which rows to keep: ``accepted``, ``rejected`` or ``any``.
        partial: Read what there is of an unfinished or damaged dataset, instead of refusing it.

    Attributes:
        meta: What ``dataset.json`` says.
        complaint: With ``partial``, one line that names unusable shards, or an empty string.

    Raises:
        UsageError: No dataset, an unknown format version, or an effect that it does not have.
        StillYouError: Shards are missing or damaged.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        effects: Collection[str] | None = None,
        status: Literal["accepted", "rejected", "any"] = "accepted",
        partial: bool = False,
    ) -> None:
        requires("pairs", "pyarrow")
        self.path = Path(path)
        self.meta = read_info(self.path)
        self._check_effects(effects)
        state = inspect_shards(self.path, self.meta)
        self.complaint = state.complaint(self.path)
        if self.complaint and not partial:
            raise StillYouError(self.complaint, "Run the command that made it again: it makes just these.")
        self._readers = [ShardReader(self.path / shard_name(n), footer) for n, (_, footer) in state.whole.items()]
        self._open: OrderedDict[int, None] = OrderedDict()
        self._table = self._select(effects, status)
        self._digest = self._fingerprint(state, effects, status)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def rows(self, columns: Sequence[str] = METADATA) -> Iterator[dict[str, Any]]:
        """Iterate over metadata without touching pictures.

        Args:
            columns: Of `stillyou.pairs.dataset.shards.METADATA`; ``scores`` and ``attributes`` come as dicts.
        """
        for name in columns:
            if name not in METADATA:
                raise UsageError(f"'{name}' is no metadata column", nearest(name, METADATA))
        for batch in self._table.select([*columns, *_PLACE]).to_batches(max_chunksize=1024):
            for row in batch.to_pylist():
                yield parsed(row, self._readers[row.pop("shard")].path)

    def row(self, index: int) -> dict[str, Any]:
        """Return the metadata of one row; ``scores`` and ``attributes`` as dicts."""
        cells = {name: self._table[name][index].as_py() for name in (*METADATA, *_PLACE)}
        return parsed(cells, self._readers[cells.pop("shard")].path)

    def load(self, index: int) -> Pair:
        """Decode one pair.

        Args:
            index: 0 to ``len(self) - 1``, in the order of `rows`.

        Raises:
            StillYouError: The shard is damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        row = self.row(index)
        shard = self._table["shard"][index].as_py()
        pngs = self._reader(shard).pictures(self._table["position"][index].as_py())
        return decoded(pngs, row, self.meta, self._readers[shard].path)

    def fingerprint(self) -> str:
        """Return a digest of the selected pairs, for caches: settings, shard contents and selection."""
        return self._digest

    def _check_effects(self, effects: Collection[str] | None) -> None:
        known = [effect.id for effect in self.meta.effects]
        for name in effects or ():
            if name not in known:
                raise UsageError(f"{self.path} has no pairs of effect '{name}'", nearest(name, known))

    def _select(self, effects: Collection[str] | None, status: str) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        tables = []
        for shard, reader in enumerate(self._readers):
            table = reader.metadata()
            reader.close()
            check_words(table, reader.path, [effect.id for effect in self.meta.effects])
            table = table.append_column("shard", pa.array([shard] * table.num_rows, pa.int32()))
            table = table.append_column("position", pa.array(range(table.num_rows), pa.int32()))
            if effects is not None:
                table = table.filter(pc.is_in(table["effect"], pa.array(list(effects), pa.string())))
            tables.append(table if status == "any" else table.filter(pc.equal(table["status"], status)))
        columns = [*METADATA, "shard", "position"]
        if not tables:
            return pa.table({name: pa.array([], pa.string()) for name in columns})
        return pa.concat_tables(table.select(columns) for table in tables).combine_chunks()

    def _fingerprint(self, state: ShardState, effects: Collection[str] | None, status: str) -> str:
        contents = [state.whole[number][0].content for number in sorted(state.whole)]
        chosen = sorted(effects) if effects is not None else None
        text = json.dumps([self.meta.digest(), contents, chosen, status])
        return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()

    def _reader(self, shard: int) -> ShardReader:
        """Return a shard's reader, closing the one that was not used for longest."""
        self._open[shard] = None
        self._open.move_to_end(shard)
        if len(self._open) > _OPEN_FILES:
            self._readers[self._open.popitem(last=False)[0]].close()
        return self._readers[shard]
