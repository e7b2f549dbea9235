"""The model that ships: its size, what it promises, and an edit through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou import Editor, load_effect
from stillyou.effects.lookup import built_in
from stillyou.evaluation.judge.classifier import Judge
from stillyou.models.find import shipped_models
from stillyou.training.config import load_recipe
from stillyou.training.start import load_start

SAMPLES = Path(str(files("stillyou") / "samples"))


@pytest.fixture(scope="module")
def editor() -> Editor:
    return Editor.from_pretrained("embedded", device="cpu")


def test_weights_fit_their_budget():
    root = Path(str(files("stillyou")))
    weights = sum(file.stat().st_size for file in (root / "weights").rglob("*.safetensors"))
    art = sum(file.stat().st_size for file in (root / "art").rglob("*") if file.is_file())
    assert weights <= 40_000_000 and art <= 8_000_000
    assert list(shipped_models()) == ["embedded"]


@pytest.mark.parametrize("recipe", ["embedded-cpu", "embedded-designs"])
def test_recipes_that_go_on_from_it_fit_it(recipe):
    load_start("embedded", load_recipe(recipe).architecture, 0)


def test_card_and_catalogue_agree(editor):
    """The card holds the records of the YAML files; they must not drift apart."""
    assert editor.pipeline.card.effects == tuple(built_in().values())


def test_the_weights_tell_no_folder_of_the_machine_that_made_them():
    for path in Path(str(files("stillyou") / "weights")).rglob("*.json"):
        assert "_name_or_path" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(("sample", "effect"), [("micah", "laughing"), ("toon-head", "santa")])
def test_an_edit_convinces_the_judge_and_leaves_the_rest(editor, sample, effect):
    source = Image.open(SAMPLES / f"{sample}.png").convert("RGB")
    result = editor.edit(source, effect)
    before, after, mask = (np.asarray(image) for image in (source, result.image.convert("RGB"), result.mask))
    assert after.shape == before.shape
    assert np.array_equal(after[mask == 0], before[mask == 0])
    assert 0.005 < result.report.mask_area < 0.9
    side = editor.pipeline.resolution
    pictures = [np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.LANCZOS)) for p in (before, after)]
    success, _ = Judge.from_folder().scores(load_effect(effect), pictures)
    assert success == [False, True]


def test_a_photograph_gets_a_hat_and_keeps_the_eyes(editor):
    pytest.importorskip("dlib")
    source = Image.open(SAMPLES / "astronaut.jpg").convert("RGB")
    result = editor.edit(source, "santa")
    report, (before, after, mask) = result.report, map(np.asarray, (source, result.image.convert("RGB"), result.mask))
    assert report.domain == "people"
    assert np.array_equal(after[mask == 0], before[mask == 0])
    face = next(face for face in report.faces if face.edited)
    column, sixth = face.left + face.size // 2, face.size // 6
    eyes = np.s_[face.top + 2 * sixth : face.top + 3 * sixth, column - sixth : column + sixth]
    assert np.array_equal(after[eyes], before[eyes])
    crop = report.crop
    square = np.s_[max(0, crop.top) : crop.top + crop.size, max(0, crop.left) : crop.left + crop.size]
    framed = [picture[square] for picture in (before, after)]
    side = editor.pipeline.resolution
    pictures = [np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.LANCZOS)) for p in framed]
    success, _ = Judge.from_folder().scores(load_effect("santa"), pictures)
    assert success == [False, True]


def test_the_command_edits_a_portrait(tmp_path):
    source, output, mask = SAMPLES / "critters.png", tmp_path / "out.png", tmp_path / "mask.png"
    command = [sys.executable, "-m", "stillyou", "edit", str(source), "-e", "angry", "-o", str(output)]
    command += ["--mask-out", str(mask), "--steps", "4", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["effect"] == "angry" and report["change_outside"] == 0
    before, after, marked = (np.asarray(Image.open(path)) for path in (source, output, mask))
    assert np.array_equal(after[marked == 0], before[marked == 0])
    assert not np.array_equal(after, before)
