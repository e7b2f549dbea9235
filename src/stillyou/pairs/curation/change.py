"""How much changed, and where: under the mask, in what the effect should keep, and in the head."""

from __future__ import annotations

from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.curation.protocol import PairScorer, Scores
from stillyou.pairs.curation.rules import measure

_FEWEST = 64
"""Pixels that a region needs to say anything."""


class Change(PairScorer):
    """Compares pixels in regions that follow from the effect's group and the source's fit, not from the pair's mask."""

    name = "change"
    measures = {
        "mask_share": "share of the picture under the mask, 0 to 1",
        "change_inside": "mean difference under the mask, levels of 255",
        "speckle": "share of the mask in specks, 0 to 1",
        "outside": "mean difference where the effect should change nothing, levels of 255",
        "head_change": "mean difference where the head should stay (expression: around the face, costume: in its "
        "middle), levels of 255",
    }
    cost = "20 ms"
    needs = "the fit network, which ships with the package (costumes and expressions)"

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        scores = measure(candidate.pair)
        if candidate.kept.sum() >= _FEWEST:
            scores["outside"] = round(float(candidate.difference[candidate.kept].mean()), 4)
        if candidate.head.sum() >= _FEWEST:
            scores["head_change"] = round(float(candidate.difference[candidate.head].mean()), 4)
        return scores
