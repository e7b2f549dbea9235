"""One pair as its owner keeps it, and what its prompts may hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillyou.errors import UsageError
from stillyou.untrusted.rules import unusable

_LONGEST_PROMPT = 2000


@dataclass(frozen=True)
class Entry:
    """One pair as its owner keeps it: files, or the bytes of files.

    Attributes:
        name: What messages and attributes call it.
        source: Picture before.
        target: Picture after.
        mask: White where the edit may change the picture, or None to compute it.
        source_prompt: Empty for the effect's own.
        target_prompt: Empty for the effect's own.
    """

    name: str
    source: Path | bytes
    target: Path | bytes
    mask: Path | None = None
    source_prompt: str = ""
    target_prompt: str = ""


def check_prompts(where: str, *prompts: str) -> None:
    """Refuse prompts that no dataset or terminal could hold; raises UsageError with their place."""
    problem = unusable(list(prompts))
    if problem:
        raise UsageError(f"{where} has {problem}", "Correct the text.")
    longest = max(map(len, prompts))
    if longest > _LONGEST_PROMPT:
        raise UsageError(f"{where} has a prompt of {longest} letters", f"Keep it to {_LONGEST_PROMPT}.")
