"""Are the pairs that curation keeps nearer to the truth than those it refuses?

    stillyou pairs make --teacher diffusion --base embedded -e laughing -n 64 -o pairs/
    stillyou pairs curate pairs/
    stillyou pairs make --teacher people -e laughing -n 64 -o truth/
    python -m stillyou.bench.generated_pairs pairs/ truth/ [--json] [-o FILE]

Nobody knows the true target of a generated source. What is known is how true pairs of the same effect measure: those of
a studio. Of every pair

    identity     1 - similarity of the faces by dlib's descriptor (`evaluation.identity`)
    structure    mean of 1 - s (`evaluation.comparison.similarity`) where the effect should change nothing
    shows        the judge's score of the target less that of the source; the judge takes no part in curation

and of a group of pairs its mean and its distance to the studio's: the least mean shift that turns one group's values
into the other's (Wasserstein-1). Curation measures identity too, by the same network; structure and `shows` it never
sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stillyou.bench import command
from stillyou.evaluation.comparison.similarity import similarity as compared
from stillyou.evaluation.identity import DlibReader, similarity
from stillyou.evaluation.judge.classifier import Judge
from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.dataset.store import PairDataset

MEASURES = ("identity", "structure", "shows")
Values = dict[str, list[float]]


def measure(pairs: PairDataset) -> tuple[Values, dict[str, Values], int]:
    """Measure every pair of a dataset.

    Returns:
        The values of the accepted ones, those of the refused ones by reason, and in how many no face was found.
    """
    reader, judge = DlibReader(), Judge.from_folder()
    effects = {effect.id: effect for effect in pairs.meta.effects}
    kept: Values = {name: [] for name in MEASURES}
    refused: dict[str, Values] = {}
    faceless = 0
    for index in range(len(pairs)):
        row, pair = pairs.row(index), pairs.load(index)
        into = kept if row["status"] == "accepted" else refused.setdefault(row["reason"], {n: [] for n in MEASURES})
        found = reader.describe([pair.source, pair.target])
        faceless += found is None
        if found is not None:
            into["identity"].append(1 - similarity(*found))
        region = Candidate(pair, effects[pair.effect]).kept
        if region.any():
            into["structure"].append(float((1 - compared(pair.source, pair.target).structure)[region].mean()))
        before, after = judge.scores(effects[pair.effect], [pair.source, pair.target])[1]
        into["shows"].append(after - before)
    return kept, refused, faceless


def distance(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return the Wasserstein-1 distance of two samples; None if one is empty."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(one, other)) if one and other else None


def group(values: Values, truth: Values) -> dict[str, Any]:
    """Return number, mean and distance to the truth of each measure."""
    return {
        name: {
            "pairs": len(found),
            "mean": float(np.mean(found)) if found else None,
            "to_truth": distance(found, truth[name]),
        }
        for name, found in values.items()
    }


def figures(generated: Path, studio: Path) -> dict[str, Any]:
    """Compare a curated dataset with a studio's of the same effects."""
    pairs = PairDataset(generated, status="any")
    truth = measure(PairDataset(studio, effects=[effect.id for effect in pairs.meta.effects]))[0]
    kept, refused, faceless = measure(pairs)
    together = {name: [value for each in refused.values() for value in each[name]] for name in MEASURES}
    groups = {"truth": truth, "kept": kept, "refused": together}
    groups |= {f"  {reason}": values for reason, values in sorted(refused.items())}
    return {
        "candidates": len(pairs),
        "kept": len(kept["shows"]),
        "without_a_face": faceless,
        "groups": {name: group(values, truth) for name, values in groups.items()},
    }


def main() -> None:
    """Run from the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("pairs", type=Path, help="a curated dataset")
    parser.add_argument("truth", type=Path, help="a studio's dataset with the same effects")
    options = parser.parse_args()
    found = figures(options.pairs, options.truth)
    command.tell(options, found, _lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['kept']} of {found['candidates']} kept; no face found in {found['without_a_face']}"
    yield f"{'':40}{'pairs':>6}" + "".join(f"{name:>11}{'to truth':>10}" for name in MEASURES)
    for name, values in found["groups"].items():
        cells = "".join(
            f"{_told(values[measure]['mean']):>11}{_told(values[measure]['to_truth']):>10}" for measure in MEASURES
        )
        yield f"{name:40}{values['shows']['pairs']:6}{cells}"


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
