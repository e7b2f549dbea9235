"""SVG that somebody made, before anything draws it: parsed within limits, and copied part by part.

What reaches the renderer is a copy of the elements and attributes listed here. What could run, load, or take for ever
is refused with its name: scripts, events, animation, links other than ``#id`` and small embedded pictures, document
types, references that multiply or go in circles. Editors' own notes (other namespaces, metadata) are left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from stillyou.errors import StillYouError
from stillyou.images import picture_from_bytes

MOST_BYTES, MOST_ELEMENTS, MOST_DEEP, MOST_DRAWN, MOST_EFFECTS = 2_000_000, 5_000, 40, 20_000, 100
"""Of a file: bytes, elements, levels, elements with what they refer to, and filters and masks among these."""
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_ELEMENTS: Final = _SHAPES | set(
    "svg g defs symbol use image style linearGradient radialGradient stop clipPath mask pattern marker switch "
    "filter feGaussianBlur feOffset feFlood feMerge feMergeNode feBlend feComposite feColorMatrix feDropShadow "
    "feComponentTransfer feFuncR feFuncG feFuncB feFuncA".split()
)
_LEFT_OUT: Final = {"title", "desc", "metadata"}
_REASONS: Final = {
    **dict.fromkeys(("script", "foreignObject", "iframe", "handler", "listener"), "Art draws, it does not run."),
    **dict.fromkeys(("text", "tspan", "textPath", "font"), "Convert text to paths: fonts differ between machines."),
    **dict.fromkeys(("animate", "set", "animateTransform", "animateMotion"), "Save it without animation."),
}
_EMBEDDED = re.compile(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)")
_MOST_EMBEDDED_PIXELS = 4_000_000
_URL = re.compile(r"url\s*\(\s*['\"]?\s*([^'\")\s]*)", re.IGNORECASE)
_DASHES = re.compile(r"stroke-dasharray\s*:\s*(?!none|0\s*(?:[;}]|$))[^\s;}]")
_PLAIN = "Save it with plain attributes."
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LENGTH = re.compile(rf"\s*({_NUMBER.pattern})\s*(?:px)?\s*")
_PLACED = {"d", "points", "transform", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height"}
_FARTHEST = 1000.0
"""How far from the canvas, in its sides, anything may be drawn."""


@dataclass(frozen=True)
class Svg:
    """Checked art.

    Attributes:
        view: Left, top, width and height of its canvas, in its own units.
        body: What is on it, as SVG without namespaces.
    """

    view: tuple[float, float, float, float]
    body: str


def read_svg(path: Path, colours: Mapping[str, str]) -> Svg:
    """Read and check a file.

    Args:
        path: Of the file.
        colours: Values for ``{name}`` in it.

    Raises:
        StillYouError: It cannot be read, is no SVG, or holds what is not taken.
    """
    root = _parse(path, _filled(path, _text(path), colours))
    if root.tag.removeprefix(_SVG) != "svg":
        raise _refused(path, f"is no SVG but <{root.tag:.40}>", "Save it as plain SVG.")
    view = _view(path, root)
    copied = _copied(path, root, view)
    assert copied is not None
    _check_references(path, copied)
    for name in ("x", "y", "preserveAspectRatio", "transform"):
        copied.attrib.pop(name, None)
    copied.attrib |= {"width": f"{view[2]:g}", "height": f"{view[3]:g}", "viewBox": " ".join(f"{v:g}" for v in view)}
    return Svg(view, ElementTree.tostring(copied, encoding="unicode"))


def _refused(path: Path, what: str, remedy: str) -> StillYouError:
    return StillYouError(f"{path} {what}", remedy)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", "Check its permissions.") from error
    if len(data) > MOST_BYTES:
        raise _refused(path, f"has more than {MOST_BYTES // 10**6} MB", "Simplify its paths.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, "is not UTF-8", "Save it as plain SVG in UTF-8.") from error
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise _refused(path, "has a document type or entities", "Remove the <!DOCTYPE ...> line, or save as plain SVG.")
    return text


def _filled(path: Path, text: str, colours: Mapping[str, str]) -> str:
    """Put colours in place of ``{name}``; style sheets, whose braces hold a colon, are left as they are."""

    def colour(match: re.Match[str]) -> str:
        if match.group(1) not in colours:
            raise _refused(path, f"names the colour {match.group(0)}", "Give it a value under 'colours'.")
        return colours[match.group(1)]

    return re.sub(r"\{([a-z][a-z0-9_-]*)\}", colour, text)


class _Bounded(ElementTree.TreeBuilder):
    """Builds a tree, but no huge and no deep one."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._deep, self._count = path, 0, 0

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._deep, self._count = self._deep + 1, self._count + 1
        if self._deep > MOST_DEEP:
            raise _refused(self._path, f"is nested deeper than {MOST_DEEP} levels", "Ungroup what is on it.")
        if self._count > MOST_ELEMENTS:
            raise _refused(self._path, f"has more than {MOST_ELEMENTS} elements", "Simplify it, or save it as PNG.")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Any:
        self._deep -= 1
        return super().end(tag)


