"""The plan: what a request comes to, and budgets that reach no step; and what may change in a begun run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from stillyou.cli import main
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.training import expected as expected_module
from stillyou.training import plan as plan_module
from stillyou.training.begun import FORMAT
from stillyou.training.config import AutoencoderSettings, EditorSettings, RenderSettings, TeacherSettings
from stillyou.training.data import pair_encoder
from stillyou.training.data.building import CacheBuilder
from stillyou.training.loop.clock import Clock
from stillyou.training.loop.trainer import Outcome
from stillyou.training.plan import Plan, make_plan
from stillyou.training.rates import Hardware, Rates
from stillyou.training.run import Request, Run
from stillyou.training.stages import run_training
from tests.training.fakes import SANTA, paint_pairs, tiny_config

CPU = Hardware(torch.device("cpu"), torch.float32)
SLOW = Rates("made up", encode=10.0, steps={"autoencoder": 2.0, "editor": 30.0}, peaks={"encoding": 1e9, "editor": 2e9})


def no_validation(pipeline: MultiConditionedPipeline, step: int) -> Mapping[str, float | Path]:
    return {}


def request(folder: Path, pairs: Path | None, **changes: Any) -> Request:
    stages = ("autoencoder", "editor") if pairs else ("render", "autoencoder", "editor")
    return Request(folder, tiny_config(**changes), stages, pairs, "cpu")


def budget(folder: Path, pairs: Path | None, minutes: float, **changes: Any) -> Request:
    return request(folder, pairs, steps=None, budget_minutes=minutes, **changes)


def slow_plan(asked: Request) -> Plan:
    return dataclasses.replace(make_plan(asked), rates=SLOW)


def test_a_budget_is_divided_into_preparation_and_steps(tmp_path: Path, painted_folder: Path) -> None:
    autoencoder, editor = slow_plan(budget(tmp_path / "run", painted_folder, 100.0)).stages()
    assert editor.preparation == pytest.approx(24 * 10.0)
    assert editor.seconds is not None and autoencoder.seconds is not None
    assert editor.seconds + autoencoder.seconds == pytest.approx(60 * 100 - 15)
    assert editor.expected_steps == int((editor.seconds - 240) / 30)
    assert not (tmp_path / "run").exists()


def test_a_budget_that_reaches_no_step_is_refused_with_one_that_does(tmp_path: Path, painted_folder: Path) -> None:
    said = str(slow_plan(budget(tmp_path / "run", painted_folder, 2.0)).problem())
    assert "--budget-minutes 2 reaches no step of the editor" in said and "encodes 24 pairs in 2 copies" in said
    enough = float(said.split("Give --budget-minutes ")[1].split()[0])
    assert slow_plan(budget(tmp_path / "run", painted_folder, enough)).problem() is None
    assert slow_plan(budget(tmp_path / "run", painted_folder, 0.8 * enough)).problem() is not None


def test_pairs_that_are_yet_to_be_rendered_count(tmp_path: Path) -> None:
    """Two teachers at their recorded speeds: what they will have made must be encoded in what is left."""
    teachers = {"people": TeacherSettings(time=3.0), "cartoon": TeacherSettings(candidates=10)}
    render = RenderSettings(effects="santa,laughing", candidates=10_000, workers=2, teachers=teachers)
    asked = budget(tmp_path / "run", None, 60.0, render=render)
    rendering, _, editor = slow_plan(asked).stages()
    assert rendering.seconds == pytest.approx(0.25 * (3600 - 15))
    people = int(2 * 1.8 * 0.75 * rendering.seconds)
    assert f"about {people} of people and 20 of cartoon" in rendering.work
    assert editor.preparation == pytest.approx(10.0 * (people + 20))


def test_drafts_that_are_drawn_while_pairs_are_encoded_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 16 cores, 0.28 s of a core for each of 120 people and 0.033 s for each of 20 cartoons."""
    monkeypatch.setattr(expected_module, "cores", lambda: 16)
    teachers = {"people": TeacherSettings(candidates=60), "cartoon": TeacherSettings(candidates=10)}
    render = RenderSettings(effects="santa,laughing", workers=16, teachers=teachers)
    drafted = EditorSettings(batch=4, warmup_steps=2, drafts=0.3)
    plain = slow_plan(budget(tmp_path / "run", None, 600.0, render=render)).stages()[-1]
    editor = slow_plan(budget(tmp_path / "run", None, 600.0, render=render, editor=drafted)).stages()[-1]
    assert "encodes 140 pairs in 2 copies, with drafts" in editor.work and "drafts" not in plain.work
    assert editor.preparation - plain.preparation == pytest.approx((120 * 0.28 + 20 * 0.033) / 16)


