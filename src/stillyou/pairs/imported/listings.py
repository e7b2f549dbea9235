"""The layouts that pairs are imported from, each as a list of entries (docs/reference/pairs.md, Importing).

``folder``: ``NAME_input.*``, ``NAME_target.*``, optional ``NAME_mask.*`` and ``NAME.txt`` (first line the target
prompt, second line, if any, the source prompt). ``released``: ``prompt.json`` as in the paper's release, a JSON object
a line with ``source``, ``target``, ``prompt`` and ``source_prompt``, the pictures relative to it. ``instructpix2pix``:
Parquet files with the columns ``original_image``, ``edit_prompt`` and ``edited_image``; where there are
``edited_prompt`` and ``original_prompt`` too, these describe pictures, as our prompts do, and are preferred.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

from stillyou.errors import UsageError, nearest
from stillyou.pairs.imported.entry import Entry, check_prompts
from stillyou.pairs.imported.parquet_listing import ParquetListing
from stillyou.untrusted.json_text import parse_json
from stillyou.untrusted.rules import Rules, told
from stillyou.untrusted.text import read_lines, read_text

Layout = Literal["folder", "released", "instructpix2pix"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

_KINDS = ("input", "target", "mask")
_LIST = Rules("Give the prompt.json of the pairs.", UsageError, bytes=1 << 30)
_LINE = Rules("Each line is one JSON object.", UsageError, bytes=1 << 20, depth=8)


class Listing(Protocol):
    """Entries by number; picklable."""

    def __len__(self) -> int: ...

    def entry(self, index: int) -> Entry:
        """Return one entry."""
        ...

    def digest(self) -> str:
        """Return a digest of names, sizes and prompts: another one means that the import is another."""
        ...


def parse_layout(name: str) -> Layout | Literal["auto"]:
    """Read a layout's name, or ``auto``; raises UsageError with the nearest names."""
    for layout in LAYOUTS:
        if name == layout:
            return layout
    if name == "auto":
        return "auto"
    raise UsageError(f"unknown format '{name}'", nearest(name, ("auto", *LAYOUTS)))


def open_listing(path: str | Path, layout: Layout | Literal["auto"] = "auto") -> tuple[Layout, Listing]:
    """List what lies in a folder or file.

    Args:
        path: A folder, a ``prompt.json``, or a Parquet file.
        layout: One of `LAYOUTS`, or ``auto`` to tell by what is there.

    Raises:
        UsageError: Nothing there, no known layout, or an incomplete or ambiguous list.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise UsageError(f"{path} does not exist", "Check the path.")
        return _open(path, layout)
    except (OSError, ValueError, RuntimeError) as error:  # folders that may not be read, names that no file can have
        raise UsageError(f"cannot read {path}: {told(error)}", "Check the path.") from error


def _open(path: Path, layout: Layout | Literal["auto"]) -> tuple[Layout, Listing]:
    found = _detect(path) if layout == "auto" else layout
    if found == "folder":
        return found, FileListing(_folder_entries(path))
    if found == "released":
        return found, FileListing(_released_entries(path / "prompt.json" if path.is_dir() else path))
    return found, ParquetListing(_parquet_files(path))


def _detect(path: Path) -> Layout:
    if path.is_dir():
        if (path / "prompt.json").is_file():
            return "released"
        files = [file for file in path.iterdir() if not file.name.startswith(".")]
        if any(_is_parquet(file) for file in files):
            return "instructpix2pix"
        if any(_part(file).endswith("_input") for file in files):
            return "folder"
    elif path.suffix.lower() == ".parquet":
        return "instructpix2pix"
    elif path.suffix.lower() in (".json", ".jsonl"):
        return "released"
    raise UsageError(
        f"{path} holds no pairs in a known layout",
        f"Known are {', '.join(LAYOUTS)}; see docs/reference/pairs.md, or give --format.",
    )


class FileListing:
    """Entries whose pictures are files."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, index: int) -> Entry:
        """Return one entry."""
        return self._entries[index]

    def digest(self) -> str:
        """Return a digest of names, file sizes and prompts."""
        facts = [
            (entry.name, entry.source_prompt, entry.target_prompt, [_size(file) for file in _files(entry)])
            for entry in self._entries
        ]
        return hashlib.blake2b(json.dumps(facts).encode("utf-8"), digest_size=8).hexdigest()


def _files(entry: Entry) -> list[Path]:
    return [file for file in (entry.source, entry.target, entry.mask) if isinstance(file, Path)]


