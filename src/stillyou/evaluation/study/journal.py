"""The journal beside the database: one JSON line for everything that happens, on the disk before it counts.

A damaged database is made again from it, so no answer is lost. A line that a cut left unfinished is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError
from stillyou.files import write_text

Entry = Mapping[str, Any]
NAME = "journal.jsonl"


class Journal:
    """Lines in a study's folder.

    Args:
        folder: The study's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def add(self, entry: Entry) -> None:
        """Write an entry and wait until the disk has it; raises StillYouError if it cannot."""
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        try:
            # A cut may have left half a line: ours then begins behind a line break of its own.
            with open(self._path, "a+b") as file:
                if file.tell() and not self._ends_whole():
                    line = "\n" + line
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            problem = f"cannot write {self._path}: {error.strerror}"
            raise StillYouError(problem, "Check space and permissions.") from error

    def read(self) -> tuple[list[Entry], int]:
        """Return the entries, and the number of lines that cannot be read."""
        if not self._path.is_file():
            return [], 0
        entries: list[Entry] = []
        unreadable = 0
        for line in self._path.read_bytes().splitlines():
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                entry = None
            if isinstance(entry, dict) and isinstance(entry.get("participant"), str):
                entries.append(entry)
            else:
                unreadable += 1
        return entries, unreadable

    def forget(self, participant: str) -> None:
        """Remove all that somebody did."""
        kept = [entry for entry in self.read()[0] if entry["participant"] != participant]
        write_text(self._path, "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in kept))

    def _ends_whole(self) -> bool:
        with open(self._path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
