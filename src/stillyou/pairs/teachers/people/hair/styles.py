"""Hair styles: how long hair is, how it is combed, and how it falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comb = Literal["none", "forward", "part", "up", "back", "middle"]


@dataclass(frozen=True)
class Style:
    """One way to wear hair. Lengths are decimetres.

    Attributes:
        name: As in the pair's attributes.
        strands: How many at full detail.
        points: Points a strand.
        top: Range of lengths on the top of the head.
        side: Range of lengths over ears and nape.
        comb: Where it is combed to.
        lift: How far it stands off before it lies down.
        offset: Height of its outer layer over the skin.
        gravity: How soon it falls.
        hug: How strongly it keeps to the head.
        wave: Radius of waves or curls.
        turns: Waves along a strand.
        clump: How strongly strands gather into locks.
        frizz: Random deviation.
        fringe: Length over the forehead, 0 for no fringe.
        tie: Whether it is tied at the back.
        spiral: Whether waves are curls.
        long: Whether it falls below the head.
    """

    name: str
    strands: int
    points: int
    top: tuple[float, float]
    side: tuple[float, float]
    comb: Comb
    lift: float = 0.3
    offset: float = 0.06
    gravity: float = 0.15
    hug: float = 0.5
    wave: float = 0.0
    turns: float = 2.0
    clump: float = 0.25
    frizz: float = 0.02
    fringe: float = 0.0
    tie: Literal["", "tail", "bun"] = ""
    spiral: bool = False
    long: bool = False


_ALL = (
    Style(
        "buzz", 15000, 3, (0.05, 0.07), (0.035, 0.05), "forward",
        lift=0.8, offset=0, gravity=0, hug=0, frizz=0.006,
    ),
    Style(
        "crop", 10000, 7, (0.26, 0.38), (0.09, 0.13), "forward",
        lift=0.42, offset=0.035, gravity=0.07, hug=0.4, clump=0.35, frizz=0.010,
    ),
    Style(
        "textured", 9000, 7, (0.36, 0.5), (0.10, 0.16), "forward",
        lift=0.65, offset=0.09, gravity=0.05, hug=0.25, wave=0.015, clump=0.75, frizz=0.014,
    ),
    Style(
        "side", 9500, 9, (0.6, 0.85), (0.14, 0.22), "part",
        lift=0.55, offset=0.09, gravity=0.08, clump=0.3, frizz=0.012,
    ),
    Style("quiff", 9500, 9, (0.6, 0.8), (0.11, 0.17), "up", lift=0.9, offset=0.16, gravity=0.05, hug=0.3, frizz=0.012),
    Style(
        "slick", 9500, 10, (0.75, 0.95), (0.45, 0.6), "back",
        lift=0.25, offset=0.05, gravity=0.05, hug=0.7, clump=0.25, frizz=0.012,
    ),
    Style("pixie", 9500, 9, (0.55, 0.75), (0.3, 0.4), "part", lift=0.45, offset=0.08, fringe=0.45, clump=0.4),
    Style(
        "bob", 10000, 13, (1.35, 1.7), (0.95, 1.2), "middle", lift=0.3, offset=0.11, gravity=0.45, hug=0.35, long=True
    ),
    Style(
        "bob_fringe", 10000, 13, (1.35, 1.7), (0.95, 1.2), "middle",
        lift=0.3, offset=0.11, gravity=0.45, hug=0.35, fringe=0.52, long=True,
    ),
    Style(
        "shoulder", 10500, 14, (1.9, 2.3), (1.5, 1.8), "middle",
        lift=0.35, offset=0.12, gravity=0.45, hug=0.35, wave=0.03, turns=1.6, long=True,
    ),
    Style(
        "long", 11000, 17, (3.0, 4.3), (2.7, 3.8), "middle", lift=0.3, offset=0.10, gravity=0.5, hug=0.35, long=True
    ),
    Style(
        "long_fringe", 11000, 17, (3.0, 4.2), (2.7, 3.7), "middle",
        lift=0.3, offset=0.10, gravity=0.5, hug=0.35, fringe=0.52, long=True,
    ),
    Style(
        "wavy", 11000, 18, (2.7, 3.9), (2.4, 3.4), "middle",
        lift=0.4, offset=0.13, gravity=0.45, hug=0.3, wave=0.07, turns=2.6, clump=0.6, frizz=0.03, long=True,
    ),
    Style(
        "curly_short", 9500, 9, (0.35, 0.5), (0.14, 0.22), "none",
        lift=0.9, offset=0.06, gravity=0.08, hug=0.2, wave=0.04, turns=3, clump=0.7, frizz=0.03, spiral=True,
    ),
    Style(
        "curly", 10000, 14, (0.75, 1.05), (0.55, 0.75), "none",
        lift=0.9, offset=0.10, gravity=0.16, hug=0.1, wave=0.065, turns=4, clump=0.75, frizz=0.03, spiral=True,
    ),
    Style(
        "curly_long", 10500, 16, (1.7, 2.3), (1.4, 1.9), "middle",
        lift=0.6, offset=0.16, gravity=0.35, hug=0.15, wave=0.085, turns=5, clump=0.75, frizz=0.035, spiral=True,
        long=True,
    ),
    Style(
        "afro", 11000, 9, (0.42, 0.62), (0.34, 0.5), "none",
        lift=2.0, offset=0.02, gravity=0, hug=0, wave=0.045, turns=3.5, clump=0.3, frizz=0.04, spiral=True,
    ),
    Style(
        "afro_short", 10000, 6, (0.16, 0.24), (0.10, 0.15), "none",
        lift=2.0, offset=0, gravity=0, hug=0, wave=0.03, turns=2.5, clump=0.3, frizz=0.03, spiral=True,
    ),
    Style(
        "tail", 10000, 14, (1.0, 1.3), (0.9, 1.2), "back",
        lift=0.12, offset=0.04, gravity=0, hug=0.8, clump=0.2, frizz=0.010, tie="tail",
    ),
    Style(
        "bun", 10000, 14, (1.0, 1.3), (0.9, 1.2), "back",
        lift=0.12, offset=0.04, gravity=0, hug=0.8, clump=0.2, frizz=0.010, tie="bun",
    ),
)  # fmt: skip
STYLES: dict[str, Style] = {style.name: style for style in _ALL}
