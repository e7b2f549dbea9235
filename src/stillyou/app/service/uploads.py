"""Uploaded files: limited in bytes and pixels before anything is decoded, then kept in the private folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from stillyou.app.service.errors import FieldError, TooLarge
from stillyou.app.service.folder import PrivateFolder
from stillyou.app.service.limits import Limits
from stillyou.errors import StillYouError
from stillyou.images import Picture, read_picture
from stillyou.images.opening import glance


@dataclass(frozen=True)
class Upload:
    """A picture file that somebody sent.

    Attributes:
        path: Where it lies; its name is none of the sender's.
        size: Width and height that its header claims, as it is stored (before it is turned upright).
        bytes: Its length.
        field: What the sender calls it: `picture`, `mask` or `draft`.
    """

    path: Path
    size: tuple[int, int]
    bytes: int
    field: str = "picture"

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.size[0] * self.size[1]

    def read(self) -> Picture:
        """Decode it in the hardened reader.

        Raises:
            FieldError: It is damaged, animated, or no picture.
        """
        try:
            return read_picture(self.path)
        except StillYouError as error:
            raise told(error, self) from error


def take(data: bytes, field: str, folder: PrivateFolder, limits: Limits) -> Upload:
    """Check a file's length and header, and keep it.

    Raises:
        TooLarge: It has too many bytes or pixels.
        FieldError: It is empty, or no picture that can be read.
    """
    if len(data) > limits.upload_bytes:
        raise TooLarge(field, f"the {field} has {len(data)} bytes", f"At most {limits.upload_bytes} are taken.")
    path = folder.new()
    path.write_bytes(data)
    try:
        size = glance(path)
        upload = Upload(path, size, len(data), field)
        if upload.pixels > limits.pixels:
            raise TooLarge(
                field,
                f"the {field} has {size[0]}x{size[1]} pixels",
                f"At most {limits.pixels / 1e6:g} megapixels are taken; scale it down first.",
            )
    except StillYouError as error:
        path.unlink(missing_ok=True)
        if isinstance(error, FieldError):
            raise
        raise told(error, Upload(path, (0, 0), len(data), field)) from error
    return upload


def told(error: StillYouError, *uploads: Upload) -> FieldError:
    """Return an error about uploaded files in words of the sender: fields instead of paths."""
    what, remedy = error.what, error.remedy
    field = next((each.field for each in uploads if str(each.path) in what), uploads[0].field)
    for upload in uploads:
        name = f"the {upload.field}"
        what, remedy = (re.sub(f"({name} )?{re.escape(str(upload.path))}", name, text) for text in (what, remedy))
    kind = TooLarge if "megapixels are opened" in what else FieldError
    return kind(field, what, remedy)
