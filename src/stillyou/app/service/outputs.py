"""What is written of a finished edit: the picture, its mask and its draft, as files in the private folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from stillyou.app.service.errors import FieldError
from stillyou.app.service.folder import PrivateFolder
from stillyou.editing.result import EditResult
from stillyou.errors import nearest
from stillyou.images import Picture, write_mask, write_picture
from stillyou.images.location import without_location
from stillyou.images.provenance import marked

FORMATS: Final = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
"""How a result may be written, and the extension. All but JPEG keep what was not edited bit for bit."""
MEDIA: Final = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".tif": "image/tiff"}
KINDS: Final = ("picture", "mask", "draft")
"""What can be read of an edit."""
_SAME: Final = {"JPEG": "jpeg", "WEBP": "webp", "TIFF": "tiff"}


@dataclass(frozen=True)
class OutputWish:
    """How a result is written.

    Attributes:
        format: One of `FORMATS`, or `same` for that of the upload where it is one of them.
        keep_location: Whether the place where a picture was taken stays in its metadata.
        mark: Whether the metadata say that a model drew part of the picture.

    Raises:
        FieldError: An unknown format.
    """

    format: str = "png"
    keep_location: bool = False
    mark: bool = True

    def __post_init__(self) -> None:
        known = (*FORMATS, "same")
        if self.format not in known:
            raise FieldError("format", f"unknown format '{self.format:.40}'", nearest(self.format, known))


@dataclass(frozen=True)
class ResultFile:
    """A file of a finished edit.

    Attributes:
        path: Where it lies; other processes' users cannot read it.
        media: Its media type.
        name: What a download is called.
        bytes: Its length.
    """

    path: Path
    media: str
    name: str
    bytes: int


def write(result: EditResult, wish: OutputWish, folder: PrivateFolder) -> tuple[dict[str, ResultFile], tuple[str, ...]]:
    """Write an edit's files.

    Returns:
        The files by kind, and notes on what the format could not keep.

    Raises:
        StillYouError: The picture is too large for the format, or the disk is full.
    """
    suffix = FORMATS[_SAME.get(result.picture.info.format, "png") if wish.format == "same" else wish.format]
    stem = f"{result.report.effect}-{result.report.seed}"
    paths = {"picture": folder.new(suffix), "mask": folder.new(".png")}
    try:
        notes = write_picture(paths["picture"], described(result.picture, wish))
        write_mask(paths["mask"], np.asarray(result.mask))
        if (draft := result.draft) is not None:
            paths["draft"] = folder.new(".png")
            draft.save(paths["draft"], "PNG", compress_level=1)
    except BaseException:
        for path in paths.values():
            path.unlink(missing_ok=True)
        raise
    return {
        kind: _file(path, f"{stem}{'' if kind == 'picture' else '-' + kind}") for kind, path in paths.items()
    }, notes


def described(picture: Picture, wish: OutputWish) -> Picture:
    """Return a picture with the metadata that its result is to have."""
    info = picture.info if wish.keep_location else without_location(picture.info)
    return replace(picture, info=marked(info) if wish.mark else info)


def _file(path: Path, stem: str) -> ResultFile:
    return ResultFile(path, MEDIA[path.suffix], f"{stem}{path.suffix}", path.stat().st_size)
