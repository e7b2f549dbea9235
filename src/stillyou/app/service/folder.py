"""The private folder of a running service: uploads and results lie there and nowhere else.

It is the user's alone (0700) and locked while its process lives. A killed one leaves it behind; the next service to
start removes what is no longer locked.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stillyou.errors import StillYouError

PREFIX = "stillyou-app-"


class PrivateFolder:
    """A locked temporary folder; `close` removes it.

    Args:
        root: Where it is made; by default the system's place for temporary files.

    Raises:
        StillYouError: It cannot be made.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = Path(tempfile.gettempdir()) if root is None else root
        clear_leftovers(self._root)
        try:
            self._handle, self.path = _locked_folder(self._root)
        except OSError as error:
            raise StillYouError(
                f"cannot make a folder in {self._root}: {error.strerror}", "Set TMPDIR to one that you may write to."
            ) from error

    def new(self, suffix: str = "") -> Path:
        """Return a path in the folder that nothing has, and nobody can guess."""
        return self.path / f"{secrets.token_hex(16)}{suffix}"

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            os.close(self._handle)


def clear_leftovers(root: Path) -> None:
    """Remove the folders of services that no longer run; those of living ones are locked."""
    for folder in _own_folders(root):
        with suppress(OSError):
            handle = _opened(folder)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def _own_folders(root: Path) -> Iterator[Path]:
    """Yield this user's folders of services."""
    with suppress(OSError):
        for folder in root.glob(f"{PREFIX}*"):
            if not folder.is_symlink() and folder.is_dir() and folder.lstat().st_uid == os.getuid():
                yield folder


def _locked_folder(root: Path) -> tuple[int, Path]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        handle = _opened(folder)
        with suppress(OSError):  # file systems without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.exists():
            return handle, folder
        os.close(handle)  # another service's cleaning came before the lock


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
