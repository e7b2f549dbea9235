"""An effect of one's own: a folder with ``effect.yaml`` and art, one file a part, placed by where things sit.

A part is anchored to a frame of the portrait's fit; its lengths are that frame's units (docs/own-effects.md):

    head        origin in the middle of a hat's brim, one unit = half the brim; turns with the head
    face        origin in the middle of the face, one unit = half its width; turns with the face
    neck        origin in the middle of the collar, one unit = half the neckline
    shoulders   origin in the middle of the neckline, one unit = half the shoulders

Designs are colours that stand in the art as ``{name}``, sub-folders with files of the same names, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from stillyou.config import Strict, validate
from stillyou.effects.designs import Design
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.untrusted.settings import read_yaml

Anchor = Literal["head", "face", "neck", "shoulders"]
Worn = Literal["hat", "coat"]
SPEC: Final = "effect.yaml"
ENDINGS: Final = (".svg", ".png", ".webp")
_USUAL: Final[dict[str, Anchor]] = {
    **dict.fromkeys(("coat", "cape", "dress", "robe", "jacket"), "shoulders"),
    **dict.fromkeys(("collar", "scarf", "tie", "necklace"), "neck"),
    **dict.fromkeys(("mask", "beard", "glasses", "moustache", "eyepatch"), "face"),
    **dict.fromkeys(("hat", "cap", "crown", "helmet", "horns", "halo"), "head"),
}
"""Where art of these names sits unless it is said, in the order in which it is drawn."""
_WIDTHS: Final[dict[Anchor, float]] = {"head": 2.5, "face": 2.0, "neck": 2.4, "shoulders": 2.4}
_MOST_PARTS, _MOST_DESIGNS = 32, 32
_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-z]{3,30}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_PARTS_REMEDY = "Name it hat.svg or coat.svg, or list it under 'parts' with an anchor: head, face, neck or shoulders."


def _checked_colours(colours: dict[str, str]) -> dict[str, str]:
    for name, value in colours.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no name of a colour (small letters, digits, - and _)")
        if not _COLOUR.fullmatch(value):
            raise ValueError(f"'{value:.40}' is no colour; write \"#rrggbb\" in quotes, or a name such as black")
    return colours


class Part(Strict):
    """One piece of art and where it sits."""

    file: str = Field(min_length=5, max_length=100)
    """An SVG, PNG or WebP file of the folder, or of each design's sub-folder."""
    anchor: Anchor | None = None
    """The frame that it is placed in; names such as ``hat.svg`` say it themselves."""
    wear: Worn | None = None
    """Whether it belongs to the hat or to the coat; by default by its anchor."""
    width: float | None = Field(None, gt=0, le=20)
    """Width of the whole file, in the anchor's units; the height follows."""
    at: tuple[Annotated[float, Field(ge=-20, le=20)], Annotated[float, Field(ge=-20, le=20)]] | None = None
    """Where the middle of the file lies: to the right and down from the anchor's origin, in its units."""
    behind: bool = False
    """Whether it lies behind head and shoulders."""
    keep_face: bool | None = None
    """Whether it leaves the face free; by default all parts do but those that are anchored to the face."""

    @field_validator("file")
    @classmethod
    def _file_is_inside(cls, file: str) -> str:
        if "\\" in file or "\0" in file or Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError("art lies in the effect's own folder")
        if Path(file).suffix.lower() not in ENDINGS:
            raise ValueError("art is a file in .svg, .png or .webp")
        return file

    @property
    def frame(self) -> Anchor:
        """The frame that it is placed in."""
        anchor = self.anchor or _USUAL.get(Path(self.file).stem.lower())
        assert anchor is not None  # `OwnEffect` refuses others
        return anchor

    @property
    def check_wear(effect: OwnEffect, wear: Worn | Literal["both"]) -> None:
    """Refuse to wear what an effect has not; raises UsageError."""
    worn = sorted({part.worn for part in effect.parts})
    if wear != "both" and wear not in worn:
        raise UsageError(f"effect '{effect.id}' has no {wear}", f"It has: {', '.join(worn)}. Leave --wear out.")
