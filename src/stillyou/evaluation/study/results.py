"""What a study found: strengths, agreement, who was left out; as JSON, Markdown, a plot and Parquet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillyou.draws import generator
from stillyou.evaluation.report.plots import drawing, save_plot
from stillyou.evaluation.report.tables import table_lines
from stillyou.evaluation.study.agreement import krippendorff_alpha
from stillyou.evaluation.study.bradley_terry import Table, strengths
from stillyou.evaluation.study.plan import QUESTIONS, StudyPlan
from stillyou.evaluation.study.screening import reason_to_leave_out
from stillyou.evaluation.study.sessions import Trial, session
from stillyou.evaluation.study.store import GivenAnswer, Store
from stillyou.files import atomic_path, write_json, write_text


@dataclass(frozen=True)
class Sheet:
    """One answer with what it was about."""

    answer: GivenAnswer
    trial: Trial

    def chosen(self, question: str) -> int:
        """Return 0 if the left picture was chosen, 1 if the right one."""
        return int(getattr(self.answer, question) == "right")


def read_sheets(store: Store, plan: StudyPlan) -> dict[int, list[Sheet]]:
    """Return everybody's answers by participant; those to trials that the plan does not have are passed over."""
    given: dict[int, list[GivenAnswer]] = {slot: [] for slot in store.participants()}
    for answer in store.answers():
        given[answer.slot].append(answer)
    found = {}
    for slot, answers in given.items():
        trials = session(plan, slot)
        found[slot] = [Sheet(a, trials[a.trial]) for a in answers if 0 <= a.trial < len(trials)]
    return found


def results(plan: StudyPlan, sheets: dict[int, list[Sheet]]) -> dict[str, Any]:
    """Return the document of a study.

    Returns:
        `participants`, `excluded` (by participant the reason), `answers` (comparisons that count), `repeated` (answers
        that came a second time), `left` (share of left choices), and for each of `questions` the `wins` of row over
        column, `strengths` and `alpha`.
    """
    excluded = {}
    for slot, own in sheets.items():
        reason = reason_to_leave_out([s.answer for s in own], session(plan, slot))
        if reason:
            excluded[str(slot)] = reason
    counted = [own for slot, own in sheets.items() if str(slot) not in excluded]
    kept = [[sheet for sheet in own if sheet.trial.editors is not None] for own in counted]
    flat = [sheet for own in kept for sheet in own]
    left = [1 - sheet.chosen(question) for sheet in flat for question in QUESTIONS]
    return {
        "title": plan.title,
        "editors": list(plan.editors),
        "participants": len(sheets),
        "excluded": excluded,
        "answers": len(flat),
        "repeated": sum(s.answer.repeated for own in sheets.values() for s in own),
        "left": sum(left) / len(left) if left else None,
        "questions": {question: _question(plan, kept, question) for question in QUESTIONS},
    }


def _question(plan: StudyPlan, kept: Sequence[Sequence[Sheet]], question: str) -> dict[str, Any]:
    tables = [wins(plan, own, question) for own in kept]
    total = sum(tables, np.zeros((len(plan.editors),) * 2))
    found = strengths(tables, plan.editors, plan.seed) if total.any() else {}
    units: dict[Any, list[int]] = defaultdict(list)
    for own in kept:
        for sheet in own:
            unit, value = _judged(plan, sheet, question)
            units[unit].append(value)
    return {
        "wins": total.astype(int).tolist(),
        "strengths": {name: asdict(strength) for name, strength in found.items()},
        "alpha": krippendorff_alpha(list(units.values())),
        "judged_twice": sum(len(values) > 1 for values in units.values()),
    }


def _judged(plan: StudyPlan, sheet: Sheet, question: str) -> tuple[tuple[int, str, str], int]:
    """Return a comparison, and which of its two edits was chosen.

    The two are numbered in an order drawn for each comparison: a favourite editor is then no favourite value, and what
    chance would give is one half.
    """
    editors = sheet.trial.editors or ("", "")
    first, second = sorted(editors)
    item = -1 if sheet.trial.item is None else sheet.trial.item
    turned = int(generator("study agreement", plan.seed, item, first, second).integers(2))
    return (item, first, second), int(editors[sheet.chosen(question)] == second) ^ turned


def wins(plan: StudyPlan, sheets: Sequence[Sheet], question: str) -> Table:
    """Return how often row was chosen over column, (C, C)."""
    table = np.zeros((len(plan.editors),) * 2)
    for sheet in sheets:
        if sheet.trial.editors is not None:
            winner = sheet.chosen(question)
            places = [plan.editors.index(name) for name in sheet.trial.editors]
            table[places[winner], places[1 - winner]] += 1
    return table


