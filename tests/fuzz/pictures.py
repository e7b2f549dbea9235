"""Damaged pictures of all formats that are read: a picture or one clear line, and what is written can be read again."""

from __future__ import annotations

import io
import random
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin, features

from stillyou.images import read_mask, read_picture, write_picture
from tests.fuzz.mutate import mutate_bytes, with_checksums


@cache
def corpus() -> tuple[bytes, ...]:
    """Small whole files: every format, many kinds of pixels, with and without metadata."""
    draws = np.random.default_rng(3)
    rgb = Image.fromarray(draws.integers(0, 256, (24, 17, 3), dtype=np.uint8))
    smooth = rgb.resize((40, 30), Image.Resampling.BICUBIC)
    alpha = Image.fromarray(draws.integers(0, 256, (24, 17, 4), dtype=np.uint8))
    deep = Image.fromarray(draws.integers(0, 65536, (9, 9), dtype=np.uint16))
    plain = {
        "L": rgb.convert("L"),
        "P": rgb.quantize(16),
        "1": rgb.convert("1"),
        "LA": alpha.convert("LA"),
        "RGBA": alpha,
    }
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8769] = 6, "Maker", {0x9003: "2020:01:01 00:00:00"}
    about = {"exif": exif.tobytes(), "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "hello", zip=True)
    text.add_itxt("Title", "é", "en", "Titel", zip=True)
    text.add_text("Raw profile type exif", "\nexif\n   8\n4d4d002a00000008\n")
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    made = [_bytes(image, "PNG") for image in (rgb, deep, *plain.values())]
    made += [_bytes(rgb, "PNG", pnginfo=text, dpi=(72, 72), **about), _bytes(plain["P"], "PNG", transparency=3)]
    made += [_bytes(rgb, "PNG", save_all=True, append_images=[rgb.rotate(9)])]
    made += [_bytes(smooth, "JPEG", **about, xmp=xmp, dpi=(300, 300)), _bytes(smooth, "JPEG", progressive=True)]
    made += [_bytes(smooth.convert(mode), "JPEG", quality=60) for mode in ("L", "CMYK")]
    made += [_bytes(smooth, "MPO", save_all=True, append_images=[rgb])]
    made += [
        _bytes(alpha, "WEBP", lossless=True, **about),
        _bytes(smooth, "WEBP", xmp=xmp),
        _bytes(rgb, "WEBP", save_all=True, append_images=[rgb]),
    ]
    made += [_bytes(image, "BMP") for image in (rgb, plain["P"], plain["1"], plain["L"], alpha)]
    made += [_bytes(image, "GIF") for image in (plain["P"], plain["L"])] + [
        _bytes(rgb, "GIF", save_all=True, append_images=[rgb])
    ]
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        made.append(_bytes(smooth, "TIFF", compression=compression, **({} if compression else about)))
    made += [
        _bytes(plain["1"], "TIFF", compression="group4"),
        _bytes(rgb.convert("CMYK"), "TIFF"),
        _bytes(rgb.convert("LAB"), "TIFF"),
    ]
    made += [
        _bytes(deep, "TIFF", dpi=(72, 72)),
        _bytes(Image.fromarray(np.asarray(deep, np.float32)), "TIFF"),
        _bytes(alpha, "TIFF", big_tiff=True),
    ]
    made += [_bytes(rgb, "TIFF", save_all=True, append_images=[rgb])]
    if features.check("avif"):
        made += [_bytes(alpha, "AVIF", **about)]
    try:
        import pillow_heif

        heif = io.BytesIO()
        pillow_heif.from_pillow(smooth).save(heif)
        made.append(heif.getvalue())
    except ImportError:
        pass
    return tuple(made)


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
