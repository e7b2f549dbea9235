"""The named designs (`effects.designs`) as choices of the vector wardrobe: its shapes, in the design's key colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stillyou.effects.designs import Design, find_design

_SHAPES: Final[Mapping[tuple[str, str], dict[str, Any]]] = {
    ("santa", "classic"): {"hat": "floppy", "side": 1, "trim": True, "button": "#2a2a2a", "belt": True},
    ("santa", "green"): {"hat": "long", "side": 1, "trim": True, "button": "#e8b923", "belt": False},
    ("santa", "burgundy"): {"hat": "upright", "side": -1, "trim": False, "button": "#e8b923", "belt": False},
    ("santa", "blue"): {"hat": "floppy", "side": -1, "trim": True, "button": "#ffffff", "belt": False},
    ("flower", "daisies"): {"kinds": ("daisy", "round"), "collar": "petals", "middle": "#f7c948"},
    ("flower", "roses"): {"kinds": ("rose", "round"), "collar": "garland", "middle": "#f7d9a0"},
    ("flower", "tropical"): {"kinds": ("pointed", "round"), "collar": "garland", "middle": "#ffca28"},
    ("flower", "wildflowers"): {"kinds": ("round", "daisy"), "collar": "pointed petals", "middle": "#f7c948"},
    ("sheep", "white"): {"ears": "level", "horns": False},
    ("sheep", "cream"): {"ears": "down", "horns": False},
    ("sheep", "grey"): {"ears": "level", "horns": True},
    ("sheep", "black"): {"ears": "up", "horns": False},
    ("royal", "purple"): {"crown": "points", "collar": "ermine", "embroidery": "none", "golden": False},
    ("royal", "crimson"): {"crown": "dome", "collar": "ermine", "embroidery": "scrolls", "golden": False},
    ("royal", "emerald"): {"crown": "tiara", "collar": "lobes", "embroidery": "dots", "golden": False},
    ("royal", "palace"): {"crown": "headdress", "collar": "lobes", "embroidery": "medallions", "golden": True},
}


def choices(costume: str, design: str) -> dict[str, Any]:
    """Return what a design has chosen, by the names of the wardrobe's choices.

    Raises:
        UsageError: There is no such design.
    """
    chosen = find_design(costume, design)
    return {**_colours(costume, chosen), **_SHAPES.get((costume, design), {})}


def _colours(costume: str, design: Design) -> dict[str, Any]:
    key = design.colours
    if costume == "santa":
        return {"cloth": key["cloth"], "fur": key["fur"]}
    if costume == "flower":
        petals = (key["petal"], key["petal2"], key["petal3"])
        return {"petals": petals, "leaf": key["leaf"], "dress": key["cloth"]}
    if costume == "sheep":
        return {"wool": key["fleece"], "ear": key["fleece"], "inner": key["ear"]}
    return {
        "gold": key["gold"],
        "gems": (key["stone"], key["stone2"]),
        "velvet": key["velvet"],
        "robe": key["robe"],
        "accent": key["second"],
    }
