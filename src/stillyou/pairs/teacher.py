"""Teachers: whatever makes pairs (docs/pairs.md), and the names they go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest, requires
from stillyou.pairs.pair import Pair


class Teacher(Protocol):
    """Makes pairs, one from each (effect, seed) and from nothing else."""

    @property
    def name(self) -> str:
        """The name that datasets record."""
        ...

    @property
    def licences(self) -> Mapping[str, str]:
        """Licence and author of each source of art that pairs may show."""
        ...

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        """Make one candidate.

        Args:
            effect: What the target shows.
            seed: 0 to 2**63 - 1; the same effect and seed give the same pair, whatever was made before.

        Raises:
            UsageError: The teacher cannot show this effect.
        """
        ...


def _cartoon(size: int) -> Teacher:
    requires("pairs", "dicebear", "dicebear_styles", "pyvips")
    from stillyou.pairs.studio import CartoonStudio

    return CartoonStudio(size=size)


_TEACHERS = {"cartoon": _cartoon}


def teacher_names() -> list[str]:
    """Return the names that `teacher` knows."""
    return sorted(_TEACHERS)


def check_teacher(name: str) -> None:
    """Refuse unknown teachers with the nearest names; builds nothing."""
    if name not in _TEACHERS:
        raise UsageError(f"unknown teacher '{name}'", nearest(name, _TEACHERS))


def teacher(name: str, *, size: int = 256) -> Teacher:
    """Build a teacher by name.

    Args:
        name: One of `teacher_names`.
        size: Side of its square pictures in pixels.

    Raises:
        UsageError: An unknown name, with the nearest ones.
        StillYouError: The teacher's libraries are not installed.
    """
    check_teacher(name)
    return _TEACHERS[name](size)
