"""Checksums of a model folder: what `stillyou models verify` and `pull` hold the files against."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import Field

from stillyou.config import Strict, load_json
from stillyou.diffusion.card import CARD_NAME
from stillyou.files import write_text
from stillyou.untrusted.rules import MODEL_FILE

CHECKSUMS_NAME = "checksums.json"
FILE_KINDS = (".safetensors", ".json", ".txt")
"""What a model consists of. Nothing else is pulled from a hub, and none of these can hold code."""
_CHUNK = 1 << 22


class FileSum(Strict):
    """Size and SHA-256 of one file."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Checksums(Strict):
    """Contents of `checksums.json`: every file of the model but its card, which people may edit, by its path."""

    files: dict[str, FileSum]


def model_files(folder: Path) -> list[str]:
    """Return the paths of a model's files inside its folder, sorted, without card and checksums."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix in FILE_KINDS and path.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if path.as_posix() not in (CARD_NAME, CHECKSUMS_NAME) and not any(part.startswith(".") for part in path.parts)
    )


def file_sum(path: Path) -> FileSum:
    """Measure a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileSum(bytes=size, sha256=digest.hexdigest())


def write_checksums(folder: Path) -> None:
    """Write a model folder's `checksums.json` atomically, last of all its files."""
    sums = Checksums(files={name: file_sum(folder / name) for name in model_files(folder)})
    write_text(folder / CHECKSUMS_NAME, sums.model_dump_json(indent=1) + "\n")


def read_checksums(folder: Path) -> Checksums | None:
    """Read a folder's checksums; None if it has none.

    Raises:
        StillYouError: The file is damaged.
    """
    path = folder / CHECKSUMS_NAME
    if not path.exists():
        return None
    return load_json(path, Checksums, MODEL_FILE)
