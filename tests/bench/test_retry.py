"""The bench of second tries, on edits whose figures are known."""

from __future__ import annotations

import pytest

from stillyou.bench.retry import bands, lines, summary
from stillyou.errors import UsageError


def row(effect="angry", succeeded=True, end=True, again=False, mask=0.1, change=0.2, shows=None):
    cost = {"evaluations": 12, "evaluations_in_all": 24 if again else 12, "seconds": 2.0}
    cost["seconds_in_all"] = 4.0 if again else 2.0
    known = {"mask_share": mask, "change_inside": change, "succeeded": succeeded, "end": end, "again": again}
    known["shows"] = shows
    return {"effect": effect, **known, **cost}


def test_failures_before_and_after_by_hand():
    rows = [row() for _ in range(6)] + [row(again=True)]
    rows += [row(succeeded=False, end=True, again=True), row(succeeded=False, end=False, again=True)]
    rows += [row(succeeded=False, end=False)]
    found = summary(rows)
    assert found["before"] == 0.3 and found["after"] == 0.2 and found["again"] == 0.3
    assert found["again_of_failed"] == pytest.approx(2 / 3) and found["again_of_good"] == pytest.approx(1 / 7)
    assert found["evaluations"] == pytest.approx(13 / 10) and found["seconds"] == pytest.approx(1.3)
    assert found["before_95"][0] < 0.3 < found["before_95"][1]
    text = list(lines({"all": found, "effects": {"angry": found}}))
    assert text[2] == "| all | 10 | 0.300 | 0.200 | 0.30 | 0.67 | 0.14 |"
    assert text[-1] == "Cost of all edits: 1.30 times the evaluations, 1.30 times the seconds."
    assert summary([row()])["again_of_failed"] is None


def test_bands_are_of_what_succeeded():
    rows = [row(mask=0.01 * k, change=0.1 * k) for k in range(1, 10)] + [row("crying", mask=0.4, change=0.5)]
    found = bands([*rows, row(succeeded=False, mask=0.9, change=0.9), row(mask=None)])
    assert found["edits"] == 10 and found["masks"] == {"angry": pytest.approx(0.05), "crying": 0.4}
    ratios = sorted([0.2 * k for k in range(1, 10)] + [1.0])
    assert found["mask_ratio"][0] == pytest.approx(ratios[0] + 0.45 * (ratios[1] - ratios[0]))  # 5% of nine gaps
    assert found["change_inside"][1] == pytest.approx(0.8 + 0.55 * 0.1)
    assert found["shows"] == {}, "nobody was asked"
    found = bands([row(shows=0.01 * k) for k in range(101)] + [row(succeeded=False, shows=-1.0), row("crying")])
    assert found["shows"] == {"angry": pytest.approx([0.05, 0.1, 0.15])}
    with pytest.raises(UsageError, match="no edit succeeded"):
        bands([row(succeeded=False)])
