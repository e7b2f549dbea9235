"""Figures of whole answers: published benchmarks' pixel metrics on our pairs, and the hair."""

from __future__ import annotations

from stillyou import metrics
from stillyou.evaluation.comparison.hair import HAIR, Hair
from stillyou.evaluation.figures import Answer, Failed, Figures
from stillyou.evaluation.published import magicbrush, pie_bench
from stillyou.pairs.pair import Pair

OF_WHOLE = (*pie_bench.NAMES, *magicbrush.NAMES, HAIR)


def of_whole(answer: Answer | Failed, pair: Pair, hair: Hair) -> Figures:
    """Return `OF_WHOLE` of an answer, the true mask in the place of PIE-Bench's; nothing has a value if it failed."""
    if isinstance(answer, Failed):
        return dict.fromkeys(OF_WHOLE)
    inside = metrics.marked(pair.mask)
    background = pie_bench.background(answer.edit, pair.source, inside)
    distances = magicbrush.distances(answer.edit, pair.target)
    return {**background, **distances, HAIR: hair(pair.source, answer.edit, inside)}
