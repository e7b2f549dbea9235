"""Files that are whole and odd: long blocks, stale orientations, camera raw, what decoders lack, damaged metadata."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from stillyou.errors import StillYouError
from stillyou.images import PictureInfo, read_picture, write_picture
from stillyou.images.picture import Picture

RGB = np.random.default_rng(5).integers(0, 256, (6, 9, 3), dtype=np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, kind, **options)
    return file.getvalue()


def read(tmp_path, data, name="a.png"):
    (tmp_path / name).write_bytes(data)
    return read_picture(tmp_path / name)


def png_with(kind, body):
    data = encoded()
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def long_profile(size):
    """An sRGB profile made longer by what no tag refers to."""
    return struct.pack(">I", size) + SRGB[4:] + bytes(size - len(SRGB))


def exif_of(picture):
    exif = Image.Exif()
    exif.load(picture.info.exif)
    return exif


@pytest.mark.parametrize("name", ["exif", "APP1"])
def test_an_orientation_in_a_text_is_followed_once(tmp_path, name):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 8, "Maker"
    digits = exif.tobytes().hex()
    text = PngImagePlugin.PngInfo()
    text.add_text(f"Raw profile type {name}", f"\n{name}\n{len(digits) // 2:8d}\n{digits[:50]}\n{digits[50:]}\n")
    stored = np.rot90(RGB, -1)
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", pnginfo=text)
    for _ in range(2):
        picture = read_picture(tmp_path / "a.png")
        assert np.array_equal(picture.rgb, RGB) and picture.info.text == {}
        assert exif_of(picture)[0x0112] == 1 and exif_of(picture)[0x010F] == "Maker"
        write_picture(tmp_path / "a.png", picture)


def test_an_orientation_in_xmp_of_a_text_is_followed_once(tmp_path):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="3"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type xmp", f"\nxmp\n{len(packet):8d}\n{packet.hex()}\n")
    picture = read(tmp_path, encoded(pnginfo=text))
    assert np.array_equal(picture.rgb, RGB[::-1, ::-1]) and b'Orientation="1"' in picture.info.xmp
    text.add_text("Raw profile type xmp", "\nxmp\n  9\nno digits\n")
    assert "damaged text" in read(tmp_path, encoded(pnginfo=text)).info.notes[0]


@pytest.mark.parametrize("kind", [b"zTXt", b"tEXt", b"iTXt"])
def test_long_texts_are_read_and_longer_ones_dropped_with_a_note(tmp_path, kind):
    def block(size):
        words = b"word " * (size // 5)
        head = {b"zTXt": b"k\0\0", b"tEXt": b"k\0", b"iTXt": b"k\0\1\0\0\0"}[kind]
        return head + (words if kind == b"tEXt" else zlib.compress(words))

    picture = read(tmp_path, png_with(kind, block(3_000_000)))
    assert picture.info.text == {"k": "word " * 600_000} and picture.info.notes == ()
    write_picture(tmp_path / "b.png", picture)
    assert read_picture(tmp_path / "b.png").info.text == picture.info.text
    picture = read(tmp_path, png_with(kind, block(9_000_000)))
    assert picture.info.text == {} and "the text 'k' of the PNG is too large" in picture.info.notes[0]
    assert np.array_equal(picture.rgb, RGB)


def test_a_long_profile_survives_the_way_from_jpeg_to_png_and_back(tmp_path):
    profile = long_profile(1_400_000)
    picture = read(tmp_path, encoded("JPEG", icc_profile=profile), "a.jpg")
    write_picture(tmp_path / "b.png", picture)
    assert read_picture(tmp_path / "b.png").info.icc == profile
    write_picture(tmp_path / "c.png", Picture(RGB, None, PictureInfo(icc=long_profile(6_000_000))))
    again = read_picture(tmp_path / "c.png")
    assert again.info.icc == b"" and "profile of the PNG is too large" in again.info.notes[0]


def frame_patched(data, place, value):
    """A JPEG whose frame header says something else; `place` counts from its marker."""
    start = data.index(b"\xff\xc0")
    return data[: start + place] + bytes([value]) + data[start + place + 1 :]


def tiff_patched(data, tag, value):
    """A little-endian TIFF with another number in a SHORT tag of its directory."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry) == (tag,):
            return data[: entry + 8] + struct.pack("<H", value) + data[entry + 10 :]
    raise AssertionError(tag)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (frame_patched(encoded("JPEG"), 4, 12), "a 12-bit JPEG, which is not supported"),
        (frame_patched(encoded("JPEG"), 1, 0xC3), "a lossless JPEG, which is not supported"),
        (frame_patched(encoded("JPEG"), 9, 2), "a JPEG of 2 channels"),
        (tiff_patched(encoded("TIFF"), 259, 34712), "a TIFF compressed by JPEG 2000"),
        (tiff_patched(encoded("TIFF"), 259, 4711), "a TIFF compressed by method 4711"),
        (tiff_patched(encoded("TIFF"), 262, 9), "colours of kind 9"),
        (encoded("BMP")[:30] + b"\4" + encoded("BMP")[31:], "a BMP that holds a JPEG"),
    ],
)
def test_what_decoders_lack_is_no_damage(tmp_path, data, told):
    with pytest.raises(StillYouError) as caught:
        read(tmp_path, data, "a")
    assert told in caught.value.what and "damaged" not in str(caught.value)


