"""What drafts are worth: costumes from noise, the draft alone, and drafts refined, on pairs of the same named designs.

    python -m stillyou.bench.drafts [--split unseen-characters] [-n 32] [--size 512] [--ways noise draft 0.45]
        [--model embedded] [--sheet FILE.png] [--json] [-o FILE]

Every way edits the same pictures with the same noise through the evaluation of `stillyou evaluate`, and is asked for
the design that the target shows. Pictures are larger than the model's own square, as users' are. Beside the figures of
`evaluation.figures` (success is the judge's) and `evaluation.looks` stand the seconds an edit, the evaluations of the
UNet, and the share of edits that had a draft: where the fit is unsure an edit starts from noise. The file of `-o` is
written again after each way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillyou.bench import command
from stillyou.console import console
from stillyou.editing.editor import Editor
from stillyou.editing.result import EditResult
from stillyou.effects.domains import Domain
from stillyou.evaluation.features import EfficientNetLite0, available
from stillyou.evaluation.judge.classifier import SHIPPED, Judge
from stillyou.evaluation.known_truth.benchmark import Example, evaluate
from stillyou.evaluation.known_truth.drawing import Drawing
from stillyou.evaluation.known_truth.settings import Batch, Settings
from stillyou.evaluation.known_truth.splits import SPLITS, PairSample, domain_of
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.evaluation.report.looks import distance_cell
from stillyou.evaluation.report.tables import table_lines
from stillyou.files import write_json
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

WAYS: dict[str, Settings] = {
    "noise": Settings(draft="none"),
    "draft": Settings(refine=0.0),
    **{str(level): Settings(refine=level) for level in (0.3, 0.45, 0.6)},
    **{f"{level}x{steps}": Settings(refine=level, steps=steps) for level in (0.3, 0.45, 0.6) for steps in (1, 2, 4)},
}
"""By name; `0.3x2` is a draft refined by 0.3 with two evaluations, `0.3` one with as many as edits take."""
NAMES = {"noise": "from noise", "draft": "draft alone"}
KEPT = ("edit_success", "judge_score", "mask_recall", "mask_area_ratio", "outside_true_error", "outside_change")
HEAD = (
    *("way", "effect", "edits", "success", "error, of lazy", "high pass, of the target's", "kernel distance x 1000"),
    *("recall", "area", "outside", "drafts", "evaluations", "seconds"),
)


class Recorder(ModelSubject):
    """A subject that remembers what its edits took."""

    def __init__(self, editor: Editor, domain: Domain) -> None:
        super().__init__(editor, domain)
        self.results: list[EditResult] = []

    def edit(self, batch: Batch) -> list[EditResult]:
        """Edit a batch and keep its results."""
        made = super().edit(batch)
        self.results += made
        return made


class _EditsAlone(Drawing):
    """Looks without drafts beside the edits: here they are a way of their own."""

    def _drafts(self, batch: Batch) -> dict[str, list[Picture]]:
        return {}


@dataclass(frozen=True)
class Measured:
    """What one way did: its rows (all effects first), the answers beside it, and examples."""

    rows: list[dict[str, Any]]
    beside: dict[str, Any]
    examples: list[Example]


def measure(
    way: str, subject: Recorder, settings: Settings, judge: Judge, split: str, pairs: Mapping[str, Sequence[Pair]]
) -> Measured:
    """Evaluate one way, by the name that its rows get, on pairs by effect."""
    effects = [effect for effect in subject.effects() if effect.id in pairs]
    n = len(pairs[effects[0].id])
    drawing = _EditsAlone(subject, EfficientNetLite0() if available() else None)
    side = len(pairs[effects[0].id][0].source)
    sample = PairSample(split, n, effects=effects, size=side, pairs=pairs)
    found = evaluate(subject, judge, sample, settings=settings, looks=drawing)
    whole, looks = found.document, found.document["looks"]
    parts = {"all": (whole, looks["edit"], subject.results)}
    for i, effect in enumerate(effects):
        own = subject.results[i * n : (i + 1) * n]
        parts[effect.id] = (whole["effects"][effect.id], looks["edit"]["effects"][effect.id], own)
    rows = [_row(way, effect, *part) for effect, part in parts.items()]
    rows[0]["seconds"] = whole["seconds_per_edit"]
    beside = {answer: looks[answer] for answer in looks if answer != "edit"}
    beside |= {"success": {answer: whole[answer]["edit_success"] for answer in ("lazy", "oracle")}}
    return Measured(rows, beside, found.examples)


def _row(
    way: str, effect: str, table: Mapping[str, Any], looks: Mapping[str, Any], results: Sequence[EditResult]
) -> dict[str, Any]:
    reports = [result.report for result in results]
    return {
        "way": way,
        "effect": effect,
        "edits": table["edits"],
        **{key: table[key] for key in KEPT},
        **{key: looks[key] for key in ("error_ratio", "high_pass_ratio", "kernel_distance", "kernel_distance_error")},
        "drafts": sum(report.refine is not None for report in reports) / len(reports),
        "evaluations": sum(report.evaluations for report in reports) / len(reports),
        "seconds": None,  # of a batch together: known of all effects alone
    }


def lines(rows: Sequence[Mapping[str, Any]], beside: Mapping[str, Any]) -> Iterator[str]:
    """Return the table in Markdown, with the answers that bound it below."""
    yield from table_lines([list(HEAD), *(_cells(row) for row in rows), *_bounds(beside)])


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        *(row["way"], row["effect"], str(row["edits"]), f"{row['edit_success']:.3f}", _two(row["error_ratio"])),
        *(_two(row["high_pass_ratio"]), distance_cell(row), _two(row["mask_recall"]), _two(row["mask_area_ratio"])),
        *(_two(row["outside_true_error"]), f"{row['drafts']:.2f}", f"{row['evaluations']:.0f}", _two(row["seconds"])),
    ]


def _bounds(beside: Mapping[str, Any]) -> list[list[str]]:
    success = beside["success"]
    return [
        [name, "all", str(table["edits"]), f"{success[name]:.3f}" if name in success else "-"]
        + [_two(table["error_ratio"]), _two(table["high_pass_ratio"]), distance_cell(table)]
        + [""] * 6
        for name, table in beside.items()
        if name != "success"
    ]


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def main() -> None:
    """Print a table in Markdown."""
    parser = command.ways_parser(__doc__, SPLITS, WAYS)
    options = parser.parse_args()
    from stillyou.bench.draft_sheet import save_sheet
    from stillyou.evaluation.known_truth.splits import cases

    editor, judge = Editor.from_pretrained(options.model, options.device), Judge.from_folder(SHIPPED)
    costumes = [e for e in ModelSubject(editor, domain_of(options.split)).effects() if e.group == "costume"]
    pairs = {e.id: list(cases(e, options.split, options.n, size=options.size, designs=True)) for e in costumes}
    figures: dict[str, Any] = {"split": options.split, "n": options.n, "size": options.size, "rows": [], "beside": {}}
    examples: dict[str, list[Example]] = {}
    for way in options.ways:
        subject, name = Recorder(editor, domain_of(options.split)), NAMES.get(way, f"refined by {way}")
        found = measure(name, subject, WAYS[way], judge, options.split, pairs)
        figures["rows"] += found.rows
        figures["beside"] = found.beside
        examples[name] = found.examples
        console.print(f"{way}: {found.rows[0]['seconds']:.2f} s an edit", markup=False)
        if options.output is not None:
            write_json(options.output, command.document(figures))
        if options.sheet is not None:
            save_sheet(examples, options.sheet)
    command.tell(options, figures, lines(figures["rows"], figures["beside"]))


if __name__ == "__main__":
    main()
