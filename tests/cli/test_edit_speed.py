"""Speed options of `stillyou edit`: batches of a folder, what is passed on, what is refused."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.editing.fakes import RedPipeline

from stillyou.cli import main
from stillyou.editing.editor import Editor

RNG = np.random.default_rng(3)


@pytest.fixture
def loaded(monkeypatch):
    """Replace the model; gives the speed settings and the pipeline of each load."""
    found = []

    def fake(model="embedded", device="auto", dtype=None, speed=None, lora=None):
        found.append((speed, RedPipeline()))
        return Editor(found[-1][1], model)

    monkeypatch.setattr(Editor, "from_pretrained", fake)
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    for index in range(5):
        size = (40 + index, 50, 3)
        Image.fromarray(RNG.integers(0, 256, size, dtype=np.uint8)).save(tmp_path / "in" / f"{index}.png")
    return tmp_path / "in"


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["edit", *map(str, arguments), "--domain", "cartoon"])
    return stop.value.code


def test_a_folder_in_batches_gives_what_single_edits_give(loaded, folder, tmp_path):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    for name, batch in (("alone", 1), ("batched", 2)):
        assert run(folder, "-e", "santa", "-o", tmp_path / name, "--batch", batch) == 1  # one is broken
    for index in range(5):
        alone, batched = (Image.open(tmp_path / name / f"{index}.png") for name in ("alone", "batched"))
        assert np.array_equal(np.asarray(alone), np.asarray(batched))
    alone, batched = ([len(call.pixels) for call in pipeline.calls] for _, pipeline in loaded)
    assert alone == [1] * 5 and batched == [2, 2, 1]


def test_reports_of_a_batch_come_in_order(loaded, folder, tmp_path, capsys):
    assert (
        run(folder, "-e", "santa", "-o", tmp_path / "out", "--batch", 3, "--json", "--sheet", tmp_path / "s.png") == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert [edit["input"].rsplit("/", 1)[1] for edit in told["edits"]] == [f"{index}.png" for index in range(5)]
    assert told["edited"] == 5 and (tmp_path / "s.png").exists()


def test_options_reach_the_model(loaded, folder, tmp_path):
    options = ["--precision", "bf16", "--scheduler", "dpm++", "--offload", "--tile-vae"]
    options += ["--guidance-share", 0.5, "--feature-interval", 2]
    assert run(folder / "0.png", "-e", "santa", "-o", tmp_path / "out.png", *options) == 0
    ((speed, _),) = loaded
    assert speed.model_dump() == {
        "precision": "bf16",
        "compile": False,
        "offload": True,
        "tile_vae": True,
        "batch": 1,
        "scheduler": "dpm++",
        "guidance_share": 0.5,
        "feature_interval": 2,
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--precision", "int4"], "precision"),
        (["--scheduler", "magic"], "scheduler"),
        (["--guidance-share", "0"], "guidance_share"),
        (["--feature-interval", "99"], "feature_interval"),
        (["--batch", "0"], "batch"),
        (["--compile", "--offload"], "choose compile or offload"),
    ],
)
def test_wrong_options_load_nothing(loaded, folder, tmp_path, capsys, options, told):
    assert run(folder / "0.png", "-e", "santa", "-o", tmp_path / "out.png", *options) == 2
    assert told in capsys.readouterr().err
    assert not loaded and not (tmp_path / "out.png").exists()
