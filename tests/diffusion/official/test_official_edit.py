"""`stillyou edit --official` and its counterpart in Python: the whole squashed picture, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from stillyou.cli import main
from stillyou.editing.editor import Editor
from stillyou.editing.scene.crop import Crop
from stillyou.errors import UsageError
from stillyou.images import read_picture


@pytest.fixture
def portrait(tmp_path):
    """A picture of 150 x 100 pixels with a colour ramp."""
    y, x = np.mgrid[0:100, 0:150] / 150
    path = tmp_path / "me.png"
    Image.fromarray((np.stack([x, y, 1 - x], axis=-1) * 255).astype(np.uint8)).save(path)
    return path


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def test_official_edit_is_the_straight_line_of_the_squashed_picture(imported, reference, portrait):
    result = Editor(imported).edit(portrait, "santa", official=True)
    with Image.open(portrait) as image:
        square = np.asarray(image.resize((64, 64)).convert("RGB"))
    generator = torch.Generator().manual_seed(3407)
    latents, source, black = (torch.randn(1, 4, 8, 8, generator=generator) for _ in range(3))
    kept = reference.sample(square, "a man, santa claus costume", (source, black), latents, 3, 2, 4, 20)
    wanted = reference.picture(kept[-1:])
    assert np.abs(np.asarray(result.image).astype(int) - wanted).max() <= 1
    assert np.asarray(result.mask).min() == 255  # every pixel is the model's
    report = result.report
    assert (report.seed, report.steps, report.evaluations) == (3407, 20, 80)
    assert (report.width, report.height, report.mask_area) == (64, 64, 1.0)
    assert any("squashed from 150x100 to 64x64" in note for note in report.notes)
    assert any("--var subject=woman" in note for note in report.notes)


def test_official_edit_with_the_released_mask(imported, portrait):
    plain = Editor(imported).edit(portrait, "santa", official=True, steps=3, variables={"subject": "woman"})
    masked = Editor(imported).edit(
        portrait, "santa", official=True, steps=3, variables={"subject": "woman"}, mask_strategy="latent"
    )
    assert masked.report.evaluations == 3 * 4 + 3 * 4 + 80
    assert masked.report.prompt == "a woman, santa claus costume"
    assert 0 < np.asarray(masked.mask).std()
    assert not np.array_equal(np.asarray(plain.image), np.asarray(masked.image))
    assert not any("subject=woman" in note for note in masked.report.notes)


def test_official_edit_takes_a_seed_and_scales(imported, portrait):
    editor = Editor(imported)
    first = editor.edit(portrait, "santa", official=True, steps=2, seed=1, guidance=(1, 1, 1))
    again = editor.edit(portrait, "santa", official=True, steps=2, seed=1, guidance="1,1,9")
    assert first.report.evaluations == 2
    # Below s1, s2 = 1 the release evaluates `full` alone: s3 changes nothing.
    assert np.array_equal(np.asarray(first.image), np.asarray(again.image))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"strength": 0.5}, "no strength"),
        ({"mask_strategy": "noise"}, "no mask strategy 'noise'"),
        ({"crop": Crop(0, 0, 64)}, "which has no crop"),
        ({"mask": np.zeros((100, 150), np.uint8)}, "which has no mask"),
        ({"resolution": 128}, "which has no resolution"),
        ({"face": "all"}, "which has no face"),
    ],
)
def test_official_edit_refuses_what_the_release_does_not_have(imported, portrait, options, match):
    with pytest.raises(UsageError, match=match):
        Editor(imported).edit(portrait, "santa", official=True, **options)


def test_official_edit_command(model_folder, portrait, tmp_path, capsys):
    out, mask = tmp_path / "out.png", tmp_path / "mask.png"
    edit = ("edit", portrait, "-e", "santa", "--model", model_folder, "--official", "-o", out, "--device", "cpu")
    assert run(*edit, "--steps", 2, "--mask-out", mask, "--mask-strategy", "latent", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["seed"], told["dtype"], told["evaluations"]) == (3407, "float32", 2 * 4 + 2 * 4 + 80)
    assert read_picture(out).size == read_picture(mask).size == (64, 64)
    assert run(*edit, "--strength", 0.5) == 2
    assert "official mode has no strength" in capsys.readouterr().err
    assert run("edit", portrait, "-e", "santa", "--official", "-o", out) == 2
    assert "runs Stable Diffusion models" in capsys.readouterr().err
    for option in (("--scheduler", "ddim"), ("--guidance-share", 0.5), ("--feature-interval", 2), ("--crop", "0,0,9")):
        assert run(*edit, *option) == 2
        assert f"the released demo, which has no {option[0][2:]}" in capsys.readouterr().err
    assert run(*edit, "--steps", 1, "--precision", "bf16", "--json") == 0
    assert json.loads(capsys.readouterr().out)["dtype"] == "bfloat16"


def test_imported_models_edit_without_official_too(model_folder, portrait, tmp_path, capsys):
    """The corrected mode on the same weights: cropped, masked, and exact outside the mask."""
    out, mask = tmp_path / "out.png", tmp_path / "mask.png"
    edit = ("edit", portrait, "-e", "santa", "--model", model_folder, "-o", out, "--mask-out", mask, "--device", "cpu")
    assert run(*edit, "--steps", 2, "--domain", "people", "--crop", "20,10,80", "--resolution", 128, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["guidance"] == {"image": 3, "source": 2, "text": 4}
    assert told["prompt"] == "a man, santa claus costume"
    assert any("--var subject=woman" in note for note in told["notes"])
    before, after, kept = read_picture(portrait).rgb, read_picture(out).rgb, read_picture(mask).rgb[..., 0] == 0
    assert np.array_equal(before[kept], after[kept]) and kept.any()
