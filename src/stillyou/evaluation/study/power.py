"""How many answers a study needs.

An exact two-sided binomial test of one half at level a has, for n independent answers, a critical count k: the smallest
with P(X >= k) <= a / 2 under one half. Its power at a true share s is P(X >= k) + P(X <= n - k) under s. Answers of one
participant resemble each other: with m answers each and an intraclass correlation r they are worth n / (1 + (m - 1) r).
"""

from __future__ import annotations

import math

from scipy import stats

from stillyou.errors import UsageError

LEVEL, POWER = 0.05, 0.8
CLOSEST = 0.005
"""Shares closer to one half than this need more answers than any study gets."""


def power(n: int, share: float, level: float = LEVEL) -> float:
    """Return the power of n answers to tell a share from one half."""
    critical = int(stats.binom.isf(level / 2, n, 0.5)) + 1
    return float(stats.binom.sf(critical - 1, n, share) + stats.binom.cdf(n - critical, n, share))


def needed(share: float, wanted: float = POWER, level: float = LEVEL) -> int:
    """Return the fewest answers from which on the power never falls below what is wanted.

    Raises:
        UsageError: A share that is one half or next to it, or values outside (0, 1).
    """
    if not (0 < share < 1 and 0 < wanted < 1 and 0 < level < 1):
        raise UsageError("share, power and level must lie between 0 and 1", "For example: --share 0.55")
    if abs(share - 0.5) < CLOSEST:
        raise UsageError(f"a share of {share:g} cannot be told from one half", f"Give one at least {CLOSEST} away.")
    # The power of an exact test goes up in teeth: from above their reach, go down to the last one that is too low.
    n = math.ceil(1.1 * _approximate(share, wanted, level)) + 40
    while n > 1 and power(n - 1, share, level) >= wanted:
        n -= 1
    return n


def clustered(n: int, each: int, correlation: float) -> int:
    """Return the answers that n independent ones need where everyone gives several that resemble each other."""
    return math.ceil(n * (1 + (each - 1) * correlation))


def _approximate(share: float, wanted: float, level: float) -> float:
    """Return n by the normal approximation: ((z_a / 2 + z_b sqrt(s (1 - s))) / (s - 1/2))^2."""
    z_a, z_b = stats.norm.isf(level / 2), stats.norm.ppf(wanted)
    return float(((z_a / 2 + z_b * math.sqrt(share * (1 - share))) / (share - 0.5)) ** 2)
