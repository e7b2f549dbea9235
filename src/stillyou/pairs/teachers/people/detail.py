"""Level of detail: how finely people are built and drawn for pictures of a size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Detail:
    """How much to build and draw.

    Attributes:
        size: Side of the finished picture in pixels.
        factor: Pixels drawn for each finished one, along a side.
        shadow: Side of the shadow map in pixels.
        strands: Share of the strands of a picture of 512 px that are grown.
    """

    size: int
    factor: int
    shadow: int
    strands: float

    @classmethod
    def of(cls, size: int) -> Detail:
        """Return the detail for pictures of a size: strands go with its square root, widths make up for them."""
        share = min(1.0, max(0.2, size / 512))
        return cls(size, 2, 1024 if size > 256 else 512, share)

    @property
    def drawn(self) -> int:
        """Side in pixels of what is drawn."""
        return self.size * self.factor

    def count(self, strands: int) -> int:
        """Return how many strands to grow where a picture of 512 px has `strands`."""
        return max(1, round(strands * self.strands))

    def width(self, width: float) -> float:
        """Return how wide they are, so that they cover as much."""
        return width / self.strands**0.75
