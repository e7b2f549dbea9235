"""Looking at every byte of a model folder: is it whole, safe to load, and what its configs say?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import safe_open

from stillyou.diffusion.card import CARD_NAME, read_card
from stillyou.diffusion.checksums import CHECKSUMS_NAME, file_sum, model_files, read_checksums
from stillyou.diffusion.lora import ADAPTER_NAME
from stillyou.errors import StillYouError
from stillyou.models.fits import NETWORKS, Shapes, load_scheduler, misfits
from stillyou.models.lora_choice import WEIGHTS_NAME
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.model_folder import (
    check_json,
    components,
    json_files,
    links_out,
    read_index,
)
from stillyou.untrusted.rules import MODEL_FILE, told

_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
_UNFINISHED = (".incomplete", ".part", ".tmp", ".crdownload")
_POINTER = b"version https://git-lfs"


@dataclass
class Verification:
    """What was found in a folder.

    Attributes:
        problems: What is wrong, a line each; none if the model is fine.
        files: Files that were read.
        bytes: Their size together.
        tensors: Tensors that were read.
        checksums: Whether the folder has checksums to hold its files against.
    """

    problems: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    tensors: int = 0
    checksums: bool = False


def verify_model(folder: Path, progress: Callable[[str], None] = lambda name: None) -> Verification:
    """Check a model folder of either storage form, or a LoRA's.

    Args:
        folder: Holds `model_index.json`, or a LoRA's files.
        progress: Called with the name of each file before it is read.

    Returns:
        All problems: missing, unfinished, damaged or changed files, pickles, weights that are not finite or do not have
        the shapes that their configs say.
    """
    found = Verification()
    found.problems += _unsafe(folder)
    if (folder / WEIGHTS_NAME).is_file():
        _check_lora(folder, found, progress)
        return found
    found.problems += _structure(folder)
    _hold_against_checksums(folder, found, progress)
    try:
        card = read_card(folder)
        compact = card is not None and card.storage == "int8"
    except StillYouError as error:
        found.problems.append(error.what)
        compact = False
    for name in NETWORKS:
        if (folder / name).is_dir():
            _check_network(folder / name, found, compact, progress)
    return found


def _check_lora(folder: Path, found: Verification, progress: Callable[[str], None]) -> None:
    """Read the updates of the UNet and the adapter's weights; whether they fit a base is seen when they are loaded."""
    for name in (WEIGHTS_NAME, ADAPTER_NAME):
        path = folder / name
        if not path.is_file():
            found.problems.append(f"{name} is missing")
            continue
        progress(name)
        found.files, found.bytes = found.files + 1, found.bytes + path.stat().st_size
        _read_weights(path, name, found)


def _unsafe(folder: Path) -> Iterator[str]:
    """Name links that lead out, pickles, which may hold code, and downloads that stopped."""
    for name in links_out(folder):
        yield f"{name} is a link that leads out of the folder: copy the file itself there"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in _PICKLES:
            yield f"{name} is a pickle, which may hold code; stillyou never reads it: delete it"
        elif path.suffix in _UNFINISHED or path.name.startswith(".part-"):
            yield f"{name} is left over from a download or save that stopped: delete it"


def _structure(folder: Path) -> Iterator[str]:
    """Name what `model_index.json` promises and the folder lacks."""
    try:
        parts = components(read_index(folder / "model_index.json"))
    except StillYouError as error:
        yield f"model_index.json is missing or damaged ({_reason(error)})"
        return
    for name in [*parts, *(network for network in NETWORKS if network not in parts)]:
        if not (folder / name).is_dir():
            yield f"{name}/ is missing"
        elif name in NETWORKS and not (folder / name / "config.json").is_file():
            yield f"{name}/config.json is missing or damaged"
    for path in json_files(folder):
        if path.name not in (CARD_NAME, CHECKSUMS_NAME, "model_index.json"):
            try:
                check_json(path)
            except StillYouError as error:
                yield f"{path.relative_to(folder).as_posix()} is missing or damaged ({_reason(error)})"
    for name in ("tokenizer", "scheduler"):
        if (folder / name).is_dir():
            yield from _unusable_helper(folder / name)


