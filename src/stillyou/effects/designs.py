"""Designs: the fixed looks of costumes, by name, that pairs, prompts, drafts and users mean the same by.

A design is the same art for everybody: the people studio models it, the cartoon wardrobe draws it, and both take its
key colours from here. Colours are sRGB, ``#rrggbb``.

    santa    cloth, fur
    flower   petal, petal2, petal3, leaf, cloth
    sheep    fleece, ear
    royal    gold, stone, stone2, velvet (of the crown), robe, second (of its embroidery)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stillyou.errors import UsageError, nearest


@dataclass(frozen=True)
class Design:
    """One look of a costume.

    Attributes:
        name: What commands and datasets call it: small letters and digits.
        words: What a prompt says of it, such as ``green velvet``.
        colours: Key colours by what they are of, ``#rrggbb``.
    """

    name: str
    words: str
    colours: Mapping[str, str]

    def rgb(self, key: str) -> tuple[float, float, float]:
        """Return a key colour as sRGB in [0, 1]."""
        code = self.colours[key]
        red, green, blue = (int(code[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return red, green, blue

    def linear(self, key: str) -> tuple[float, float, float]:
        """Return a key colour as linear RGB in [0, 1]."""
        red, green, blue = (_linear(value) for value in self.rgb(key))
        return red, green, blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _all(**designs: tuple[str, dict[str, str]]) -> tuple[Design, ...]:
    return tuple(Design(name, words, MappingProxyType(colours)) for name, (words, colours) in designs.items())


DESIGNS: Final[Mapping[str, tuple[Design, ...]]] = MappingProxyType(
    {
        "flower": _all(
            daisies=(
                "white daisies on leaf green",
                {"petal": "#f2efe6", "petal2": "#f6dc7a", "petal3": "#ffffff", "leaf": "#3f6b26", "cloth": "#6f9a58"},
            ),
            roses=(
                "red and pink roses on blush",
                {"petal": "#c2202e", "petal2": "#e7919c", "petal3": "#f3d9d4", "leaf": "#2f5a28", "cloth": "#dba3a8"},
            ),
            tropical=(
                "orange and pink tropical flowers on teal",
                {"petal": "#f2762a", "petal2": "#ee4f86", "petal3": "#f8c63c", "leaf": "#1f6d3a", "cloth": "#2f8f92"},
            ),
            wildflowers=(
                "purple and blue wildflowers on lavender",
                {"petal": "#7a4fb4", "petal2": "#5b7fd0", "petal3": "#eadcf2", "leaf": "#4a7436", "cloth": "#b3a3d2"},
            ),
        ),
        "santa": _all(
            classic=("red velvet with white fur", {"cloth": "#b81d22", "fur": "#f5f3ee"}),
            green=("green velvet with white fur", {"cloth": "#1f6e3c", "fur": "#f5f3ee"}),
            burgundy=("burgundy velvet with cream fur", {"cloth": "#701a2e", "fur": "#efe5d3"}),
            blue=("blue velvet with silver fur", {"cloth": "#24489a", "fur": "#e9edf3"}),
        ),
        "sheep": _all(
            white=("white fleece", {"fleece": "#f3f1ec", "ear": "#d99a94"}),
            cream=("cream fleece", {"fleece": "#eadbbd", "ear": "#cf9680"}),
            grey=("grey fleece", {"fleece": "#a09d9a", "ear": "#b98f8b"}),
            black=("black fleece", {"fleece": "#45403d", "ear": "#8d6460"}),
        ),
        "royal": _all(
            purple=(
                "golden crown and purple velvet with ermine",
                {
                    "gold": "#f3c04e",
                    "stone": "#b0162c",
                    "stone2": "#1f46b0",
                    "velvet": "#5b2180",
                    "robe": "#4f1d74",
                    "second": "#8a1a3c",
                },
            ),
            crimson=(
                "domed crown and crimson velvet with ermine",
                {
                    "gold": "#f5c65c",
                    "stone": "#1d45b4",
                    "stone2": "#12824a",
                    "velvet": "#a3142a",
                    "robe": "#951326",
                    "second": "#3f1452",
                },
            ),
            emerald=(
                "tiara and emerald velvet with a golden collar",
                {
                    "gold": "#f2c766",
                    "stone": "#0f8a4c",
                    "stone2": "#b0162c",
                    "velvet": "#0f5a3a",
                    "robe": "#0e5e3c",
                    "second": "#123a6e",
                },
            ),
            palace=(
                "palace headdress and golden brocade",
                {
                    "gold": "#efb640",
                    "stone": "#b0162c",
                    "stone2": "#0f8a86",
                    "velvet": "#a3142a",
                    "robe": "#c99a3a",
                    "second": "#8f1a30",
                },
            ),
        ),
    }
)
"""The designs of each costume, by the effect's id; the first is the default."""


def with_design(prompt: str, design: Design | None) -> str:
    """Return a target prompt that names a design."""
    return prompt if design is None else f"{prompt}, {design.name} design"


def without_design(effect: str, prompt: str) -> str:
    """Return a target prompt without the design of its effect that it names, if it names one."""
    named = (with_design("", design) for design in designs(effect))
    return next((prompt.removesuffix(ending) for ending in named if prompt.endswith(ending)), prompt)


def designs(effect: str) -> tuple[Design, ...]:
    """Return the designs of an effect; none for effects without art."""
    return DESIGNS.get(effect, ())


def find_design(effect: str, name: str, known: tuple[Design, ...] | None = None) -> Design:
    """Return a design by name.

    Args:
        effect: The effect's id.
        name: Of the design.
        known: The designs to choose from; by default those that come with the package.

    Raises:
        UsageError: The effect has no such design (with the nearest ones), or none at all.
    """
    named = {design.name: design for design in (designs(effect) if known is None else known)}
    if not named:
        raise UsageError(f"effect '{effect}' has no designs", f"These have: {', '.join(DESIGNS)}.")
    if name not in named:
        raise UsageError(f"effect '{effect}' has no design '{name}'", nearest(name, named))
    return named[name]
