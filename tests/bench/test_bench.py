"""The benchmark on a tiny model: rows, fairness, failures that stay where they are, files."""

from __future__ import annotations

import json
import time

import pytest
import torch
from PIL import Image

from stillyou.bench import editing, run, timing
from stillyou.bench.rows import Bench, Row
from stillyou.bench.sizes import stable_diffusion
from stillyou.cli import main
from tests.conftest import build_tiny_pipeline

CPU = torch.device("cpu")


def components():
    return dict(build_tiny_pipeline().components)


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(editing, "QUICK_STEPS", 2)
    return Bench(CPU, components, resolution=64, runs=2, quick=True)


def command(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["bench", *map(str, arguments)])
    return stop.value.code


def test_rows_pair_the_released_path_with_ours(bench):
    rows = list(editing.rows(bench))
    assert not any(row.error for row in rows)
    for task in ("edit, batch 1", "edit, batch 2"):
        paths = [row.path for row in rows if row.task == task]
        assert paths[0] == "released" and paths[-1] == "stillyou"
        assert all(len(row.runs) == 2 and row.settings["steps"] == 2 for row in rows if row.task == task)
    assert [row.path for row in rows if row.task == "edit with mask, batch 1"] == ["stillyou"]


def test_both_paths_evaluate_the_same_steps_and_branches():
    evaluated = {}
    for name in ("released", "ours"):
        pipeline = build_tiny_pipeline()
        counts = evaluated.setdefault(name, [])
        pipeline.unet.register_forward_pre_hook(lambda _, inputs, counts=counts: counts.append(len(inputs[0])))
        pictures = torch.zeros(1, 3, 64, 64)
        if name == "released":
            editing.edit_released(pipeline, pictures, 3)
        else:
            editing._edit(pipeline, pictures, 3)
    assert evaluated["released"] == evaluated["ours"] == [4, 4, 4]


def test_a_path_that_fails_costs_no_other_its_figures(bench, monkeypatch):
    monkeypatch.setattr(editing, "_released", lambda bench: (_ for _ in ()).throw(RuntimeError("no memory\nleft")))
    rows = list(editing.rows(bench))
    (failed,) = [row for row in rows if row.error]
    assert (failed.path, failed.error, failed.value) == ("released", "no memory left", None)
    assert [row.path for row in rows if row.task == "edit, batch 1" and row.value] == [
        "stillyou, half the steps guided",
        "stillyou",
    ]


def test_the_time_budget_ends_the_measurements_in_order(bench):
    spent = Bench(CPU, components, 64, runs=2, quick=True, deadline=time.monotonic() - 1)
    rows = list(editing.rows(spent))
    assert rows and all(row.error == "the time budget was spent" for row in rows)


def test_paths_take_turns():
    order = []
    names = ("a", "b")
    seconds = timing.in_turn({name: lambda name=name: order.append(name) for name in names}, 3, CPU)
    assert order == ["a", "b"] * 3
    assert [len(seconds[name]) for name in names] == [3, 3]
    order.clear()
    timing.in_turn({name: lambda name=name: order.append(name) for name in names}, 3, CPU, deadline=0.0)
    assert order == ["a", "b"]


def test_results_are_written_as_they_come(bench, tmp_path, monkeypatch):
    seen = []

    def part(given):
        assert given is bench
        yield Row(task="edit, batch 1", path="released", unit="seconds an edit", runs=(2.0, 3.0, 1.0))
        seen.append(json.loads((tmp_path / "bench.json").read_text())["rows"])
        yield Row(task="edit, batch 1", path="stillyou", unit="seconds an edit", runs=(0.5,))
        raise RuntimeError("out of luck")

    monkeypatch.setattr(editing, "rows", part)
    document = run.run(bench, ["edit"], tmp_path)
    assert [row["value"] for row in seen[0]] == [2.0]
    assert document == json.loads((tmp_path / "bench.json").read_text())
    assert document["figures"] == {"edit time, share of the released path's": 0.25}
    assert document["rows"][-1]["error"] == "RuntimeError: out of luck"
    assert Image.open(tmp_path / "bench.png").size[0] > 400


def test_figures_compare_training_at_the_released_batch():
    def row(task, path, value):
        return Row(task=task, path=path, unit="training images a second", runs=(value,))

    rows = [row("t, batch 4", "released", 2.0), row("t, batch 4", "ours", 9.0), row("t, batch 16", "ours", 90.0)]
    assert list(run.figures(rows).values()) == [4.5]
    memory = Row(
        task="edit, batch 1", path="x", unit="seconds an edit", peak_memory_gb=3.5, settings={"precision": "fp16"}
    )
    assert run.figures([memory]) == {"peak memory of an edit in fp16, GB": 3.5}


def test_full_size_has_the_parameters_of_stable_diffusion():
    parts = stable_diffusion(torch.device("meta"))
    counts = {
        name: sum(parameter.numel() for parameter in parts[name].parameters())
        for name in ("unet", "vae", "text_encoder", "image_encoder", "adapter")
    }
    assert counts == {
        "unet": 859_520_964 + 4 * 9 * 320,  # Stable Diffusion 1.5's, and conv_in's four more channels
        "vae": 83_653_863,
        "text_encoder": 123_060_480,
        "image_encoder": 87_456_000,
        "adapter": 1024 * 768 + 768 + 54 * 50 + 50,
    }


def test_the_command(tmp_path, monkeypatch, capsys, bench):
    monkeypatch.setattr(run, "make_bench", lambda device, **options: bench)
    assert command("--quick", "--only", "edit", "-o", tmp_path / "out", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["goals"] and {"bench.json", "bench.png"} == {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "sing"], "unknown part"),
        (["--quick", "--runs", "0"], "--runs"),
        (["--device", "cpu"], "--quick"),
        (["--quick", "--budget-minutes", "-1"], "--budget-minutes"),
    ],
)
def test_wrong_options(arguments, told, capsys):
    assert command(*arguments) == 2
    assert told in capsys.readouterr().err
