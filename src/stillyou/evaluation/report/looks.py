"""The figures of drawing as reports show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillyou.evaluation.report.tables import table_lines

HEAD = ("looks", "edits", "error, of lazy", "high pass, of the target's", "kernel distance x 1000")
EXPLAINED = (
    "Looks: error and high-pass energy inside the true mask, and distance to the true targets in features of"
    " EfficientNet-Lite0, with its standard error (docs/reference/evaluation.md)."
)


def looks_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the table's cells: a heading row, then every answer over all effects and over each group."""
    found: Mapping[str, Any] = document["looks"]
    rows = [list(HEAD)]
    for answer, table in found.items():
        parts = {"": table, **table["groups"]} if len(table["groups"]) > 1 else {"": table}
        rows += [[f"{answer} {group}".strip(), *looks_cells(part)] for group, part in parts.items()]
    return rows


def looks_cells(table: Mapping[str, Any]) -> list[str]:
    """Return the figures of one answer as they are written."""
    return [
        str(table["edits"]),
        _number(table["error_ratio"], "{:.2f}"),
        _number(table["high_pass_ratio"], "{:.2f}"),
        distance_cell(table),
    ]


def distance_cell(table: Mapping[str, Any]) -> str:
    """Return a kernel distance with its error, in thousandths."""
    value, error = table["kernel_distance"], table["kernel_distance_error"]
    if value is None:
        return "-"
    return f"{1000 * value:.1f}" + ("" if error is None else f" ± {1000 * error:.1f}")


def looks_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the lines of a report, none where looks were not measured."""
    return ["", EXPLAINED, "", *table_lines(looks_rows(document))] if "looks" in document else []


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
