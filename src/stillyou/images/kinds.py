"""What a file is: by its content, and by what its name claims."""

from __future__ import annotations

from pathlib import Path

MULTI_PICTURE = "MPO"
"""JPEG files of many phones: one photograph, followed by previews or depth maps; not an animation."""
_SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"),
}
"""Kinds of ISO media files that are pictures; the others are videos."""


def signature(path: Path) -> str | None:
    """Return the format that the first bytes of a file show, None if it is none of ours."""
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    starts = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def looks_like_picture(path: str | Path) -> bool:
    """Tell whether a file's content or its name claims to be a picture (a folder run edits these, and skips others)."""
    path = Path(path)
    if not path.is_file():
        return False
    if any(path.suffix.lower() in suffixes for suffixes in _SUFFIXES.values()):
        return True
    try:
        return signature(path) is not None
    except OSError:
        return False


def mislabelled(path: Path, kind: str) -> tuple[str, ...]:
    """Return a note if a file's extension claims another format than its content has."""
    suffix = path.suffix.lower()
    if not suffix or suffix in _SUFFIXES.get(kind, ()):
        return ()
    return (f"{path.name} is really {kind}; its content counts, not its name",)
