"""Groups of pairs held against a studio's: exact answers of a few numbers."""

from __future__ import annotations

import pytest

from stillyou.bench import generated_pairs
from stillyou.bench.generated_pairs import MEASURES, distance, group


def test_the_distance_is_the_least_mean_shift() -> None:
    assert distance([0.0, 1.0], [1.0, 0.0]) == 0
    assert distance([0.0, 1.0], [2.0, 3.0]) == 2  # each moves by 2
    assert distance([0.0], [1.0, 3.0]) == 2  # half of it by 1, half by 3
    assert distance([], [1.0]) is None


def test_groups_are_told_with_their_number_mean_and_distance() -> None:
    truth = {name: [0.0, 0.5] for name in MEASURES}
    kept, none = {name: [0.5, 1.0] for name in MEASURES}, {name: list[float]() for name in MEASURES}
    found = {"truth": truth, "kept": kept, "refused": none}
    groups = {name: group(values, truth) for name, values in found.items()}
    assert groups["kept"]["structure"] == {"pairs": 2, "mean": 0.75, "to_truth": 0.5}
    assert groups["refused"]["identity"] == {"pairs": 0, "mean": None, "to_truth": None}
    told = list(generated_pairs._lines({"kept": 2, "candidates": 3, "without_a_face": 1, "groups": groups}))
    assert told[0] == "2 of 3 kept; no face found in 1"
    assert told[3].split() == ["kept", "2", *["0.750", "0.500"] * 3]


def test_it_shares_the_arguments_of_the_others(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    with pytest.raises(SystemExit):
        generated_pairs.main()
    told = capsys.readouterr().out
    assert "--output FILE" in told and "python -m stillyou.bench.generated_pairs" in told
