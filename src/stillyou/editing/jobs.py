"""Which files an edit reads and writes; every clash is found before the model is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stillyou.errors import StillYouError, UsageError
from stillyou.images import WRITABLE, check_writable, looks_like_picture


@dataclass(frozen=True)
class Job:
    """One picture to edit: where it is, where the result goes, and the mask if it is wanted."""

    source: Path
    output: Path
    mask_out: Path | None = None
    read: frozenset[object] = frozenset()
    """Identities of all files that the command reads."""

    def check_apart(self, *others: Path) -> None:
        """Refuse once more, just before the results take their names, to overwrite what is read.

        Args:
            *others: What is written besides output and mask.

        Raises:
            UsageError: A file took an input's place, or a link to one, meanwhile.
        """
        for path in (self.output, self.mask_out, *others):
            if path is not None and _identity(path) in self.read:
                raise _overwritten(path)


@dataclass(frozen=True)
class Jobs:
    """All pictures of one command.

    Attributes:
        jobs: One a picture, in order of their names.
        folder: Whether the input is a folder.
        skipped: Files of the folder that are no pictures.
    """

    jobs: tuple[Job, ...]
    folder: bool
    skipped: tuple[Path, ...] = ()

    @property
    def written(self) -> list[Path]:
        """Pictures and masks that are written."""
        return [path for job in self.jobs for path in (job.output, job.mask_out) if path is not None]


def plan_jobs(
    source: str, output: str, mask_out: str | None, *, reads: str | None = None, writes: Sequence[str] = ()
) -> Jobs:
    """Decide what is read and written.

    A picture's output may be a folder, which then gets a file of the same name. The pictures of a folder keep their
    names; where an extension cannot be written, ``.png`` takes its place.

    Args:
        source: A picture or a folder of pictures (not of folders).
        output: A file, or a folder.
        mask_out: A file for one picture, a folder for many; None for no masks.
        reads: A further file that the command reads.
        writes: Further files that it writes.

    Raises:
        UsageError: An output that is the input or another output, or an extension that is not written.
        StillYouError: No such input, or nothing in it.
    """
    path = Path(source)
    if not path.exists():
        raise StillYouError(f"{path} does not exist", "Check the path.")
    plan = _folder_jobs(path, output, mask_out) if path.is_dir() else _single_job(path, output, mask_out)
    read = _check_clashes(plan, reads, writes)
    return replace(plan, jobs=tuple(replace(job, read=read) for job in plan.jobs))


def _single_job(source: Path, output: str, mask_out: str | None) -> Jobs:
    target = Path(output)
    if target.is_dir() or output.endswith(("/", os.sep)):
        target = target / _writable_name(source)
    check_writable(target)
    if mask_out is not None and (Path(mask_out).suffix.lower() != ".png" or Path(mask_out).is_dir()):
        raise UsageError(f"--mask-out {mask_out} is not a .png file", "Masks of one picture go to a .png file.")
    return Jobs((Job(source, target, Path(mask_out) if mask_out is not None else None),), folder=False)


def _folder_jobs(folder: Path, output: str, mask_out: str | None) -> Jobs:
    for name, place in (("-o", output), ("--mask-out", mask_out)):
        if place is not None and (Path(place).is_file() or _is_picture_name(place)):
            raise UsageError(f"{name} {place} is a file, but {folder} is a folder", "Give a folder to write to.")
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise StillYouError(f"cannot read {folder}: {error.strerror}", "Check its permissions.") from error
    pictures = [path for path in files if looks_like_picture(path)]
    if not pictures:
        raise StillYouError(f"there is no picture in {folder}", "Give a folder that holds pictures itself.")
    jobs, taken = [], set[str]()
    for path in pictures:
        name = _writable_name(path)
        if name in taken or (name != path.name and (folder / name).exists()):
            name = path.name + ".png"  # a.gif beside a.png
        taken.add(name)
        mask = Path(mask_out) / (name if name.lower().endswith(".png") else name + ".png") if mask_out else None
        jobs.append(Job(path, Path(output) / name, mask))
    return Jobs(tuple(jobs), folder=True, skipped=tuple(path for path in files if path not in pictures))


def _writable_name(path: Path) -> str:
    return path.name if path.suffix.lower() in WRITABLE else path.stem + ".png"


def _is_picture_name(place: str) -> bool:
    return not Path(place).is_dir() and Path(place).suffix.lower() in WRITABLE


def _check_clashes(plan: Jobs, reads: str | None, writes: Sequence[str]) -> frozenset[object]:
    """Refuse to write a file that is read, to write one twice, or to write where that is impossible.

    Returns:
        The identities of what is read.
    """
    inputs = [job.source for job in plan.jobs] + ([Path(reads)] if reads else [])
    outputs = [*plan.written, *map(Path, writes)]
    read, written = frozenset(_identity(path) for path in inputs), set[object]()
    for path in outputs:
        key = _identity(path)
        if key in read:
            raise _overwritten(path)
        if key in written:
            raise UsageError(f"{path} would be written twice", "Give every output a name of its own.")
        written.add(key)
    for folder in {path.parent for path in outputs}:
        _check_place(folder)
    return read


def _overwritten(path: Path) -> UsageError:
    return UsageError(f"{path} is an input; it would be overwritten", "Write to another name or folder.")


def _check_place(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, now rather than after the edit."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        what = "may not be written to" if existing.is_dir() else "is not a folder"
        raise StillYouError(f"cannot write to {folder}: {existing} {what}", "Choose another folder.")


def _identity(path: Path) -> object:
    """Return a key that is the same for all names of one file (links, other spellings, `..` of what is yet to be made).

    The name is resolved first: writing makes the folders that it goes through.
    """
    real = os.path.realpath(path)
    try:
        status = os.stat(real)
        return status.st_dev, status.st_ino
    except OSError:
        return real
