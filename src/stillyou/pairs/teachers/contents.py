"""What lies in a folder that an option names, in words that a dataset keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def describe_pictures(pictures: Iterable[Path]) -> str:
    """Say how many pictures there are, with a digest of their names and sizes.

    A dataset keeps it among its settings: other pictures would make other pairs from the same seeds.
    """
    found = [(path.name, path.stat().st_size) for path in pictures]
    digest = hashlib.blake2b(repr(found).encode("utf-8"), digest_size=8).hexdigest()
    return f"{len(found)} pictures, {digest}"
