"""From names to folders, and the models that are at hand: those of the package, of folders, and of the hub's cache.

Nothing is loaded; a hub id that a user names is fetched (`find_model`), and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

from safetensors import safe_open

from stillyou.diffusion.card import ModelCard, read_card
from stillyou.diffusion.checksums import FILE_KINDS
from stillyou.diffusion.speed.memory import read_sizes
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.models.hub import download, is_hub_id
from stillyou.models.lora_choice import WEIGHTS_NAME
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import MODEL_FILE

_DEEPEST = 3
"""Levels of folders below a root that are looked at."""


def shipped_models() -> dict[str, Path]:
    """Return the models that come with the package, by name."""
    root = Path(str(files("stillyou") / "weights"))
    return {path.parent.name: path.parent for path in sorted(root.glob("*/stillyou.json"))}


def find_model(model: str) -> Path:
    """Return the folder of a model: a shipped one's name, a folder, or a hub id, which is downloaded.

    Raises:
        UsageError: No such model, or a folder that holds none.
        StillYouError: The hub cannot be reached.
    """
    shipped = shipped_models()
    if model in shipped:
        return shipped[model]
    folder = Path(model)
    if folder.is_dir():
        if not (folder / "model_index.json").exists():
            raise UsageError(f"{model} is no model folder: it has no model_index.json", "Name the folder that has one.")
        return folder
    if is_hub_id(model):
        return download(model, [f"*{kind}" for kind in FILE_KINDS])
    raise UsageError(f"there is no model '{model}', neither by name nor as a folder", nearest(model, shipped))


@dataclass(frozen=True)
class ModelFolder:
    """What a folder tells about itself.

    Attributes:
        name: How `--model` names it.
        folder: Where it is.
        kind: `model`, `lora`, or `base` (a text-to-image pipeline, to train on).
        card: Its card; None if it has none.
        bytes: Size of its weights.
        parameters: Of each network; empty if they cannot be read.
        lora: Rank of a LoRA and the base it belongs to.
    """

    name: str
    folder: Path
    kind: str
    card: ModelCard | None
    bytes: int
    parameters: dict[str, int]
    lora: dict[str, str | int] | None = None

    def document(self) -> dict[str, Any]:
        """Return plain data."""
        card = {} if self.card is None else self.card.model_dump(mode="json", exclude_none=True)
        rest = {"kind": self.kind, "bytes": self.bytes, "parameters": self.parameters, "lora": self.lora}
        return {"model": self.name, "folder": str(self.folder), **rest, **card}


def describe(name: str, folder: Path) -> ModelFolder:
    """Describe a folder from its JSON files and the headers of its weights.

    Raises:
        StillYouError: Its card is damaged.
    """
    lora = _lora(folder)
    kind = "lora" if lora is not None else "model" if (folder / "adapter").is_dir() else "base"
    size = sum(path.stat().st_size for path in folder.rglob("*.safetensors") if path.is_file())
    return ModelFolder(name, folder, kind, read_card(folder), size, {} if lora else _parameters(folder), lora)


def find_folders(roots: Sequence[Path]) -> list[ModelFolder]:
    """Describe all models below some folders, in order of their paths; damaged cards are left out of what is told."""
    found: dict[Path, ModelFolder] = {}
    for root in roots:
        for folder in _candidates(root, _DEEPEST):
            try:
                found.setdefault(folder.resolve(), describe(str(folder), folder))
            except StillYouError:
                continue
    return list(found.values())


def cached_folders() -> list[ModelFolder]:
    """Describe the models of the hub's cache, by hub id."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return []
    found = []
    for repository in sorted(repositories, key=lambda r: r.repo_id):
        for revision in repository.revisions:
            if repository.repo_type == "model" and _is_model(revision.snapshot_path):
                with suppress(StillYouError):  # one damaged card must not hide the other models
                    found.append(describe(repository.repo_id, revision.snapshot_path))
    return found


def _candidates(folder: Path, levels: int) -> Iterator[Path]:
    """Yield model folders; what is inside one is not looked at."""
    if _is_model(folder):
        yield folder
    elif levels:
        try:
            inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        except OSError:
            return
        for path in inside:
            yield from _candidates(path, levels - 1)


def _is_model(folder: Path) -> bool:
    return (folder / "model_index.json").is_file() or (folder / WEIGHTS_NAME).is_file()


def _parameters(folder: Path) -> dict[str, int]:
    try:
        return dict(read_sizes(folder).parameters)
    except Exception:  # configs can be wrong in as many ways as there are keys
        return {}


def _lora(folder: Path) -> dict[str, str | int] | None:
    """Return a LoRA's rank, size and base; None if the folder holds none."""
    path = folder / WEIGHTS_NAME
    if (folder / "model_index.json").is_file() or not path.is_file():
        return None
    about: dict[str, str | int] = {}
    try:
        with safe_open(path, "numpy") as weights:
            shapes = {key: weights.get_slice(key).get_shape() for key in weights.keys()}
    except Exception:  # as below
        return about
    ranks = [shape[0] for key, shape in shapes.items() if "lora_A" in key or "lora.down" in key]
    if ranks:
        about["rank"] = max(ranks)
    about["parameters"] = sum(prod(shape) for shape in shapes.values())
    card = _json(folder / "stillyou.json")
    training = card.get("training")
    base = training.get("base") if isinstance(training, dict) else None
    return {**about, "base": str(base)} if base else about


def _json(path: Path) -> dict[str, Any]:
    try:
        return read_object(path, MODEL_FILE)
    except StillYouError:
        return {}
