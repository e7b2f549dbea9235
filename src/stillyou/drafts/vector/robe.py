"""The body under every costume: a robe that covers the shoulders, in the body frame."""

from __future__ import annotations

from dataclasses import dataclass

from stillyou.drafts.vector.pen import Pen, Point, n, shade


@dataclass(frozen=True)
class Cut:
    """Outline of a robe in body units: the shoulders reach from -1 to 1, the neck is at (0, 0).

    Attributes:
        collar: Half the width of the neckline.
        sag: Depth of the neckline.
        depth: How far below the neck the picture (or the hem) ends.
        hemmed: Whether the robe ends inside the picture.
    """

    collar: float
    sag: float
    depth: float
    hemmed: bool

    @property
    def bottom(self) -> float:
        """Where the cloth ends: at the hem, or far below the frame, for pictures that show more."""
        return self.depth if self.hemmed else self.depth + 2.0

    def neckline(self, count: int, *, wide: float = 1.0, low: float = 0.0) -> list[Point]:
        """Return ``count`` points from left to right along the neckline, made wider and lower."""
        steps = (2 * i / (count - 1) - 1 for i in range(count))
        return [(self.collar * wide * u, (self.sag + low) * (1 - u * u)) for u in steps]

    def band(self, wide: float, low: float, lift: float = 0.0) -> str:
        """Return path data of a collar: from the neckline outwards to ``wide`` and down to ``low``."""
        c, s = self.collar, self.sag
        w, d = c + wide, s + low
        return (
            f"M{n(-c)} {n(-lift)}C{n(-w)} {n(0.02 - lift)} {n(-w)} {n(d * 0.95)} 0 {n(d)}"
            f"C{n(w)} {n(d * 0.95)} {n(w)} {n(0.02 - lift)} {n(c)} {n(-lift)}"
            f"C{n(c * 0.6)} {n(s * 1.3)} {n(-c * 0.6)} {n(s * 1.3)} {n(-c)} {n(-lift)}Z"
        )

    def outline(self) -> str:
        """Return path data of the whole robe."""
        c, s = self.collar, self.sag
        bottom, low = self.bottom, min(0.5, self.depth * 0.6)
        out = min(c + 0.32, 1.0)
        hem = f"Q0 {n(bottom + 0.14)} 1.06 {n(bottom)}" if self.hemmed else f"L1.3 {n(bottom)}"
        side = 1.06 if self.hemmed else 1.3
        return (
            f"M{n(-c)} -.02C{n(-out)} .07 -.94 .12 -1.03 {n(low)}L{n(-side)} {n(bottom)}{hem}"
            f"L1.03 {n(low)}C.94 .12 {n(out)} .07 {n(c)} -.02"
            f"C{n(c * 0.55)} {n(s * 1.32)} {n(-c * 0.55)} {n(s * 1.32)} {n(-c)} -.02Z"
        )


def draw_robe(pen: Pen, cut: Cut, colour: str) -> None:
    """Draw the robe and the seams of its sleeves."""
    pen.path(cut.outline(), colour)
    seam = max(cut.collar + 0.22, 0.70)
    top, bottom = 0.34, cut.bottom
    if seam < 0.95 and bottom > top + 0.1:
        width = max(pen.width * 0.8, 0.022)
        tone = pen.ink or shade(colour, 0.8)
        for side in (-1, 1):
            x = side * seam
            pen.line(f"M{n(x)} {n(top)}Q{n(x - side * 0.05)} {n(top + 0.2)} {n(x)} {n(bottom)}", tone, width)
