"""Who made the art and under which licence, as the definitions themselves say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillyou.pairs.teachers.cartoon.definition import meta
from stillyou.pairs.teachers.cartoon.spec import StyleSpec


@dataclass(frozen=True)
class Attribution:
    """Title, creator, licence and source of one style's art."""

    style: str
    title: str
    creator: str
    licence: str
    licence_url: str
    source_url: str

    def line(self) -> str:
        """Return the attribution in one line."""
        by = f'"{self.title}" by {self.creator}, {self.licence} ({self.licence_url})'
        return f"{by}, adapted from {self.source_url} through DiceBear"


def attribution(style: StyleSpec) -> Attribution:
    """Read the attribution from the style's definition."""
    block = meta(style.name)
    licence, source = block["license"], block["source"]
    return Attribution(
        style.name, source["name"], block["creator"]["name"], licence["name"], licence["url"], source["url"]
    )


def attributions(styles: Sequence[StyleSpec]) -> list[Attribution]:
    """Return the attributions of styles, for NOTICE files and datasets."""
    return [attribution(style) for style in styles]
