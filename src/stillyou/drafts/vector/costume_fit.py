"""Where a costume sits on the characters of one drawing style.

All lengths are canvas units of the style (its viewBox), y grows downwards. Head wear is drawn in the *head frame*:
origin on the forehead in the middle of the brim, one unit = half the width of the head there, turned by ``tilt``.
Bodies are drawn in the *body frame*: origin in the middle of the neck, one unit = half the width of the shoulders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Ellipse = tuple[float, float, float, float]
"""Centre x, centre y, radius x, radius y in canvas units."""


@dataclass(frozen=True)
class CostumeFit:
    """Geometry that fits the four costumes to one drawing style (canvas units).

    Attributes:
        head: Centre x and y of a hat's brim, half the width of the head at that height.
        neck: Centre x and y of the neckline, half the width of the shoulders.
        face: Opening of a hood, from the brows to the chin. Eyes, nose and mouth are in its lower three quarters in
            every expression; no costume draws there. It turns with the hood about the hood's centre.
        hood: Outer edge of a hood; contains the face and, for styles with ears, the ears or most of the head.
        frame: Left, top and side of the square that shows the character with its tallest hat and its collar.
        tilt: Turn of the head in degrees, clockwise.
        collar: Half the width of the neckline as a share of the shoulders' half width.
        sag: Depth of the neckline in body units.
        front: Whether the body is drawn over the lower part of everything; otherwise it goes where the style keeps
            its clothes (a bust behind the head, where the style has no body).
        hem: Canvas y where the robe ends, or None where the picture ends first.
        ink: Colour of outlines, None for styles without lines.
        ink_width: Width of outlines.
        anchor: Component whose variant moves the face, with ``shifts``; empty where the face stays put.
        shifts: Canvas (dx, dy) of head wear, face and hood for each variant of ``anchor``.
    """

    head: tuple[float, float, float]
    neck: tuple[float, float, float]
    face: Ellipse
    hood: Ellipse
    frame: tuple[float, float, float]
    tilt: float = 0.0
    collar: float = 0.30
    sag: float = 0.12
    front: bool = False
    hem: float | None = None
    ink: str | None = None
    ink_width: float = 0.0
    anchor: str = ""
    shifts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def shifted(self, variant: str | None) -> CostumeFit:
        """Return the fit of a character whose ``anchor`` component has this variant."""
        dx, dy = self.shifts.get(variant or "", (0.0, 0.0))
        if not dx and not dy:
            return self
        (hx, hy, hw), (fx, fy, *face), (ox, oy, *hood) = self.head, self.face, self.hood
        return replace(
            self,
            head=(hx + dx, hy + dy, hw),
            face=(fx + dx, fy + dy, face[0], face[1]),
            hood=(ox + dx, oy + dy, hood[0], hood[1]),
        )
