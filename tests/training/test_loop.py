"""The loop: exact resume, limits, pauses, signals, and a loss that stops being a number."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from stillyou.errors import StillYouError
from stillyou.training.config import AutoencoderSettings, Optimisation
from stillyou.training.device import make_accelerator
from stillyou.training.loop.checkpoint import checkpoint_folders, latest_checkpoint
from stillyou.training.loop.clock import Clock, Limits, learning_rate
from stillyou.training.loop.progress import StageReporter
from stillyou.training.loop.trainer import Intervals, Outcome, Task, Trainer
from tests.training.fakes import Line, Numbers, line_batches

SETTINGS = Optimisation(batch=8, learning_rate=0.1, warmup_steps=3, ema_decay=0.9)
IDENTITY = {"seed": 0}


def trainer(
    folder: Path,
    limits: Limits,
    model: Line | None = None,
    identity: Mapping[str, int] = IDENTITY,
    intervals: Intervals | None = None,
    settings: Optimisation = SETTINGS,
) -> Trainer:
    task = Task("line", model or Line(), ("all",), line_batches, identity)
    intervals = intervals or Intervals(checkpoint_steps=4)
    return Trainer(
        make_accelerator("cpu", "fp32"), task, settings, Clock(limits), intervals, folder, StageReporter("line")
    )


def state(folder: Path) -> dict[str, torch.Tensor]:
    checkpoint = latest_checkpoint(folder)
    assert checkpoint is not None
    parts = {"model": checkpoint.model, "average": checkpoint.average, "optimizer": checkpoint.optimizer}
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_learns_a_line(tmp_path: Path) -> None:
    run = trainer(tmp_path, Limits(steps=300))
    assert run.run() is Outcome.FINISHED
    run.average.apply()
    assert [p.item() for p in run.parameters.values()] == pytest.approx([2.0, 1.0], abs=0.02)


@pytest.mark.parametrize("cut", [1, 4, 7, 9])
def test_interrupted_and_uninterrupted_runs_end_bit_identical(tmp_path: Path, cut: int) -> None:
    trainer(tmp_path / "whole", Limits(steps=10)).run()
    model = _Interrupted(cut)
    assert trainer(tmp_path / "cut", Limits(steps=10), model).run() is Outcome.INTERRUPTED
    resumed = trainer(tmp_path / "cut", Limits(steps=10))
    assert resumed.step == cut
    assert resumed.run() is Outcome.FINISHED
    assert same(state(tmp_path / "whole"), state(tmp_path / "cut"))


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    trainer(tmp_path / "whole", Limits(steps=10)).run()
    with pytest.raises(RuntimeError, match="killed"):
        trainer(tmp_path / "cut", Limits(steps=10), _Killed(7)).run()
    resumed = trainer(tmp_path / "cut", Limits(steps=10))
    assert resumed.step == 4
    resumed.run()
    assert same(state(tmp_path / "whole"), state(tmp_path / "cut"))


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer(tmp_path / "whole", Limits(steps=12)).run()
    trainer(tmp_path / "cut", Limits(steps=8)).run()
    newest = checkpoint_folders(tmp_path / "cut")[-1]
    weights = newest / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    resumed = trainer(tmp_path / "cut", Limits(steps=12))
    assert resumed.step == 4
    assert "damaged" in capsys.readouterr().err
    resumed.run()
    assert same(state(tmp_path / "whole"), state(tmp_path / "cut"))


def test_only_the_newest_two_checkpoints_stay(tmp_path: Path) -> None:
    trainer(tmp_path, Limits(steps=17)).run()
    assert [path.name for path in checkpoint_folders(tmp_path)] == ["checkpoint-00000016", "checkpoint-00000017"]
    assert not list(tmp_path.glob(".part-*"))


def test_another_run_is_not_resumed(tmp_path: Path) -> None:
    trainer(tmp_path, Limits(steps=2)).run()
    with pytest.raises(StillYouError, match="seed = 0, now it is 1"):
        trainer(tmp_path, Limits(steps=2), identity={"seed": 1})


@pytest.mark.parametrize("broken_at", [3, 6])
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path, broken_at: int) -> None:
    with pytest.raises(StillYouError, match=f"no finite number any more .noticed at step {broken_at}") as error:
        trainer(tmp_path, Limits(steps=20), Line(broken_at)).run()
    kept = latest_checkpoint(tmp_path)
    if broken_at < 4:
        assert kept is None
    else:
        assert kept is not None and kept.step == 4 and "checkpoint-00000004" in str(error.value)
        assert all(tensor.isfinite().all() for tensor in kept.model.values())


def test_a_pause_saves_and_a_budget_ends(tmp_path: Path) -> None:
    run = trainer(tmp_path, Limits(steps=10, budget=100.0, pause=50.0))
    run.clock.now = iter_clock(run.clock, [10.0, 20.0, 55.0])
    assert run.run() is Outcome.PAUSED
    assert 0 < run.step < 10
    resumed = trainer(tmp_path, Limits(budget=100.0))
    assert resumed.step == run.step and resumed.clock.spent >= 50
    resumed.clock.now = iter_clock(resumed.clock, [101.0])
    assert resumed.run() is Outcome.FINISHED


def iter_clock(clock: Clock, seconds: list[float]):  # type: ignore[no-untyped-def]
    """A clock that moves one entry with every look and stays at the last."""
    start, times = clock.now(), iter(seconds)
    last = [0.0]

    def now() -> float:
        last[0] = next(times, last[0])
        return start + last[0]

    return now


def test_progress_is_the_greater_share() -> None:
    clock = Clock(Limits(steps=10, budget=100.0), now=lambda: 0.0)
    assert clock.progress(2) == 0.2
    clock.spent = 60.0
    assert clock.progress(2) == 0.6 and not clock.finished(9)
    clock.spent = 100.0
    assert clock.progress(2) == 1.0 and clock.finished(2)
    assert Clock(Limits(steps=3)).finished(3)


def test_learning_rate_by_hand() -> None:
    settings = AutoencoderSettings(learning_rate=1.0, warmup_steps=4, decay_from=0.5, final=0.1)
    assert learning_rate(settings, 0, 0.0) == pytest.approx(0.25)
    assert learning_rate(settings, 3, 0.5) == pytest.approx(1.0)
    assert learning_rate(settings, 99, 0.75) == pytest.approx(0.1 + 0.9 * 0.5)
    assert learning_rate(settings, 99, 1.0) == pytest.approx(0.1)


def test_validation_sees_the_average_and_leaves_the_weights(tmp_path: Path) -> None:
    model, seen = Line(), []

    def validate(step: int, reporter: StageReporter) -> Mapping[str, float]:
        seen.append((step, model.a.item()))
        return {"a": model.a.item()}

    task = Task("line", model, ("all",), line_batches, IDENTITY, validate)
    run = Trainer(
        make_accelerator("cpu", "fp32"),
        task,
        SETTINGS,
        Clock(Limits(steps=5)),
        Intervals(),
        tmp_path,
        StageReporter("line"),
    )
    run.run()
    average = run.average.average["a"].item()
    assert seen == [(5, average)] and model.a.item() != average


class _Interrupted(Line):
    """Gets Ctrl-C during a step."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def forward(self, batch: Numbers) -> tuple[torch.Tensor, torch.Tensor]:
        result = super().forward(batch)
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return result


class _Killed(Line):
    """Dies during a step."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def forward(self, batch: Numbers) -> tuple[torch.Tensor, torch.Tensor]:
        if self.calls == self.at:
            raise RuntimeError("killed")
        return super().forward(batch)
