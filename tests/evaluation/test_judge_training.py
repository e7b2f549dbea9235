"""Training of the judge: its pictures, its learning, and its command."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from stillyou.effects.lookup import catalogue
from stillyou.errors import StillYouError
from stillyou.evaluation.judge import pictures as judge_pictures
from stillyou.evaluation.judge.__main__ import main
from stillyou.evaluation.judge.classifier import COSTUMES, EXPRESSIONS, Judge, JudgeConfig, JudgeNetwork
from stillyou.evaluation.judge.pictures import JudgePictures, read, render
from stillyou.evaluation.judge.training import Plan, evenly, fit, labels, measure
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from tests.pairs.fakes import QUIET, FakeTeacher

SMALL = JudgeConfig(resolution=32, widths=(8, 16, 16, 16), blocks=(0, 1, 0, 0))


def rendered(**options):
    chosen = {"resolution": 32, "seed": 0, "workers": 1, "seconds": 600, "domains": ("cartoon",), **options}
    return render("learn", 72, **chosen)


@pytest.fixture(scope="module")
def pictures():
    return rendered()


def test_pictures_come_with_their_labels(pictures):
    assert pictures.pictures.shape == (144, 32, 32, 3) and pictures.pictures.dtype == np.uint8
    assert set(pictures.expressions) == set(EXPRESSIONS)
    assert set(pictures.costumes) == set(COSTUMES)
    assert set(pictures.styles) <= {style.name for style in (*TRAIN_STYLES, *HELD_OUT_STYLES)}
    classes = labels(pictures, SMALL)
    assert classes.shape == (144, 2) and classes.min() == 0 and classes.max() == 4


def test_workers_and_time_change_nothing_but_the_number(pictures):
    together = rendered(workers=2)
    assert np.array_equal(together.pictures, pictures.pictures)
    assert (together.expressions, together.styles) == (pictures.expressions, pictures.styles)
    short = rendered(seconds=0)
    assert 0 < len(short) < len(pictures)
    assert np.array_equal(short.pictures, pictures.pictures[: len(short)])


def hues(count):
    """Plain pictures whose hue is their class in both heads."""
    palette = np.array([[220, 40, 40], [40, 200, 40], [40, 40, 220], [230, 220, 40], [20, 20, 20]], np.uint8)
    classes = np.arange(count) % 5
    views = np.broadcast_to(palette[classes][:, None, None], (count, 32, 32, 3)).copy()
    names = [EXPRESSIONS[c] for c in classes], [COSTUMES[c] for c in classes]
    return JudgePictures(views, *names, ["plain"] * count)


def test_it_learns_what_can_be_learnt():
    data = hues(40)
    plan = Plan(steps=120, batch=32)
    network, steps = fit(data.pictures, labels(data, SMALL), SMALL, plan, time.monotonic() + 600)
    assert steps == 120
    accuracy = measure(Judge(SMALL, network), data)
    assert accuracy["expression"]["overall"] == accuracy["costume"]["overall"] == 1
    assert accuracy["expression"]["classes"] == dict.fromkeys(EXPRESSIONS, 1.0)
    assert accuracy["costume"]["styles"] == {"plain": 1.0}


def test_the_same_seed_learns_the_same():
    data = hues(10)
    classes, plan = labels(data, SMALL), Plan(steps=3, batch=8)
    first, again = (fit(data.pictures, classes, SMALL, plan, time.monotonic() + 600)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_loss_that_is_not_finite_stops():
    data = hues(10)
    with pytest.raises(StillYouError, match="not finite at step"):
        plan = Plan(steps=500, batch=8, rate=float("inf"))
        fit(data.pictures, labels(data, SMALL), SMALL, plan, time.monotonic() + 600)


@pytest.fixture
def command():
    return lambda *arguments: main([str(argument) for argument in arguments])


def test_the_command_makes_a_judge_within_its_budget(command, tmp_path):
    counts = ("--pairs", 36, "--held-back", 36, "--workers", 1, "--device", "cpu", "--domains", "cartoon")
    assert command("-o", tmp_path / "judge", "--minutes", 0.05, *counts) == 0
    judge = Judge.from_folder(tmp_path / "judge")
    assert judge.config.training["pictures"] == 72 and judge.config.training["steps"] >= 1
    assert 0 <= judge.config.accuracy["expression"]["overall"] <= 1


def test_the_command_refuses_bad_budgets_and_devices(command, tmp_path):
    assert command("-o", tmp_path / "judge", "--minutes", 0) == 2
    assert command("-o", tmp_path / "judge", "--device", "tpu") == 2
    assert command("-o", tmp_path / "judge", "--domains", "cartoon,statues") == 2
    assert command("-o", tmp_path / "judge", "--init", tmp_path / "nowhere") == 1
    for short in (("--pairs", 35), ("--held-back", 0), ("--workers", -1), ("--seed", "x")):
        with pytest.raises(SystemExit) as caught:
            command("-o", tmp_path / "judge", *short)
        assert caught.value.code == 2
    assert not (tmp_path / "judge").exists()


def test_it_goes_on_from_a_judge(command, tmp_path):
    data = hues(10)
    first, _ = fit(data.pictures, labels(data, SMALL), SMALL, Plan(steps=30, batch=8), time.monotonic() + 600)
    Judge(SMALL, first).save(tmp_path / "first")
    counts = ("--pairs", 36, "--held-back", 36, "--workers", 1, "--device", "cpu", "--domains", "cartoon")
    assert command("-o", tmp_path / "more", "--minutes", 0.05, "--init", tmp_path / "first", *counts) == 0
    more = Judge.from_folder(tmp_path / "more").config
    assert (more.resolution, more.widths, more.training["init"]) == (SMALL.resolution, SMALL.widths, True)


class Sitters(FakeTeacher):
    """People whose expressions are no classes of the judge now and then."""

    def pair(self, effect, seed):
        pair = super().pair(effect, seed)
        costume = effect.id if effect.group == "costume" else "none"
        shown = {"source_expression": "smile", "target_expression": "smile" if costume != "none" else effect.id}
        return replace(pair, attributes={**shown, "target_costume": costume})


def test_people_take_turns_with_cartoons_and_each_look_counts_once(monkeypatch):
    monkeypatch.setattr(judge_pictures, "_people", lambda photographed: Sitters(size=judge_pictures.RENDER_SIZE))
    both = render("learn", 3 * 36 + 18, resolution=32, seed=0, workers=1, seconds=600)
    of_people = np.array(both.styles) == "people"
    assert len(both) == 2 * 3 * 36 + 2 * 10 and of_people[-20:].all() and of_people.sum() == 20
    names = both.expressions[-10:], both.costumes[-10:]
    assert sorted(zip(*names, strict=True)) == sorted(
        [("smile", name) for name in COSTUMES] + [(name, "none") for name in EXPRESSIONS]
    )
    classes = labels(both, SMALL)[-10:]
    assert (classes[:, 0] == -1).sum() == len(COSTUMES) and classes[:, 1].min() == 0
    assert measure(Judge(SMALL, JudgeNetwork(SMALL)), both)["expression"]["classes"].keys() == set(EXPRESSIONS)


def test_pairs_that_are_there_are_read_instead_of_rendered(command, tmp_path):
    effects = list(catalogue().values())[:3]
    make_pairs(CartoonConfig(size=64), effects, 4, tmp_path / "pairs", seed=3, execution=QUIET)
    pairs = PairDataset(tmp_path / "pairs")
    both = read([tmp_path / "pairs"], 32)
    assert len(both) == 2 * len(pairs)
    shown = pairs.load(5)
    means = shown.target.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(both.pictures[11] - means).max() <= 0.5
    assert both.expressions[11] == shown.attributes["target_expression"]
    assert both.costumes[11] == shown.attributes["target_costume"]
    Judge(SMALL, JudgeNetwork(SMALL)).save(tmp_path / "first")
    start = ("--held-back", 36, "--workers", 1, "--device", "cpu", "--domains", "cartoon", "--init", tmp_path / "first")
    assert command("-o", tmp_path / "more", "--minutes", 0.05, *start, "--from", tmp_path / "pairs") == 0
    assert Judge.from_folder(tmp_path / "more").config.training["pictures"] == len(both)
    assert command("-o", tmp_path / "other", *start, "--from", tmp_path / "nowhere") == 2


def test_both_kinds_of_pictures_are_about_as_frequent():
    of_people = np.arange(100) < 12
    assert of_people[evenly(of_people)].mean() == pytest.approx(0.5, abs=0.04)
    assert set(evenly(of_people)) == set(range(100))
    assert list(evenly(np.zeros(5, bool))) == list(range(5))


def test_a_picture_without_a_class_teaches_the_other_head_alone():
    data = hues(40)
    classes = labels(data, SMALL)
    classes[:, 0] = -1
    network, _ = fit(data.pictures, classes, SMALL, Plan(steps=60, batch=16), time.monotonic() + 600)
    known = labels(data, SMALL)
    guesses = Judge(SMALL, network).verdicts(data.pictures)
    assert (guesses.costumes.argmax(1) == known[:, 1]).mean() > 0.9
