"""The plots of a report. Figures are drawn without pyplot, so that no global state or display is involved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillyou.evaluation.known_truth.groups import FEWEST_OF_GROUP
from stillyou.files import atomic_path

COLOURS = {"edit": "#3b6fb6", "lazy": "#b8b8b8", "oracle": "#7bb37b"}
RECALL_GOAL, AREA_GOAL = 0.95, 3.0
"""The mask should hold at least this share of the true mask, in at most this many times its area."""


def plot_success(document: Mapping[str, Any], path: Path) -> None:
    """Draw edit success of each effect and each style as bars, beside the lazy answer and, if any, the oracle."""
    parts = [(key, title) for key, title in (("effects", "effect"), ("styles", "drawing style")) if key in document]
    figure = drawing(11, 3.2 * len(parts))
    for row, (key, title) in enumerate(parts):
        axes = figure.add_subplot(len(parts), 1, row + 1)
        names = list(document[key])
        for index, (label, table) in enumerate(_answers(document).items()):
            places = [i + 0.27 * (index - 1) for i in range(len(names))]
            heights = [table[key][name]["edit_success"] for name in names]
            axes.bar(places, heights, 0.26, label=label, color=COLOURS[label])
        axes.set_xticks(range(len(names)), names, rotation=0 if len(names) < 9 else 20)
        axes.set(ylim=(0, 1.05), ylabel="edit success", title=f"By {title}: {document['split']}")
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
    figure.axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
    save_plot(figure, path)


_BESIDE = {
    "edit_success": f"edit success, 95% interval  (*: fewer than {FEWEST_OF_GROUP} edits)",
    "identity_similarity": "identity similarity to the source",
}


def plot_groups(document: Mapping[str, Any], path: Path) -> None:
    """Draw success (with 95% intervals) and identity of each group, the worst of an axis on top, small groups pale."""
    bars = [(axis, name, table) for axis, tables in document["groups"].items() for name, table in tables.items()]
    places = [-index - 0.8 * list(document["groups"]).index(axis) for index, (axis, _, _) in enumerate(bars)]
    columns = ["edit_success", *(["identity_similarity"] if "identity_similarity" in document else [])]
    figure = drawing(5.5 * len(columns), 1.4 + 0.33 * len(bars))
    for column, key in enumerate(columns):
        axes = figure.add_subplot(1, len(columns), column + 1)
        for place, (_, _, table) in zip(places, bars, strict=True):
            axes.barh(place, table[key] or 0, 0.7, color=COLOURS["edit"], alpha=0.35 if table["few"] else 1.0)
            if key == "edit_success":
                axes.plot([table["success_low"], table["success_high"]], [place, place], color="black", linewidth=1)
        labels = [f"{axis}: {name}  ({table['edits']}{'*' if table['few'] else ''})" for axis, name, table in bars]
        axes.set_yticks(places, labels if column == 0 else [""] * len(places))
        axes.axvline(document[key] or 0, color="grey", linestyle=":", label="all edits")
        if key == "identity_similarity" and document["different_people"] is not None:
            axes.axvline(document["different_people"]["mean"], color="#c0713a", label="different people")
        axes.set(xlim=(0, 1.02), xlabel=_BESIDE[key])
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    save_plot(figure, path)


def plot_masks(document: Mapping[str, Any], path: Path) -> None:
    """Draw each effect's mask recall over its area ratio, with the goals."""
    figure = drawing(6.4, 4.8)
    axes = figure.add_subplot()
    for name, table in document["effects"].items():
        if table["mask_recall"] is None or table["mask_area_ratio"] is None:
            continue
        axes.scatter(table["mask_area_ratio"], table["mask_recall"], color=COLOURS["edit"])
        place = (table["mask_area_ratio"], table["mask_recall"])
        axes.annotate(name, place, xytext=(5, 4), textcoords="offset points")
    axes.scatter([1], [1], marker="*", s=120, color=COLOURS["oracle"], label="oracle (the true mask)")
    axes.axhline(RECALL_GOAL, color="grey", linestyle=":", label=f"goals: {RECALL_GOAL}, {AREA_GOAL:g}x")
    axes.axvline(AREA_GOAL, color="grey", linestyle=":")
    axes.set(xlabel="marked area / true area", ylabel="true-mask recall", xlim=(0, None), ylim=(0, 1.05))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_plot(figure, path)


def plot_curves(curves: Mapping[str, Any], path: Path) -> None:
    """Draw success over what changed outside the true mask, along the text scale and along strength."""
    figure = drawing(7, 5)
    axes = figure.add_subplot()
    for axis, colour in (("text", COLOURS["edit"]), ("strength", "#c0713a")):
        places = [(point["outside_true_error"], point["edit_success"]) for point in curves[axis]]
        axes.plot(*zip(*places, strict=True), marker="o", color=colour, label=f"over {axis}")
        for point, place in zip(curves[axis], places, strict=True):
            axes.annotate(f"{point[axis]:g}", place, xytext=(5, -11), textcoords="offset points", color=colour)
    for name, marker in (("lazy", "s"), ("oracle", "*")):
        place = curves[name]["outside_true_error"], curves[name]["edit_success"]
        axes.scatter(*place, marker=marker, s=110, color=COLOURS[name], label=name, zorder=3)
    axes.set(xlabel="change outside the true mask (mean, 8-bit levels)", ylabel="edit success", ylim=(-0.03, 1.06))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_plot(figure, path)


def plot_strength(curves: Mapping[str, Any], path: Path) -> None:
    """Draw the judge score over strength, each effect thin and their mean bold."""
    figure = drawing(7, 5)
    axes = figure.add_subplot()
    points = curves["strength"]
    strengths = [point["strength"] for point in points]
    for name in points[0]["effects"]:
        scores = [point["effects"][name]["judge_score"] for point in points]
        axes.plot(strengths, scores, alpha=0.6, linewidth=1, label=name)
    axes.plot(strengths, [point["judge_score"] for point in points], color="black", marker="o", label="mean")
    axes.set(xlabel="strength", ylabel="judge score", ylim=(-0.03, 1.03), xticks=strengths)
    axes.grid(alpha=0.3)
    axes.legend(ncols=2)
    save_plot(figure, path)


def _answers(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    others = [name for name in ("lazy", "oracle") if name in document]
    return {"edit": document, **{name: document[name] for name in others}}


def drawing(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_plot(figure: Any, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_path(path) as part:
        figure.savefig(part, dpi=110)
