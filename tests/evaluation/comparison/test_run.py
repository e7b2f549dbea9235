"""Comparisons of editors whose figures are known beforehand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from stillyou.effects.lookup import load_effect
from stillyou.errors import UsageError
from stillyou.evaluation.baselines.candidates import Candidate, baseline, fixed, parse_names
from stillyou.evaluation.baselines.truth import FromTruth, Truth, oracle
from stillyou.evaluation.comparison.pictures import PictureFolder, PictureIndex
from stillyou.evaluation.comparison.report import lines, write_comparison
from stillyou.evaluation.comparison.run import Ground, compare, edits
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.evaluation.known_truth.splits import PairSample
from tests.evaluation.people import SIDE, RedJudge, person

EFFECT = load_effect("angry")
PAIRS = [person("angry", i) for i in range(8)]
SAMPLE = PairSample("people", 8, effects=[EFFECT], pairs={"angry": PAIRS})
TRUTH = Truth(SAMPLE)


class Fading:
    """Fades from the source to the target by strength, spills below it, and raises at one picture."""

    resolution = SIDE

    def answer(self, batch):
        answers, settings = [], batch.settings
        for picture in batch.pictures:
            index, pair = TRUTH.find(batch.effect, picture)
            if index == 3:
                raise RuntimeError("no paint")
            edit = picture.copy() if settings.strength < 0.5 else pair.target.copy()
            edit[-1] = np.where(edit[-1] > 127, edit[-1] - 60 * settings.strength, edit[-1] + 60 * settings.strength)
            answers.append(Answer(edit, pair.mask, 12))
        return answers


FADING = Candidate(
    "fading", lambda d, s: (Fading(), s if d is None else replace(s, strength=d)), (0.25, 0.5, 1.0), "strength"
)


@pytest.fixture(scope="module")
def candidates():
    known = [baseline(n, subject=None, truth=TRUTH, resolution=SIDE, budget=1) for n in ("lazy", "oracle", "teacher")]
    return [fixed("mine", FromTruth(TRUTH, SIDE, oracle)), FADING, *known]


@pytest.fixture(scope="module")
def found(candidates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    done = []

    def moved(source, answer):
        return float(not np.array_equal(source, answer))

    ground = Ground(RedJudge(), SAMPLE, Settings(), 3, None, moved, PictureFolder(folder, TRUTH), done.append)
    ground = replace(ground, features=lambda pictures: np.stack([p.mean((0, 1)) for p in pictures]) / 255)
    comparison = compare(candidates, ground, with_curves=True)
    assert sum(done) == edits(candidates, SAMPLE, True) == 8 * (5 + 3)
    return folder, comparison


def test_every_candidate_gets_the_same_figures_as_alone(found):
    tables = found[1].document["candidates"]
    assert {name: table["edit_success"] for name, table in tables.items()} == {
        "mine": 1,
        "fading": 7 / 8,
        "lazy": 0,
        "oracle": 1,
        "teacher": 1,
    }
    assert tables["fading"]["failures"] == {"raised RuntimeError: no paint": 1}
    assert tables["fading"]["evaluations"] == 12 and tables["mine"]["evaluations"] == 0
    assert tables["mine"]["inside_error"] == tables["teacher"]["outside_error"] == 0
    moved = {name: table["landmark_displacement"] for name, table in tables.items()}
    assert moved == {"mine": 1, "fading": 1, "lazy": 0, "oracle": 1, "teacher": 1}
    assert tables["lazy"]["preservation"] == pytest.approx(1)
    assert tables["mine"]["composite"] > max(tables["fading"]["composite"], tables["lazy"]["composite"])
    span = tables["fading"]["intervals"]["edit_success"]
    assert span["low"] < 7 / 8 < span["high"] or span["high"] == 1


def test_the_first_is_tested_against_the_others(found):
    tests = found[1].document["tests"]
    assert list(tests) == ["fading", "lazy", "oracle", "teacher"]
    assert tests["lazy"]["edit_success"]["difference"] == 1
    assert tests["lazy"]["edit_success"]["p"] == 2 / 2**8
    assert tests["oracle"]["edit_success"]["p"] == 1
    assert tests["fading"]["outside_error"]["pictures"] == 7  # the failed one has no error


def test_curves_have_areas(found):
    curves = found[1].document["curves"]
    assert [point["dial"] for point in curves["fading"]["points"]] == [0.25, 0.5, 1.0]
    assert curves["lazy"]["curve_area"]["mean"] == 0
    kept = [point["preservation"] for point in curves["fading"]["points"]]
    assert kept[0] > kept[1] > kept[2]
    assert curves["fading"]["curve_area"]["mean"] == pytest.approx(7 / 8 * kept[1])
    assert curves["mine"]["against"] is None and curves["oracle"]["against"]["mean"] == 0


def test_the_report_names_failures_and_is_plain_json(found, tmp_path):
    files = write_comparison(tmp_path, found[1])
    assert {file.name for file in files} == {"comparison.json", "comparison.md", "comparison.png"}
    assert json.loads((tmp_path / "comparison.json").read_text()) == json.loads(json.dumps(found[1].document))
    text = "\n".join(lines(found[1].document))
    assert "`fading` raised RuntimeError: no paint: 1 times" in text


def test_answers_lie_as_pictures(found):
    folder = found[0] / "pictures"
    ground = PictureFolder(found[0], TRUTH)
    ground.pairs(EFFECT, PAIRS)
    ground.index("people", ["mine", "fading"], [EFFECT], 8)
    names = {path.name for path in (folder / "angry" / "0003").iterdir()}
    assert names == {f"{n}.png" for n in ("source", "target", "mask", "mine", "lazy", "oracle", "teacher")}
    assert (folder / "angry" / "0002" / "fading.png").is_file()
    index = PictureIndex.model_validate_json((folder / "comparison.json").read_text())
    assert index.n == 8 and index.effects[0].words == EFFECT.prompts().target


def test_names_of_baselines():
    assert parse_names(" sdedit, lazy") == ["sdedit", "lazy"]
    assert parse_names("ip2p:run/model") == ["ip2p:run/model"]
    for text, said in {"sdedt": "Did you mean 'sdedit'", "lazy,lazy": "twice", "ip2p": "model of its own"}.items():
        with pytest.raises(UsageError, match=said):
            parse_names(text)


def test_the_judge_s_confusion_is_counted(found):
    tables = found[1].document["candidates"]
    assert tables["fading"]["confusion"] == {"angry": {"angry": 7, "failed": 1}}
    assert tables["lazy"]["confusion"] == {"angry": {"neutral": 8}}
    text = "\n".join(lines(found[1].document))
    assert "| asked for \\ seen | angry | failed |" in text and "magicbrush l1" in text


def test_every_candidate_has_looks(found):
    tables = found[1].document["candidates"]
    assert tables["oracle"]["kernel_distance"] == 0 and tables["oracle"]["error_ratio"] == 0
    assert tables["lazy"]["error_ratio"] == 1 and tables["lazy"]["kernel_distance"] > 0
    assert "kernel distance" in "\n".join(lines(found[1].document))


def test_published_figures_are_of_every_candidate(found):
    tables = found[1].document["candidates"]
    assert tables["oracle"]["magicbrush_l1"] == 0 and tables["lazy"]["magicbrush_l1"] > 0.1
    assert tables["lazy"]["pie_bench_psnr_unedit_part"] == tables["oracle"]["pie_bench_psnr_unedit_part"] == 100
    spilt = np.mean([(60 / 255) ** 2 * 32 / 32**2] * 7)  # the last row of 32, by 60 levels
    assert tables["fading"]["pie_bench_mse_unedit_part"] == pytest.approx(spilt)
