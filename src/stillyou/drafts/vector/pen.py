"""A pen that writes compact SVG in a local frame, and the small random and colour helpers of the wardrobe."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")
Point = tuple[float, float]


def n(value: float) -> str:
    """Write a number with at most three decimals and nothing superfluous."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rings(points: Iterable[Point], rx: float, ry: float | None = None) -> str:
    """Return path data of one circle (or upright ellipse) around each point."""
    a, b = n(rx), n(rx if ry is None else ry)
    across, back = n(2 * rx), n(-2 * rx)
    return "".join(f"M{n(x - rx)} {n(y)}a{a} {b} 0 1 0 {across} 0a{a} {b} 0 1 0 {back} 0Z" for x, y in points)


class Pen:
    """Collects shapes of one layer in one local frame.

    Args:
        ink: Outline colour, None for a style without lines.
        width: Outline width in local units.
    """

    def __init__(self, ink: str | None, width: float) -> None:
        self.ink = ink
        self.width = width if ink else 0.0
        self._parts: list[str] = []

    def path(self, d: str, fill: str, *, ink: bool = True, rule: str = "") -> None:
        """Add a filled path, outlined in the style's ink unless told otherwise."""
        bare = "" if ink or not self.ink else ' stroke="none"'
        even = f' fill-rule="{rule}"' if rule else ""
        self._parts.append(f'<path d="{d}" fill="{fill}"{bare}{even}/>')

    def line(self, d: str, colour: str, width: float, *, dash: str = "") -> None:
        """Add an unfilled stroke of its own colour and width (local units)."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{n(width)}" stroke-linecap="round"{dashes}/>'
        )

    def dots(self, points: Iterable[Point], radius: float, fill: str, *, ink: bool = False) -> None:
        """Add circles as one path."""
        self.path(rings(points, radius), fill, ink=ink)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str, turn: float = 0.0, *, ink: bool = True
    ) -> None:
        """Add an ellipse turned clockwise by ``turn`` degrees."""
        bare = "" if ink or not self.ink else ' stroke="none"'
        spin = f' transform="rotate({n(turn)} {n(x)} {n(y)})"' if turn else ""
        self._parts.append(f'<ellipse cx="{n(x)}" cy="{n(y)}" rx="{n(rx)}" ry="{n(ry)}" fill="{fill}"{spin}{bare}/>')

    def fluff(self, points: Sequence[Point], radius: float | Sequence[float], fill: str) -> None:
        """Add a scalloped mass: outlined circles first, then their insides without the lines between them."""
        radii = [radius] * len(points) if isinstance(radius, float | int) else radius
        pairs = list(zip(points, radii, strict=True))
        self.path("".join(rings([point], r) for point, r in pairs), fill)
        if self.ink:
            half = self.width / 2
            self.path("".join(rings([point], r - half) for point, r in pairs if r > half), fill, ink=False)

    def finer(self, share: float = 0.55) -> Pen:
        """Return a pen with a thinner line, for small shapes; add what it drew with `group`."""
        return Pen(self.ink, self.width * share)

    def group(self, other: Pen, transform: str = "") -> None:
        """Add what another pen drew with its own line width, moved by a transform."""
        move = f' transform="{transform}"' if transform else ""
        width = f' stroke-width="{n(other.width)}"' if other.width != self.width else ""
        self._parts.append(f"<g{move}{width}>{''.join(other._parts)}</g>")

    def svg(self, transform: str = "") -> str:
        """Return the layer as one group, or an empty string when nothing was drawn."""
        if not self._parts:
            return ""
        stroke = f' stroke="{self.ink}" stroke-width="{n(self.width)}"' if self.ink else ""
        move = f' transform="{transform}"' if transform else ""
        return f'<g{move} stroke-linejoin="round"{stroke}>{"".join(self._parts)}</g>'


class Chance:
    """Small choices that follow from one generator, and those that a design has made already.

    Args:
        rng: What draws.
        made: Choices by name, which `pick`, `sample` and `maybe` return instead of drawn ones. A design's colours are
            meant as they are: with choices made, `tint` changes nothing.
    """

    def __init__(self, rng: np.random.Generator, made: Mapping[str, Any] | None = None) -> None:
        self._rng = rng
        self._made = made or {}
        self._units: list[float] = []

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        if not self._units:  # numpy calls cost microseconds each: draw in blocks
            self._units = self._rng.random(64).tolist()
        return self._units.pop()

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def maybe(self, probability: float, what: str = "") -> bool:
        """Return True with this probability."""
        drawn = self.unit() < probability
        return bool(self._made.get(what, drawn))

    def pick(self, options: Sequence[T], what: str = "") -> T:
        """Return one of the options."""
        drawn = options[int(self.unit() * len(options))]
        return cast(T, self._made.get(what, drawn))

    def sample(self, options: Sequence[T], count: int, what: str = "") -> list[T]:
        """Return ``count`` different options in random order."""
        left = list(options)
        drawn = [left.pop(int(self.unit() * len(left))) for _ in range(count)]
        return list(self._made.get(what, drawn))

    def tint(self, colour: str, amount: float = 1.0) -> str:
        """Return a colour close to ``#rrggbb``: a little other hue, saturation and brightness."""
        if self._made:
            return colour
        r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        h = (h + amount * self.between(-0.012, 0.012)) % 1.0
        s = min(1.0, s * (1 + amount * self.between(-0.10, 0.10)))
        v = min(1.0, v * (1 + amount * self.between(-0.08, 0.06)))
        return "#" + "".join(f"{round(255 * c):02x}" for c in colorsys.hsv_to_rgb(h, s, v))


def shade(colour: str, factor: float) -> str:
    """Return ``#rrggbb`` darkened (factor < 1) or lightened towards white (factor > 1)."""
    levels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    if factor <= 1:
        return "#" + "".join(f"{round(c * factor):02x}" for c in levels)
    return "#" + "".join(f"{round(c + (255 - c) * min(factor - 1, 1.0)):02x}" for c in levels)
