"""The benchmark as a picture: a panel a task, a bar a path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillyou.errors import requires
from stillyou.files import atomic_path

_RELEASED, _OURS = "#b8b8b8", "#3b6fb6"


def plot_rows(document: Mapping[str, Any], path: Path) -> None:
    """Draw all rows that have a value.

    Args:
        document: As `run.document` makes it.
        path: PNG to write, whole or not at all.
    """
    requires("evaluate", "matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    measured = [row for row in document["rows"] if row["value"] is not None]
    tasks = list(dict.fromkeys(row["task"] for row in measured))
    heights = [sum(row["task"] == task for row in measured) + 1.2 for task in tasks]
    figure = Figure(figsize=(8, max(1.5, 0.42 * sum(heights) + 0.8)), layout="constrained")
    FigureCanvasAgg(figure)
    machine = document["machine"]
    figure.suptitle(f"{document['model']}, {document['resolution']} px, {machine['device']}", fontsize=11)
    if tasks:
        panels = figure.subplots(len(tasks), 1, squeeze=False, height_ratios=heights)
        for panel, task in zip(panels[:, 0], tasks, strict=True):
            _bars(panel, [row for row in measured if row["task"] == task], task)
    with atomic_path(path) as part:
        figure.savefig(part, dpi=110)


def _bars(axes: Any, rows: list[dict[str, Any]], task: str) -> None:
    names = [row["path"] for row in rows]
    values = [row["value"] for row in rows]
    colours = [_RELEASED if name == "released" else _OURS for name in names]
    spread = [
        [value - min(row["runs"]) for value, row in zip(values, rows, strict=True)],
        [max(row["runs"]) - value for value, row in zip(values, rows, strict=True)],
    ]
    bars = axes.barh(names, values, color=colours, xerr=spread, error_kw={"ecolor": "#555", "elinewidth": 1})
    axes.bar_label(bars, [_label(row) for row in rows], padding=8, fontsize=8)
    axes.set_xlim(0, 1.35 * max(max(row["runs"]) for row in rows))
    axes.set_title(f"{task}: {rows[0]['unit']}", loc="left", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _label(row: Mapping[str, Any]) -> str:
    memory = "" if row["peak_memory_gb"] is None else f", {row['peak_memory_gb']:.1f} GB"
    return f"{row['value']:.3g}{memory}"
