"""One Parquet shard of pairs: its columns, how it is written, and how single pairs are read from it.

The columns carry the metadata of Hugging Face `datasets` (``Image`` for source, target and mask), so that
``datasets.load_dataset("parquet", data_files=...)`` decodes them. Pictures are PNG already, so nothing is compressed
twice; row groups are small, so that one pair can be read without its neighbours; checksums of pages tell damage. The
same rows always give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from stillyou.errors import StillYouError
from stillyou.files import atomic_path
from stillyou.pairs.pair import Attribute, Pair
from stillyou.untrusted.json_text import parse_object
from stillyou.untrusted.rules import Rules, told
from stillyou.untrusted.tables import check_claims, open_table

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData, ParquetFile

Status = Literal["accepted", "rejected"]

IMAGES = ("source", "target", "mask")
"""Columns that hold PNG pictures."""
TEXTS = ("source_prompt", "target_prompt", "effect", "teacher", "seed", "status", "reason", "scores", "attributes")
COLUMNS = ("key", *IMAGES, *TEXTS)
METADATA = ("key", *TEXTS)
"""Columns that are cheap to read; ``scores`` and ``attributes`` are JSON objects."""

ROWS_A_GROUP = 4
"""Random access reads the images of this many rows."""
_NOTE = b"stillyou"
REMEDY = "Delete it and run the command that made the dataset again."
_RULES = Rules(REMEDY)


@dataclass(frozen=True)
class Row:
    """One candidate as it is stored.

    Attributes:
        key: Unique name, made from the dataset's seed, the effect and the candidate's index.
        pair: The candidate itself; rejected ones are kept too.
        status: Whether curation accepted it.
        reason: Why it was rejected, or an empty string.
        scores: What curation measured.
    """

    key: str
    pair: Pair
    status: Status
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ShardNote:
    """What a shard says about itself, in its footer.

    Attributes:
        settings: Digest of the settings it was made with.
        start: First candidate index.
        stop: One past the last candidate index.
        content: Digest of all its rows.
    """

    settings: str
    start: int
    stop: int
    content: str


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"pairs-{number:05d}.parquet"


def schema() -> pa.Schema:
    """Return the columns, with the `datasets` features that decode the images."""
    import pyarrow as pa

    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    kinds = {name: pa.string() for name in COLUMNS} | dict.fromkeys(IMAGES, image) | {"seed": pa.int64()}
    features: dict[str, dict[str, str]] = {}
    for name in COLUMNS:
        dtype = "int64" if name == "seed" else "string"
        features[name] = {"_type": "Image"} if name in IMAGES else {"dtype": dtype, "_type": "Value"}
    return pa.schema(
        [pa.field(name, kinds[name]) for name in COLUMNS],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode (H, W) grey or (H, W, 3) RGB, losslessly and without metadata.

    libvips at its fastest setting takes about 2 ms for a noisy 256 px picture, a third of Pillow's time.
    """
    import pyvips

    height, width, bands = (*pixels.shape, 1)[:3]
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels).data, width, height, bands, "uchar")
    return bytes(image.pngsave_buffer(compression=1, filter="sub", keep="none"))


def decode_png(data: bytes, size: int, mode: Literal["RGB", "L"]) -> npt.NDArray[np.uint8]:
    """Decode a square PNG of a known size; a writable array.

    Raises:
        ValueError: The picture has another size or mode, or is no PNG.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        if image.size != (size, size) or image.mode != mode:
            raise ValueError(f"a picture is {image.mode} {image.size}, not {mode} ({size}, {size})")
        return np.array(image)


def compact(values: Mapping[str, Attribute]) -> str:
    """Write scores or attributes as a cell of a shard."""
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _cells(row: Row) -> dict[str, Any]:
    pair = row.pair
    cells: dict[str, Any] = {name: {"bytes": encode_png(getattr(pair, name)), "path": None} for name in IMAGES}
    cells |= {name: getattr(pair, name) for name in ("source_prompt", "target_prompt", "effect", "teacher", "seed")}
    cells |= {"key": row.key, "status": row.status, "reason": row.reason}
    return cells | {"scores": compact(row.scores), "attributes": compact(pair.attributes)}


def _digest_row(digest: hashlib.blake2b, cells: Mapping[str, Any]) -> None:
    for name in COLUMNS:
        value = cells[name]["bytes"] if name in IMAGES else str(cells[name]).encode("utf-8")
        digest.update(len(value).to_bytes(8, "little"))
        digest.update(value)


def write_shard(path: Path, rows: Iterable[Row], *, settings: str, start: int, stop: int) -> ShardNote:
    """Write a shard; it appears under its name only when it is complete.

    Args:
        path: Where to.
        rows: Consumed lazily; a shard never lies in memory whole.
        settings: Digest of the settings of the dataset.
        start: First candidate index.
        stop: One past the last candidate index.

    Raises:
        StillYouError: The folder cannot be written to, or the disk is full.
    """
    return write_cells(path, map(_cells, rows), settings=settings, start=start, stop=stop)


def write_cells(path: Path, rows: Iterable[Mapping[str, Any]], *, settings: str, start: int, stop: int) -> ShardNote:
    """Write a shard of rows as its columns hold them; see `write_shard`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns, digest, supply = schema(), hashlib.blake2b(digest_size=16), iter(rows)
    with atomic_path(path) as part:
        options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
        with pq.ParquetWriter(part, columns, version="2.6", write_page_checksum=True, **options) as writer:
            while group := [dict(row) for row in islice(supply, ROWS_A_GROUP)]:
                for cells in group:
                    _digest_row(digest, cells)
                writer.write_table(pa.Table.from_pylist(group, schema=columns))
            note = ShardNote(settings, start, stop, digest.hexdigest())
            writer.add_key_value_metadata({_NOTE: json.dumps(vars(note)).encode()})
    return note


