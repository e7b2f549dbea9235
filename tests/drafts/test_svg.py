"""SVG of strangers: what could run, load or take for ever is refused by name; what draws is drawn."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from stillyou.drafts.folder import read_art
from stillyou.drafts.svg import MOST_BYTES, MOST_DEEP, MOST_ELEMENTS, read_svg
from stillyou.errors import StillYouError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10"'
DOT = '<circle cx="5" cy="5" r="3"/>'


def embedded(side: int, kind: str = "png") -> str:
    file = io.BytesIO()
    Image.new("RGBA", (side, side), (255, 0, 0, 255)).save(file, kind)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def doubling(levels: int) -> str:
    groups = [f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 2 + "</g>" for i in range(1, levels)]
    return f'<defs><g id="a0">{DOT}</g>{"".join(groups)}</defs><use href="#a{levels - 1}"/>'


HOSTILE = {
    "script": ("<script>alert(1)</script>", "<script>"),
    "script of another namespace": ('<h:script xmlns:h="http://www.w3.org/1999/xhtml">1</h:script>', "<script>"),
    "script in metadata": ("<metadata><script/></metadata>", "script"),
    "event": ('<rect onload="alert(1)" width="4" height="4"/>', "event onload"),
    "event in capitals": ('<rect ONCLICK="x" width="4" height="4"/>', "event ONCLICK"),
    "foreign object": ("<foreignObject><p/></foreignObject>", "<foreignObject>"),
    "animation": ('<rect width="4" height="4"><animate attributeName="x"/></rect>', "<animate>"),
    "text": ("<text>Ahoy</text>", "<text>"),
    "link": ('<a href="#x"><rect/></a>', "<a>"),
    "outer picture": ('<image href="http://example.org/a.png"/>', "links to"),
    "outer picture by xlink": ('<image xlink:href="file:///etc/passwd"/>', "links to"),
    "relative picture": ('<image href="../a.png"/>', "links to"),
    "outer use": ('<use href="other.svg#a"/>', "links to"),
    "embedded svg": ('<image href="data:image/svg+xml;base64,PHN2Zz4="/>', "links to"),
    "embedded rubbish": ('<image href="data:image/png;base64,AAAA"/>', "damaged"),
    "embedded giant": (f'<image href="{embedded(2001)}"/>', "2001x2001"),
    "outer fill": ('<rect fill="url(http://example.org/#a)" width="4" height="4"/>', "links to"),
    "quoted outer fill": ("""<rect style="fill: URL( 'x.svg#a' )" width="4" height="4"/>""", "links to"),
    "import": ("<style>@import 'http://example.org/a.css';</style>", "@ rules"),
    "escaped url": ("<style>.a{fill:\\75rl(http://x)}</style>", "escapes"),
    "outer url in a sheet": ("<style>.a{fill:url(http://x#a)}</style>", "links to"),
    "filters by a sheet": ("<style>*{filter:blur(9px)}</style>", "filters"),
    "javascript": ('<rect fill="javascript:alert(1)" width="4" height="4"/>', "odd value"),
    "doublings": (doubling(20), "multiply"),
    "circle": ('<g id="a"><use href="#a"/></g>', "refers to itself"),
    "circle of patterns": ('<pattern id="p"><rect fill="url(#p)" width="4" height="4"/></pattern>', "itself"),
    "dashes": ('<path d="M0 0H10" stroke-dasharray="0.0001"/>', "dashed"),
    "dashes by style": ('<path d="M0 0H10" style="stroke-dasharray: 1e-9"/>', "dashed"),
    "far away": ('<path d="M0 0H1e12"/>', "far outside"),
    "many filters": ('<g filter="url(#f)"/>' * 101, "multiply"),
    "deep": ("<g>" * MOST_DEEP + "</g>" * MOST_DEEP, "deeper"),
    "many": ("<g/>" * MOST_ELEMENTS, "elements"),
    "huge": (" " * MOST_BYTES, "MB"),
    "unknown element": ("<video/>", "<video>"),
    "colour without value": ('<rect fill="{cloth}"/>', "{cloth}"),
}


def write(tmp_path, body: str):
    path = tmp_path / "hat.svg"
    path.write_text(f"{HEAD}>{DOT}{body}</svg>", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_art_is_refused_by_name(tmp_path, name: str) -> None:
    body, said = HOSTILE[name]
    with pytest.raises(StillYouError) as refused:
        read_svg(write(tmp_path, body), {})
    assert said in str(refused.value) and "hat.svg" in str(refused.value) and refused.value.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "document type"),
        ("<svg", "is no SVG"),
        ("", "is no SVG"),
        ("<html/>", "is no SVG"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "how large"),
        (f"{HEAD}/>".replace("0 0 10 10", "0 0 0 10"), "how large"),
        (f"{HEAD}/>".replace("0 0 10 10", "0 0 1 1000"), "odd canvas"),
        (f"{HEAD}/>", "shows nothing"),
        (f'{HEAD}><rect width="10" height="10"/></svg>', "whole canvas"),
    ],
)  # fmt: skip
def test_what_is_no_art_is_refused(tmp_path, text: str, said: str) -> None:
    (tmp_path / "hat.svg").write_text(text)
    with pytest.raises(StillYouError, match=said):
        read_art(tmp_path / "hat.svg")


def test_other_encodings_are_refused(tmp_path) -> None:
    (tmp_path / "hat.svg").write_bytes(f"{HEAD}>{DOT}</svg>".encode("utf-16"))
    with pytest.raises(StillYouError, match="UTF-8"):
        read_art(tmp_path / "hat.svg")


def test_what_editors_write_is_drawn(tmp_path) -> None:
    body = (
        '<!-- made by hand --><title>Hat</title><metadata><x:y xmlns:x="http://x"/></metadata>'
        '<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" pagecolor="#fff"/>'
        '<defs><linearGradient id="g"><stop offset="0" stop-color="{cloth}"/></linearGradient>'
        '<pattern id="p" width="2" height="2" patternUnits="userSpaceOnUse"><rect width="1" height="1"/></pattern>'
        '<filter id="f"><feGaussianBlur stdDeviation="0.1"/></filter></defs>'
        "<style>.a{fill:url(#g);stroke-dasharray:none}</style>"
        '<g id="one"><rect class="a" width="4" height="4"/></g><use xlink:href="#one" x="5"/><use href="#one" y="5"/>'
        f'<circle r="2" fill="url(#p)" filter="url(#f)"/><image href="{embedded(3)}" width="1" height="1"/>'
    )
    art = read_svg(write(tmp_path, body), {"cloth": "#123456"})
    assert art.view == (0, 0, 10, 10)
    assert "#123456" in art.body and "namedview" not in art.body and "Hat" not in art.body
    read_art(write(tmp_path, body), {"cloth": "#123456"})
