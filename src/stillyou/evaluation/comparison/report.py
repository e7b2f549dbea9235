"""The tables and the plot of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillyou.evaluation.comparison.regions import KINDS, PRESERVATION, REGIONS
from stillyou.evaluation.comparison.run import AREA, Comparison
from stillyou.evaluation.comparison.whole import OF_WHOLE
from stillyou.evaluation.looks import FIGURES
from stillyou.evaluation.report.confusion import confusion_lines
from stillyou.evaluation.report.plots import drawing, save_plot
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import write_json, write_text

COLUMNS = {
    "edit_success": ("success", "{:.1%}"),
    PRESERVATION: ("preservation", "{:.3f}"),
    "inside_error": ("error inside", "{:.1f}"),
    "outside_error": ("error outside", "{:.2f}"),
    "outside_structure_distance": ("structure outside", "{:.3f}"),
    "composite": ("composite z", "{:+.2f}"),
    "evaluations": ("evaluations", "{:.0f}"),
    "seconds_per_edit": ("seconds", "{:.2f}"),
}
LOW, HIGH = "low", "high"
_COLOURS = ("#3b6fb6", "#c0713a", "#7bb37b", "#8a63b0", "#b04a5a", "#4aa3a8", "#8c8c3f", "#777777")


def write_comparison(folder: Path, found: Comparison) -> list[Path]:
    """Write comparison.json, comparison.md and, with curves, comparison.png; returns the files."""
    files = ["comparison.md", "comparison.json"]
    if "curves" in found.document:
        plot(found.document["curves"], folder / "comparison.png")
        files.insert(0, "comparison.png")
    write_text(folder / "comparison.md", "\n".join(lines(found.document)) + "\n")
    write_json(folder / "comparison.json", found.document)
    return [folder / name for name in files]


def lines(document: Mapping[str, Any]) -> list[str]:
    """Return the report in Markdown."""
    said = [
        "# Comparison",
        "",
        f"Brackets: 95% bootstrap over pictures. `{document['first']}` is tested against each other editor.",
        "",
        *table_lines(rows(document)),
        "",
        *table_lines(region_rows(document)),
        "",
        *table_lines(whole_rows(document)),
        "",
        *(line for name, each in _candidates(document) for line in confusion_lines(each, f"`{name}`")),
        *table_lines(test_rows(document)),
    ]
    if "curves" in document:
        said += ["", *table_lines(curve_rows(document))]
    return said + failure_lines(document)


def rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of the main table."""
    head = ["editor", *(title for title, _ in COLUMNS.values()), "failed"]
    return [head, *([name, *_cells(each), str(sum(each["failures"].values()))] for name, each in _candidates(document))]


def region_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of the figures by region."""
    head = ["editor", "region", *(kind.replace("_", " ") for kind in KINDS)]
    body = [
        [name, region, *(_number(each[f"{region}_{kind}"]) for kind in KINDS)]
        for name, each in _candidates(document)
        for region in REGIONS
    ]
    return [head, *body]


def whole_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of the figures of whole answers."""
    figures = (*OF_WHOLE, *FIGURES)
    head = ["editor", *(name.replace("_", " ") for name in figures)]
    body = [[name, *(_number(each[figure], "{:.4f}") for figure in figures)] for name, each in _candidates(document)]
    return [head, *body]


def test_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of the paired tests."""
    head = ["against", "figure", "difference", "95%", "p", "p (Holm)", "pictures"]
    body = []
    for name, figures in document["tests"].items():
        for figure, test in figures.items():
            if test is not None:
                span = f"{test[LOW]:+.3f} to {test[HIGH]:+.3f}"
                chance = [f"{test['p']:.4f}", f"{test['adjusted']:.4f}", str(test["pictures"])]
                body.append([name, figure.replace("_", " "), f"{test['difference']:+.3f}", span, *chance])
    return [head, *body]


def curve_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of the areas under the curves."""
    head = ["editor", "dial", "area", "95%", f"{document['first']} minus it", "95%"]
    body = []
    for name, curve in document["curves"].items():
        own, apart = curve[AREA], curve["against"]
        row = [name, curve["dial"] or "-", f"{own['mean']:.3f}", f"{own[LOW]:.3f} to {own[HIGH]:.3f}"]
        against = ["-", "-"] if apart is None else [f"{apart['mean']:+.3f}", f"{apart[LOW]:+.3f} to {apart[HIGH]:+.3f}"]
        body.append([*row, *against])
    return [head, *body]


def failure_lines(document: Mapping[str, Any]) -> list[str]:
    """Say what went wrong with whom; nothing where nothing did."""
    said = [
        f"- `{name}` {reason}: {count} times"
        for name, each in _candidates(document)
        for reason, count in each["failures"].items()
    ]
    return ["", "Failed edits count as no success; their other figures have no value.", "", *said] if said else []


def plot(curves: Mapping[str, Any], path: Path) -> None:
    """Draw preservation over success along each editor's dial."""
    figure = drawing(7, 5)
    axes = figure.add_subplot()
    for colour, (name, curve) in zip(_COLOURS * len(curves), curves.items(), strict=False):
        places = [(point["edit_success"], point[PRESERVATION]) for point in curve["points"]]
        axes.plot(*zip(*places, strict=True), marker="o", color=colour, label=f"{name} ({curve[AREA]['mean']:.2f})")
    axes.set(
        xlabel="edit success", ylabel="preservation (SSIM to the source outside the true mask)", xlim=(-0.03, 1.03)
    )
    axes.grid(alpha=0.3)
    axes.legend(title="editor (area)")
    save_plot(figure, path)


def _candidates(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(document["candidates"].items())


def _cells(table: Mapping[str, Any]) -> list[str]:
    return [_with_interval(table, name, form) for name, (_, form) in COLUMNS.items()]


def _with_interval(table: Mapping[str, Any], name: str, form: str) -> str:
    span = table["intervals"].get(name)
    value = _number(table[name], form)
    return value if span is None else f"{value} [{form.format(span[LOW])}, {form.format(span[HIGH])}]"


def _number(value: float | None, form: str = "{:.3f}") -> str:
    return "-" if value is None else form.format(value)
