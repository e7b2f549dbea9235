"""From a file to decoded pixels: judged by content, checked before anything is unpacked."""

from __future__ import annotations

import importlib.util
import io
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stillyou.errors import StillYouError
from stillyou.images.kinds import MULTI_PICTURE, signature
from stillyou.images.metadata import without_warnings
from stillyou.images.pixels import Depth
from stillyou.images.png_blocks import Aside, set_aside
from stillyou.images.tiff_tags import is_camera_raw
from stillyou.images.unsupported import unsupported

MAX_PIXELS = 50_000_000
"""Largest picture that is opened; checked on the header, so that decompression bombs are never unpacked."""

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints Pillow's complaints itself
_READABLE = "PNG, JPEG, WebP, BMP, TIFF, GIF (one frame), AVIF and HEIC"
_PILLOW_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF")


@dataclass(frozen=True)
class Opened:
    """A decoded image, the depth of its samples before decoding, and blocks that Pillow was not given."""

    image: Image.Image
    depth: Depth
    aside: Aside = Aside()


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Yield the checked and decoded image of a file; closes it.

    Raises:
        StillYouError: No picture, or one that is not read: missing, damaged, enormous, animated, a camera's raw data.
    """
    with _header(path) as (image, aside, kind):
        try:
            _check_still(image, str(path))
            depth = Depth.of(image)
            _decode(image)
        except StillYouError:
            raise
        except Exception as error:  # decoders of damaged files raise nearly anything
            raise _unread(path, kind, error) from error
        yield Opened(image, depth, aside)


def glance(path: Path) -> tuple[int, int]:
    """Return the width and height that a file's header claims, as stored, without decoding its pixels.

    Raises:
        StillYouError: No picture by its first bytes and header, or an enormous one.
    """
    with _header(path) as (image, _, _):
        return image.size


@contextmanager
def _header(path: Path) -> Iterator[tuple[Image.Image, Aside, str]]:
    """Yield a file's image before its pixels are decoded, the blocks that it was not given, and the file's format."""
    kind = _checked_kind(path)
    formats = _formats(path, kind)
    try:
        aside = set_aside(path) if kind == "PNG" else Aside()
    except OSError as error:
        raise StillYouError(f"cannot read {path}: {error.strerror}", "Check its permissions.") from error
    try:
        with without_warnings():
            image = Image.open(aside.file or path, formats=formats)
    except Image.DecompressionBombError as error:
        raise _too_large(str(path)) from error
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise _unread(path, kind, error) from error
    with image:
        _check_size(image, str(path))
        yield image, aside, kind


def checked(image: Image.Image, where: str) -> Opened:
    """Check and decode an image that is open already.

    Raises:
        StillYouError: An animation, an enormous image, or one whose file is damaged.
    """
    _check_size(image, where)
    try:
        _check_still(image, where)
        depth = Depth.of(image)
        _decode(image)
    except StillYouError:
        raise
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise _damaged(where, image.format or "") from error
    return Opened(image, depth)


def opened_bytes(data: bytes, where: str) -> Opened:
    """Decode the bytes of a file; raises StillYouError as `checked` does."""
    Image.init()
    try:
        with without_warnings():
            image = Image.open(io.BytesIO(data), formats=[name for name in _PILLOW_FORMATS if name in Image.OPEN])
    except Image.DecompressionBombError as error:
        raise _too_large(where) from error
    except Exception as error:  # as in `checked`
        raise _damaged(where, "") from error
    return checked(image, where)


def by(size: tuple[int, int]) -> str:
    """Write a size for people."""
    return f"{size[0]}x{size[1]}"


def _checked_kind(path: Path) -> str:
    """Return the format that the file's first bytes show."""
    try:
        if path.is_dir():
            raise StillYouError(f"{path} is a folder, not a picture", "Give a picture file.")
        if not path.exists():
            raise StillYouError(f"{path} does not exist", "Check the path.")
        if not path.is_file():
            raise StillYouError(f"{path} is not an ordinary file", "Give a picture file.")
        if path.stat().st_size == 0:
            raise StillYouError(f"{path} is empty", "Copy or download it again.")
        kind = signature(path)
    except (OSError, ValueError, RuntimeError) as error:  # of names with a NUL, and links in circles
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise StillYouError(f"cannot read {path}: {reason}", "Check the path and its permissions.") from error
    if is_camera_raw(path, kind):
        raise StillYouError(f"{path} is a camera raw file", "Develop it first: save it as JPEG, PNG or TIFF.")
    if kind is None:
        raise StillYouError(f"{path} is not a picture that can be read", f"Readable: {_READABLE}.")
    return kind


def _formats(path: Path, kind: str) -> list[str]:
    """Return the decoders to try, after loading the optional one that this file needs."""
    if kind == "HEIF":
        if importlib.util.find_spec("pillow_heif") is None:
            raise StillYouError(f"{path} is HEIC, which needs pillow-heif", "Run: pip install 'stillyou[heif]'")
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    if kind not in Image.OPEN:
        raise StillYouError(f"{path} is {kind}, which this Pillow cannot read", "Run: pip install -U pillow")
    return [name for name in _PILLOW_FORMATS if name in Image.OPEN]


def _check_size(image: Image.Image, where: str) -> None:
    if not image.width or not image.height:
        raise StillYouError(f"{where} has no pixels", "Give a picture of at least one.")
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(where, image.size)


def _too_large(where: str, size: tuple[int, int] | None = None) -> StillYouError:
    has = f"has {by(size)} pixels" if size else "is enormous"
    return StillYouError(f"{where} {has}; at most {MAX_PIXELS // 10**6} megapixels are opened", "Scale it down first.")


def _check_still(image: Image.Image, where: str) -> None:
    if image.format == MULTI_PICTURE:
        return
    with without_warnings():  # counting reads the whole file, and may meet its damage
        frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        what = "pages" if image.format == "TIFF" else "frames"
        raise StillYouError(f"{where} has {frames} {what}, not one", "Save the one to edit as a picture of its own.")


def _decode(image: Image.Image) -> None:
    with without_warnings(), _quiet_libtiff(image.format):
        image.load()


_stderr_lock = threading.Lock()


@contextmanager
def _quiet_libtiff(kind: str | None) -> Iterator[None]:
    """Send what libtiff prints about damage to nowhere: it writes to the process's standard error by itself.

    Other threads' lines are lost as well meanwhile; the lock keeps two threads from restoring each other's.
    """
    if kind != "TIFF":
        yield
        return
    with _stderr_lock:
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        try:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _unread(path: Path, kind: str, error: Exception) -> StillYouError:
    """Say why a file was not decoded: what the decoder lacks, or damage."""
    lacks = unsupported(path, kind, error)
    if lacks:
        return StillYouError(f"{path} is {lacks}, which is not supported", "Save it as an ordinary PNG or JPEG.")
    return _damaged(str(path), kind)


def _damaged(where: str, kind: str) -> StillYouError:
    return StillYouError(f"{where} is a damaged or truncated {kind} picture", "Copy or export it again.")
