"""Effects of users' own: ``effect.yaml`` and art that somebody sent, checked and kept for a time.

They lie in the private folder under names of the server's; names of files are checked before they become paths, and
read as the command line reads a folder of a user's.
"""

from __future__ import annotations

import io
import re
import secrets
import shutil
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stillyou.app.service.errors import Busy, FieldError, TooLarge
from stillyou.app.service.folder import PrivateFolder
from stillyou.app.service.limits import Limits
from stillyou.app.service.words import in_fields
from stillyou.drafts.folder import check_art
from stillyou.effects.own import ENDINGS, SPEC, OwnEffect, load_folder
from stillyou.errors import StillYouError

ID: Final = re.compile("own-[0-9a-f]{32}")
_FILE: Final = re.compile(r"(?:[a-z][a-z0-9_-]{0,39}/)?[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(?:svg|png|webp)")
_NAMES: Final = f"Letters, digits, - and _, ending in {', '.join(ENDINGS)}, in no folder or in that of a design."
MOST_FILES: Final = 64
_MOST_BYTES, _MOST_ALL, _MOST_SPEC = 8 << 20, 32 << 20, 1 << 14
_MOST_KEPT: Final = 64
_BUSY_AFTER: Final = 30


@dataclass
class _Kept:
    """An effect of somebody's, and when it was last needed."""

    effect: OwnEffect
    since: float


class OwnEffects:
    """The effects that users sent, by an id that nobody can guess.

    Args:
        folder: Where they lie.
        limits: For how long they are kept.
        clock: Seconds that only grow.
    """

    def __init__(self, folder: PrivateFolder, limits: Limits, clock: Callable[[], float]) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self._lock, self._kept = threading.Lock(), dict[str, _Kept]()

    def take(self, files: Mapping[str, bytes]) -> str:
        """Keep an effect; return its id.

        Raises:
            FieldError: A file that cannot be used.
            Busy: Too many are kept.
        """
        if len(self._kept) >= _MOST_KEPT:
            raise Busy("there is no room for another effect", _BUSY_AFTER)
        id = f"own-{secrets.token_hex(16)}"
        place = self._folder.path / id
        try:
            effect = unpacked(place, files)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        with self._lock:
            self._kept[id] = _Kept(effect, self._clock())
        return id

    def find(self, id: str) -> OwnEffect:
        """Return an effect; raises FieldError for one that is gone or never was."""
        with self._lock:
            if id not in self._kept:
                raise FieldError("effect", "this effect is no longer kept", "Send it to /v1/effects again.")
            self._kept[id].since = self._clock()
            return self._kept[id].effect

    def drop(self, *ids: str) -> None:
        """Remove effects; those that are gone already are no error."""
        for id in ids:
            with self._lock:
                known = self._kept.pop(id, None)
            if known is not None:
                shutil.rmtree(self._folder.path / id, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what nobody has needed for long."""
        old = self._clock() - self._limits.keep_seconds
        with self._lock:
            ids = [id for id, each in self._kept.items() if each.since < old]
        self.drop(*ids)


def unpacked(place: Path, files: Mapping[str, bytes]) -> OwnEffect:
    """Write an effect's files into a folder that is not there yet, and read it.

    Args:
        place: Under which the effect gets a folder of its own.
        files: ``effect.yaml`` and art by name, that of designs as ``DESIGN/NAME``.

    Raises:
        FieldError: A name or file that cannot be used; it is told by its name, without paths of the host.
    """
    folder = place / "effect"
    folder.mkdir(parents=True, mode=0o700)
    for name, data in _checked(files).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    try:
        effect = load_folder(folder)
        check_art(effect)
    except StillYouError as error:
        raise in_names(error, folder) from error
    return effect


def in_names(error: StillYouError, folder: Path) -> FieldError:
    """Return an error about an effect's folder with names of files instead of paths."""
    texts = (error.what, error.remedy)
    what, remedy = (in_fields(text.replace(f"{folder}/", "").replace(str(folder), "the effect")) for text in texts)
    return FieldError("effect" if what.startswith(SPEC) else "art", what, remedy)


def _checked(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return files that may be written; raises FieldError for others."""
    if len(files.get(SPEC, b"x" * (_MOST_SPEC + 1))) > _MOST_SPEC:
        raise FieldError("effect", f"{SPEC} is missing or too long", "Send its text as the field 'effect'.")
    if len(files) > MOST_FILES + 1:
        raise TooLarge("art", f"the effect has more than {MOST_FILES} files", "Leave some out.")
    for name, data in files.items():
        if name != SPEC and not _FILE.fullmatch(name):
            raise FieldError("art", f"'{name:.60}' is an unusual name for art", _NAMES)
        if len(data) > _MOST_BYTES:
            raise TooLarge("art", f"{name} has more than {_MOST_BYTES >> 20} MB", "Scale it down to 2000 pixels or so.")
    if sum(map(len, files.values())) > _MOST_ALL:
        raise TooLarge("art", f"the effect has more than {_MOST_ALL >> 20} MB", "Scale its art down.")
    return files


def from_zip(data: bytes) -> dict[str, bytes]:
    """Return the files of a packed effect, without the folder around them; nothing is written.

    Raises:
        FieldError: No ZIP file, or one that unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = [each for each in packed.infolist() if _matters(each)]
            if len(entries) > MOST_FILES + 1 or sum(each.file_size for each in entries) > _MOST_ALL:
                raise TooLarge("zip", f"the ZIP file holds more than {MOST_FILES} files or {_MOST_ALL >> 20} MB")
            around = _around([each.filename for each in entries])
            return {each.filename.removeprefix(around): _read(packed, each) for each in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise FieldError("zip", "the ZIP file cannot be read", "Pack the folder anew, without a password.") from error


def _matters(entry: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is a file, and none that systems add by themselves."""
    name = entry.filename
    return not (entry.is_dir() or name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("."))


def _around(names: list[str]) -> str:
    """Return the folder that holds ``effect.yaml``, with its slash; empty where that lies on top."""
    return min((name.removesuffix(SPEC) for name in names if f"/{name}".endswith(f"/{SPEC}")), key=len, default="")


def _read(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return an entry's bytes, not more than it claims or may have."""
    with packed.open(entry) as file:
        return file.read(_MOST_BYTES + 1)
