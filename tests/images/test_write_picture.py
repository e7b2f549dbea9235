"""Writing: exact pixels, kept metadata, whole files or none."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms

from stillyou.errors import StillYouError, UsageError
from stillyou.images import Picture, PictureInfo, check_writable, read_picture, write_mask, write_picture
from stillyou.images.colour import from_srgb, to_srgb

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (5, 8, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (5, 8), dtype=np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="1"/></x:xmpmeta>'
LOSSLESS = [".png", ".webp", ".tif", ".tiff", ".bmp"]


def exif_block():
    exif = Image.Exif()
    exif[0x0112] = 1
    exif[0x010F] = "Maker"
    exif[0x8769] = {0x9003: "2024:01:02 03:04:05"}
    return exif.tobytes()


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))), st.sampled_from(LOSSLESS))
@settings(max_examples=60, deadline=None)
def test_lossless_formats_round_trip_exactly(tmp_path_factory, pixels, suffix):
    path = tmp_path_factory.mktemp("write") / f"a{suffix}"
    alpha = None if suffix == ".bmp" else pixels[..., 3]
    assert write_picture(path, Picture(pixels[..., :3], alpha)) == ()
    again = read_picture(path)
    assert np.array_equal(again.rgb, pixels[..., :3])
    opaque = np.full(pixels.shape[:2], 255)  # libwebp drops an alpha channel that is opaque everywhere
    assert np.array_equal(opaque if again.alpha is None else again.alpha, opaque if alpha is None else alpha)


def test_jpeg_is_fine_grained_and_without_chroma_subsampling(tmp_path):
    write_picture(tmp_path / "a.jpg", Picture(RGB))
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "JPEG"
        assert {(layer[1], layer[2]) for layer in image.layer} == {(1, 1)}
        assert max(image.quantization[0]) <= 12  # quality 95


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".jpg"])
def test_metadata_is_kept(tmp_path, suffix):
    info = PictureInfo(exif=exif_block(), icc=SRGB, xmp=XMP, dpi=(300.0, 150.0))
    assert write_picture(tmp_path / f"a{suffix}", Picture(RGB, None, info)) == ()
    again = read_picture(tmp_path / f"a{suffix}").info
    assert again.icc == SRGB
    assert again.xmp == XMP
    kept = Image.Exif()
    kept.load(again.exif)
    assert kept[0x010F] == "Maker"
    assert kept.get_ifd(0x8769)[0x9003] == "2024:01:02 03:04:05"
    if suffix != ".webp":  # WebP has no such field
        assert again.dpi == pytest.approx((300, 150), abs=0.1)


def test_png_text_is_kept(tmp_path):
    write_picture(tmp_path / "a.png", Picture(RGB, None, PictureInfo(text={"Title": "Smörgås"})))
    assert read_picture(tmp_path / "a.png").info.text["Title"] == "Smörgås"


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_transparency_is_laid_on_white_with_a_note(tmp_path, suffix):
    clear = Picture(np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8))
    notes = write_picture(tmp_path / f"a{suffix}", clear)
    assert "white" in notes[0]
    assert read_picture(tmp_path / f"a{suffix}").rgb.min() == 255


def test_metadata_too_long_for_jpeg_is_left_out_with_a_note(tmp_path):
    notes = write_picture(tmp_path / "a.jpg", Picture(RGB, None, PictureInfo(xmp=XMP + b" " * 70_000)))
    assert "XMP" in notes[0]
    assert read_picture(tmp_path / "a.jpg").info.xmp == b""


def test_names_that_are_not_written(tmp_path):
    for name, words in [("a.gif", "'.gif' is not a format"), ("a", "no extension"), ("a.heic", ".heic")]:
        with pytest.raises(UsageError, match=words) as caught:
            write_picture(tmp_path / name, Picture(RGB))
        assert ".png" in caught.value.remedy
    with pytest.raises(UsageError, match="mask"):
        write_mask(tmp_path / "m.jpg", ALPHA)
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_a_format_cannot_hold(tmp_path):
    with pytest.raises(StillYouError, match="16383"):
        check_writable(tmp_path / "a.webp", (20_000, 10))
    assert check_writable(tmp_path / "a.png", (20_000, 10)) == "PNG"


def test_a_folder_in_the_way_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(StillYouError, match="folder"):
        write_picture(tmp_path / "a.png", Picture(RGB))
    (tmp_path / "file").write_text("x")
    with pytest.raises(StillYouError, match="cannot write"):
        write_picture(tmp_path / "file" / "a.png", Picture(RGB))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "file"]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def full(self, *args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StillYouError, match="No space left"):
        write_picture(tmp_path / "a.png", Picture(RGB))
    assert list(tmp_path.iterdir()) == []


def test_masks_are_exact_grey_png(tmp_path):
    write_mask(tmp_path / "m.png", ALPHA)
    with Image.open(tmp_path / "m.png") as image:
        assert image.mode == "L"
        assert np.array_equal(np.array(image), ALPHA)


def swapped_profile():
    """A profile whose red and blue primaries are exchanged: conversions by it are plainly visible."""
    icc = bytearray(SRGB)
    tags = {bytes(icc[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(int.from_bytes(icc[128:132], "big"))}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    icc[red : red + 8], icc[blue : blue + 8] = icc[blue : blue + 8], icc[red : red + 8]
    return bytes(icc)


def test_profiles_convert_there_and_back():
    icc = swapped_profile()
    there = to_srgb(RGB, icc)
    assert np.abs(there[..., ::-1].astype(int) - RGB).max() <= 2
    assert np.abs(from_srgb(there, icc).astype(int) - RGB).max() <= 3


def test_srgb_and_unusable_profiles_change_nothing():
    for icc in (b"", SRGB, b"nonsense" * 40):
        assert to_srgb(RGB, icc) is RGB
        assert from_srgb(RGB, icc) is RGB


def test_damaged_metadata_is_no_python_warning(tmp_path, recwarn):
    block = struct.pack("<2sHIHHHII", b"II", 42, 8, 1, 0x010E, 2, 5000, 26) + bytes(4)
    Image.new("RGB", (9, 6)).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + block)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.info.exif
    write_picture(tmp_path / "a.tif", picture)
    assert not recwarn.list
