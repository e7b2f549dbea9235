"""Errors for people: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable


class StillYouError(Exception):
    """An input could not be processed; the command ends with exit code 1.

    Args:
        what: What is wrong and where, without a final full stop.
        remedy: What the user can do about it, in a sentence of its own.
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}. {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class UsageError(StillYouError):
    """A wrong option, name or value; the command ends with exit code 2."""

    exit_code = 2


class LeftAlone(StillYouError):
    """A picture on which an effect finds nothing to work with: it is right as it is, and stays so."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for a misspelt name, or the list of what there is."""
    known = sorted(names)
    close = difflib.get_close_matches(name.lower(), known, n=2, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    return f"There are: {', '.join(known)}." if known else ""


def requires(extra: str, *modules: str) -> None:
    """Check that the modules of an optional extra are installed.

    Raises:
        StillYouError: A module is missing; the message names the command that installs it.
    """
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    if missing:
        raise StillYouError(f"this needs {', '.join(missing)}", f"Install with: pip install 'stillyou[{extra}]'")
