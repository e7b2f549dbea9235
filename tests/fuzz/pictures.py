"""Damaged pictures of all formats that are read: a picture or one clear line, and what is written can be read again."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin, features

from stillyou.images import read_mask, read_picture, write_picture
from tests.fuzz.mutate import mutate_bytes, with_checksums


@cache
def corpus() -> tuple[bytes, ...]:
    """Small whole files: every format, many kinds of pixels, with and without metadata."""
    return (*_pngs(), *_jpegs(), *_webps(), *_bitmaps(), *_tiffs(), *_avif(), *_heif())


def _rgb() -> Image.Image:
    return _noise(24, 17, 3)


def _smooth() -> Image.Image:
    return _rgb().resize((40, 30), Image.Resampling.BICUBIC)


def _alpha() -> Image.Image:
    return _noise(24, 17, 4)


def _deep() -> Image.Image:
    return _noise(9, 9, dtype=np.uint16)


def _noise(*shape: int, dtype: type = np.uint8) -> Image.Image:
    draws = np.random.default_rng((3, *shape))
    return Image.fromarray(draws.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True))


def _about() -> dict[str, object]:
    """Return EXIF and a profile, as Pillow's writers take them."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8769] = 6, "Maker", {0x9003: "2020:01:01 00:00:00"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return {"exif": exif.tobytes(), "icc_profile": profile.tobytes()}


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'


def _pngs() -> Iterator[bytes]:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "hello", zip=True)
    text.add_itxt("Title", "é", "en", "Titel", zip=True)
    text.add_text("Raw profile type exif", "\nexif\n   8\n4d4d002a00000008\n")
    rgb, alpha = _rgb(), _alpha()
    for image in (rgb, _deep(), rgb.convert("L"), rgb.quantize(16), rgb.convert("1"), alpha.convert("LA"), alpha):
        yield _bytes(image, "PNG")
    yield _bytes(rgb, "PNG", pnginfo=text, dpi=(72, 72), **_about())
    yield _bytes(rgb.quantize(16), "PNG", transparency=3)
    yield _bytes(rgb, "PNG", save_all=True, append_images=[rgb.rotate(9)])


def _jpegs() -> Iterator[bytes]:
    smooth = _smooth()
    yield _bytes(smooth, "JPEG", **_about(), xmp=XMP, dpi=(300, 300))
    yield _bytes(smooth, "JPEG", progressive=True)
    for mode in ("L", "CMYK"):
        yield _bytes(smooth.convert(mode), "JPEG", quality=60)
    yield _bytes(smooth, "MPO", save_all=True, append_images=[_rgb()])


def _webps() -> Iterator[bytes]:
    yield _bytes(_alpha(), "WEBP", lossless=True, **_about())
    yield _bytes(_smooth(), "WEBP", xmp=XMP)
    yield _bytes(_rgb(), "WEBP", save_all=True, append_images=[_rgb()])


def _bitmaps() -> Iterator[bytes]:
    rgb = _rgb()
    for image in (rgb, rgb.quantize(16), rgb.convert("1"), rgb.convert("L"), _alpha()):
        yield _bytes(image, "BMP")
    for image in (rgb.quantize(16), rgb.convert("L")):
        yield _bytes(image, "GIF")
    yield _bytes(rgb, "GIF", save_all=True, append_images=[rgb])


def _tiffs() -> Iterator[bytes]:
    rgb, deep = _rgb(), _deep()
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield _bytes(_smooth(), "TIFF", compression=compression, **({} if compression else _about()))
    yield _bytes(rgb.convert("1"), "TIFF", compression="group4")
    for image in (rgb.convert("CMYK"), rgb.convert("LAB"), Image.fromarray(np.asarray(deep, np.float32))):
        yield _bytes(image, "TIFF")
    yield _bytes(deep, "TIFF", dpi=(72, 72))
    yield _bytes(_alpha(), "TIFF", big_tiff=True)
    yield _bytes(rgb, "TIFF", save_all=True, append_images=[rgb])


def _avif() -> Iterator[bytes]:
    if features.check("avif"):
        yield _bytes(_alpha(), "AVIF", **_about())


def _heif() -> Iterator[bytes]:
    try:
        import pillow_heif
    except ImportError:
        return
    file = io.BytesIO()
    pillow_heif.from_pillow(_smooth()).save(file)
    yield file.getvalue()


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def attempt(number: int, folder: Path, seed: int = 1) -> str:
    """Damage a file, read it, and read again what is written of it."""
    draws = random.Random(f"picture {seed} {number}")
    files = corpus()
    data = mutate_bytes(draws.choice(files), draws, draws.choice(files))
    if data[:4] == b"\x89PNG" and draws.random() < 0.5:
        data = with_checksums(data)
    path = folder / f"a{draws.choice(['.png', '.jpg', '.tif', '', '.webp'])}"
    path.write_bytes(data)
    picture = read_picture(path)
    if draws.random() < 0.2:
        read_mask(path, picture.size)
    if draws.random() < 0.3 and picture.rgb.size < 10**7:
        again = folder / f"again{draws.choice(['.png', '.jpg', '.tif', '.webp', '.bmp'])}"
        write_picture(again, picture)
        if read_picture(again).size != picture.size:
            raise AssertionError("what was written has another size")
    return "read"