def _size(file: Path) -> int:
    """Return the bytes of a file, -1 if it is missing (its row will be rejected)."""
    return file.stat().st_size if file.is_file() else -1


def _folder_entries(folder: Path) -> list[Entry]:
    """List the pairs of a folder: hidden files are not looked at, and ``NAME_INPUT.PNG`` is ``NAME_input.png``."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "Give the folder of NAME_input and NAME_target pictures.")
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if not file.name.startswith(".") and file.is_file():
            files.setdefault(_part(file), []).append(file)
    names = [key.removesuffix("_input") for key in files if key.endswith("_input")]
    if not names:
        raise UsageError(f"{folder} has no NAME_input pictures", "Name the pictures NAME_input.* and NAME_target.*")
    return [_folder_entry(folder, name, files) for name in names]


def _part(file: Path) -> str:
    """Return ``NAME_input``, ``NAME_target`` or ``NAME_mask`` for pictures of a pair, else the whole name."""
    name, _, kind = file.stem.rpartition("_")
    is_picture = file.suffix.lower() != ".txt" and kind.lower() in _KINDS
    return f"{name}_{kind.lower()}" if is_picture else f"{file.stem}{file.suffix.lower()}"


def _folder_entry(folder: Path, name: str, files: Mapping[str, Sequence[Path]]) -> Entry:
    parts = {kind: files.get(f"{name}_{kind}", ()) for kind in _KINDS} | {"text": files.get(f"{name}.txt", ())}
    for several in parts.values():
        if len(several) > 1:
            raise UsageError(f"{folder} has {several[0].name} and {several[1].name}", "Keep one of them.")
    if not parts["target"]:
        raise UsageError(f"{folder} has {parts['input'][0].name} without {name}_target", "Add it, or remove the input.")
    target_prompt, source_prompt = _prompt_lines(parts["text"][0]) if parts["text"] else ("", "")
    mask = parts["mask"][0] if parts["mask"] else None
    return Entry(name, parts["input"][0], parts["target"][0], mask, source_prompt, target_prompt)


def _prompt_lines(path: Path) -> tuple[str, str]:
    """Return the target prompt and the source prompt of a text file."""
    target, source = ([*read_lines(path), "", ""])[:2]
    check_prompts(str(path), target, source)
    return target, source


def _released_entries(path: Path) -> list[Entry]:
    root = path.parent.resolve()
    # Lines end at "\n" alone: other separators of Unicode may stand inside a prompt.
    lines = read_text(path, _LIST).split("\n")
    entries = [_released_entry(root, line, f"{path} line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise UsageError(f"{path} lists no pairs", "It holds a JSON object a line: source, target, prompt.")
    return entries


def _released_entry(root: Path, line: str, where: str) -> Entry:
    value = parse_json(line, where, _LINE)
    value = value if isinstance(value, dict) else {}
    fields = {name: value.get(name, "") for name in ("source", "target")}
    prompts = {name: value.get(name, "") for name in ("prompt", "source_prompt")}
    for name, text in {**fields, **prompts}.items():
        if not isinstance(text, str) or (name in fields and not text):
            raise UsageError(f"{where} has no usable '{name}'", "It needs source and target paths, and prompt texts.")
    check_prompts(where, *prompts.values())
    files = [_contained(root, text, where) for text in fields.values()]
    return Entry(fields["source"], files[0], files[1], None, prompts["source_prompt"], prompts["prompt"])


def _contained(root: Path, name: str, where: str) -> Path:
    """Resolve a path of a list, which must not lead out of the list's folder (nor by a link)."""
    try:
        path = (root / name).resolve()
        path.lstat()  # meets the operating system's limits of names
    except FileNotFoundError:
        pass  # its row will be rejected
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, links in circles
        raise UsageError(f"{where} has a path that no file can have: {ascii(name):.60}", "Correct the path.") from error
    if not path.is_relative_to(root):
        raise UsageError(
            f"{where}: '{name}' lies outside of {root}", "Paths are relative to the list and stay below it."
        )
    return path


def _parquet_files(path: Path) -> list[Path]:
    files = sorted(file for file in path.iterdir() if _is_parquet(file)) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} has no Parquet files", "Give a Parquet file or a folder of them.")
    return files


def _is_parquet(file: Path) -> bool:
    return file.suffix.lower() == ".parquet" and not file.name.startswith(".") and file.is_file()
