"""Agreement between participants: Krippendorff's alpha for nominal data.

Of every unit that at least two judged, each ordered pair of its m values counts 1 / (m - 1) in the coincidences o:

    alpha = 1 - (n - 1) sum of o_ck over c != k / sum of n_c n_k over c != k
    n_c   = sum of o_ck over k,   n = sum of n_c over c

1 is perfect agreement, 0 what chance would give (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, D).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def krippendorff_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Return alpha.

    Args:
        units: The values that each unit got; those with fewer than two are left out.

    Returns:
        None where nothing was judged twice, or everything got one and the same value.
    """
    disagreed, totals = 0.0, Counter[Hashable]()
    for values in units:
        m = len(values)
        if m < 2:
            continue
        counts = Counter(values)
        disagreed += sum(k * (m - k) for k in counts.values()) / (m - 1)
        totals.update(counts)
    n = sum(totals.values())
    expected = n * n - sum(count * count for count in totals.values())
    return 1 - (n - 1) * disagreed / expected if expected else None
