"""Avatars in pieces: what dicebear draws, split into definitions and body, in canvas units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dicebear import Avatar, Style

from stillyou.pairs.teachers.cartoon.spec import OptionValue


@dataclass(frozen=True)
class AvatarPieces:
    """A drawing without its document.

    Attributes:
        defs: What the body refers to; ids carry a hash of the seed.
        body: The drawing.
        variants: The variant of each component that is drawn.
    """

    defs: str
    body: str
    variants: Mapping[str, str]


def render_avatar(style: Style, options: Mapping[str, OptionValue]) -> AvatarPieces:
    """Render an avatar (0.5 ms) and take its SVG apart."""
    avatar = Avatar(style, dict(options))
    svg, resolved = avatar.to_string(), avatar.to_json()["options"]
    # <svg ..><metadata/><defs>..</defs><g clip-path="..">body</g></svg>; the clip would cut costumes off.
    head, body = svg.split("</defs>", 1)
    variants = {name[: -len("Variant")]: str(value) for name, value in resolved.items() if name.endswith("Variant")}
    return AvatarPieces(head.split("<defs>", 1)[1], body[body.index(">") + 1 : -len("</g></svg>")], variants)


def recolour(pieces: AvatarPieces, swaps: Mapping[str, str]) -> AvatarPieces:
    """Replace colours that are fixed in the drawing."""
    defs, body = pieces.defs, pieces.body
    for old, new in swaps.items():
        defs, body = defs.replace(f'"{old}"', f'"{new}"'), body.replace(f'"{old}"', f'"{new}"')
    return AvatarPieces(defs, body, pieces.variants)
