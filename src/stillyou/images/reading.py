"""Opening pictures: judged by content, checked before they are decoded, turned upright."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from stillyou.errors import StillYouError
from stillyou.images.kinds import MULTI_PICTURE, mislabelled, signature
from stillyou.images.metadata import descriptive_exif, upright_exif, upright_xmp, without_warnings
from stillyou.images.picture import Picture, PictureInfo, Pixels
from stillyou.images.pixels import Depth, convert

MAX_PIXELS = 50_000_000
"""Largest picture that is opened; checked on the header, so that decompression bombs are never unpacked."""

_READABLE = "PNG, JPEG, WebP, BMP, TIFF, GIF (one frame), AVIF and HEIC"
_PILLOW_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF")
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: str | Path) -> Picture:
    """Open a user's picture.

    Args:
        path: A PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF or HEIC file, whatever its name.

    Returns:
        The picture upright in 8-bit RGB, with alpha and metadata; what had to be changed is in ``info.notes``.

    Raises:
        StillYouError: Missing, empty, damaged, animated or enormous, or no picture at all.
    """
    path = Path(path)
    with _opened(path) as (image, depth):
        return _to_picture(image, depth, mislabelled(path, _kind(image)))


def picture_from_image(image: Image.Image) -> Picture:
    """Turn a Pillow image into a `Picture`, under the same rules as files.

    Raises:
        StillYouError: An animation, an enormous image, or one whose file is damaged.
    """
    where = "the image"
    _check_size(image, where)
    _check_still(image, where)
    depth = Depth.of(image)
    _decode(image, where)
    return _to_picture(image, depth, ())


def read_mask(path: str | Path, size: tuple[int, int]) -> Pixels:
    """Open a mask: white = edit, black = keep; colours count by their brightness, transparent pixels as black.

    Args:
        path: Any readable picture.
        size: Width and height that it must have: those of the upright portrait.

    Returns:
        uint8 (H, W).

    Raises:
        StillYouError: It cannot be read, or has another size.
    """
    return grey_mask(read_picture(path), size, f"the mask {path}")


def grey_mask(picture: Picture, size: tuple[int, int], where: str = "the mask") -> Pixels:
    """Turn a picture into a mask uint8 (H, W) as `read_mask` does; raises StillYouError for another size."""
    if picture.size != size:
        raise StillYouError(
            f"{where} is {_by(picture.size)} pixels, the picture is {_by(size)}", f"Give a mask of {_by(size)} pixels."
        )
    grey = np.array(Image.fromarray(picture.rgb).convert("L"))
    if picture.alpha is None:
        return grey
    shown: Pixels = np.rint(grey.astype(np.float32) * (picture.alpha / np.float32(255))).astype(np.uint8)
    return shown


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, Depth]]:
    """Yield the checked and decoded image and the depth of its samples; closes the file."""
    kind = _checked_kind(path)
    formats = _formats(path, kind)
    try:
        with without_warnings():
            image = Image.open(path, formats=formats)
    except Image.DecompressionBombError as error:
        raise _too_large(str(path)) from error
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise _damaged(str(path), kind) from error
    with image:
        _check_size(image, str(path))
        _check_still(image, str(path))
        depth = Depth.of(image)
        _decode(image, str(path))
        yield image, depth


def _checked_kind(path: Path) -> str:
    """Return the format that the file's first bytes show."""
    if path.is_dir():
        raise StillYouError(f"{path} is a folder, not a picture", "Give a picture file.")
    if not path.exists():
        raise StillYouError(f"{path} does not exist", "Check the path.")
    if not path.is_file():
        raise StillYouError(f"{path} is not an ordinary file", "Give a picture file.")
    try:
        if path.stat().st_size == 0:
            raise StillYouError(f"{path} is empty", "Copy or download it again.")
        kind = signature(path)
    except OSError as error:
        raise StillYouError(f"cannot read {path}: {error.strerror}", "Check its permissions.") from error
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
    has = f"has {_by(size)} pixels" if size else "is enormous"
    return StillYouError(f"{where} {has}; at most {MAX_PIXELS // 10**6} megapixels are opened", "Scale it down first.")


def _check_still(image: Image.Image, where: str) -> None:
    if image.format == MULTI_PICTURE:
        return
    try:
        with without_warnings():
            frames = int(getattr(image, "n_frames", 1))
    except Exception as error:  # counting reads the whole file, and may meet its damage
        raise _damaged(where, image.format or "") from error
    if frames > 1:
        what = "pages" if image.format == "TIFF" else "frames"
        raise StillYouError(f"{where} has {frames} {what}, not one", "Save the one to edit as a picture of its own.")


def _decode(image: Image.Image, where: str) -> None:
    try:
        with without_warnings(), _quiet_libtiff(image.format):
            image.load()
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise _damaged(where, image.format or "") from error


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


def _damaged(where: str, kind: str) -> StillYouError:
    return StillYouError(f"{where} is a damaged or truncated {kind} picture", "Copy or export it again.")


def _to_picture(image: Image.Image, depth: Depth, notes: tuple[str, ...]) -> Picture:
    """Turn a decoded image upright and into 8-bit pixels."""
    if image.format == MULTI_PICTURE:
        notes += ("only the first picture of this multi-picture JPEG is used",)
    info, exif, xmp = image.info, _exif_block(image), image.info.get("xmp") or b""
    turn = _UPRIGHT.get(_orientation(image))
    converted = convert(image if turn is None else _turned(image, turn), depth, info.get("icc_profile") or b"")
    return Picture(
        converted.rgb,
        converted.alpha,
        PictureInfo(
            format=_kind(image),
            exif=upright_exif(exif),
            icc=converted.icc,
            xmp=upright_xmp(xmp.encode() if isinstance(xmp, str) else bytes(xmp)),
            dpi=_dpi(info.get("dpi"), swap=turn is not None and _orientation(image) >= 5),
            text={key: str(value) for key, value in getattr(image, "text", {}).items() if not key.startswith("XML:")},
            notes=notes + converted.notes,
        ),
    )


def _kind(image: Image.Image) -> str:
    return "JPEG" if image.format == MULTI_PICTURE else image.format or ""


def _turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    turned = image.transpose(turn)
    turned.info = dict(image.info)
    return turned


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where it is absent or the block is damaged."""
    try:
        with without_warnings():
            return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block raises nearly anything, and is no reason to refuse the pixels
        return 1


def _exif_block(image: Image.Image) -> bytes:
    """Return the EXIF block as it stands in the file; for TIFF, whose tags mix with it, its descriptive part."""
    block = image.info.get("exif") or b""
    if block or image.format != "TIFF":
        return bytes(block)
    try:
        with without_warnings():
            kept = descriptive_exif(image.getexif())
        return kept.tobytes() if len(kept) else b""
    except Exception:  # as in `_orientation`
        return b""


def _dpi(value: object, *, swap: bool) -> tuple[float, float] | None:
    """Return a usable resolution; files may say 0, NaN or nothing."""
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    x, y = (float(part) for part in value)
    if not (0 < x < 1e6 and 0 < y < 1e6):
        return None
    return (y, x) if swap else (x, y)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
