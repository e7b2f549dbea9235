"""Dicebear definitions with markers: named empty groups where overlays and costumes are spliced in later.

A validated `Style` is expensive (up to 500 ms), an avatar is not (0.5 ms). So each style is validated once a
process, markers included, and every expression and costume only changes options or fills a marker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from dicebear import Style

from stillyou.pairs.studio.spec import StyleSpec

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


@lru_cache(maxsize=64)
def validated_style(style: StyleSpec) -> Style:
    """Return the style's dicebear `Style` with markers, validated once a process."""
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
    # The backdrop is ours: it does not move with the character.
    colours = {name: colour for name, colour in raw.get("colors", {}).items() if name != "background"}
    canvas = {**raw["canvas"], "elements": elements}
    return Style({**raw, "canvas": canvas, "components": components, "colors": colours})
