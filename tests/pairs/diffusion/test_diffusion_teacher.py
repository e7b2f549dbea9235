"""The teacher `diffusion` end to end: a dataset that can be read, made again to the byte, and clear refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stillyou
from stillyou.cli import main
from stillyou.effects.lookup import load_effects
from stillyou.errors import UsageError
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.diffusion.bases.find import find_family
from stillyou.pairs.teachers.diffusion.config import DiffusionConfig
from tests.conftest import build_tiny_pipeline
from tests.pairs.diffusion.tiny_bases import build_xl
from tests.pairs.fakes import QUIET
from tests.sd_tiny import build_base

SAMPLE = Path(stillyou.__file__).parent / "samples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    build_tiny_pipeline().save_pretrained(folder)
    return folder


def test_pairs_are_made_and_made_again(model: Path, tmp_path: Path) -> None:
    config = DiffusionConfig(base=str(model), size=64, steps=2, batch=2)
    effects = load_effects("angry,laughing")
    for name in ("one", "other"):
        make_pairs(config, effects, 2, tmp_path / name, shard_size=1, execution=QUIET)
    first, again = (tmp_path / name / shard_name(1) for name in ("one", "other"))
    again.unlink()  # as if it had been killed
    make_pairs(config, effects, 2, tmp_path / "other", shard_size=1, execution=QUIET)
    assert first.read_bytes() == again.read_bytes()
    dataset = PairDataset(tmp_path / "one", status="any")
    assert (len(dataset), dataset.meta.teacher, dataset.meta.domain) == (4, "diffusion", "people")
    angry, laughing = dataset.load(0), dataset.load(1)
    assert (angry.source == laughing.source).all()  # all effects of a number share their source
    assert not angry.problem()
    assert angry.source_prompt == "a person" and angry.target_prompt == "a person, angry expression"
    said = json.loads(str(laughing.attributes["conditions"]))
    assert set(said) == {"noise", "renoise", "attention", "region"}
    assert laughing.attributes["base"] == str(model)
    assert {"gain", "outside", "candidate", "drawn_target"} <= laughing.attributes.keys()


def test_targets_are_drawn_beside_portraits_of_ones_own(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(SAMPLE, folder / "a.jpg")
    Image.fromarray(np.full((80, 80, 3), 120, np.uint8)).save(folder / "b.png")
    config = DiffusionConfig(base=str(model), sources=folder, size=64, steps=2, candidates=1)
    make_pairs(config, load_effects("laughing"), 2, tmp_path / "pairs", execution=QUIET)
    dataset = PairDataset(tmp_path / "pairs", status="any")
    pair, nobody = dataset.load(0), dataset.row(1)
    assert pair.attributes["portrait"] == "a.jpg" and not pair.problem()
    assert nobody["status"] == "rejected" and nobody["reason"].startswith("no face was found in the source")
    assert 0 < (pair.mask > 0).mean() < 0.5  # the face alone is drawn anew
    with pytest.raises(UsageError, match="holds no pictures"):
        DiffusionConfig(base=str(model), sources=tmp_path / "pairs").contents()


def test_stable_diffusion_draws_people_from_lists(tmp_path: Path) -> None:
    base = build_xl(tmp_path / "xl")
    config = DiffusionConfig(base=str(base), size=64, steps=2, batch=2, candidates=1)
    make_pairs(config, load_effects("laughing"), 2, tmp_path / "pairs", execution=QUIET)
    dataset = PairDataset(tmp_path / "pairs", status="any")
    told = [dataset.load(number) for number in range(2)]
    assert {pair.attributes["gender"] for pair in told} == {"woman", "man"}
    for pair in told:
        assert pair.source_prompt == f"a {pair.attributes['gender']}"
        assert str(pair.attributes["name"]) in str(pair.attributes["drawn_target"])


def test_what_a_base_cannot_do_is_said_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs"
    options = ["pairs", "make", "--teacher", "diffusion", "-n", "1", "-o", str(out), "-e", "laughing"]
    with pytest.raises(SystemExit, match="2"):
        main([*options, "--conditions", "noise,identity"])
    assert "cannot do the condition 'identity'. These can: Stable Diffusion 1.x, Stable Diffusion 2.x" in " ".join(
        capsys.readouterr().err.split()
    )
    with pytest.raises(SystemExit, match="2"):
        main([*options, "--base", "nowhere"])
    assert "there is no base 'nowhere'" in capsys.readouterr().err
    assert not out.exists()


def test_bases_are_told_by_their_small_files(model: Path, tmp_path: Path) -> None:
    assert find_family("embedded") == find_family(str(model)) == "embedded"
    assert find_family(str(build_base(tmp_path / "sd1"))) == "sd1"
    with pytest.raises(UsageError, match="inpainting or editing model"):
        find_family(str(build_base(tmp_path / "editor", in_channels=8)))
    with pytest.raises(UsageError, match="no model in diffusers layout"):
        find_family(str(tmp_path))


def test_an_effect_that_changes_nothing_is_refused() -> None:
    effect = load_effects("laughing")[0].with_variables({})
    same = effect.model_copy(update={"target_prompt": effect.source_prompt})
    with pytest.raises(UsageError, match="same prompt for source and target"):
        DiffusionConfig().check_effects([same])