def write_results(folder: Path, plan: StudyPlan, store: Store) -> tuple[dict[str, Any], list[Path]]:
    """Write result.json, result.md, answers.parquet and, if anything counts, result.png; returns document and files."""
    sheets = read_sheets(store, plan)
    document = results(plan, sheets)
    _export(sheets, document["excluded"], folder / "answers.parquet")
    files = ["answers.parquet"]
    if document["answers"]:
        _plot(document, folder / "result.png")
        files.append("result.png")
    write_text(folder / "result.md", "\n".join(lines(document)) + "\n")
    write_json(folder / "result.json", document)
    return document, [folder / name for name in (*files, "result.md", "result.json")]


def lines(document: dict[str, Any]) -> list[str]:
    """Return the result in Markdown."""
    said = [
        f"# {document['title']}",
        "",
        f"{document['participants']} participants, {len(document['excluded'])} of them left out; {document['answers']}"
        " comparisons count. Brackets: 95% bootstrap over participants.",
    ]
    for question, words in QUESTIONS.items():
        alpha = document["questions"][question]["alpha"]
        told = "not known: no comparison was judged twice" if alpha is None else f"{alpha:.2f}"
        said += ["", f"## {words}", "", *table_lines(strength_rows(document, question))]
        said += ["", f"Agreement (Krippendorff's alpha, nominal): {told}."]
    if document["excluded"]:
        said += ["", "## Left out", ""]
        said += [f"- participant {slot}: {reason}" for slot, reason in document["excluded"].items()]
    return said


def strength_rows(document: dict[str, Any], question: str) -> list[list[str]]:
    """Return the cells of the strengths, the strongest first."""
    found = document["questions"][question]["strengths"]
    head = ["editor", "strength", "95%", "share against an average one"]
    order = sorted(found, key=lambda name: -found[name]["strength"])
    return [head, *([name, *_cells(found[name])] for name in order)]


def _cells(own: dict[str, float]) -> list[str]:
    return [f"{own['strength']:+.2f}", f"[{own['low']:+.2f}, {own['high']:+.2f}]", f"{own['share']:.0%}"]


def _plot(document: dict[str, Any], path: Path) -> None:
    figure = drawing(10, 1.5 + 0.4 * len(document["editors"]))
    for column, (question, words) in enumerate(QUESTIONS.items()):
        axes = figure.add_subplot(1, len(QUESTIONS), column + 1)
        found = document["questions"][question]["strengths"]
        order = sorted(found, key=lambda name: found[name]["strength"])
        for place, name in enumerate(order):
            strength = found[name]
            axes.plot([strength["low"], strength["high"]], [place, place], color="#3b6fb6")
            axes.scatter([strength["strength"]], [place], color="#3b6fb6")
        axes.axvline(0, color="grey", linestyle=":")
        axes.set_yticks(range(len(order)), order)
        axes.set(title=words, xlabel="Bradley-Terry strength, 95%")
        axes.grid(axis="x", alpha=0.3)
    save_plot(figure, path)


def _export(sheets: dict[int, list[Sheet]], excluded: dict[str, str], path: Path) -> None:
    """Write one row an answer; participants by the number in which they came, never by their code."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = [sheet for own in sheets.values() for sheet in own]
    editors = [sheet.trial.editors or (None, None) for sheet in flat]
    columns = {
        "participant": pa.array([s.answer.slot for s in flat], pa.int32()),
        "trial": pa.array([s.answer.trial for s in flat], pa.int32()),
        "check": pa.array([s.trial.correct is not None for s in flat], pa.bool_()),
        "words": pa.array([s.trial.words for s in flat], pa.string()),
        "item": pa.array([s.trial.item for s in flat], pa.int32()),
        "left": pa.array([left for left, _ in editors], pa.string()),
        "right": pa.array([right for _, right in editors], pa.string()),
        "correct": pa.array([s.trial.correct for s in flat], pa.string()),
        "done": pa.array([s.answer.done for s in flat], pa.string()),
        "keeps": pa.array([s.answer.keeps for s in flat], pa.string()),
        "seconds": pa.array([s.answer.seconds for s in flat], pa.float32()),
        "repeated": pa.array([s.answer.repeated for s in flat], pa.int32()),
        "excluded": pa.array([excluded.get(str(s.answer.slot), "") for s in flat], pa.string()),
    }
    with atomic_path(path) as part:
        pq.write_table(pa.table(columns), part)
