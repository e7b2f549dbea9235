"""`stillyou train --base` and `edit --lora` from the command line: the plan, wrong usage, and a LoRA end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main

Base = tuple[Path, Path]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture
def common(sd_base: Base, painted_folder: Path) -> list[str | Path]:
    base, clip = sd_base
    return ["train", "--base", base, "--image-encoder", clip, "--pairs", painted_folder, "--device", "cpu"]


def test_the_plan_counts_memory_and_writes_nothing(
    common: list[str | Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run(*common, "-o", out, "--lora", "8", "--batch", "2", "--steps", "5", "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["config"]["name"] == "sd15" and planned["config"]["editor"]["lora"]["rank"] == 8
    assert planned["memory"]["how"].startswith("counted, not measured: 2 of 512 px")
    parts = [value for name, value in planned["memory"].items() if name.endswith("_gb") and name != "total_gb"]
    assert planned["memory"]["total_gb"] == pytest.approx(sum(parts), abs=0.1)
    assert list(planned["stages"]) == ["editor"] and planned["stages"]["editor"]["steps"] == 5
    assert planned["stages"]["editor"]["estimated_seconds_a_step"] > 0 and not out.exists()


def test_a_lora_from_the_command_line_and_an_edit_with_it(
    common: list[str | Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "my.toml", tmp_path / "run"
    config.write_text(
        'precision = "fp32"\nsteps = 2\n[editor]\nfrozen_encoders = true\nstudio_share = 0.0\nbatch = 4\n'
    )
    assert run(*common, "--config", config, "-o", out, "--lora", "4", "--accumulation", "2", "--json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["model"] == str(out / "lora") and "change" in captured.err
    assert json.loads((out / "validation.json").read_text())[0]["step"] == 2
    assert run(*common, "--config", config, "-o", out, "--lora", "8", "--accumulation", "2") == 2
    assert "editor.lora.rank = 4, now it is 8" in capsys.readouterr().err
    picture, edited = tmp_path / "me.png", tmp_path / "out.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(picture)
    options = ("--steps", "2", "--crop", "0,0,64", "--device", "cpu")
    assert run("edit", picture, "-e", "santa", "--lora", f"{out / 'lora'}:0.5", "-o", edited, *options) == 0
    with Image.open(edited) as result:
        assert result.size == (64, 64)
    assert run("edit", picture, "-e", "sheep", "--lora", out / "lora", "-o", edited, *options) == 2
    assert "was not trained for the effect 'sheep'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--init", "embedded", "--base", "x/y"], "exclude each other"),
        (["--init", "embedded", "--image-encoder", "x/y"], "belongs to --base"),
        (["--base", "nowhere", "--recipe", "embedded"], "frozen_encoders"),
        (["--base", "nowhere", "--merge"], "belongs to --lora"),
        (["--base", "nowhere", "--lora", "0"], "editor.lora.rank"),
        (["--base", "nowhere"], "needs pairs"),
        (["--recipe", "embedded", "--lora", "4"], "frozen_encoders"),
        (["--recipe", "embedded", "--accumulation", "0"], "accumulation"),
        (["--base", "nowhere", "--lora", "4", "--shard"], "'editor': shard needs frozen_encoders = true, and neither"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", "-o", tmp_path / "run", *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err and not captured.out
    assert not (tmp_path / "run").exists()


def test_a_missing_base_is_refused_before_anything_is_written(
    tmp_path: Path, painted_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("train", "--base", tmp_path / "nowhere", "--pairs", painted_folder, "-o", out, "--steps", "1") == 2
    assert "there is no base" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("index", ["{", "[1]", "{}"])
def test_a_damaged_model_to_start_from_is_one_line(
    tmp_path: Path, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model_index.json").write_text(index)
    assert run("train", "--init", model, "--pairs", tmp_path, "-o", tmp_path / "run", "--steps", "1") == 1
    assert "model_index.json is damaged" in capsys.readouterr().err
