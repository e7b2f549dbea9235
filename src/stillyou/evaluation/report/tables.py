"""Tables of reports."""

from __future__ import annotations

from collections.abc import Sequence


def table_lines(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table whose first row is its head."""
    head, *body = table
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)]
