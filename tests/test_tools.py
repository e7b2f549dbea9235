"""Scripts under `tools/` that stand on the package alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from stillyou.errors import UsageError

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from mix_weights import mix  # noqa: E402


def test_a_mixture_lies_between_its_ends() -> None:
    before = {"a": torch.tensor([0.0, 2.0]), "count": torch.tensor([1])}
    after = {"a": torch.tensor([1.0, -2.0]), "count": torch.tensor([7])}
    for share, expected in ((0.0, [0.0, 2.0]), (0.25, [0.25, 1.0]), (1.0, [1.0, -2.0])):
        mixed = mix(before, after, share)
        assert mixed["a"].tolist() == pytest.approx(expected)
        assert mixed["count"].tolist() == [7]


def test_networks_of_other_shapes_are_not_mixed() -> None:
    with pytest.raises(UsageError, match="other networks"):
        mix({"a": torch.zeros(2)}, {"a": torch.zeros(3)}, 0.5)
    with pytest.raises(UsageError, match="other networks"):
        mix({"a": torch.zeros(2)}, {"b": torch.zeros(2)}, 0.5)
