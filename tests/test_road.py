"""The whole road through the command line on a tiny model: pairs, training, editing, evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main
from stillyou.pairs.dataset.store import PairDataset

TINY = """
name = "tiny"
steps = 3
held_back = 1
[architecture]
resolution = 64
latent_channels = 4
autoencoder_channels = 8
unet_channels = [16, 32]
unet_layers = 1
width = 32
feed_forward = 32
text_layers = 1
image_layers = 1
heads = 2
vision_size = 32
vision_patch = 16
[autoencoder]
batch = 4
[editor]
batch = 4
copies = 1
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must succeed; return its standard output."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert stop.value.code == 0, captured.err
    return captured.out


def test_from_an_effect_to_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, model = tmp_path / "pairs", tmp_path / "run" / "model"
    made = run(
        capsys, "pairs", "make", "-e", "santa,laughing", "-n", 3, "-o", pairs, "--size", 64, "--workers", 1, "--json"
    )
    assert json.loads(made)["accepted"] == len(PairDataset(pairs))
    run(capsys, "pairs", "show", pairs, "-o", tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 128

    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    train = ("train", "--config", tmp_path / "tiny.toml", "--pairs", pairs, "-o", tmp_path / "run", "--device", "cpu")
    assert json.loads(run(capsys, *train, "--json"))["outcome"] == "finished"
    assert {effect["id"] for effect in json.loads(run(capsys, "models", "info", model, "--json"))["effects"]} == {
        "santa",
        "laughing",
    }

    portrait = np.random.default_rng(0).integers(0, 256, (80, 64, 3), dtype=np.uint8)
    Image.fromarray(portrait).save(tmp_path / "me.png")
    edit = ("edit", tmp_path / "me.png", "-e", "santa", "-o", tmp_path / "out.png", "--steps", 2, "--model", model)
    report = json.loads(run(capsys, *edit, "--mask-out", tmp_path / "mask.png", "--json"))
    assert report["change_outside"] == 0
    untouched = np.asarray(Image.open(tmp_path / "mask.png")) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png"))[untouched], portrait[untouched])

    evaluate = ("evaluate", "--model", model, "-n", 1, "--steps", 2, "-o", tmp_path / "report", "--device", "cpu")
    figures = json.loads(run(capsys, *evaluate, "--json"))
    assert set(figures["effects"]) == {"santa", "laughing"}
    assert figures["outside_change"] == 0
    assert (tmp_path / "report" / "evaluation.json").is_file()