def tiff(entries):
    """A 4x4 grey TIFF with more tags: (tag, kind, numbers), all values inline."""
    codes = {1: "B", 3: "H", 4: "I"}
    plain = [(256, 3, [4]), (257, 3, [4]), (258, 3, [8]), (259, 3, [1]), (262, 3, [1]), (273, 3, [8]), (279, 3, [16])]
    rows = sorted([entry for entry in plain if entry[0] not in {tag for tag, *_ in entries}] + entries)
    table = struct.pack("<H", len(rows))
    for tag, kind, values in rows:
        table += struct.pack("<HHI", tag, kind, len(values)) + struct.pack(
            f"<{len(values)}{codes[kind]}", *values
        ).ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", 24) + bytes(range(16)) + table + bytes(4)


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        ([(50706, 1, [1, 4, 0, 0])], "a.tif"),
        ([(254, 4, [1]), (330, 4, [8])], "a"),
        ([(262, 3, [32803])], "a.tif"),
        ([(262, 3, [34892])], "a.tif"),
        ([], "a.NEF"),
    ],
)
def test_camera_raw_is_refused(tmp_path, entries, name):
    with pytest.raises(StillYouError, match="is a camera raw file. Develop it first"):
        read(tmp_path, tiff(entries), name)
    (tmp_path / "b.cr3").write_bytes(b"\0\0\0\x18ftypcrx " + bytes(40))
    with pytest.raises(StillYouError, match="is a camera raw file"):
        read_picture(tmp_path / "b.cr3")


def test_numbers_in_the_place_of_metadata_are_dropped_with_a_note(tmp_path):
    for entries, told in (
        ([(34675, 3, [7, 7])], "the damaged colour profile was dropped"),
        ([(282, 1, [9]), (283, 1, [9])], "the damaged resolution was dropped"),
    ):
        picture = read(tmp_path, tiff(entries), "a.tif")
        assert picture.rgb[0, :, 0].tolist() == [0, 1, 2, 3] and told in picture.info.notes


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".bmp", ".webp"])
def test_no_resolution_in_none_out(tmp_path, suffix):
    picture = read(tmp_path, tiff([]), "a.tif")
    assert picture.info.dpi is None
    write_picture(tmp_path / f"b{suffix}", picture)
    with Image.open(tmp_path / f"b{suffix}") as image:
        assert 282 not in getattr(image, "tag_v2", {}) and image.info.get("dpi", (0, 0)) in ((0, 0), (1, 1))
    assert read_picture(tmp_path / f"b{suffix}").info.dpi is None


def test_names_that_no_file_can_have_are_told(tmp_path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for path in ("a\0b.png", tmp_path / ("x" * 5000), tmp_path / "loop.png"):
        with pytest.raises(StillYouError, match="cannot read|does not exist"):
            read_picture(path)
