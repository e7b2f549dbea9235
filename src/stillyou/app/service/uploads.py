"""Uploaded files: limited in bytes and pixels before anything is decoded, then kept in the private folder."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stillyou.app.service.errors import Busy, FieldError, TooLarge
from stillyou.app.service.folder import PrivateFolder
from stillyou.app.service.limits import Limits
from stillyou.app.service.words import in_fields
from stillyou.errors import StillYouError
from stillyou.images import Picture, read_picture
from stillyou.images.opening import glance

_ROOM_AFTER: Final = 30
"""Seconds after which a full shelf may have room again."""
_JUST_NEEDED: Final = 30
"""Seconds for which an upload is safe from others that need its room: an edit of it may be on its way."""


@dataclass(frozen=True)
class Upload:
    """A picture file that somebody sent.

    Attributes:
        path: Where it lies; its name is none of the sender's.
        size: Width and height that its header claims, as it is stored (before it is turned upright).
        bytes: Its length.
        field: What the sender calls it: `picture`, `mask` or `draft`.
        once: Whether it is for one edit alone, and removed when that ends.
    """

    path: Path
    size: tuple[int, int]
    bytes: int
    field: str = "picture"
    once: bool = False

    @property
    def id(self) -> str:
        """Unguessable: who knows it may edit the picture, and so see it."""
        return self.path.name

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.size[0] * self.size[1]

    def read(self) -> Picture:
        """Decode it in the hardened reader.

        Raises:
            FieldError: It is damaged, animated, or no picture.
        """
        if not self.path.exists():
            raise _gone(self.field)
        try:
            return read_picture(self.path)
        except StillYouError as error:
            raise told(error, self) from error


def told(error: StillYouError, *uploads: Upload) -> FieldError:
    """Return an error about uploaded files in words of the sender: fields instead of paths."""
    what, remedy = in_fields(error.what), in_fields(error.remedy)
    field = next((each.field for each in uploads if str(each.path) in what), uploads[0].field)
    for upload in uploads:
        name = f"the {upload.field}"
        what, remedy = (re.sub(f"({name} )?{re.escape(str(upload.path))}", name, text) for text in (what, remedy))
    kind = TooLarge if "megapixels are opened" in what else FieldError
    return kind(field, what, remedy)


@dataclass
class _Place:
    """Where an upload is kept: when it was last needed, and how many edits need it now."""

    upload: Upload
    since: float
    users: int = 0


class Shelf:
    """The uploads that are kept, each until nobody has needed it for long; when there is no room, the idlest go first.

    Args:
        folder: Where they lie.
        limits: Of one upload and of all.
        clock: Seconds that only grow.
    """

    def __init__(self, folder: PrivateFolder, limits: Limits, clock: Callable[[], float]) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self._lock, self._kept, self._bytes = threading.RLock(), dict[str, _Place](), 0

    def take(self, data: bytes, field: str, *, once: bool = False) -> Upload:
        """Check a file's length and header, and keep it.

        Raises:
            TooLarge: It has too many bytes or pixels.
            FieldError: It is empty, or no picture that can be read.
            Busy: There is no room.
        """
        if len(data) > self._limits.upload_bytes:
            most = self._limits.upload_bytes
            raise TooLarge(field, f"the {field} has {len(data)} bytes", f"At most {most} are taken.")
        self._make_room(len(data))
        upload = replace(_checked(self._folder.new(), data, field, self._limits), once=once)
        with self._lock:
            self._kept[upload.id] = _Place(upload, self._clock())
            self._bytes += upload.bytes
        return upload

    def _make_room(self, size: int) -> None:
        """Remove what edits no longer need, the idlest first, until so many bytes fit; raises Busy if they do not."""
        with self._lock:
            idle = sorted((each for each in self._kept.values() if self._is_idle(each)), key=lambda each: each.since)
            for place in idle:
                if self._bytes + size <= self._limits.keep_bytes:
                    break
                self.drop(place.upload)
            if self._bytes + size > self._limits.keep_bytes:
                raise Busy("there is no room for another upload", _ROOM_AFTER)

    def _is_idle(self, place: _Place) -> bool:
        return not place.users and self._clock() - place.since > _JUST_NEEDED

    def find(self, id: str) -> Upload:
        """Return an upload that is kept for further edits; raises FieldError for one that is gone or never was."""
        with self._lock:
            place = self._kept.get(id)
            if place is None or place.upload.once:
                raise _gone("picture")
            place.since = self._clock()
            return place.upload

    def need(self, *uploads: Upload) -> None:
        """Note that an edit needs uploads until `done`; raises FieldError for one that is gone."""
        with self._lock:
            for upload in uploads:
                if upload.id not in self._kept:
                    raise _gone(upload.field)
            for upload in uploads:
                place = self._kept[upload.id]
                place.since, place.users = self._clock(), place.users + 1

    def done(self, *uploads: Upload) -> None:
        """Note that an edit has ended; uploads that were for it alone are removed."""
        with self._lock:
            for upload in uploads:
                if (place := self._kept.get(upload.id)) is not None:
                    place.since, place.users = self._clock(), place.users - 1
        self.drop(*(upload for upload in uploads if upload.once))

    def drop(self, *uploads: Upload) -> None:
        """Remove uploads; those that are gone already are no error."""
        with self._lock:
            for upload in uploads:
                if self._kept.pop(upload.id, None) is not None:
                    self._bytes -= upload.bytes
                    upload.path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what nobody has needed for long."""
        with self._lock:
            old = self._clock() - self._limits.keep_seconds
            self.drop(*[each.upload for each in self._kept.values() if not each.users and each.since < old])


def _checked(path: Path, data: bytes, field: str, limits: Limits) -> Upload:
    """Write a file, and remove it again if its header is not that of a picture of a size that is taken."""
    upload = Upload(path, (0, 0), len(data), field)
    try:
        path.write_bytes(data)
        upload = replace(upload, size=glance(path))
        if upload.pixels > limits.pixels:
            raise StillYouError(
                f"{path} has {upload.size[0]}x{upload.size[1]} pixels; at most {limits.pixels / 1e6:g} "
                "megapixels are opened",
                "Scale it down first.",
            )
    except StillYouError as error:
        path.unlink(missing_ok=True)
        raise told(error, upload) from error
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Busy("there is no room for another upload", _ROOM_AFTER) from error
    return upload


def _gone(field: str) -> FieldError:
    return FieldError(field, f"the {field} is no longer kept", "Send it again.")
