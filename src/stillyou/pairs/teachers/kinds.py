"""Kinds of teachers: the configs that go by a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from stillyou.pairs.teachers.protocol import TeacherConfig

KINDS: dict[str, type[TeacherConfig]] = {}

Config = TypeVar("Config", bound=TeacherConfig)


def register(config: type[Config]) -> type[Config]:
    """Make a kind of teacher known under the ``kind`` of its config; a class decorator.

    Raises:
        ValueError: Another kind has that name.
    """
    kind = str(config.model_fields["kind"].default)
    if KINDS.setdefault(kind, config) is not config:
        raise ValueError(f"there are two teachers '{kind}'")
    return config


@contextmanager
def registered(config: type[Config]) -> Iterator[type[Config]]:
    """Make a kind known for a while: for tests and notebooks."""
    known = register(config)
    try:
        yield known
    finally:
        del KINDS[str(config.model_fields["kind"].default)]
