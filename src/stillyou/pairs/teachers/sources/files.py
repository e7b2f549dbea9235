"""The pictures of a folder of sources."""

from __future__ import annotations

from pathlib import Path

from stillyou.errors import StillYouError, UsageError
from stillyou.images.kinds import looks_like_picture

FLAG = "--sources"


def check_sources(folder: Path | None, kind: str) -> tuple[Path, ...]:
    """Return the pictures of a folder, judged by content or name, in the order of their names.

    Args:
        folder: What the user gave; sub-folders are not searched, hidden files are left out.
        kind: The teacher that asks.

    Raises:
        UsageError: No folder, or no pictures in it.
        StillYouError: It cannot be read.
    """
    if folder is None:
        raise UsageError(f"the teacher '{kind}' edits portraits of your own", f"Give {FLAG} FOLDER.")
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"the folder of sources {folder} {what}", "Give a folder with portraits.")
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        found = tuple(path for path in files if looks_like_picture(path))
    except OSError as error:
        raise StillYouError(f"cannot read {folder}: {error.strerror}", "Check its permissions.") from error
    if not found:
        raise UsageError(f"{folder} holds no pictures", "Give a folder with portraits: PNG, JPEG, WebP ...")
    return found


def told(folder: Path | None, kind: str) -> str:
    """Say in words for the user what lies in a folder of sources, and what of it is no picture."""
    found = check_sources(folder, kind)
    assert folder is not None
    others = sorted(path.name for path in folder.iterdir() if path.is_file() and path not in found)
    shown = [name for name in others if not name.startswith(".")]
    count = "1 source" if len(found) == 1 else f"{len(found)} sources"
    if not shown:
        return count
    named = ", ".join(shown[:3]) + (", ..." if len(shown) > 3 else "")
    return f"{count}; {len(shown)} other files are no pictures: {named}"
