"""The judge: reading and writing, its answers, and its errors."""

import json

import numpy as np
import pytest
import torch

from stillyou.config import GuidanceScales
from stillyou.effects.lookup import catalogue, load_effect
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.judge.augmentation import augment
from stillyou.evaluation.judge.classifier import (
    COSTUMES,
    EXPRESSIONS,
    Judge,
    JudgeConfig,
    JudgeNetwork,
    to_judge_pixels,
)

SMALL = JudgeConfig(resolution=32, widths=(8, 8, 8, 8), blocks=(0, 1, 0, 0))


@pytest.fixture
def judge():
    torch.manual_seed(0)
    return Judge(SMALL, JudgeNetwork(SMALL))


@pytest.fixture
def folder(judge, tmp_path):
    judge.save(tmp_path / "judge")
    return tmp_path / "judge"


def pictures(count, side=64):
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def test_every_effect_of_the_catalogue_has_a_class(judge):
    named = {**dict.fromkeys(EXPRESSIONS), **dict.fromkeys(COSTUMES)}
    assert set(catalogue()) == set(named) - {"neutral", "none"}
    for effect in catalogue().values():
        assert (EXPRESSIONS, COSTUMES)[effect.group == "costume"][judge.column(effect)] == effect.id


def test_the_full_size_network_fits_a_megabyte(tmp_path):
    Judge(JudgeConfig(), JudgeNetwork(JudgeConfig())).save(tmp_path)
    assert (tmp_path / "judge.safetensors").stat().st_size < 1_000_000


def test_success_is_the_argmax_and_the_score_its_probability(judge):
    views = pictures(6)
    verdicts = judge.verdicts(views)
    assert verdicts.expressions.shape == verdicts.costumes.shape == (6, 5)
    np.testing.assert_allclose(verdicts.expressions.sum(1), 1)
    for effect in ("laughing", "santa"):
        spec = load_effect(effect)
        table = verdicts.expressions if effect == "laughing" else verdicts.costumes
        success, score = judge.scores(spec, views)
        assert success == [bool(row.argmax() == judge.column(spec)) for row in table]
        assert score == pytest.approx(list(table[:, judge.column(spec)]))


def test_a_picture_is_judged_the_same_in_any_batch(judge):
    views = pictures(5)
    alone = np.concatenate([judge.verdicts([view]).expressions for view in views])
    np.testing.assert_allclose(judge.verdicts(views).expressions, alone, atol=1e-6)


def test_an_effect_of_ones_own_is_refused(judge):
    own = EffectSpec(
        id="pirate",
        title="Pirate",
        group="costume",
        source_prompt="a {subject}",
        target_prompt="a {subject}, pirate costume",
        keeps=["face"],
        guidance=GuidanceScales(),
    )
    with pytest.raises(UsageError, match="pirate"):
        judge.scores(own, pictures(1))
    with pytest.raises(UsageError, match="other"):
        judge.scores(own.model_copy(update={"group": "other"}), pictures(1))


def test_pixels_are_means_of_blocks():
    picture = torch.zeros((1, 4, 4, 3), dtype=torch.uint8)
    picture[0, :2, :2] = 255
    picture[0, 2, 2] = torch.tensor([255, 0, 0], dtype=torch.uint8)
    pixels = to_judge_pixels(picture, 2)
    assert pixels.shape == (1, 3, 2, 2)
    assert pixels[0, 0].tolist() == [[1, -1], [-1, pytest.approx(-0.5)]]
    assert pixels[0, 1].tolist() == [[1, -1], [-1, -1]]


def test_it_comes_back_from_its_folder(judge, folder):
    again = Judge.from_folder(folder)
    assert again.config == judge.config
    np.testing.assert_allclose(
        again.verdicts(pictures(3)).costumes, judge.verdicts(pictures(3)).costumes, atol=5e-3
    )  # stored as fp16


@pytest.mark.parametrize("name", ["judge.json", "judge.safetensors"])
def test_a_missing_or_damaged_file_is_one_clear_line(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(StillYouError, match=name) as caught:
        Judge.from_folder(folder)
    assert "\n" not in str(caught.value) and "stillyou.evaluation.judge -o" in str(caught.value)
    (folder / name).unlink()
    with pytest.raises(StillYouError, match=f"{name} is missing"):
        Judge.from_folder(folder)


def test_another_format_and_other_sizes_are_refused(folder):
    config = json.loads((folder / "judge.json").read_text())
    (folder / "judge.json").write_text(json.dumps({**config, "widths": [8, 8, 8, 16]}))
    with pytest.raises(StillYouError, match="do not fit"):
        Judge.from_folder(folder)
    (folder / "judge.json").write_text(json.dumps({**config, "format": "stillyou-judge-9"}))
    with pytest.raises(StillYouError, match="format"):
        Judge.from_folder(folder)


def test_weights_that_are_not_finite_are_refused(judge, folder):
    with torch.no_grad():
        judge.network.costume.bias[0] = float("nan")
    judge.save(folder)
    with pytest.raises(StillYouError, match="not finite"):
        Judge.from_folder(folder)


def test_augmentation_keeps_range_and_shape_and_follows_its_generator():
    pixels = torch.rand((6, 3, 32, 32), generator=torch.Generator().manual_seed(0)) * 2 - 1
    first, again, other = (augment(pixels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == pixels.shape
    assert first.min() >= -1 and first.max() <= 1
    assert torch.equal(first, again) and not torch.equal(first, other)
