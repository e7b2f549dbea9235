"""The report's folder: every file, the table, and folders that cannot be written."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from stillyou.errors import StillYouError
from stillyou.evaluation.figures import Answer, figures, summary
from stillyou.evaluation.known_truth.benchmark import Evaluation, Example
from stillyou.evaluation.report.folder import markdown, prepare_folder, rows, write_report
from stillyou.pairs.pair import Pair


def example(effect, seed, size=64):
    draws = np.random.default_rng(seed)
    source, target = (draws.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(2))
    mask = np.zeros((size, size), np.uint8)
    mask[: size // 2] = 255
    target[mask == 0] = source[mask == 0]
    pair = Pair(source, target, mask, "", "", effect, "cartoon", seed, {"style": "micah"})
    return Example(pair, Answer(target, mask), seed % 2 == 0)


def tables(examples):
    def table(some):
        return summary([figures(e.answer, e.pair, e.success, 0.5) for e in some])

    names = dict.fromkeys(e.pair.effect for e in examples)
    effects = {name: table([e for e in examples if e.pair.effect == name]) for name in names}
    confusion = {name: {name: 2, "nothing": 1} for name in names}
    return {**table(examples), "effects": effects, "styles": {"micah": table(examples)}, "confusion": confusion}


@pytest.fixture
def evaluation():
    examples = [example(effect, seed) for effect in ("santa", "laughing") for seed in range(3)]
    found = tables(examples)
    lazy = json.loads(json.dumps(found))
    lazy["mask_precision"] = None
    head = {"model": "embedded", "split": "unseen-styles", "n": 3, "seed": 0, "steps": 20, "strength": 1.0}
    head |= {"judge_fit": True, "resolution": 64, "seconds": 1.5}
    return Evaluation({**head, **found, "lazy": lazy, "oracle": found}, examples)


def curve():
    figures = {"edit_success": 0.5, "judge_score": 0.4, "outside_true_error": 1.0, "inside_target_error": 9.0}
    points = [{**figures, "effects": {"santa": figures}} for _ in range(3)]
    text = [{"text": value, **point} for value, point in zip((1.5, 3, 6), points, strict=True)]
    strength = [{"strength": value, **point} for value, point in zip((0, 0.5, 1), points, strict=True)]
    linear = {"judge_score": 0.9, "change_inside": None}
    return {"n": 1, "text": text, "strength": strength, "linearity": linear, "lazy": figures, "oracle": figures}


def test_a_report_has_figures_table_plots_and_sheet(evaluation, tmp_path):
    files = write_report(tmp_path, evaluation)
    assert {path.name for path in files} == {p.name for p in tmp_path.iterdir()}
    assert json.loads((tmp_path / "evaluation.json").read_text()) == evaluation.document
    for name in ("success.png", "masks.png", "sheet.jpg"):
        with Image.open(tmp_path / name) as picture:
            picture.load()
        assert (tmp_path / name).stat().st_size < 3_000_000


def test_curves_get_their_plots(evaluation, tmp_path):
    evaluation.document["curves"] = curve()
    names = {path.name for path in write_report(tmp_path, evaluation)}
    assert {"curves.png", "strength.png"} < names


def test_the_sheet_shows_source_edit_target_and_mask(evaluation, tmp_path):
    write_report(tmp_path, evaluation)
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 12 * 100 and sheet.height > 2 * 100


def test_the_table_has_a_row_for_everything(evaluation):
    cells = rows(evaluation.document)
    assert [row[0] for row in cells] == ["", "all edits", "lazy", "oracle", "santa", "laughing", "micah"]
    assert len({len(row) for row in cells}) == 1
    assert cells[1][2] == "66.7%"
    assert "-" in cells[2]  # no precision where nothing is marked
    text = markdown(evaluation.document)
    assert "| asked for \\ seen |" in text
    assert "too few" in text and "| santa |" in text


def test_a_full_split_is_not_called_too_few(evaluation):
    evaluation.document["n"] = 32
    assert "too few" not in markdown(evaluation.document)


def test_an_unfit_judge_is_told(evaluation):
    assert "not fit" not in markdown(evaluation.document)
    assert "The judge is not fit for use" in markdown({**evaluation.document, "judge_fit": False})


def test_a_file_or_a_place_without_permission_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StillYouError, match="is a file"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(StillYouError, match="cannot make"):
        prepare_folder(tmp_path / "file" / "report")
    assert prepare_folder(tmp_path / "new" / "report").is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StillYouError, match="cannot write"):
        prepare_folder(tmp_path)
