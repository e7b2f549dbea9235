"""The command line: the whole chain on the studio, wrong usage, and the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillyou.cli import main
from stillyou.training.config import TrainingConfig, load_recipe, recipes
from tests.training.fakes import tiny_config, write_toml


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture
def tiny_toml(tmp_path: Path) -> Path:
    """The tiny settings as a file of one's own."""
    settings = tiny_config(render={"effects": "santa,laughing", "candidates": 4, "workers": 1})
    path = tmp_path / "tiny.toml"
    write_toml(settings, path)
    return path


def test_the_chain_from_nothing_to_a_model(tmp_path: Path, tiny_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    arguments = ("train", "--config", tiny_toml, "-o", out, "--device", "cpu", "--steps", "2", "--json")
    assert run(*arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["outcome"] == "finished" and answer["model"] == str(out / "model")
    assert answer["stages"]["render"]["cartoon"]["candidates"] == 4
    assert answer["stages"]["autoencoder"]["steps"] == answer["stages"]["editor"]["steps"] == 2
    assert (out / "model" / "stillyou.json").is_file() and (out / "compact" / "stillyou.json").is_file()
    assert len(list((out / "samples").glob("*.png"))) == 1
    assert list((out / "tensorboard").iterdir())
    assert run(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["stages"]["editor"] == {"skipped": True}


def test_dry_run_writes_nothing(tmp_path: Path, tiny_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run("train", "--config", tiny_toml, "-o", out, "--dry-run", "--json", "--budget-minutes", "10") == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["parameters"]["total"] == sum(v for k, v in planned["parameters"].items() if k != "total")
    assert list(planned["stages"]) == ["render", "autoencoder", "editor"]
    assert planned["config"]["budget_minutes"] == 10 and planned["config"]["steps"] is None
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "embeded"], "Did you mean 'embedded'"),
        ([], "no settings are named"),
        (["--recipe", "embedded", "--config", "x.toml"], "exclude each other"),
        (["--config", "missing.toml"], "missing.toml"),
        (["--recipe", "embedded", "--budget-minutes", "nan"], "--budget-minutes is nan"),
        (["--recipe", "embedded", "--budget-minutes", "-3"], "--budget-minutes is -3"),
        (["--recipe", "embedded", "--pause-after-minutes", "0"], "--pause-after-minutes is 0"),
        (["--recipe", "embedded", "--steps", "0"], "'steps'"),
        (["--recipe", "embedded", "--batch", "-1"], "batch"),
        (["--recipe", "embedded", "--seed", "-1"], "'seed'"),
        (["--recipe", "embedded", "--precision", "fp8"], "'precision'"),
        (["--recipe", "embedded", "--stage", "edit"], "Did you mean 'editor'"),
        (["--recipe", "embedded", "--device", "gpu"], "unknown device"),
        (["--recipe", "embedded", "--pairs", "nowhere"], "nowhere is no pair dataset"),
        (["--init", "embedded", "--stage", "autoencoder"], "keeps the model's autoencoder"),
        (["--init", "nomodel", "--pairs", "nowhere"], "there is no model 'nomodel'"),
        (["--recipe", "embedded", "-e", "snata"], "santa"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("train", "-o", out, *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err and not captured.out
    assert not out.exists()


@pytest.mark.parametrize(("outcome", "code"), [("paused", 0), ("terminated", 0), ("interrupted", 130)])
def test_exit_codes_of_sessions_that_stop_early(
    tmp_path: Path, outcome: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stillyou.training import stages
    from stillyou.training.loop.trainer import Outcome

    monkeypatch.setattr(stages, "run_training", lambda request: stages.RunReport(Outcome(outcome)))
    assert run("train", "--recipe", "embedded", "-o", tmp_path / "run", "--json") == code
    captured = capsys.readouterr()
    assert json.loads(captured.out)["outcome"] == outcome
    assert ("the same command goes on" in captured.err) == (code == 0)


def test_a_wrong_key_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[editor]\nbtach = 3\n")
    assert run("train", "--config", path, "-o", tmp_path / "run") == 2
    assert "editor.btach" in capsys.readouterr().err


def test_branch_shares_must_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[editor.branches]\nfull = 0.9\n")
    assert run("train", "--config", path, "-o", tmp_path / "run") == 2
    assert "add up to 1" in capsys.readouterr().err


def test_every_recipe_is_valid_and_bears_its_name() -> None:
    assert {"embedded", "embedded-cpu", "embedded-designs", "embedded-128", "finetune", "sd15"} <= set(recipes())
    for name in recipes():
        settings = load_recipe(name)
        assert isinstance(settings, TrainingConfig) and settings.name == name
        assert settings.budget_minutes is not None or settings.steps is not None


def test_the_two_embedded_recipes_share_their_networks() -> None:
    large, small = (load_recipe(name).architecture for name in ("embedded", "embedded-128"))
    assert small == large.model_copy(update={"resolution": 128})