def _reason(error: StillYouError) -> str:
    return error.what.partition(" is damaged: it ")[2] or error.what


def _unusable_helper(part: Path) -> Iterator[str]:
    """Name a tokenizer or a scheduler that cannot be made from its files."""
    try:
        if part.name == "tokenizer":
            from transformers import CLIPTokenizer

            CLIPTokenizer.from_pretrained(part, local_files_only=True)
        else:
            load_scheduler(part)
    except Exception as error:  # files can be wrong in as many ways as there are keys
        yield f"{part.name}/ cannot be read ({type(error).__name__}: {told(error, 80)})"


def _hold_against_checksums(folder: Path, found: Verification, progress: Callable[[str], None]) -> None:
    try:
        sums = read_checksums(folder)
    except StillYouError as error:
        found.problems.append(error.what)
        return
    if sums is None:
        return
    found.checksums = True
    present = set(model_files(folder))
    for name, recorded in sums.files.items():
        if name not in present:
            found.problems.append(f"{name} is missing")
            continue
        progress(name)
        actual = file_sum(folder / name)
        if actual.bytes != recorded.bytes:
            found.problems.append(f"{name} has {actual.bytes:,} bytes instead of {recorded.bytes:,}")
        elif actual != recorded:
            found.problems.append(f"{name} is not the file that {CHECKSUMS_NAME} was written for")
    found.problems += [f"{name} is not in {CHECKSUMS_NAME}" for name in sorted(present - set(sums.files))]


def _check_network(part: Path, found: Verification, compact: bool, progress: Callable[[str], None]) -> None:
    """Read a component's weights and compare their shapes with those of the class that its config describes."""
    paths = sorted(part.glob("*.safetensors"))
    if not paths:
        found.problems.append(f"{part.name}/ has no .safetensors file")
        return
    wanted = {name for path in part.glob("*.safetensors.index.json") for name in _shards(path)}
    found.problems += [f"{part.name}/{name} is missing" for name in sorted(wanted - {path.name for path in paths})]
    shapes: Shapes = {}
    for path in paths:
        progress(f"{part.name}/{path.name}")
        found.files, found.bytes = found.files + 1, found.bytes + (path.stat().st_size if path.is_file() else 0)
        shapes |= _read_weights(path, f"{part.name}/{path.name}", found)
    if not found.problems:
        found.problems += misfits(part, shapes, compact)


def _shards(path: Path) -> set[str]:
    """Return the files that an index of shards names; a damaged index is told by `_structure`."""
    try:
        shards = read_object(path, MODEL_FILE).get("weight_map")
    except StillYouError:
        return set()
    return {str(name) for name in shards.values()} if isinstance(shards, dict) else set()


def _read_weights(path: Path, name: str, found: Verification) -> Shapes:
    """Read every tensor of a file; return shapes by key."""
    try:
        with path.open("rb") as file:
            pointer = path.is_file() and file.read(len(_POINTER)) == _POINTER
    except OSError as error:
        found.problems.append(f"{name} cannot be read ({error.strerror})")
        return {}
    if pointer:
        found.problems.append(f"{name} is a Git LFS pointer, not the weights: run 'git lfs pull'")
        return {}
    shapes: Shapes = {}
    try:
        with safe_open(path, "pt") as weights:
            for key in weights.keys():
                tensor = weights.get_tensor(key)
                shapes[key] = tuple(tensor.shape)
                if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                    found.problems.append(f"{name}: '{key}' holds numbers that are not finite")
    except Exception as error:  # headers can be wrong in as many ways as there are keys
        found.problems.append(f"{name} is damaged or only partly there ({told(error, 80)})")
    found.tensors += len(shapes)
    return shapes
