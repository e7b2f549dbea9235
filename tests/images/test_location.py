"""Places go out of metadata without harm to the rest, and the note on synthetic parts comes in once."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stillyou.images import PictureInfo
from stillyou.images.location import exif_without_gps, without_location
from stillyou.images.provenance import COMPOSITE, marked

GPS = {1: "N", 2: (48.0, 51.0, 29.52), 3: "E", 4: (2.0, 17.0, 40.2), 29: "2024:01:02"}


def block(order: str, *, gps: bool) -> bytes:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F], exif[0x0132], exif[0x9C9B] = "Maker", "2024:01:02 03:04:05", b"a title in two bytes".ljust(40, b"\0")
    exif[0x8769] = {0x9003: "2024:01:02 03:04:05", 0x927C: b"\1\2\3\4" * 30}
    if gps:
        exif[0x8825] = GPS
    return exif.tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
def test_gps_goes_and_all_else_stays(order: str) -> None:
    cleaned = Image.Exif()
    data = exif_without_gps(block(order, gps=True))
    cleaned.load(data)
    other = Image.Exif()
    other.load(block(order, gps=False))
    assert dict(cleaned) | {0x8769: 0} == dict(other) | {0x8769: 0} and 0x8825 not in cleaned
    assert cleaned.get_ifd(0x8769) == other.get_ifd(0x8769) and cleaned.get_ifd(0x8825) == {}
    assert struct.pack(order + "II", 2952, 100) not in data and b"2024:01:02\0" not in data
    assert exif_without_gps(data) == data
    assert exif_without_gps(block(order, gps=False)) == block(order, gps=False)


@given(st.binary(max_size=200), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b""]))
def test_damaged_blocks_do_no_harm(noise: bytes, head: bytes) -> None:
    cleaned = exif_without_gps(b"Exif\0\0" + head + noise)
    assert cleaned == b"" or len(cleaned) == 6 + len(head + noise)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_does_no_harm(place: int, value: int) -> None:
    data = bytearray(block("<", gps=True))
    data[place % len(data)] = value
    exif_without_gps(bytes(data))


def test_places_go_out_of_xmp_and_texts() -> None:
    xmp = (
        b'<x:xmpmeta><rdf:RDF><rdf:Description dc:title="Paris in spring" exif:GPSLatitude="48,51N"\n'
        b" exif:GPSLongitude = '2,17E' photoshop:City=\"Paris\"><exif:GPSAltitude>35</exif:GPSAltitude>"
        b"<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li>Paris</rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"
        b"<photoshop:Country/><dc:rights>me</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    info = PictureInfo(xmp=xmp, text={"Title": "me", "GPS Position": "48", "geo:lat": "48"})
    cleaned = without_location(info)
    assert cleaned.text == {"Title": "me"}
    assert cleaned.xmp == (
        b'<x:xmpmeta><rdf:RDF><rdf:Description dc:title="Paris in spring">'
        b"<dc:rights>me</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    assert without_location(PictureInfo(xmp=xmp.decode().encode("utf-16"))).xmp == b""


@pytest.mark.parametrize(
    "xmp",
    [
        b"",
        b"no xml",
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'.encode("utf-16"),
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/>'
        b"</rdf:RDF></x:xmpmeta>",
    ],
)
def test_the_note_is_there_once_in_xml_that_holds_together(xmp: bytes) -> None:
    from xml.etree import ElementTree

    once = marked(PictureInfo(xmp=xmp)).xmp
    for packet in (once, marked(PictureInfo(xmp=once)).xmp):
        tree = ElementTree.fromstring(
            packet[packet.index(b"<x:") : packet.rindex(b">", 0, packet.rindex(b"<?")) + 1]
            if b"<?xpacket end" in packet
            else packet
        )
        found = [value for each in tree.iter() for name, value in each.attrib.items() if "DigitalSourceType" in name]
        assert found == [COMPOSITE] and b"digitalCapture" not in packet
