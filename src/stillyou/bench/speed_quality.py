"""What each way to save time costs in quality, on the embedded model, where truth is known.

    python -m stillyou.bench.speed_quality [-n 32] [--device auto] [--split unseen-characters] [--json] [-o FILE]

Every way edits the same pictures from the same noise (no drafts) through the evaluation of `stillyou evaluate`. Beside
its figures stand the seconds an edit, the multiple of the first row's speed, and how far the edits are from the first
row's (mean over all pixels, in 8-bit levels). Seconds depend on what else the machine does; with several rounds they
are the median of rounds in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from stillyou.bench import command
from stillyou.console import console
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.editing.editor import Editor
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.judge.classifier import SHIPPED, Judge
from stillyou.evaluation.known_truth.benchmark import evaluate
from stillyou.evaluation.known_truth.settings import Batch, Settings
from stillyou.evaluation.known_truth.splits import SPLITS, PairSample
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.metrics import Picture

WAYS: dict[str, tuple[SpeedSettings, int]] = {
    "all of it, 20 steps": (SpeedSettings(), 20),
    "guidance share 0.75": (SpeedSettings(guidance_share=0.75), 20),
    "guidance share 0.5": (SpeedSettings(guidance_share=0.5), 20),
    "guidance share 0.25": (SpeedSettings(guidance_share=0.25), 20),
    "feature interval 2": (SpeedSettings(feature_interval=2), 20),
    "feature interval 3": (SpeedSettings(feature_interval=3), 20),
    "10 steps": (SpeedSettings(), 10),
    "6 steps": (SpeedSettings(), 6),
    "10 steps, guidance share 0.5": (SpeedSettings(guidance_share=0.5), 10),
    "dpm++, 20 steps": (SpeedSettings(scheduler="dpm++"), 20),
    "dpm++, 10 steps": (SpeedSettings(scheduler="dpm++"), 10),
    "ddim, 20 steps": (SpeedSettings(scheduler="ddim"), 20),
    "euler, 20 steps": (SpeedSettings(scheduler="euler"), 20),
}
KEPT = ("edit_success", "judge_score", "outside_true_error", "inside_target_error", "mask_recall")


class _Recorder(ModelSubject):
    """A subject that keeps the pictures it answered with."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self.edits: list[Picture] = []

    def answer(self, batch: Batch) -> list[Answer]:
        answers = super().answer(batch)
        self.edits += [answer.edit for answer in answers]
        return answers


def measure(
    name: str, model: str, device: str, split: str, n: int, rounds: int
) -> tuple[dict[str, Any], list[Picture]]:
    """Evaluate one way; return its figures and its edits."""
    speed, steps = WAYS[name]
    editor = Editor.from_pretrained(model, device, speed=speed)
    judge, seconds = Judge.from_folder(SHIPPED), []
    for _ in range(rounds):
        subject = _Recorder(editor)
        sample = PairSample(split, n, effects=subject.effects())
        settings = Settings(steps=steps, draft="none")
        found = evaluate(subject, judge, sample, settings=settings).document
        seconds.append(found["seconds_per_edit"])
    return {"way": name, "seconds": median(seconds), **{key: found[key] for key in KEPT}}, subject.edits


def distance(edits: Sequence[Picture], others: Sequence[Picture]) -> float:
    """Return the mean absolute difference of pictures, in 8-bit levels."""
    differences = [np.abs(a.astype(np.int16) - b).mean() for a, b in zip(edits, others, strict=True)]
    return float(np.mean(differences))


def main() -> None:
    """Print a table in Markdown."""
    parser = command.parser(__doc__)
    parser.add_argument("-n", type=int, default=32, help="pairs an effect")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--split", choices=SPLITS[:2], default=SPLITS[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    first: list[Picture] = []
    for name in options.ways:
        row, edits = measure(name, options.model, options.device, options.split, options.n, options.rounds)
        first = first or edits
        rows.append(row | {"speed": (rows or [row])[0]["seconds"] / row["seconds"], "distance": distance(edits, first)})
        console.print(f"{name}: {row['seconds']:.2f} s an edit", markup=False)
    command.tell(options, {"n": options.n, "split": options.split, "rows": rows}, _lines(rows))


def _lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| way | seconds | speed | " + " | ".join(key.replace("_", " ") for key in KEPT) + " | distance |"
    yield "|---|" + "---|" * (len(KEPT) + 3)
    for row in rows:
        figures = " | ".join("" if row[key] is None else f"{row[key]:.3f}" for key in KEPT)
        yield f"| {row['way']} | {row['seconds']:.2f} | {row['speed']:.2f} | {figures} | {row['distance']:.2f} |"


if __name__ == "__main__":
    main()
