"""The kinds of teachers by name, and options of a command or a settings file as the config of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillyou.config import validate
from stillyou.console import console
from stillyou.errors import UsageError, nearest
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.diffusion.config import DiffusionConfig
from stillyou.pairs.teachers.instruct.config import InstructConfig
from stillyou.pairs.teachers.kinds import KINDS
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.portraits.config import PortraitsConfig
from stillyou.pairs.teachers.protocol import TeacherConfig

BUILT_IN: tuple[type[TeacherConfig], ...] = (
    CartoonConfig,
    PeopleConfig,
    PortraitsConfig,
    InstructConfig,
    DiffusionConfig,
)
"""The kinds that ship with the package: importing them registers them."""


def teacher_kinds() -> list[str]:
    """Return the names of all kinds."""
    return sorted(KINDS)


def studios_showing(domains: Iterable[str]) -> list[str]:
    """Return the studios that can show one of these domains."""
    wanted = set(domains)
    return [kind for kind in teacher_kinds() if KINDS[kind].studio and wanted & set(KINDS[kind].domains())]


def configure(kind: str, options: Mapping[str, object]) -> TeacherConfig:
    """Build a teacher's config.

    Args:
        kind: One of `teacher_kinds`.
        options: Values of the config's fields by name; None means that nothing was said.

    Raises:
        UsageError: An unknown kind, with the nearest ones; an option that this kind does not take, with those that do;
            or a bad value.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown teacher '{kind}'", nearest(kind, KINDS))
    config = KINDS[kind]
    said = {name: value for name, value in options.items() if value is not None}
    for name in said:
        if name not in config.model_fields:
            raise _not_taken(kind, name)
    return validate(config, said, f"teacher '{kind}'")


def _not_taken(kind: str, option: str) -> UsageError:
    able = " or ".join(other for other in teacher_kinds() if option in KINDS[other].model_fields)
    flag = "--" + option.replace("_", "-")
    remedy = f"Use --teacher {able}, or leave it out." if able else "Leave it out."
    return UsageError(f"the teacher '{kind}' takes no {flag}", remedy)


def prepare(config: TeacherConfig) -> None:
    """Make sure that a teacher finds what it needs, before any worker starts, and say what it found.

    Raises:
        UsageError: A folder that an option names is of no use.
        StillYouError: A library is not installed, or there is nothing to draw with.
    """
    config.needs.check()
    config.contents()
    if found := config.prepare():
        console.print(found, markup=False)