def read_footer(path: Path) -> tuple[ShardNote, FileMetaData]:
    """Read what a shard says about itself, without its rows.

    Raises:
        StillYouError: The file is missing, damaged, or no shard of pairs.
    """
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
        return note_of(footer, path, path.stat().st_size), footer
    except Exception as error:  # Arrow's classes derive from a dozen of Python's
        raise damaged(path, error) from error


def note_of(footer: FileMetaData, where: Path | str, size: int) -> ShardNote:
    """Return what the footer of a file of so many bytes says; raises all kinds of exceptions if it says nothing."""
    check_claims(footer, where, size, _RULES)
    said = parse_object((footer.metadata or {})[_NOTE].decode("utf-8"), "its note", _RULES)
    note = ShardNote(**said)
    if [type(value) for value in vars(note).values()] != [str, int, int, str]:
        raise ValueError("its note has other types")
    return note


def damaged(path: Path | str, error: Exception | str) -> StillYouError:
    """Say that a shard cannot be used, and how to mend it."""
    detail = error if isinstance(error, str) else told(error)
    return StillYouError(f"{path} is damaged or no shard of pairs ({detail})", REMEDY)


class ShardReader:
    """Random access to the pictures of one shard; opens the file on first use and is cheap to pickle.

    Args:
        path: The shard.
        footer: Its parsed footer, where it is known already.
    """

    def __init__(self, path: Path, footer: FileMetaData | None = None) -> None:
        self.path = path
        self._footer = footer
        self._file: ParquetFile | None = None
        self._group: tuple[int, Sequence[pa.BinaryArray]] = (-1, ())

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_footer": None, "_file": None, "_group": (-1, ())}

    def pictures(self, row: int) -> list[bytes]:
        """Return the PNGs of one row, in the order of `IMAGES`.

        Raises:
            StillYouError: The shard has vanished or is damaged.
        """
        number, offset = divmod(row, ROWS_A_GROUP)
        if self._group[0] != number:
            try:
                self._group = (number, self._read_group(number))
            except Exception as error:  # as in `read_footer`
                raise damaged(self.path, error) from error
        return [column[offset].as_py() or b"" for column in self._group[1]]

    def metadata(self) -> pa.Table:
        """Read the cheap columns of all rows; raises StillYouError that names a column that is not as it should be."""
        try:
            file = self._open()
            _check_layout(file)
            table = file.read(columns=list(METADATA), use_threads=False)
            table.validate(full=True)
            for name in METADATA:
                if table[name].null_count:
                    row = table[name].is_null().to_pylist().index(True)
                    raise ValueError(f"row {row} has nothing in column '{name}'")
            return table
        except Exception as error:  # as in `read_footer`
            raise damaged(self.path, error) from error

    def check(self) -> None:
        """Read all pages and let go of them; raises StillYouError if one does not match its checksum."""
        try:
            for number in range(self._open().num_row_groups):
                self._open().read_row_group(number, use_threads=False)
        except Exception as error:  # as in `read_footer`
            raise damaged(self.path, error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file; the next read opens it again."""
        self._file, self._group = None, (-1, ())

    def _read_group(self, number: int) -> list[pa.BinaryArray]:
        names = [f"{name}.bytes" for name in IMAGES]
        table = self._open().read_row_group(number, columns=names, use_threads=False)
        return [table[name].combine_chunks().field("bytes") for name in IMAGES]

    def _open(self) -> ParquetFile:
        if self._file is None:
            self._file = open_table(self.path, _RULES, self._footer)
        return self._file


def _check_layout(file: ParquetFile) -> None:
    """Raise ValueError unless a file has a shard's columns, and row groups of `ROWS_A_GROUP`."""
    for column in schema():
        number = file.schema_arrow.get_field_index(column.name)
        kind = file.schema_arrow.field(number).type if number >= 0 else "missing"
        if kind != column.type:
            raise ValueError(f"column '{column.name}' is {str(kind):.40}")
    rows = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    if any(count != ROWS_A_GROUP for count in rows[:-1]) or any(count > ROWS_A_GROUP for count in rows[-1:]):
        raise ValueError(f"its row groups do not have {ROWS_A_GROUP} rows")
