"""Readers of options that several commands share."""

from __future__ import annotations

from stillyou.errors import UsageError


def parse_variables(items: list[str]) -> dict[str, str]:
    """Read ``--var NAME=VALUE`` options.

    Raises:
        UsageError: An item without ``=``, or a name that is given twice.
    """
    values: dict[str, str] = {}
    for item in items:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise UsageError(f"--var '{item}' is not NAME=VALUE", "For example: --var subject=woman")
        if name in values:
            raise UsageError(f"--var {name} is given twice", "Give it once.")
        values[name] = value
    return values