def test_the_run_refuses_before_anything_is_made(
    tmp_path: Path, painted_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "estimate", lambda request, hardware: SLOW)
    for pairs in (painted_folder, None):
        with pytest.raises(UsageError, match="reaches no step"):
            run_training(budget(tmp_path / "run", pairs, 1.0), no_validation)
        assert not (tmp_path / "run").exists()


def test_real_estimates_of_tiny_networks(tmp_path: Path, painted_folder: Path) -> None:
    plan = make_plan(budget(tmp_path / "run", painted_folder, 30.0)).estimated(CPU)
    assert plan.rates is not None and 0 < plan.rates.encode < 60
    assert set(plan.rates.steps) == {"autoencoder", "editor"} and all(
        0 < value < 60 for value in plan.rates.steps.values()
    )
    described = plan.describe()
    assert described["stages"]["editor"]["estimated_steps"] > 0
    assert described["memory"]["encoding_gb"] > 0 and described["memory"]["editor_gb"] > 0
    assert described["problem"] is None


def test_a_budget_that_ends_while_encoding_says_so_and_more_of_it_goes_on(
    tmp_path: Path, painted_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Estimates may be wrong: time runs out after two batches."""
    fast = dataclasses.replace(SLOW, encode=0.01, steps=dict.fromkeys(SLOW.steps, 0.01))
    monkeypatch.setattr(plan_module, "estimate", lambda request, hardware: fast)
    monkeypatch.setattr(pair_encoder, "_PIXELS_AT_A_TIME", {"cpu": 8 * 64**2})
    asked = budget(tmp_path / "run", painted_folder, 30.0)
    run_training(dataclasses.replace(asked, stages=("autoencoder",), config=tiny_config()), no_validation)
    asked = dataclasses.replace(asked, stages=("editor",), config=tiny_config(steps=2, budget_minutes=30.0))
    encode, batches = CacheBuilder._encode, [0]

    def counted(builder: CacheBuilder, frames: torch.Tensor) -> None:
        batches[0] += 1
        encode(builder, frames)

    monkeypatch.setattr(CacheBuilder, "_encode", counted)
    finished = Clock.finished
    with monkeypatch.context() as patch, pytest.raises(StillYouError, match="while pairs were encoded; 16 of 24 are"):
        patch.setattr(Clock, "finished", lambda clock, step: batches[0] >= 2 or finished(clock, step))
        run_training(asked, no_validation)
    assert run_training(asked, no_validation).outcome is Outcome.FINISHED and batches[0] == 3


def test_a_pause_while_encoding_keeps_what_there_is(
    tmp_path: Path, painted_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path / "run", painted_folder)
    run_training(dataclasses.replace(asked, stages=("autoencoder",)), no_validation)
    with monkeypatch.context() as patch:
        patch.setattr(Clock, "paused", lambda clock: True)
        report = run_training(asked, no_validation)
    assert report.outcome is Outcome.PAUSED and report.stages["editor"]["steps"] == 0
    assert list((tmp_path / "run" / "cache").glob(".part-*"))
    assert Run(asked).spent()["editor"] > 0
    assert run_training(asked, no_validation).outcome is Outcome.FINISHED


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, painted_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    run_training(request(folder, painted_folder), no_validation)
    return folder


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 5}, "seed = 0, now it is 5"),
        ({"editor": EditorSettings(batch=4, warmup_steps=2, learning_rate=1e-3)}, "editor.learning_rate = 0.0004"),
        ({"editor": EditorSettings(batch=4, warmup_steps=2, min_snr=5.0)}, "editor.min_snr = None, now it is 5.0"),
        (
            {"editor": EditorSettings(batch=4, warmup_steps=2, branches={"full": 0.76, "none": 0.0})},
            "editor.branches.full = 0.68, now it is 0.76; editor.branches.none = 0.08, now it is 0.0",
        ),
        ({"editor": EditorSettings(batch=8, warmup_steps=2)}, "editor.batch = 4, now it is 8"),
        ({"autoencoder": AutoencoderSettings(batch=8, warmup_steps=2)}, "autoencoder.batch = 4, now it is 8"),
        ({"held_back": 1}, "held_back = 2, now it is 1"),
    ],
)
def test_what_shapes_weights_may_not_change(
    finished: Path, painted_folder: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError) as refused:
        make_plan(request(finished, painted_folder, **changes))
    assert named in str(refused.value) and "choose another folder" in str(refused.value)


def test_other_pairs_of_a_finished_run_are_refused_with_the_way_on(finished: Path, tmp_path: Path) -> None:
    other = paint_pairs(tmp_path / "other", n=2, seed=3)
    with pytest.raises(UsageError, match=f"pairs = .*pairs, now it is {other.path}.*--init"):
        make_plan(request(finished, other.path))


def test_the_same_pairs_in_another_place_are_the_same(finished: Path, painted_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").symlink_to(painted_folder)
    assert not make_plan(request(finished, tmp_path / "moved")).begun.changes


def test_limits_device_and_logging_may_change_and_are_told(
    finished: Path, painted_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = request(finished, painted_folder, checkpoint_minutes=1.0, validate_minutes=2.0, steps=4, precision="bf16")
    told = [change.key for change in make_plan(asked).begun.changes]
    assert told == ["checkpoint_minutes", "precision", "validate_minutes"]
    run_training(asked, no_validation)
    assert "checkpoint_minutes = 3.0, now it is 1.0" in capsys.readouterr().err
    run_training(request(finished, painted_folder), no_validation)


def test_a_stage_that_has_not_begun_may_change(tmp_path: Path, painted_folder: Path) -> None:
    asked = request(tmp_path / "run", painted_folder)
    run_training(dataclasses.replace(asked, stages=("autoencoder",)), no_validation)
    other = request(tmp_path / "run", painted_folder, editor=EditorSettings(batch=2, warmup_steps=2))
    assert [change.refused for change in make_plan(other).begun.changes] == [False]
    begun = request(tmp_path / "run", painted_folder, autoencoder=AutoencoderSettings(batch=2, warmup_steps=2))
    with pytest.raises(UsageError, match="autoencoder.batch = 4, now it is 2"):
        make_plan(begun)
    assert not [c for c in make_plan(dataclasses.replace(begun, stages=("editor",))).begun.changes if c.refused]


@pytest.mark.parametrize(("number", "remedy"), [(None, "Finish it with that version"), (FORMAT + 1, "Upgrade")])
def test_runs_of_another_format_are_told_apart(
    tmp_path: Path, painted_folder: Path, number: int | None, remedy: str
) -> None:
    record = {"config": tiny_config().model_dump(mode="json"), "request": {}} | ({"format": number} if number else {})
    (tmp_path / "config.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=f"run of another version of stillyou.*{remedy}"):
        make_plan(request(tmp_path, painted_folder))


@pytest.mark.parametrize("text", ["{", "[1]", '{"format": 2}', '{"format": 2, "config": {}, "request": 3}'])
def test_a_damaged_record_is_one_line(tmp_path: Path, painted_folder: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(StillYouError, match="config.json is damaged"):
        make_plan(request(tmp_path, painted_folder))


def test_the_dry_run_names_a_budget_that_is_too_short(
    tmp_path: Path, painted_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plan_module, "estimate", lambda request, hardware: SLOW)
    command = ["train", "--recipe", "embedded-128", "--pairs", str(painted_folder), "-o", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--device", "cpu", "--budget-minutes", "2", "--dry-run", "--json"])
    assert not stop.value.code
    assert "reaches no step" in json.loads(capsys.readouterr().out)["problem"]
    assert not (tmp_path / "run").exists()


def test_effects_described_anew_are_another_request(tmp_path: Path, painted_folder: Path) -> None:
    asked = request(tmp_path / "run", painted_folder)
    run_training(dataclasses.replace(asked, stages=("autoencoder",)), no_validation)
    named = dataclasses.replace(asked, effects=(SANTA.model_copy(update={"title": "Saint"}),))
    with pytest.raises(UsageError, match="effects"):
        make_plan(named)
