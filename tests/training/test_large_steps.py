"""The parts of training at size: min-SNR weights, 8-bit moments, parts of a batch, early warnings, blame."""

from __future__ import annotations

import json
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from stillyou.cli import main
from stillyou.errors import StillYouError
from stillyou.training.config import Optimisation
from stillyou.training.editor.objective import snr_weights
from stillyou.training.editor.warnings import EarlyWarnings
from stillyou.training.loop.checkpoint import optimizer_tensors, restore_optimizer
from stillyou.training.loop.ema import ExponentialAverage
from stillyou.training.loop.nan_trace import first_not_finite
from stillyou.training.loop.optimiser import make_optimizer, split_batch

EIGHT = Optimisation(batch=1, learning_rate=0.1, eight_bit=True)


def test_min_snr_weights_by_hand() -> None:
    a_t = torch.tensor([0.95, 0.5, 0.2])  # snr 19, 1, 0.25
    assert snr_weights(a_t, 5.0, True).tolist() == pytest.approx([5 / 19, 1.0, 1.0])
    assert snr_weights(a_t, 5.0, False).tolist() == pytest.approx([5 / 20, 1 / 2, 0.25 / 1.25])


@dataclass(frozen=True)
class _Points:
    x: torch.Tensor
    y: torch.Tensor
    z: torch.Tensor | None = None


def test_parts_are_the_batch_in_order() -> None:
    batch = _Points(torch.arange(6), torch.arange(12).view(6, 2))
    parts = split_batch(batch, 3)
    assert [part.x.tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]
    assert torch.equal(torch.cat([part.y for part in parts]), batch.y)
    assert [part.z for part in parts] == [None] * 3
    assert split_batch(batch, 1) == [batch]


def test_no_average_costs_nothing_and_is_the_parameters() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    average = ExponentialAverage({"p": parameter}, 0.0)
    parameter.data = torch.tensor([3.0])
    average.update(1)
    with average.applied():
        assert parameter.item() == 3.0
    assert average.average["p"].item() == 3.0


def test_eight_bits_without_the_library_say_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "bitsandbytes" in sys.modules or _installed():
        pytest.skip("bitsandbytes is installed")
    with pytest.raises(StillYouError, match=r"pip install 'stillyou\[eight-bit\]'"):
        make_optimizer([nn.Parameter(torch.zeros(1))], EIGHT, torch.device("cpu"))
    with pytest.raises(SystemExit) as stop:
        main(["train", "--recipe", "embedded", "--eight-bit", "-o", str(tmp_path / "run")])
    assert stop.value.code == 1 and "stillyou[eight-bit]" in capsys.readouterr().err


def _installed() -> bool:
    import importlib.util

    return importlib.util.find_spec("bitsandbytes") is not None


class _AdamW8bit(torch.optim.Optimizer):
    """Keeps its state as bitsandbytes does: bytes, a code book that all share, and a step that is a plain number."""

    def __init__(
        self, parameters: list[nn.Parameter], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        self.book = torch.linspace(-1, 1, 256)

    def load_state_dict(self, state: dict[str, Any]) -> None:  # type: ignore[override]
        """As the library's: nothing is cast to the parameters' precision."""
        for index, p in enumerate(self.param_groups[0]["params"]):
            self.state[p] = state["state"][index]

    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if not self.state[p]:
                    self.state[p] = {"step": 0, "state1": torch.zeros_like(p, dtype=torch.uint8), "qmap1": self.book}
                state = self.state[p]
                assert isinstance(state["step"], int) and state["state1"].dtype is torch.uint8
                state["step"] += 1
                state["state1"] += 1
                p.data -= group["lr"] * (p.grad + state["state1"])


_AdamW8bit.__module__ = "bitsandbytes.optim.adamw"


def test_the_8_bit_state_survives_a_checkpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The wiring, with a stand-in whose state is shaped like the library's."""
    from safetensors.torch import load_file, save_file

    library = types.ModuleType("bitsandbytes")
    library.__spec__ = types.SimpleNamespace(name="bitsandbytes")  # type: ignore[assignment]
    optim = types.ModuleType("bitsandbytes.optim")
    optim.AdamW8bit = _AdamW8bit  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", library)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", optim)

    def fresh() -> tuple[dict[str, nn.Parameter], torch.optim.Optimizer]:
        parameters = {"a.w": nn.Parameter(torch.ones(3)), "b": nn.Parameter(torch.zeros(2))}
        return parameters, make_optimizer(list(parameters.values()), EIGHT, torch.device("cpu"))

    def steps(parameters: dict[str, nn.Parameter], optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            for parameter in parameters.values():
                parameter.grad = torch.ones_like(parameter)
            optimizer.step()

    whole, optimizer = fresh()
    steps(whole, optimizer, 4)
    first, optimizer = fresh()
    steps(first, optimizer, 2)
    save_file(optimizer_tensors(optimizer, first), tmp_path / "state.safetensors")
    resumed, optimizer = fresh()
    for name, parameter in resumed.items():
        parameter.data = first[name].data.clone()
    restore_optimizer(optimizer, resumed, load_file(tmp_path / "state.safetensors"))
    steps(resumed, optimizer, 2)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_lazy_editing_and_drift_are_told_and_outlast_restarts(tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    assert EarlyWarnings(path).look(100, {"change": 0.8, "outside_error": 4.0}) == []
    (lazy,) = EarlyWarnings(path).look(200, {"change": 0.1, "outside_error": 3.0})
    assert "lazy editing" in lazy and "10%" in lazy
    (drift,) = EarlyWarnings(path).look(300, {"change": 0.8, "outside_error": 5.0})
    assert "identity drift" in drift and "5.0 levels, 3.0 at best" in drift
    assert EarlyWarnings(path).look(400, {"change": 0.8, "outside_error": 3.9}) == []
    assert [entry["step"] for entry in json.loads(path.read_text())] == [100, 200, 300, 400]
    assert EarlyWarnings(path).look(300, {}) == []  # a resumed run validates again
    path.write_text("{")
    assert EarlyWarnings(path).look(500, {"change": 1.0}) == []


class _Chain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.second(self.first(x).half() * 60000)
        return result


def test_the_part_where_numbers_break_is_named() -> None:
    model = _Chain().half()
    nn.init.constant_(model.first.weight, 100.0)
    nn.init.constant_(model.second.weight, 1.0)
    assert first_not_finite(model, torch.zeros(1, 2).half()) in ("", "second")
    assert first_not_finite(model, torch.ones(1, 2).half()) == "second"
    nn.init.constant_(model.first.weight, 60000.0)
    assert first_not_finite(model, 2 * torch.ones(1, 2).half()) == "first"
    nn.init.constant_(model.second.bias, float("nan"))
    assert first_not_finite(model, torch.ones(1, 2).half()) == "the weights second.bias"
