"""Dicebear definitions with markers: named empty groups where overlays and costumes are spliced in later.

A validated `Style` is expensive (up to 500 ms), an avatar is not (0.5 ms). So each style is validated once a
process, markers included, and every expression and costume only changes options or fills a marker.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any
from unittest.mock import patch

from dicebear import Style
from dicebear.validator import StyleValidator

from stillyou.pairs.teachers.cartoon.spec import StyleSpec

BACK, BODY, TOP, FACE = "stillyou-back", "stillyou-body", "stillyou-top", "stillyou-face"
HAIR = "stillyou-hair"

Node = dict[str, Any]


def marker(name: str) -> str:
    """Return a marker as it stands in a rendered SVG."""
    return f'<g id="{name}"/>'


@lru_cache(maxsize=64)
def _raw(name: str) -> Node:
    data: Node = json.loads(files("dicebear_styles").joinpath(f"{name}.json").read_text("utf-8"))
    return data


def meta(name: str) -> Node:
    """Return the `meta` block of a definition: licence, creator, source."""
    block: Node = _raw(name)["meta"]
    return block


def canvas_side(name: str) -> float:
    """Return the side of the square canvas in the definition's units."""
    return float(_raw(name)["canvas"]["width"])


def _group(children: list[Node], **attributes: str) -> Node:
    return {
        "type": "element",
        "name": "g",
        "attributes": {key.rstrip("_"): value for key, value in attributes.items()},
        **({"children": children} if children else {}),
    }


def _rewrite(nodes: list[Node], change: Callable[[Node], list[Node]]) -> list[Node]:
    """Replace every component element of a tree by the nodes that `change` returns for it."""
    out: list[Node] = []
    for node in nodes:
        if node.get("children"):
            node = {**node, "children": _rewrite(node["children"], change)}
        out.extend(change(node) if node["type"] == "component" else [node])
    return out


def _mark_component(style: StyleSpec) -> Callable[[Node], list[Node]]:
    def change(node: Node) -> list[Node]:
        name = node["name"]
        if name == style.face.anchor:
            transform = (node.get("attributes") or {}).get("transform", "")
            hole = _group([], id=FACE)
            return [node, _group([hole], transform=transform) if transform else hole]
        return [_group([node], class_=HAIR)] if name in style.hair else [node]

    return change


def _mark_canvas(nodes: list[Node], style: StyleSpec) -> list[Node]:
    """Add the back, body and top markers to the canvas."""
    out = [_group([], id=BACK)] + ([] if style.clothes else [_group([], id=BODY)])
    for node in nodes:
        out.append(node)
        if style.clothes and node.get("name") == style.clothes:
            out.append(_group([], id=BODY))
    return [*out, _group([], id=TOP)]


def _colours(raw: Node) -> Node:
    """Drop the definition's backdrop: ours does not move with the character."""
    return {name: colour for name, colour in raw.get("colors", {}).items() if name != "background"}


def _trusted(definition: Node) -> Style:
    """Make a `Style` without checking it against the library's schema.

    The library checks every definition when a style is made, which takes a third of a second each, in every process
    that draws. These follow from its own files alone, and the tests check all of them.
    """
    with patch.object(StyleValidator, "validate"):
        return Style(definition)


@lru_cache(maxsize=64)
def marked_style(style: StyleSpec) -> Style:
    """Return the style as a dicebear `Style`, with markers."""
    return _trusted(marked_definition(style))


@lru_cache(maxsize=64)
def face_style(style: StyleSpec) -> Style:
    """Return a `Style` of the features alone, in the coordinates of the face's anchor."""
    return _trusted(face_definition(style))


def marked_definition(style: StyleSpec) -> Node:
    """Return the style's definition with markers."""
    raw = _raw(style.name)
    change = _mark_component(style)
    components = {}
    for name, component in raw["components"].items():
        # Random shifts of parts would move the face away from its geometry.
        fixed = {key: value for key, value in component.items() if key not in ("translate", "rotate")}
        variants = {
            key: {**variant, "elements": _rewrite(variant["elements"], change)}
            for key, variant in component.get("variants", {}).items()
        }
        components[name] = {**fixed, "variants": variants}
    elements = _rewrite(_mark_canvas(raw["canvas"]["elements"], style), change)
    canvas = {**raw["canvas"], "elements": elements}
    return {**raw, "canvas": canvas, "components": components, "colors": _colours(raw)}


_TRANSFORM = re.compile(r"(translate|scale|matrix)\(([^)]*)\)")


def _translation_and_scale(transform: str) -> tuple[float, float, float]:
    """Read x, y and the horizontal scale of a transform made of translate, scale or matrix."""
    x, y, scale = 0.0, 0.0, 1.0
    for kind, text in _TRANSFORM.findall(transform):
        numbers = [float(number) for number in text.replace(",", " ").split()]
        if kind == "translate":
            x, y = numbers[0], numbers[1] if len(numbers) > 1 else 0.0
        elif kind == "scale":
            scale = numbers[0]
        else:
            scale, x, y = numbers[0], numbers[4], numbers[5]
    return x, y, scale


def _components(nodes: list[Node]) -> list[Node]:
    """Return all component nodes of a tree, in drawing order."""
    out: list[Node] = []
    for node in nodes:
        out.extend([node] if node["type"] == "component" else _components(node.get("children") or []))
    return out


def _container(raw: Node, anchor: str) -> list[Node]:
    """Return the component nodes that are drawn beside the anchor: on the canvas, or in a variant that holds it."""
    trees = [raw["canvas"]["elements"]]
    trees += [variant["elements"] for part in raw["components"].values() for variant in part["variants"].values()]
    for tree in trees:
        nodes = _components(tree)
        if any(node["name"] == anchor for node in nodes):
            return nodes
    raise AssertionError(f"no component '{anchor}'")


def face_definition(style: StyleSpec) -> Node:
    """Return a definition of the features alone, in the coordinates of the face's anchor."""
    raw, face = _raw(style.name), style.face
    nodes = [node for node in _container(raw, face.anchor) if node["name"] in face.features]
    transforms = {n["name"]: _translation_and_scale((n.get("attributes") or {}).get("transform", "")) for n in nodes}
    x0, y0, scale = transforms[face.anchor]
    elements = [
        {**node, "attributes": {"transform": f"translate({(x - x0) / scale:.4f} {(y - y0) / scale:.4f})"}}
        for node in nodes
        for x, y, _ in [transforms[node["name"]]]
    ]
    components = {
        name: {key: value for key, value in raw["components"][name].items() if key not in ("translate", "rotate")}
        for name in transforms
    }
    canvas = {**raw["canvas"], "elements": elements}
    return {**raw, "canvas": canvas, "components": components, "colors": _colours(raw)}
