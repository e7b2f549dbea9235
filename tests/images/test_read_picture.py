"""Reading: every kind of pixel, every orientation, and everything that must be refused."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from stillyou.errors import StillYouError
from stillyou.images import MAX_PIXELS, looks_like_picture, picture_from_image, read_mask, read_picture

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
RGBA = np.dstack([RGB, ALPHA])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION = 0x0112


def saved(tmp_path, image, name, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, *extra):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png16(values, colour, *extra):
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, 16, colour, zlib.compress(rows), *extra)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp"])
def test_lossless_formats_give_exact_pixels(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    picture = read_picture(saved(tmp_path, Image.fromarray(RGB), name, **options))
    assert np.array_equal(picture.rgb, RGB)
    assert picture.alpha is None
    assert picture.size == (9, 6)
    assert picture.info.notes == ()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_alpha_is_exact_even_where_it_is_zero(tmp_path, name):
    options = {"lossless": True, "exact": True} if name.endswith("webp") else {}
    picture = read_picture(saved(tmp_path, Image.fromarray(RGBA), name, **options))
    assert np.array_equal(picture.rgb, RGB)
    assert np.array_equal(picture.alpha, ALPHA)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif(tmp_path):
    flat = Image.new("RGB", (64, 48), (200, 100, 50))
    avif = read_picture(saved(tmp_path, flat, "a.avif", quality=95))
    assert np.abs(avif.rgb.astype(int) - (200, 100, 50)).max() <= 4


def test_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    flat = Image.new("RGB", (64, 48), (200, 100, 50))
    heif.from_pillow(flat).save(tmp_path / "a.heic", quality=95)
    picture = read_picture(tmp_path / "a.heic")
    assert picture.size == (64, 48)
    assert np.abs(picture.rgb.astype(int) - (200, 100, 50)).max() <= 4


def test_heic_without_the_library_names_the_command(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StillYouError, match=r"pip install 'stillyou\[heif\]'"):
        read_picture(tmp_path / "a.heic")


def test_videos_are_no_pictures(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 40)
    with pytest.raises(StillYouError, match="not a picture"):
        read_picture(tmp_path / "a.mp4")
    assert not looks_like_picture(tmp_path / "a.mp4")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_orientation_turns_pixels_upright_and_writes_tag_1(tmp_path, orientation, suffix):
    # what the tag means, said with numpy: stored pixels from upright ones
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](RGB)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Maker"
    options = {"lossless": True} if suffix == ".webp" else {}
    image = Image.fromarray(np.ascontiguousarray(stored))
    picture = read_picture(saved(tmp_path, image, "a" + suffix, exif=exif, **options))
    assert np.array_equal(picture.rgb, RGB)
    kept = Image.Exif()
    kept.load(picture.info.exif)
    assert kept.get(ORIENTATION, 1) == 1
    assert kept[0x010F] == "Maker"


def test_exif_keeps_every_byte_but_orientation_and_thumbnail(tmp_path):
    body = struct.pack(">2sHI", b"MM", 42, 8) + struct.pack(">H", 2)
    body += struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(">HHI4s", 0x010F, 2, 4, b"Mak\0")
    body += struct.pack(">I", 38) + struct.pack(">H", 0) + struct.pack(">I", 0) + b"maker note"
    path = saved(tmp_path, Image.fromarray(RGB), "a.jpg", exif=b"Exif\0\0" + body)
    kept = read_picture(path).info.exif.removeprefix(b"Exif\0\0")
    assert read_picture(path).size == (6, 9)
    assert kept[18:20] == b"\0\1"
    assert kept[34:38] == b"\0\0\0\0"
    assert kept[:18] + kept[20:34] + kept[38:] == body[:18] + body[20:34] + body[38:]


def test_damaged_exif_is_no_reason_to_refuse(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), "a.jpg", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff garbage")
    assert read_picture(path).size == (9, 6)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.array([[0, 128, 257, 32768, 65407, 65535]], np.uint16)
    expected = np.array([0, 0, 1, 128, 255, 255])
    for name in ("a.png", "a.tif"):
        picture = read_picture(saved(tmp_path, Image.fromarray(values), name))
        assert np.array_equal(picture.rgb[0, :, 0], expected)
        assert "8 bits" in picture.info.notes[0]


def test_sixteen_bit_tiff_with_white_as_zero(tmp_path):
    values = np.array([[0, 65535]], np.uint16)
    path = saved(tmp_path, Image.fromarray(values), "a.tif", tiffinfo={262: 0})
    data = path.read_bytes()
    assert read_picture(path).rgb[0, :, 0].tolist() in ([255, 0], [0, 255])
    assert b"II" == data[:2]
    with Image.open(path) as image:
        inverted = image.tag_v2[262] == 0
    assert read_picture(path).rgb[0, 0, 0] == (255 if inverted else 0)


def test_sixteen_bit_rgb_and_rgba(tmp_path):
    values = RNG.integers(0, 65536, (4, 5, 4), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png16(values, 6))
    picture = read_picture(tmp_path / "a.png")
    assert np.abs(picture.rgb - values[..., :3] / 257.0).max() <= 1
    assert np.abs(picture.alpha - values[..., 3] / 257.0).max() <= 1
    assert "8 bits" in picture.info.notes[0]


def test_transparent_colours_of_sixteen_bits(tmp_path):
    grey = np.array([[300, 301]], np.uint16)
    (tmp_path / "g.png").write_bytes(png16(grey, 0, chunk(b"tRNS", struct.pack(">H", 300))))
    assert read_picture(tmp_path / "g.png").alpha.tolist() == [[0, 255]]
    colour = np.array([[[0x1234, 0x5678, 0x9ABC], [0, 0, 0]]], np.uint16)
    (tmp_path / "c.png").write_bytes(png16(colour, 2, chunk(b"tRNS", struct.pack(">HHH", 0x1234, 0x5678, 0x9ABC))))
    assert read_picture(tmp_path / "c.png").alpha.tolist() == [[0, 255]]


def test_float_tiff_with_nan(tmp_path):
    values = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    picture = read_picture(saved(tmp_path, Image.fromarray(values), "a.tif"))
    assert picture.rgb[0, :, 1].tolist() == [0, 128, 255, 0]
    assert "float" in picture.info.notes[0]


def test_palette_grey_and_bilevel(tmp_path):
    palette = Image.fromarray(RGB // 128 * 255).quantize(8)
    assert np.array_equal(read_picture(saved(tmp_path, palette, "p.png")).rgb, np.array(palette.convert("RGB")))
    clear = palette.copy()
    index = int(np.array(clear)[0, 0])
    clear.info["transparency"] = index
    assert np.array_equal(
        read_picture(saved(tmp_path, clear, "t.png")).alpha == 0,
        np.array(clear) == index,
    )
    soft = palette.copy()
    path = saved(tmp_path, soft, "s.png", transparency=bytes([10, 20, 30, 40, 50, 60, 70, 80]))
    assert np.array_equal(read_picture(path).alpha, (np.array(palette) + 1) * 10)
    grey = Image.fromarray(ALPHA)
    assert np.array_equal(read_picture(saved(tmp_path, grey, "l.png")).rgb, np.repeat(ALPHA[..., None], 3, axis=2))
    bits = Image.fromarray(ALPHA > 127)
    assert np.array_equal(read_picture(saved(tmp_path, bits, "1.tif")).rgb[..., 2], np.where(ALPHA > 127, 255, 0))
    both = Image.fromarray(np.dstack([ALPHA, RGB[..., 0]]))
    picture = read_picture(saved(tmp_path, both, "la.png"))
    assert np.array_equal(picture.rgb[..., 0], ALPHA)
    assert np.array_equal(picture.alpha, RGB[..., 0])


def test_cmyk_with_and_without_profile(tmp_path):
    cmyk = Image.fromarray(RGB).convert("CMYK")
    picture = read_picture(saved(tmp_path, cmyk, "a.tif"))
    assert np.array_equal(picture.rgb, np.array(cmyk.convert("RGB")))
    assert "CMYK" in picture.info.notes[0]
    wrong = read_picture(saved(tmp_path, cmyk, "b.tif", icc_profile=SRGB))
    assert np.array_equal(wrong.rgb, picture.rgb)
    assert wrong.info.icc == b""


def test_lab_white_and_black(tmp_path):
    lab = Image.new("LAB", (2, 1))
    lab.putpixel((0, 0), (255, 128, 128))
    lab.putpixel((1, 0), (0, 128, 128))
    rgb = read_picture(saved(tmp_path, lab, "a.tif")).rgb
    assert rgb[0, 0].min() >= 250
    assert rgb[0, 1].max() <= 5


def test_icc_is_kept_for_rgb_and_dropped_where_it_lies(tmp_path):
    assert read_picture(saved(tmp_path, Image.fromarray(RGB), "a.jpg", icc_profile=SRGB)).info.icc == SRGB
    broken = read_picture(saved(tmp_path, Image.fromarray(RGB), "b.png", icc_profile=b"no profile" * 20))
    assert broken.info.icc == b""
    assert "profile" in broken.info.notes[0]


def test_jpeg_with_several_pictures_is_no_animation(tmp_path):
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (4, 4), "blue")
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.size == (8, 8)
    assert picture.info.format == "JPEG"


def test_mislabelled_files_count_by_content(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path, "BMP")
    picture = read_picture(path)
    assert picture.info.format == "BMP"
    assert "really BMP" in picture.info.notes[0]


@pytest.mark.parametrize(("name", "kind"), [("a.gif", "GIF"), ("a.webp", "WEBP"), ("a.png", "PNG"), ("a.tif", "TIFF")])
def test_animations_are_refused_with_their_frames(tmp_path, name, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / name, kind, save_all=True, append_images=frames[1:])
    with pytest.raises(StillYouError, match="has 3 (frames|pages)") as caught:
        read_picture(tmp_path / name)
    assert caught.value.exit_code == 1


def test_header_that_claims_enormous_sizes_is_refused_before_decoding(tmp_path):
    for side in (8_000, 30_000, 2_000_000):
        (tmp_path / "bomb.png").write_bytes(png(side, side, 8, 2, zlib.compress(b"\0" * 10)))
        with pytest.raises(StillYouError, match="50 megapixels"):
            read_picture(tmp_path / "bomb.png")
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "BMP")
    bomb = bytearray(buffer.getvalue())
    struct.pack_into("<ii", bomb, 18, 60_000, 60_000)
    (tmp_path / "bomb.bmp").write_bytes(bomb)
    with pytest.raises(StillYouError, match="50 megapixels"):
        read_picture(tmp_path / "bomb.bmp")


def test_the_largest_size_is_not_refused_by_its_header(tmp_path):
    (tmp_path / "a.png").write_bytes(png(MAX_PIXELS // 1000, 1000, 8, 2, zlib.compress(b"\0" * 10)))
    with pytest.raises(StillYouError, match="truncated"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_truncated_files_are_refused(tmp_path, kind, share):
    noise = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, kind)
    data = buffer.getvalue()
    (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StillYouError, match="damaged or truncated") as caught:
        read_picture(tmp_path / "cut")
    assert "\n" not in str(caught.value)


def test_libtiff_prints_nothing_of_its_own(tmp_path, capfd):
    noise = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(tmp_path, noise, "a.tif", compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    content[1000:3000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(StillYouError, match="damaged"):
        read_picture(path)
    os.write(2, b"restored")
    assert capfd.readouterr() == ("", "restored")


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"]), st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_give_pixels_or_one_clear_line(tmp_path_factory, kind, data):
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "a"
    path.write_bytes(content)
    try:
        picture = read_picture(path)
    except StillYouError as error:
        assert "\n" not in str(error)
    else:
        assert picture.rgb.dtype == np.uint8
        assert picture.rgb.ndim == 3


def test_what_is_no_picture(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    for path, words in [
        (tmp_path / "missing.png", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty.png", "is empty"),
        (tmp_path / "text.png", "not a picture"),
    ]:
        with pytest.raises(StillYouError, match=words):
            read_picture(path)


@pytest.mark.parametrize("size", [(1, 1), (1, 1000), (1000, 1)])
def test_thin_pictures_are_read(tmp_path, size):
    assert read_picture(saved(tmp_path, Image.new("RGB", size), "a.png")).size == size


def test_images_from_memory_follow_the_same_rules():
    picture = picture_from_image(Image.fromarray(np.array([[0, 65535]], np.uint16)))
    assert picture.rgb[0, :, 0].tolist() == [0, 255]
    assert picture.info.format == ""
    turned = Image.fromarray(RGB)
    turned.getexif()[ORIENTATION] = 6
    assert picture_from_image(turned).size == (6, 9)


def test_images_without_pixels_are_refused():
    with pytest.raises(StillYouError, match="no pixels"):
        picture_from_image(Image.new("RGB", (0, 5)))


def test_masks_of_any_mode(tmp_path):
    grey = Image.fromarray(ALPHA)
    assert np.array_equal(read_mask(saved(tmp_path, grey, "l.png"), (9, 6)), ALPHA)
    assert np.array_equal(read_mask(saved(tmp_path, grey.convert("RGB"), "rgb.png"), (9, 6)), ALPHA)
    bits = read_mask(saved(tmp_path, Image.fromarray(ALPHA > 127), "1.png"), (9, 6))
    assert np.array_equal(bits, np.where(ALPHA > 127, 255, 0))
    deep = read_mask(saved(tmp_path, Image.fromarray(ALPHA.astype(np.uint16) * 257), "16.png"), (9, 6))
    assert np.array_equal(deep, ALPHA)
    clear = np.dstack([np.full_like(ALPHA, 255)] * 3 + [ALPHA])
    assert np.array_equal(read_mask(saved(tmp_path, Image.fromarray(clear), "a.png"), (9, 6)), ALPHA)


def test_mask_of_another_size_names_both(tmp_path):
    path = saved(tmp_path, Image.fromarray(ALPHA), "m.png")
    with pytest.raises(StillYouError, match="9x6 pixels, the picture is 8x6"):
        read_mask(path, (8, 6))
