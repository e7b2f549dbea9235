"""The chain as a whole: exact resume of both trained stages, what it refuses, and what it leaves."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from stillyou.diffusion.card import read_card, write_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import UsageError
from stillyou.models.load import load_pipeline
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import EditorSettings
from stillyou.training.loop.trainer import Outcome
from stillyou.training.run import Request
from stillyou.training.stages import RunReport, run_training
from tests.training.fakes import SANTA, tiny_config


def no_validation(pipeline: MultiConditionedPipeline, step: int) -> Mapping[str, float | Path]:
    return {}


def request(folder: Path, pairs: Path, **changes: Any) -> Request:
    return Request(folder, tiny_config(), ("autoencoder", "editor"), pairs, "cpu", **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, painted_folder: Path) -> Path:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    report = run_training(request(folder, painted_folder), no_validation)
    assert report.outcome is Outcome.FINISHED and report.model == folder / "model"
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    files = sorted(folder.rglob("*.safetensors"))
    return {f"{file.relative_to(folder)}:{name}": tensor for file in files for name, tensor in load_file(file).items()}


def test_interrupted_stages_end_bit_identical(
    whole: Path, tmp_path: Path, painted_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every session is paused after two steps, so both stages take two sessions."""
    from stillyou.training.loop.clock import Clock

    folder, sessions = tmp_path / "run", 0
    looks = {"count": 0}

    def paused(clock: Clock) -> bool:
        looks["count"] += 1
        return looks["count"] > 2

    monkeypatch.setattr(Clock, "paused", paused)
    report = RunReport(outcome=Outcome.PAUSED)
    while report.outcome is Outcome.PAUSED:
        looks["count"], sessions = 0, sessions + 1
        assert sessions < 10
        report = run_training(request(folder, painted_folder), no_validation)
    assert sessions > 2
    one, other = weights(whole / "model"), weights(folder / "model")
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_model_loads_and_its_card_tells_where_it_comes_from(whole: Path, painted: PairDataset) -> None:
    card = read_card(whole / "model")
    assert card is not None and card.resolution == 64 and card.licence == "Apache-2.0"
    assert set(card.effect_ids) == {"santa", "laughing"}
    assert card.training["steps"] == 4 and card.training["samples"] == 16
    assert card.training["pairs_fingerprint"] == painted.fingerprint()
    for name in ("model", "compact"):
        pipeline = load_pipeline(str(whole / name), "cpu", torch.float32)
        assert pipeline.resolution == 64
        assert len(pipeline.vae.config.latents_std) == 4


def test_a_finished_run_is_left_alone(whole: Path, painted_folder: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (whole / "model").rglob("*") if file.is_file()}
    report = run_training(request(whole, painted_folder), no_validation)
    assert report.outcome is Outcome.FINISHED and report.stages["editor"] == {"skipped": True}
    assert before == {file: file.stat().st_mtime_ns for file in (whole / "model").rglob("*") if file.is_file()}


def test_what_a_kill_has_left_unwritten_is_written_when_the_run_is_repeated(
    whole: Path, tmp_path: Path, painted_folder: Path
) -> None:
    """After the last checkpoint: the model is still that of fewer steps, and its compact form is not there."""
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    shutil.rmtree(folder / "compact")
    card = read_card(folder / "model")
    assert card is not None
    write_card(folder / "model", card.model_copy(update={"training": {**card.training, "steps": 2}}))
    (folder / "model" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    (folder / ".part-old-model").mkdir()
    assert run_training(request(folder, painted_folder), no_validation).model == folder / "model"
    for name in ("model", "compact"):
        one, other = weights(whole / name), weights(folder / name)
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    assert not list(folder.glob(".part-*"))


def test_fine_tuning_keeps_what_the_model_knows(whole: Path, tmp_path: Path, painted_folder: Path) -> None:
    hat = SANTA.model_copy(update={"id": "hat", "target_prompt": "a {subject}, tall hat"})
    pairs = _pairs_of(tmp_path, hat)
    config = tiny_config(steps=2, editor=EditorSettings(batch=4, warmup_steps=2, studio_share=0.0))
    tune = Request(tmp_path / "run", config, ("editor",), pairs, "cpu", init=str(whole / "model"), effects=(hat,))
    run_training(tune, no_validation)
    card = read_card(tmp_path / "run" / "model")
    assert card is not None and set(card.effect_ids) == {"santa", "laughing", "hat"}
    before, after = weights(whole / "model"), weights(tmp_path / "run" / "model")
    vae = [name for name in before if name.startswith("vae")]
    assert vae and all(torch.equal(before[name], after[name]) for name in vae)
    assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith("unet"))


