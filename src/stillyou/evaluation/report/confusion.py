"""What the judge took answers for, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillyou.evaluation.report.tables import table_lines


def confusion_rows(confusion: Mapping[str, Mapping[str, int]]) -> list[list[str]]:
    """Return the cells: a row an effect that was asked for, a column what the judge saw; empty cells are 0."""
    seen = list(dict.fromkeys(name for table in confusion.values() for name in table))
    asked = list(confusion)
    columns = sorted(seen, key=lambda name: asked.index(name) if name in asked else len(asked))
    body = [[name, *(str(table.get(c, "")) for c in columns)] for name, table in confusion.items()]
    return [["asked for \\ seen", *columns], *body]


def confusion_lines(table: Mapping[str, Any], whose: str) -> list[str]:
    """Return the Markdown of an answer's confusion matrix, headed by whose it is."""
    return [f"What the judge saw in the answers of {whose}:", "", *table_lines(confusion_rows(table["confusion"])), ""]
