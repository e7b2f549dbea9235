"""Errors and notes in the words of whoever sends fields: editing names options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_OTHERS: Final = (
    (re.compile(r"--draft FILE\.png"), "a picture as draft"),
    (re.compile(r"--faces-out \S+ shows them"), "/v1/look shows them"),
    (re.compile(r"--var (\w+)=(\w+)"), r'variables={"\1": "\2"}'),
    (re.compile(r"stillyou effects NAME lists an effect's designs"), "/v1/effects lists an effect's designs"),
)
"""Remedies of the command line that something else stands for here."""
_OPTION: Final = re.compile(r"--(?P<name>[a-z][a-z-]*)(?: (?P<value>[A-Z][A-Z,]*\b|all|people|cartoon|latent|none)\b)?")
"""An option with what follows it: a placeholder in capitals, or one of its own words."""


def in_fields(text: str) -> str:
    """Return a text whose options of the command line are fields of a request: ``--face all`` is ``face=all``."""
    for option, here in _OTHERS:
        text = option.sub(here, text)
    return _OPTION.sub(_as_field, text)


def _as_field(found: re.Match[str]) -> str:
    name, value = found["name"].replace("-", "_"), found["value"]
    return name if value is None else f"{name}={value}"


def all_in_fields(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as `in_fields` does."""
    return tuple(map(in_fields, texts))


def field_of(what: str, said: Sequence[str]) -> str | None:
    """Return which of the fields that somebody said an error is about: the first that it names; None for none."""
    places = {name: re.search(rf"\b{name.replace('_', '[ _-]')}s?\b", what) for name in said}
    named = {name: place.start() for name, place in places.items() if place is not None}
    return min(named, key=lambda name: named[name], default=None)
