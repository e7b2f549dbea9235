"""Model folders of others: their links, their JSON files, and whether configs ask for more than the weights hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from stillyou.untrusted.json_text import read_json, read_object
from stillyou.untrusted.rules import MODEL_FILE, Rules, scalars

_WIDEST = 1 << 20
"""Largest whole number in a network's config: wider, longer or more words than any network's."""
_LONGEST_LIST = 4096
_REPEATS = re.compile(r"layers|blocks")


def links_out(folder: Path) -> list[str]:
    """Return the links of a folder that lead out of it, or nowhere, by their paths inside.

    In the hub's cache files are links to the blobs beside the snapshots; these count as inside.
    """
    inside = [folder.resolve()]
    if folder.resolve().parent.name == "snapshots":
        inside.append(folder.resolve().parent.parent / "blobs")
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() and not _leads_into(path, inside)
    ]


def _leads_into(path: Path, folders: list[Path]) -> bool:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # leads nowhere, or in circles
        return False
    return any(target.is_relative_to(folder) for folder in folders)


def read_config(path: str | Path, rules: Rules = MODEL_FILE) -> dict[str, Any]:
    """Read a component's config.

    Raises:
        StillYouError: It is missing, no JSON object, or holds a number that no network has.
    """
    config = read_object(path, rules)
    for key, value in config.items():
        numbers = [part for part in scalars(value) if isinstance(part, int | float)]
        if len(numbers) > _LONGEST_LIST or any(abs(number) > _WIDEST for number in numbers):
            raise rules.refuse(path, f"has a '{key:.80}' larger than any network's")
    return config


def check_model_folder(folder: Path, rules: Rules = MODEL_FILE) -> None:
    """Check what the libraries would read: links, and every JSON file.

    Raises:
        StillYouError: A link leads out of the folder, or a JSON file is not as we take it; the line names it.
    """
    bad = links_out(folder)
    if bad:
        raise rules.refuse(folder, f"has a link that leads out of it, {bad[0]}")
    for path in json_files(folder):
        check_json(path, rules)


def json_files(folder: Path) -> Iterator[Path]:
    """Yield the JSON files of a model and of its components."""
    for path in sorted([*folder.glob("*.json"), *folder.glob("*/*.json")]):
        if path.is_file():
            yield path


def check_json(path: Path, rules: Rules = MODEL_FILE) -> None:
    """Read one JSON file of a model; raises StillYouError as `read_config` does."""
    if path.name == "config.json":
        read_config(path, rules)
    elif path.name == "model_index.json":
        read_index(path, rules)
    else:
        read_json(path, rules)


def read_index(path: str | Path, rules: Rules = MODEL_FILE) -> dict[str, Any]:
    """Read a ``model_index.json``: its lists are ``[library, class]``, both names or both null.

    Raises:
        StillYouError: It is missing, no JSON object, or lists a component otherwise.
    """
    index = read_object(path, rules)
    for name, value in index.items():
        if isinstance(value, list) and not name.startswith("_") and not _is_component(value):
            raise rules.refuse(path, f"has a '{name:.80}' that is no [library, class]")
    return index


def components(index: Mapping[str, Any]) -> list[str]:
    """Return the components that a ``model_index.json`` promises."""
    return [name for name, value in index.items() if isinstance(value, list) and value and value[0] is not None]


def _is_component(value: list[Any]) -> bool:
    return len(value) == 2 and (value == [None, None] or all(isinstance(part, str) for part in value))


def asks_too_much(config: Mapping[str, Any], tensors: int) -> str:
    """Name the key of a config that asks for more layers than there are tensors; empty if none does.

    A network is built before its weights are compared with it; this keeps a number from building for hours.
    """
    repeats = {key: _repeats(value) for key, value in config.items() if _REPEATS.search(str(key))}
    if prod(max(1, count) for count in repeats.values()) <= max(1, tensors):
        return ""
    return max(repeats, key=lambda key: repeats[key])


def _repeats(value: Any) -> int:
    numbers = [int(part) for part in scalars(value) if isinstance(part, int | float) and not isinstance(part, bool)]
    return max([abs(number) for number in numbers], default=1)
