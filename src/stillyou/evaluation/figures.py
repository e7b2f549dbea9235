"""The figures of one answer to one pair, and their summary over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillyou import metrics
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair

Figures = Mapping[str, float | None]
"""Figures by name; None where a figure has no value."""

MEANS = (
    "edit_success",
    "judge_score",
    "inside_target_error",
    "inside_source_error",
    "outside_target_error",
    "outside_true_error",
    "inside_target_psnr",
    "inside_source_psnr",
    "outside_target_psnr",
    "outside_source_psnr",
    "mask_recall",
    "mask_precision",
)
"""Figures whose summary is their mean over the edits that have a value."""


IDENTITY = ("identity_similarity", "identity_nearest")
"""Figures of `identity`, where faces were compared: summarised in the same way."""


@dataclass(frozen=True)
class Answer:
    """An editor's answer to one picture.

    Attributes:
        edit: (H, W, 3) uint8, the picture after compositing.
        mask: (H, W) uint8, the editing mask that compositing used; 0 = kept exactly.
        evaluations: Evaluations of the UNet that it took; None where nobody has counted.
    """

    edit: Picture
    mask: Picture
    evaluations: int | None = None


@dataclass(frozen=True)
class Failed:
    """What stands for an answer that there is not.

    Attributes:
        reason: What went wrong, in a few words.
    """

    reason: str


def failed_figures() -> Figures:
    """Return the figures of an answer that there is not: no success, and no value for anything else."""
    others = (*MEANS, "predicted_area", "true_area", "outside_change")
    return {**dict.fromkeys(others), "edit_success": 0.0, "judge_score": 0.0}


def figures(answer: Answer, pair: Pair, success: bool, score: float) -> Figures:
    """Measure one answer against the pair's truth; inside and outside refer to the true mask.

    Args:
        answer: The edit and its mask.
        pair: The truth.
        success: Whether the judge sees the effect in the edit.
        score: The judge's probability of the effect.

    Returns:
        Errors in 8-bit levels, PSNRs in decibels, areas in pixels, shares in [0, 1].
    """
    inside = metrics.marked(pair.mask)
    values: dict[str, float | None] = {"edit_success": float(success), "judge_score": score}
    for place, region in (("inside", inside), ("outside", ~inside)):
        for name, reference in (("target", pair.target), ("source", pair.source)):
            values[f"{place}_{name}_error"] = metrics.mean_absolute_error(answer.edit, reference, region)
            values[f"{place}_{name}_psnr"] = metrics.psnr(answer.edit, reference, region)
    values["outside_true_error"] = values.pop("outside_source_error")
    values["mask_recall"] = metrics.mask_recall(answer.mask, pair.mask)
    values["mask_precision"] = metrics.mask_precision(answer.mask, pair.mask)
    values["predicted_area"] = metrics.marked_area(answer.mask)
    values["true_area"] = metrics.marked_area(pair.mask)
    values["outside_change"] = metrics.outside_change(answer.edit, pair.source, answer.mask)
    return values


def summary(rows: Sequence[Figures]) -> dict[str, float | int | None]:
    """Summarise the figures of many edits.

    Args:
        rows: At least one edit's figures.

    Returns:
        `edits`, the means of `MEANS` over the edits that have a value (None if none has one), `mask_area_ratio`
        (total marked area over total true area) and `outside_change` (the greatest). Where faces were compared also
        the means of `IDENTITY` and the number of `faces` that they are of.
    """
    true = sum(row["true_area"] or 0 for row in rows)
    predicted = sum(row["predicted_area"] or 0 for row in rows)
    return {
        "edits": len(rows),
        **{name: mean([row[name] for row in rows]) for name in MEANS},
        "mask_area_ratio": predicted / true if true else None,
        "outside_change": int(max(row["outside_change"] or 0 for row in rows)),
        **identity_summary(rows),
    }


def identity_summary(rows: Sequence[Figures]) -> dict[str, float | int | None]:
    """Return the means of `IDENTITY` over the `faces` that were found; nothing where none was looked for."""
    if IDENTITY[0] not in rows[0]:
        return {}
    faces = sum(row[IDENTITY[0]] is not None for row in rows)
    return {"faces": faces, **{name: mean([row[name] for row in rows]) for name in IDENTITY}}


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that there are, None if there is none."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None
