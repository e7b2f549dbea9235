"""What the machine offers: when bf16 counts as fast, what is kept of it, and what overrules it."""

from __future__ import annotations

import json

import pytest
import torch

from stillyou import machine
from stillyou.errors import UsageError
from stillyou.machine import PRECISION_VARIABLE, cpu_bf16_is_fast, pick_dtype

CPU = torch.device("cpu")


def trial(bf16: float, fp32: float):
    """Return a trial of known seconds, and the list that its calls go to."""
    calls = []

    def run(half):
        calls.append(half)
        return bf16 if half else fp32

    return run, calls


def test_without_instructions_nothing_is_tried_or_kept(tmp_path):
    run, calls = trial(0.1, 1.0)
    assert not cpu_bf16_is_fast(False, "cpu", run, tmp_path / "bf16.json")
    assert not calls and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("bf16", "fast"), [(0.5, True), (0.8, True), (0.81, False), (3.0, False)])
def test_instructions_alone_do_not_decide(tmp_path, bf16, fast):
    cache = tmp_path / "stillyou" / "bf16.json"
    run, calls = trial(bf16, 1.0)
    assert cpu_bf16_is_fast(True, "cpu a", run, cache) is fast and len(calls) == 2
    assert cpu_bf16_is_fast(True, "cpu a", run, cache) is fast and len(calls) == 2  # kept
    slower, more = trial(9.0, 1.0)
    assert not cpu_bf16_is_fast(True, "cpu b", slower, cache) and len(more) == 2
    assert json.loads(cache.read_text()) == {"cpu a": fast, "cpu b": False}


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"cpu": "yes"}', '{"cpu": null}', "\x00" * 9, "[" * 99_999])
def test_a_damaged_cache_costs_no_more_than_the_trial(tmp_path, content):
    cache = tmp_path / "bf16.json"
    cache.write_text(content)
    run, calls = trial(0.5, 1.0)
    assert cpu_bf16_is_fast(True, "cpu", run, cache) and calls
    assert json.loads(cache.read_text()) == {"cpu": True}


def test_a_cache_that_cannot_be_written_fails_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    for cache in (tmp_path / "file" / "bf16.json", tmp_path):
        assert cpu_bf16_is_fast(True, "cpu", trial(0.5, 1.0)[0], cache)


def test_the_cache_does_not_grow_for_ever(tmp_path):
    cache = tmp_path / "bf16.json"
    for number in range(40):
        cpu_bf16_is_fast(True, f"cpu {number}", trial(0.5, 1.0)[0], cache)
    assert "cpu 39" in (kept := json.loads(cache.read_text())) and len(kept) < 30


def test_auto_asks_the_machine_and_the_environment_overrules_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(PRECISION_VARIABLE, raising=False)
    monkeypatch.setattr(machine, "_trial_seconds", lambda half: 0.5 if half else 1.0)
    monkeypatch.setattr(machine, "_has_bf16_instructions", lambda: False)
    assert pick_dtype("auto", CPU) is torch.float32
    monkeypatch.setattr(machine, "_has_bf16_instructions", lambda: True)
    assert pick_dtype("auto", CPU) is torch.bfloat16
    assert list(json.loads((tmp_path / "stillyou" / "bf16.json").read_text()).values()) == [True]
    monkeypatch.setenv(PRECISION_VARIABLE, "fp32")
    assert pick_dtype("auto", CPU) is torch.float32
    assert pick_dtype("bf16", CPU) is torch.bfloat16  # the command line overrules the environment
    monkeypatch.setenv(PRECISION_VARIABLE, "fp8")
    with pytest.raises(UsageError, match="STILLYOU_PRECISION is 'fp8'"):
        pick_dtype("auto", CPU)


def test_the_trial_takes_time_in_both_precisions():
    assert machine._trial_seconds(True) > 0 and machine._trial_seconds(False) > 0