def _pairs_of(folder: Path, effect: Any) -> Path:
    from stillyou.pairs.generate import make_pairs
    from tests.training.fakes import QUIET, Painter

    make_pairs(Painter(), [effect], 4, folder / "own", execution=QUIET)
    return folder / "own"


def test_refusals_name_the_remedy(tmp_path: Path, painted_folder: Path, whole: Path) -> None:
    new = tmp_path / "new"
    with pytest.raises(UsageError, match="no pair dataset"):
        run_training(request(new, tmp_path / "nothing"))
    with pytest.raises(UsageError, match="has no end"):
        run_training(dataclasses.replace(request(new, painted_folder), config=tiny_config(steps=None)))
    with pytest.raises(UsageError, match="fine-tuning needs pairs"):
        run_training(Request(new, tiny_config(), ("editor",), None, "cpu", init="embedded"))
    with pytest.raises(UsageError, match="no pairs of effect 'hat'"):
        hat = SANTA.model_copy(update={"id": "hat"})
        run_training(request(new, painted_folder, effects=(hat,)))
    with pytest.raises(UsageError, match="Run the autoencoder stage first"):
        run_training(dataclasses.replace(request(new, painted_folder), stages=("editor",)))
    with pytest.raises(UsageError, match="seed = 0, now it is 5"):
        run_training(dataclasses.replace(request(whole, painted_folder), config=tiny_config(seed=5)))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds no run"):
        run_training(request(tmp_path / "full", painted_folder))
    with pytest.raises(UsageError, match="fp16 needs a GPU"):
        config = tiny_config(precision="fp16")
        run_training(dataclasses.replace(request(tmp_path / "half", painted_folder), config=config))


def test_a_budget_that_leaves_no_time_is_refused_before_anything_is_made(tmp_path: Path, painted_folder: Path) -> None:
    config = tiny_config(steps=None, budget_minutes=1e-6)
    with pytest.raises(UsageError, match="reaches no step of the autoencoder.*Give --budget-minutes"):
        run_training(dataclasses.replace(request(tmp_path / "run", painted_folder), config=config), no_validation)
    assert not (tmp_path / "run").exists()


def test_fine_tuning_mixes_in_what_the_studio_draws(whole: Path, tmp_path: Path) -> None:
    hat = SANTA.model_copy(update={"id": "hat", "target_prompt": "a {subject}, tall hat"})
    config = tiny_config(steps=1, render={"candidates": 1, "workers": 1})
    tune = Request(
        tmp_path / "run", config, ("render", "editor"), _pairs_of(tmp_path, hat), "cpu", init=str(whole / "model")
    )
    report = run_training(tune, no_validation)
    assert report.stages["render"]["cartoon"]["candidates"] == 1
    rendered = PairDataset(tmp_path / "run" / "pairs" / "cartoon", status="any")
    assert {row["effect"] for row in rendered.rows(("effect",))} == {"santa", "laughing"}
    card = read_card(tmp_path / "run" / "model")
    assert card is not None and set(card.effect_ids) == {"santa", "laughing", "hat"}
    assert card.training["teachers"] == "cartoon, painter"
