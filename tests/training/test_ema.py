"""The moving average, exactly."""

from __future__ import annotations

import pytest
import torch

from stillyou.training.loop.ema import ExponentialAverage, decay_at


def test_decay_warms_up_to_its_greatest() -> None:
    assert decay_at(1, 0.999) == pytest.approx(2 / 11)
    assert decay_at(90, 0.999) == pytest.approx(91 / 100)
    assert decay_at(10**6, 0.999) == 0.999


def test_average_follows_the_recurrence() -> None:
    parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    average = ExponentialAverage({"p": parameter}, 0.5)
    expected = [1.0, -2.0]
    for step, values in enumerate([[3.0, 0.0], [5.0, 7.0], [-1.0, 2.0]], start=1):
        parameter.data = torch.tensor(values, dtype=torch.float64)
        average.update(step)
        d = min(0.5, (1 + step) / (10 + step))
        expected = [d * a + (1 - d) * p for a, p in zip(expected, values, strict=True)]
    assert average.average["p"].tolist() == pytest.approx(expected, rel=1e-12)


def test_applied_for_a_while_gives_the_weights_back() -> None:
    parameter = torch.nn.Parameter(torch.randn(5))
    average = ExponentialAverage({"p": parameter}, 0.9)
    before = parameter.detach().clone()
    average.average["p"].fill_(7.0)
    with average.applied():
        assert parameter.tolist() == [7.0] * 5
    assert torch.equal(parameter, before)
    average.apply()
    assert parameter.tolist() == [7.0] * 5
