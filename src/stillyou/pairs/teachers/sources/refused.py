"""The row of a candidate that its teacher refuses: kept with the reason, so that everybody sees what became of it."""

from __future__ import annotations

import numpy as np

from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.pair import REFUSED, Pair
from stillyou.pairs.teachers.sources.sitter import Unusable


def refused(unusable: Unusable, effect: EffectSpec, seed: int, teacher: str, domain: Domain) -> Pair:
    """Return a pair whose target is its source, and whose attributes say why."""
    prompts = effect.for_domain(domain).prompts()
    return Pair(
        source=unusable.pixels,
        target=unusable.pixels.copy(),
        mask=np.zeros(unusable.pixels.shape[:2], np.uint8),
        source_prompt=prompts.source,
        target_prompt=prompts.target,
        effect=effect.id,
        teacher=teacher,
        seed=seed,
        attributes={"portrait": unusable.name, REFUSED: unusable.reason},
        domain=domain,
    )
