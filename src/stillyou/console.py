"""Where messages and progress go: standard error, so that standard output holds results alone."""

from __future__ import annotations

import sys

from rich.console import Console

console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def results() -> Console:
    """Return a console on standard output for tables; piped output is wide instead of cut at 80 columns."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 200)
