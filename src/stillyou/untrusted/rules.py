"""What a file may hold, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError, UsageError


@dataclass(frozen=True)
class Rules:
    """Limits of a kind of file.

    Attributes:
        remedy: What the user can do about a file that is refused.
        error: The class that is raised: `UsageError` for what the user wrote, `StillYouError` for what is damaged.
        bytes: Size of the largest file that is read.
        depth: How deep lists and mappings may lie in each other.
    """

    remedy: str
    error: type[StillYouError] = StillYouError
    bytes: int = 32 << 20
    depth: int = 64

    def refuse(self, where: str | Path, problem: str) -> StillYouError:
        """Return the error that says what is wrong, in one line.

        Args:
            where: The file, or the file and a place in it.
            problem: What it is, has or holds, such as ``is nested too deeply``.
        """
        what = f"{where} {problem}" if self.error is UsageError else f"{where} is damaged: it {problem}"
        return self.error(" ".join(what.split()), self.remedy)


GREATEST = 2**64
"""Largest whole number that settings and configs hold; Python takes minutes to write one of a million digits."""

SETTINGS = Rules("Correct the file.", UsageError, bytes=32 << 10, depth=24)
"""Files of settings, which people write by hand. PyYAML reads some 30 kB a second."""
MODEL_FILE = Rules("Copy or download the model again.")
RUN_FILE = Rules("Restore it or choose another folder.")
"""Notes of a training run."""
CAPTION = Rules("Save it as a short text in UTF-8.", UsageError, bytes=32 << 10)


def told(error: BaseException, most: int = 120) -> str:
    """Return what an exception of a library says, in one short line."""
    try:
        said = " ".join((error.what if isinstance(error, StillYouError) else str(error)).split())
    except Exception:  # some libraries' errors fail at their own message
        said = ""
    return (said or type(error).__name__)[:most]


def scalars(value: Any) -> Iterator[Any]:
    """Yield all keys and single values of plain data."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


def half_character(text: str) -> bool:
    """Tell whether a text holds a lone surrogate, which cannot be written as UTF-8."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def unusable(value: Any) -> str:
    """Return what makes plain data unusable as settings, in a few words; empty if nothing does."""
    for part in scalars(value):
        if isinstance(part, int) and abs(part) > GREATEST:
            return "a number that is too large"
        if isinstance(part, str) and half_character(part):
            return f"a text with half a character (a lone surrogate): {ascii(part):.60}"
        if isinstance(part, str) and "\0" in part:
            return f"a text with a NUL character: {ascii(part):.60}"
    return ""
