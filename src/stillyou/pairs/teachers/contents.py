"""What lies in a folder that an option names, in words that a dataset keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from stillyou.effects.own import OwnEffect
from stillyou.effects.spec import EffectSpec


def describe_pictures(pictures: Iterable[Path]) -> str:
    """Say how many pictures there are, with a digest of their names and sizes.

    A dataset keeps it among its settings: other pictures would make other pairs from the same seeds.
    """
    found = [(path.name, path.stat().st_size) for path in pictures]
    digest = hashlib.blake2b(repr(found).encode("utf-8"), digest_size=8).hexdigest()
    return f"{len(found)} pictures, {digest}"


def art_contents(effects: Sequence[EffectSpec]) -> dict[str, str]:
    """Say what the art of effects of one's own is, a digest of its settings and files each, by ``art of ID``."""
    return {f"art of {each.id}": _art(each) for each in effects if isinstance(each, OwnEffect)}


def _art(effect: OwnEffect) -> str:
    files = sorted({effect.file(part, design.name) for design in effect.looks for part in effect.parts})
    digest = hashlib.blake2b(effect.model_dump_json().encode("utf-8"), digest_size=8)
    for path in files:
        digest.update(f"\0{path.relative_to(effect.folder)}\0".encode())
        digest.update(path.read_bytes())
    return f"{len(files)} files, {digest.hexdigest()}"
