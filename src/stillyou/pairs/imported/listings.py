"""The layouts that pairs are imported from, each as a list of entries (docs/pairs.md, Importers).

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from stillyou.errors import StillYouError, UsageError, nearest

Layout = Literal["folder", "released", "instructpix2pix"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


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
    if not path.exists():
        raise UsageError(f"{path} does not exist", "Check the path.")
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
        if next(path.glob("*.parquet"), None):
            return "instructpix2pix"
        if next(path.glob("*_input.*"), None):
            return "folder"
    elif path.suffix == ".parquet":
        return "instructpix2pix"
    elif path.suffix in (".json", ".jsonl"):
        return "released"
    raise UsageError(
        f"{path} holds no pairs in a known layout",
        f"Known are {', '.join(LAYOUTS)}; see docs/pairs.md, or give --format.",
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
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "Give the folder of NAME_input and NAME_target pictures.")
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.suffix.lower() != ".txt":
            files.setdefault(file.stem, []).append(file)
    names = [stem.removesuffix("_input") for stem in files if stem.endswith("_input")]
    if not names:
        raise UsageError(f"{folder} has no NAME_input pictures", "Name the pictures NAME_input.* and NAME_target.*")
    return [_folder_entry(folder, name, files) for name in names]


def _folder_entry(folder: Path, name: str, files: Mapping[str, Sequence[Path]]) -> Entry:
    parts = {kind: files.get(f"{name}_{kind}", ()) for kind in ("input", "target", "mask")}
    for several in parts.values():
        if len(several) > 1:
            raise UsageError(f"{folder} has {several[0].name} and {several[1].name}", "Keep one of them.")
    if not parts["target"]:
        raise UsageError(f"{folder} has {parts['input'][0].name} without {name}_target", "Add it, or remove the input.")
    target_prompt, source_prompt = _prompt_lines(folder / f"{name}.txt")
    mask = parts["mask"][0] if parts["mask"] else None
    return Entry(name, parts["input"][0], parts["target"][0], mask, source_prompt, target_prompt)


def _prompt_lines(path: Path) -> tuple[str, str]:
    """Return the target prompt and the source prompt of a text file; empty where there is none."""
    if not path.is_file():
        return "", ""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text", "Save it as UTF-8.") from error
    target, source = ([*lines, "", ""])[:2]
    return target, source


def _released_entries(path: Path) -> list[Entry]:
    root = path.parent.resolve()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text", "Give the prompt.json of the pairs.") from error
    entries = [_released_entry(root, line, f"{path} line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise UsageError(f"{path} lists no pairs", "It holds a JSON object a line: source, target, prompt.")
    return entries


def _released_entry(root: Path, line: str, where: str) -> Entry:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where} is not JSON", "Each line is one JSON object.") from error
    fields = {name: value.get(name, "") if isinstance(value, dict) else "" for name in ("source", "target")}
    prompts = {name: value.get(name, "") if isinstance(value, dict) else "" for name in ("prompt", "source_prompt")}
    for name, text in {**fields, **prompts}.items():
        if not isinstance(text, str) or (name in fields and not text):
            raise UsageError(f"{where} has no usable '{name}'", "It needs source and target paths, and prompt texts.")
    files = [_contained(root, text, where) for text in fields.values()]
    return Entry(fields["source"], files[0], files[1], None, prompts["source_prompt"], prompts["prompt"])


def _contained(root: Path, name: str, where: str) -> Path:
    """Resolve a path of a list, which must not lead out of the list's folder (nor by a link)."""
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise UsageError(
            f"{where}: '{name}' lies outside of {root}", "Paths are relative to the list and stay below it."
        )
    return path


def _parquet_files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} has no Parquet files", "Give a Parquet file or a folder of them.")
    return files


_NEEDED = ("original_image", "edit_prompt", "edited_image")
_PREFERRED = ("original_prompt", "edited_prompt")


class ParquetListing:
    """Entries whose pictures lie in Parquet files, read a row group at a time."""

    def __init__(self, files: Sequence[Path]) -> None:
        import pyarrow.parquet as pq

        self._groups: list[tuple[Path, int, int, int]] = []
        """File, row group, first index, rows."""
        self._read: tuple[int, list[dict[str, Any]]] = (-1, [])
        total = 0
        for file in files:
            try:
                footer = pq.read_metadata(file)
                names = footer.schema.to_arrow_schema().names
            except (OSError, ValueError) as error:
                raise StillYouError(f"{file} is damaged or no Parquet file", "Download it again.") from error
            missing = [name for name in _NEEDED if name not in names]
            if missing:
                raise UsageError(f"{file} has no column '{missing[0]}'", f"InstructPix2Pix has {', '.join(_NEEDED)}.")
            self._columns = [*_NEEDED, *(name for name in _PREFERRED if name in names)]
            for group in range(footer.num_row_groups):
                rows = footer.row_group(group).num_rows
                self._groups.append((file, group, total, rows))
                total += rows
        if not total:
            raise UsageError(f"{files[0]} holds no rows", "Give a file with pairs.")
        self._total = total

    def __len__(self) -> int:
        return self._total

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_read": (-1, [])}

    def entry(self, index: int) -> Entry:
        """Return one entry."""
        number = next(n for n, (_, _, start, rows) in enumerate(self._groups) if start <= index < start + rows)
        file, group, start, _ = self._groups[number]
        if self._read[0] != number:
            self._read = number, _read_group(file, group, self._columns)
        row = self._read[1][index - start]
        source, target = (_picture_bytes(row[name]) for name in ("original_image", "edited_image"))
        prompt = str(row.get("edited_prompt") or row["edit_prompt"] or "")
        return Entry(
            f"{file.name} row {index - start}", source, target, None, str(row.get("original_prompt") or ""), prompt
        )

    def digest(self) -> str:
        """Return a digest of file names, sizes and rows."""
        facts = [[file.name, file.stat().st_size, group, rows] for file, group, _, rows in self._groups]
        return hashlib.blake2b(json.dumps(facts).encode("utf-8"), digest_size=8).hexdigest()


def _read_group(file: Path, group: int, columns: Sequence[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.ParquetFile(file).read_row_group(group, columns=list(columns)).to_pylist()
    except (OSError, ValueError) as error:
        raise StillYouError(f"{file} is damaged", "Download it again.") from error
    return rows


def _picture_bytes(cell: Any) -> bytes:
    """Return the bytes of an image cell (a struct, or bytes alone); empty if it has none."""
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    return data if isinstance(data, bytes) else b""
