"""Which pairs are held back from training and serve validation."""

from __future__ import annotations

from collections.abc import Sequence

from stillyou.draws import stable_seed

_GREATEST_SHARE = 0.1


def held_back(keys: Sequence[str], seed: int, count: int) -> list[int]:
    """Choose pairs by their keys, so that the choice outlasts reordering and growth of a dataset.

    Args:
        keys: Keys of all pairs.
        seed: Seed of the run.
        count: How many; never more than a tenth of the pairs.

    Returns:
        Positions in `keys`, in the order of the draw.
    """
    order = sorted(range(len(keys)), key=lambda index: stable_seed(seed, "held back", keys[index]))
    return order[: min(count, int(len(keys) * _GREATEST_SHARE))]
