"""Parquet files: opened by their footers, read a few rows at a time, every complaint of Arrow's in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillyou.errors import StillYouError
from stillyou.untrusted.rules import Rules, told

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData, ParquetFile

_LARGEST_GROUP = 2 << 30
"""Bytes of a row group, unpacked, that are read."""
_LEAST_ROW = 1 / 64
"""Bytes of a file a row: columns that say one thing a thousand times take next to nothing, pictures never do."""


@contextmanager
def reading(path: Path, rules: Rules) -> Iterator[None]:
    """Turn what Arrow raises for damaged files into the error of `rules`."""
    try:
        yield
    except StillYouError:
        raise
    except Exception as error:  # Arrow's classes derive from a dozen of Python's
        raise rules.refuse(path, f"cannot be read as Parquet ({told(error)})") from error


def open_table(path: Path, rules: Rules, footer: FileMetaData | None = None) -> ParquetFile:
    """Open a Parquet file, whose pages are held against their checksums.

    Args:
        path: The file.
        rules: What is said of a damaged one.
        footer: Its parsed footer, where it is known already.

    Raises:
        StillYouError: It is missing, damaged, or claims more rows or bytes than such a file can hold.
    """
    import pyarrow.parquet as pq

    with reading(path, rules):
        table = pq.ParquetFile(
            path, metadata=footer, memory_map=True, pre_buffer=False, page_checksum_verification=True
        )
        table.schema_arrow  # noqa: B018  (damaged schemas show here)
        check_claims(table.metadata, path, path.stat().st_size, rules)
        return table


def check_claims(footer: FileMetaData, path: Path | str, size: int, rules: Rules) -> None:
    """Refuse a footer that claims more rows, or larger groups, than its file can hold.

    Args:
        footer: The footer.
        path: What messages call the file.
        size: Its bytes.
        rules: What is said of a damaged one.

    Raises:
        StillYouError: It does.
    """
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if footer.num_rows < 0 or footer.num_rows * _LEAST_ROW > size:
        raise rules.refuse(path, f"claims {footer.num_rows} rows in {size} bytes")
    if any(group.num_rows < 0 for group in groups) or sum(group.num_rows for group in groups) != footer.num_rows:
        raise rules.refuse(path, "has row groups that do not add up")
    if any(group.total_byte_size > _LARGEST_GROUP for group in groups):
        raise rules.refuse(path, f"has a row group of more than {_LARGEST_GROUP >> 30} GB")


def read_batches(
    table: ParquetFile, path: Path, group: int, columns: Sequence[str], rows: int, rules: Rules
) -> Iterator[list[dict[str, Any]]]:
    """Yield a row group as plain data, `rows` at a time; raises StillYouError where the file is damaged."""
    with reading(path, rules):
        for batch in table.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False):
            yield batch.to_pylist()


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column's type is text (or nothing but nulls)."""
    import pyarrow.types as types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_null(inner))


def is_bytes(kind: pa.DataType) -> bool:
    """Tell whether a column's type is bytes."""
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def is_picture(kind: pa.DataType) -> bool:
    """Tell whether a column's type is that of pictures: bytes, or a struct with a field ``bytes``."""
    import pyarrow.types as types

    if not types.is_struct(kind):
        return is_bytes(kind)
    return kind.get_field_index("bytes") >= 0 and is_bytes(kind.field("bytes").type)
