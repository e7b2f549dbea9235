"""Looks at what commands leave: half files, leftovers, and what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from safetensors.torch import load_file

TIMES = ("elapsed", "minutes", "seconds")
"""Keys of JSON that hold times; they are left out of comparisons."""
_ONLY_TIMES = ("spent.json", "tensorboard")
"""Files and folders of nothing but times, or named by them."""


def halves(folder: Path) -> list[str]:
    """Return what is wrong with files that bear a result's name: each must be whole."""
    return [f"{path}: {error}" for path in results(folder) if (error := _problem(folder / path))]


def leftovers(folder: Path) -> list[str]:
    """Return temporary files and folders."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".part-*"))


def differences(whole: Path, cut: Path) -> list[str]:
    """Return files that only one of two folders has, and those that are not the same but for times."""
    names = set(results(whole)), set(results(cut))
    alone = [f"{path} is in one alone" for path in sorted(names[0] ^ names[1])]
    both = sorted(names[0] & names[1])
    return alone + [f"{path} differs" for path in both if _bytes(whole, path) != _bytes(cut, path)]


def results(folder: Path) -> list[Path]:
    """Return the files without leftovers, locks and what only holds times."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in paths if not any(part.startswith(".") or part in _ONLY_TIMES for part in path.parts)]


def _problem(path: Path) -> str:
    readers = {".parquet": pq.read_table, ".safetensors": load_file, ".npy": np.load}
    try:
        if path.suffix in (".png", ".jpg", ".webp"):
            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix in readers:
            readers[path.suffix](path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _bytes(folder: Path, path: Path) -> bytes:
    """Return a file's bytes; of JSON without times, and without digests of files that hold some."""
    data = (folder / path).read_bytes()
    if path.suffix != ".json":
        return data
    value = json.loads(data.replace(str(folder).encode(), b"FOLDER"))
    return json.dumps(_timeless(value)).encode()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if key not in (*TIMES, "stillyou.json")}
    return [_timeless(part) for part in value] if isinstance(value, list) else value
