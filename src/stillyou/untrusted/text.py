"""Bytes and texts of files."""

from __future__ import annotations

import stat
from pathlib import Path

from stillyou.untrusted.rules import CAPTION, Rules


def read_bytes(path: str | Path, rules: Rules) -> bytes:
    """Read an ordinary file of at most `rules.bytes`.

    Raises:
        StillYouError: It is missing, a folder or a device, too large, or cannot be read; of the class that `rules` has.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise rules.refuse(path, "is not an ordinary file")
        with Path(path).open("rb") as file:
            data = file.read(rules.bytes + 1)
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # a NUL in the name is a ValueError, circling links may be a RuntimeError
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise rules.refuse(path, f"cannot be read: {reason}") from error
    if len(data) > rules.bytes:
        raise rules.refuse(path, f"has more than {_size(rules.bytes)}, which no file of its kind needs")
    return data


def read_text(path: str | Path, rules: Rules) -> str:
    r"""Read a text in UTF-8, without the mark that some editors put at its start; line ends stay as they are.

    Raises:
        StillYouError: As `read_bytes`, or it is no text.
    """
    try:
        return read_bytes(path, rules).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise rules.refuse(path, f"is not a text file in UTF-8 (byte {error.start})") from error


def read_lines(path: str | Path, rules: Rules = CAPTION) -> list[str]:
    r"""Read the lines of a text, stripped. Lines end at ``\n``: other separators of Unicode belong to what was written.

    Raises:
        StillYouError: As `read_text`.
    """
    return [line.strip() for line in read_text(path, rules).split("\n")]


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count >> 10} kB"
