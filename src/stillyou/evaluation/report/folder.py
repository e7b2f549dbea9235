"""The report: a folder with the figures as JSON and as a table, plots and a contact sheet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError
from stillyou.evaluation.known_truth.benchmark import FEWEST, LEAST_ORACLE, MOST_LAZY, Evaluation
from stillyou.evaluation.known_truth.groups import FEWEST_OF_GROUP, with_certainty, worst_first
from stillyou.evaluation.known_truth.settings import start_told, steps_told
from stillyou.evaluation.report.confusion import confusion_lines
from stillyou.evaluation.report.looks import looks_lines
from stillyou.evaluation.report.plots import plot_curves, plot_groups, plot_masks, plot_strength, plot_success
from stillyou.evaluation.report.sheet import save_sheet
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import write_json, write_text

IDENTITY_COLUMNS = {
    "identity_similarity": ("identity", "{:.2f}"),
    "identity_nearest": ("nearest is own source", "{:.1%}"),
}
"""Figures of identity, where faces were compared."""
COLUMNS = {
    "edit_success": ("success", "{:.1%}"),
    "judge_score": ("judge score", "{:.2f}"),
    "inside_target_error": ("inside, to target", "{:.1f}"),
    "inside_source_error": ("inside, to source", "{:.1f}"),
    "outside_true_error": ("outside, to source", "{:.2f}"),
    "mask_recall": ("mask recall", "{:.3f}"),
    "mask_precision": ("mask precision", "{:.3f}"),
    "mask_area_ratio": ("mask area", "{:.2f}x"),
    "outside_change": ("change where mask is 0", "{}"),
    **IDENTITY_COLUMNS,
}
"""Figures of the table: their heading and how they are written."""
BRIEF = (
    "edit_success",
    "judge_score",
    "outside_true_error",
    "mask_recall",
    "mask_area_ratio",
    "outside_change",
    "identity_similarity",
)
"""Figures that fit a terminal of 80 columns."""


def prepare_folder(folder: str | Path) -> Path:
    """Make the report's folder, before hours of work go into what cannot be written.

    Raises:
        StillYouError: The path is a file, or the folder cannot be made or written to.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise StillYouError(f"{folder} is a file, not a folder", "Give a folder for the report with -o.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StillYouError(f"cannot make {folder}: {error.strerror}", "Choose a folder you may write to.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StillYouError(f"cannot write to {folder}", "Choose a folder you may write to.")
    return folder


def write_report(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Write evaluation.json, evaluation.md, the plots and sheet.jpg; each file appears whole or not at all.

    Args:
        folder: A folder that exists.
        evaluation: What was found; plots of the curves are made if its document has `curves`.

    Returns:
        The files.
    """
    document = evaluation.document
    plot_success(document, folder / "success.png")
    plot_masks(document, folder / "masks.png")
    save_sheet(evaluation.examples, folder / "sheet.jpg")
    files = ["success.png", "masks.png", "sheet.jpg"]
    if "groups" in document:
        plot_groups(document, folder / "groups.png")
        files.append("groups.png")
    if "curves" in document:
        plot_curves(document["curves"], folder / "curves.png")
        plot_strength(document["curves"], folder / "strength.png")
        files += ["curves.png", "strength.png"]
    write_text(folder / "evaluation.md", markdown(document))
    write_json(folder / "evaluation.json", document)  # last: where it is, the report is complete
    return [folder / name for name in (*files, "evaluation.md", "evaluation.json")]


def rows(document: Mapping[str, Any], figures: Sequence[str] = tuple(COLUMNS)) -> list[list[str]]:
    """Return the table's cells: a heading row, the edits, lazy, oracle, then each effect and each style.

    Args:
        document: What `benchmark.evaluate` found.
        figures: The figures wanted, of `COLUMNS`; those that were not measured are left out.
    """
    tables = {"all edits": document, "lazy": document["lazy"], "oracle": document["oracle"]}
    tables |= document["effects"] | document.get("styles", {})
    known = [name for name in figures if name in document]
    head = ["", "edits", *(COLUMNS[name][0] for name in known)]
    return [head, *([name, str(table["edits"]), *cells(table, known, COLUMNS)] for name, table in tables.items())]


def group_rows(document: Mapping[str, Any], axis: str) -> list[list[str]]:
    """Return the cells of an axis' groups, the worst first; a star marks numbers of too few edits.

    Args:
        document: What `benchmark.evaluate` found on people.
        axis: One of its `groups`, or `effect`.
    """
    groups, lazy, oracle = (
        each["effects"] if axis == "effect" else each["groups"][axis]
        for each in (document, document["lazy"], document["oracle"])
    )
    head = [axis, "edits", "success", "95%", "lazy / oracle", "inside, to target (lazy)", "outside", "recall / area"]
    compared = ["identity / oracle's"] if "identity_similarity" in document else []
    body = []
    for name in worst_first(groups):
        table = with_certainty(groups[name])
        row = [name, f"{table['edits']}{'*' if table['few'] else ''}", _written("edit_success", table)]
        row += [f"{table['success_low']:.0%} to {table['success_high']:.0%}"]
        row += [_written("edit_success", lazy[name], oracle[name])]
        row += [f"{_written('inside_target_error', table)} ({_written('inside_target_error', lazy[name])})"]
        row += [_written("outside_true_error", table)]
        row += [f"{_written('mask_recall', table)} / {_written('mask_area_ratio', table)}"]
        body.append([*row, *(_written("identity_similarity", table, oracle[name]) for _ in compared)])
    return [[*head, *compared], *body]


def _written(figure: str, *tables: Mapping[str, Any]) -> str:
    return " / ".join(cells(table, [figure], COLUMNS)[0] for table in tables)


def cells(table: Mapping[str, Any], figures: Sequence[str], columns: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return figures as they are written, `-` for one without a value."""
    return ["-" if table[name] is None else columns[name][1].format(table[name]) for name in figures]


def judge_warning(document: Mapping[str, Any]) -> str:
    """Say in a line why the figures of an unfit judge are not to be trusted."""
    oracle, lazy = (document[name]["edit_success"] for name in ("oracle", "lazy"))
    return (
        f"The judge is not fit for use: it sees the effect in {oracle:.0%} of the oracle's answers (at least"
        f" {LEAST_ORACLE:.0%} needed) and in {lazy:.0%} of the lazy ones (at most {MOST_LAZY:.0%} allowed)."
        " Do not trust edit success and judge score."
    )


def markdown(document: Mapping[str, Any]) -> str:
    """Return the report's text: how the figures were made, and the table."""
    side = document.get("size", document["resolution"])
    unfit = "" if document["judge_fit"] else f"\n{judge_warning(document)}\n"
    few = f"\nOnly {document['n']} pairs an effect: too few for figures to quote.\n" if document["n"] < FEWEST else ""
    return "\n".join(
        [
            f"# Evaluation: {document['split']}",
            "",
            f"Model `{document.get('model', '')}`, {document['n']} pairs an effect, {steps_told(document['steps'])},"
            f" strength {document['strength']:g}, seed {document['seed']}, {side} px,"
            f" {document['seconds']:.0f} s in all; {start_told(document)}.",
            few + unfit,
            "Errors are mean absolute differences in 8-bit levels, inside and outside the true mask. `lazy` answers"
            " with the source, `oracle` with the target and the true mask.",
            "",
            *table_lines(rows(document)),
            "",
            *people_lines(document),
            *looks_lines(document),
            *(line for name in ("edit", "oracle") for line in _confusion(document, name)),
            *linearity_lines(document),
            *(line for axis in axes(document) for line in ("", *table_lines(group_rows(document, axis)))),
            "",
        ]
    )


def _confusion(document: Mapping[str, Any], name: str) -> list[str]:
    return ["", *confusion_lines(document if name == "edit" else document[name], f"`{name}`")]


def linearity_lines(document: Mapping[str, Any]) -> list[str]:
    """Return a line on how evenly edits grow with strength; nothing without curves."""
    if "curves" not in document:
        return []
    told = ", ".join(
        f"{figure.replace('_', ' ')} {'-' if value is None else f'{value:.2f}'}"
        for figure, value in document["curves"]["linearity"].items()
    )
    return [f"Strength linearity (Spearman's rank correlation with strength, mean over pictures): {told}.", ""]


def axes(document: Mapping[str, Any]) -> list[str]:
    """Return what `group_rows` can show of a document: nothing of cartoons."""
    return ["effect", *document["groups"]] if "groups" in document else []


def people_lines(document: Mapping[str, Any]) -> list[str]:
    """Return what figures of people have to be read with: how alike different people are, and small groups."""
    lines = []
    if "groups" in document:
        lines.append(f"Groups: worst first; a star marks fewer than {FEWEST_OF_GROUP} edits, too few to quote.")
    if (found := document.get("different_people")) is not None:
        lines.append(
            f"Identity: 1 - distance of face descriptors to the source, of {document['faces']} faces. Different people:"
            f" {found['mean']:.2f} on average, 95% below {found['p95']:.2f}, at most {found['highest']:.2f}, among"
            f" {found['people']}."
        )
    return lines
