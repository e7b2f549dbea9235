"""Teachers: whatever makes pairs (docs/pairs.md), and the names they go by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stillyou.console import console
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

    @property
    def shares_sources(self) -> bool:
        """Whether the subject follows from the seed alone, so that all effects of one seed share their source.

        Such teachers are asked for all effects of one seed one after another.
        """
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


@dataclass(frozen=True)
class TeacherOptions:
    """What a teacher may be told.

    Attributes:
        size: Side of its square pictures in pixels.
        backgrounds: Folder of photographs to stand people before, or None for the teacher's own.
    """

    size: int = 256
    backgrounds: Path | None = None


def _cartoon(options: TeacherOptions) -> Teacher:
    requires("pairs", "dicebear", "dicebear_styles", "pyvips")
    from stillyou.pairs.teachers.cartoon import CartoonStudio

    return CartoonStudio(size=options.size)


def _people(options: TeacherOptions) -> Teacher:
    requires("people", "moderngl", "scipy", "pyvips")
    from stillyou.pairs.teachers.people import PeopleStudio
    from stillyou.pairs.teachers.photographed import Photographed

    return Photographed(PeopleStudio(size=options.size, backgrounds=options.backgrounds))


def _prepare_people() -> None:
    requires("people", "moderngl", "scipy", "pyvips")
    from stillyou.pairs.teachers.people.gl.context import open_device

    device = open_device()
    where = "on the CPU" if device.software else "on the graphics card"
    console.print(f"people are drawn {where}: {device.renderer}", markup=False)


@dataclass(frozen=True)
class _Entry:
    """How a teacher is built, which options it takes besides the size, and what it needs to find."""

    build: Callable[[TeacherOptions], Teacher]
    takes: tuple[str, ...] = ()
    prepare: Callable[[], None] | None = None


_TEACHERS = {"cartoon": _Entry(_cartoon), "people": _Entry(_people, ("backgrounds",), _prepare_people)}


def teacher_names() -> list[str]:
    """Return the names that `teacher` knows."""
    return sorted(_TEACHERS)


def check_teacher(name: str, *, backgrounds: Path | None = None) -> None:
    """Refuse unknown teachers with the nearest names, and options that they do not take; builds nothing.

    Raises:
        UsageError: An unknown name, or an option that this teacher does not have.
        StillYouError: The folder of backgrounds cannot be used.
    """
    if name not in _TEACHERS:
        raise UsageError(f"unknown teacher '{name}'", nearest(name, _TEACHERS))
    if backgrounds is None:
        return
    if "backgrounds" not in _TEACHERS[name].takes:
        able = " or ".join(other for other, entry in sorted(_TEACHERS.items()) if "backgrounds" in entry.takes)
        raise UsageError(f"the teacher '{name}' takes no --backgrounds", f"Use --teacher {able}, or leave it out.")
    describe_backgrounds(backgrounds)


def prepare_teacher(name: str) -> None:
    """Make sure that a teacher finds what it needs, before any worker starts, and say what it found.

    Raises:
        StillYouError: A library is not installed, or there is nothing to draw with.
    """
    prepare = _TEACHERS[name].prepare
    if prepare is not None:
        prepare()


def describe_backgrounds(folder: Path) -> str:
    """Say in a few words which photographs lie in a folder: how many, and a digest of their names and sizes.

    A dataset keeps it among its settings: other photographs would make other pairs from the same seeds.

    Raises:
        UsageError: There is no such folder, it cannot be read, or it holds no pictures.
    """
    from stillyou.pairs.teachers.people.backdrop import check_folder

    pictures = [(path.name, path.stat().st_size) for path in check_folder(folder)]
    digest = hashlib.blake2b(repr(pictures).encode("utf-8"), digest_size=8).hexdigest()
    return f"{len(pictures)} pictures, {digest}"


def teacher(name: str, *, size: int = 256, backgrounds: Path | None = None) -> Teacher:
    """Build a teacher by name.

    Args:
        name: One of `teacher_names`.
        size: Side of its square pictures in pixels.
        backgrounds: Folder of photographs to stand people before; people only.

    Raises:
        UsageError: An unknown name, with the nearest ones, or an option that the teacher does not take.
        StillYouError: The teacher's libraries are not installed, or it finds no renderer.
    """
    check_teacher(name, backgrounds=backgrounds)
    return _TEACHERS[name].build(TeacherOptions(size, backgrounds))
