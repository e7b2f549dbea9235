"""Random numbers that follow from names, not from the order of calls.

Every random choice asks for a generator by its parts, for example ``generator(seed, "hat", index)``. Two
choices with different parts never disturb each other, so results do not depend on batch size, worker count
or restarts (docs/reference/pairs.md).
"""

from __future__ import annotations

import hashlib

import numpy as np


def _digest(parts: tuple[int | str, ...]) -> bytes:
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()


def generator(*parts: int | str) -> np.random.Generator:
    """Return a fresh counter-based generator keyed by the parts."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(_digest(parts), "little")))


def stable_seed(*parts: int | str) -> int:
    """Return a 63-bit seed that follows from the parts, the same on every machine and Python."""
    return int.from_bytes(_digest(parts)[:8], "little") >> 1