def _parse(path: Path, text: str) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_Bounded(path), encoding="utf-8")
    try:
        parser.feed(text.encode())
        root: ElementTree.Element = parser.close()
    except ElementTree.ParseError as error:
        raise _refused(path, f"is no SVG: {error}", "Save it as plain SVG.") from error
    return root


def _view(path: Path, root: ElementTree.Element) -> tuple[float, float, float, float]:
    """Return the canvas that a root says, by its viewBox or its width and height."""
    said = root.get("viewBox", "").replace(",", " ").split()
    if not said:
        sides = [_LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
        said = ["0", "0", *(side.group(1) for side in sides if side is not None)]
    numbers = [float(word) for word in said if _NUMBER.fullmatch(word)]
    if len(numbers) != 4 or len(said) != 4 or not all(1e-3 <= side <= 1e5 for side in numbers[2:]):
        raise _refused(path, "does not say how large its canvas is", 'Give it viewBox="0 0 WIDTH HEIGHT".')
    if max(map(abs, numbers[:2])) > 1e5 or not 0.02 <= numbers[2] / numbers[3] <= 50:
        raise _refused(path, f"has an odd canvas of {numbers[2]:g}x{numbers[3]:g}", "Fit the canvas to the drawing.")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _copied(
    path: Path, element: ElementTree.Element, view: tuple[float, float, float, float]
) -> ElementTree.Element | None:
    """Return a copy of what is taken of an element; None for editors' notes."""
    name = str(element.tag).rpartition("}")[2]
    if name in _REASONS:
        raise _refused(path, f"holds <{name}>", _REASONS[name])
    if element.tag not in (name, _SVG + name) or name in _LEFT_OUT:
        for inner in element.iter():
            if inner.tag.rpartition("}")[2] in ("script", "foreignObject"):
                raise _refused(path, "holds a script", _REASONS["script"])
        return None
    if name not in _ELEMENTS:
        raise _refused(path, f"holds <{name:.40}>, which is not drawn", "Save it as plain SVG of shapes.")
    made = ElementTree.Element(name, _attributes(path, name, element, max(view)))
    if name == "style":
        made.text = element.text or ""
        _check_style(path, made.text)
        return made
    for child in element:
        copied = _copied(path, child, view)
        if copied is not None:
            made.append(copied)
    return made


def _attributes(path: Path, name: str, element: ElementTree.Element, side: float) -> dict[str, str]:
    made: dict[str, str] = {}
    for full, value in element.attrib.items():
        key = full.replace(_XLINK + "href", "href")
        if key.lower().rpartition("}")[2].startswith("on"):
            raise _refused(path, f"has the event {key:.40}", "Art draws, it does not run.")
        if key.startswith("{"):
            continue
        if key == "href":
            _check_link(path, name, value)
        else:
            _check_value(path, key, value)
        if key in _PLACED and any(abs(float(n)) > _FARTHEST * max(side, 1) for n in _NUMBER.findall(value)):
            raise _refused(
                path, f"draws far outside of its canvas ({key} of <{name}>)", "Move it inside, or remove it."
            )
        made[key] = value
    return made


def _check_link(path: Path, name: str, value: str) -> None:
    """Refuse links out of the file; a picture may be embedded."""
    if re.fullmatch(r"#[^\s#]+", value):
        return
    embedded = _EMBEDDED.fullmatch(value) if name == "image" else None
    if embedded is None:
        raise _refused(path, f"links to {value!r:.60}", "Only #id and embedded PNG, JPEG or WebP pictures are taken.")
    try:
        data = base64.b64decode(re.sub(r"\s", "", embedded.group(1)), validate=True)
    except binascii.Error as error:
        raise _refused(path, "embeds a picture that is damaged", "Embed it again.") from error
    width, height = picture_from_bytes(data, f"a picture in {path}").size
    if width * height > _MOST_EMBEDDED_PIXELS:
        raise _refused(path, f"embeds a picture of {width}x{height} pixels", "Scale it down.")


def _check_value(path: Path, key: str, value: str) -> None:
    if "\\" in value or re.search(r"javascript:", value, re.IGNORECASE):
        raise _refused(path, f"has an odd value in {key:.40}: {value!r:.60}", "Save it as plain SVG.")
    for target in _URL.findall(value):
        if not target.startswith("#"):
            raise _refused(path, f"links to {target!r:.60}", "Only url(#id) is taken.")
    # A fine dash along a long line keeps a renderer busy for ever.
    if _DASHES.search(f"{key}:{value}" if key == "stroke-dasharray" else value):
        raise _refused(path, "has dashed lines", "Convert the dashes to paths.")


def _check_style(path: Path, sheet: str) -> None:
    """Refuse style sheets that load something."""
    if "@" in sheet or "\\" in sheet or re.search(r"filter|mask\s*:", sheet):
        raise _refused(path, "has a style sheet with @ rules, escapes, filters or masks", _PLAIN)
    _check_value(path, "style", sheet)


def _check_references(path: Path, root: ElementTree.Element) -> None:
    """Refuse references that go in circles, or that multiply what is drawn."""
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    sheets = " ".join(element.text or "" for element in root.iter("style"))
    for target in _URL.findall(sheets):
        shade = named.get(target[1:])
        if shade is not None and not shade.tag.endswith("Gradient"):
            raise _refused(
                path, "has a style sheet that refers to more than gradients", "Save it with plain attributes."
            )
    known: dict[int, tuple[int, int]] = {}

    def counted(element: ElementTree.Element, above: frozenset[int]) -> tuple[int, int]:
        """Return how many elements are drawn for one, and how many filters and masks."""
        if id(element) in above or len(above) > 4 * MOST_DEEP:
            raise _refused(path, "refers to itself", "Remove the circle of references.")
        if id(element) not in known:
            inner = [*element, *(named[name] for name in _targets(element) if name in named)]
            totals = [counted(each, above | {id(element)}) for each in inner]
            costly = sum(key in element.attrib for key in ("filter", "mask")) + ("filter:" in element.get("style", ""))
            known[id(element)] = 1 + sum(n for n, _ in totals), costly + sum(m for _, m in totals)
            drawn, effects = known[id(element)]
            if drawn > MOST_DRAWN or effects > MOST_EFFECTS:
                raise _refused(
                    path, "draws too much: its references multiply", "Draw it with fewer copies and filters."
                )
        return known[id(element)]

    counted(root, frozenset())


def _targets(element: ElementTree.Element) -> list[str]:
    """Return the ids that an element refers to."""
    targets = [target[1:] for value in element.attrib.values() for target in _URL.findall(value)]
    link = element.get("href", "")
    return [*targets, link[1:]] if link.startswith("#") else targets
