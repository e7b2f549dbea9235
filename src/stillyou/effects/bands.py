"""A band: what a score may be for a pair to be kept, bounded on both sides, since lazy and overdone edits both fail."""

from __future__ import annotations

from pydantic import model_validator

from stillyou.config import Strict


class Band(Strict):
    """The least and the most that a score may be; None where there is no bound."""

    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Band:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        return self

    def over(self, other: Band) -> Band:
        """Return this band, with the other's bounds where this one has none."""
        least = other.least if self.least is None else self.least
        most = other.most if self.most is None else self.most
        return Band.model_construct(least=least, most=most)

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in the band, its ends included."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
