"""Pairs in Parquet files with InstructPix2Pix's columns, read a few rows at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stillyou.errors import UsageError
from stillyou.pairs.imported.entry import Entry, check_prompts
from stillyou.untrusted.rules import Rules
from stillyou.untrusted.tables import is_picture, is_text, open_table, read_batches

_NEEDED = {"original_image": is_picture, "edit_prompt": is_text, "edited_image": is_picture}
_PREFERRED = {"original_prompt": is_text, "edited_prompt": is_text}
_AT_A_TIME = 16
_RULES = Rules("Download it again.")

Cells = dict[str, Any]


class ParquetListing:
    """Entries whose pictures lie in Parquet files; picklable.

    Raises:
        UsageError: A column is missing or of another type, or there are no rows.
        StillYouError: A file is damaged.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._groups: list[tuple[Path, int, int, int, int]] = []
        """File, row group, first index, rows, first row in the file."""
        self._at: tuple[int, int, list[Cells]] = (-1, 0, [])
        """Group, first row and rows that were read last."""
        self._supply: Iterator[list[Cells]] = iter(())
        self._total = 0
        for file in files:
            self._add(file)
        if not self._total:
            raise UsageError(f"{files[0]} holds no rows", "Give a file with pairs.")

    def __len__(self) -> int:
        return self._total

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_at": (-1, 0, []), "_supply": iter(())}

    def entry(self, index: int) -> Entry:
        """Return one entry; pictures that are null have no bytes.

        Raises:
            UsageError: A prompt that no dataset could hold.
            StillYouError: The file is damaged.
        """
        number = next(n for n, (_, _, start, rows, _) in enumerate(self._groups) if start <= index < start + rows)
        file, _, start, _, first = self._groups[number]
        where, row = f"{file.name} row {first + index - start}", self._row(number, index - start)
        source, target = (_bytes(row[name]) for name in ("original_image", "edited_image"))
        prompt, source_prompt = row.get("edited_prompt") or row["edit_prompt"] or "", row.get("original_prompt") or ""
        check_prompts(where, prompt, source_prompt)
        return Entry(where, source, target, None, source_prompt, prompt)

    def digest(self) -> str:
        """Return a digest of file names, sizes and rows."""
        facts = [[file.name, file.stat().st_size, group, rows] for file, group, _, rows, _ in self._groups]
        return hashlib.blake2b(json.dumps(facts).encode("utf-8"), digest_size=8).hexdigest()

    def _add(self, file: Path) -> None:
        table = open_table(file, _RULES)
        for name, fits in {**_NEEDED, **_PREFERRED}.items():
            if name not in table.schema_arrow.names:
                if name in _PREFERRED:
                    continue
                raise UsageError(f"{file} has no column '{name}'", f"InstructPix2Pix has {', '.join(_NEEDED)}.")
            kind = table.schema_arrow.field(name).type
            if not fits(kind):
                wanted = "texts" if fits is is_text else "pictures"
                raise UsageError(f"{file} has {str(kind):.60} in column '{name}', not {wanted}", "Give another file.")
        first = 0
        for group in range(table.num_row_groups):
            rows = table.metadata.row_group(group).num_rows
            self._groups.append((file, group, self._total, rows, first))
            self._total, first = self._total + rows, first + rows

    def _row(self, number: int, row: int) -> Cells:
        """Return a row of a row group; going on behind the row that was read last is cheap."""
        group, start, rows = self._at
        if group != number or row < start:
            self._supply, start, rows = self._open(number), 0, []
        while row >= start + len(rows):
            start += len(rows)
            rows = next(self._supply, [])
            if not rows:
                raise _RULES.refuse(self._groups[number][0], f"ends before row {row} of its row group")
        self._at = number, start, rows
        return rows[row - start]

    def _open(self, number: int) -> Iterator[list[Cells]]:
        file, group, *_ = self._groups[number]
        table = open_table(file, _RULES)
        columns = [name for name in (*_NEEDED, *_PREFERRED) if name in table.schema_arrow.names]
        return read_batches(table, file, group, columns, _AT_A_TIME, _RULES)


def _bytes(cell: Any) -> bytes:
    """Return the bytes of an image cell (a struct, or bytes alone); empty if it has none."""
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    return data if isinstance(data, bytes) else b""
