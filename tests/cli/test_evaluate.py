"""`stillyou evaluate` through the real command line, on a tiny random model and judge."""

import importlib.util
import json

import pytest
import torch
from PIL import Image

from stillyou.cli import main
from stillyou.diffusion.card import ModelCard
from stillyou.effects.lookup import catalogue, load_effects
from stillyou.evaluation.judge.classifier import Judge, JudgeConfig, JudgeNetwork

FEW = ("santa", "angry")
"""What the model of most tests was trained for; weights from elsewhere are measured on the whole catalogue."""
NEEDED = {
    "split",
    "n",
    "edit_success",
    "judge_score",
    "mask_recall",
    "mask_precision",
    "mask_area_ratio",
    "outside_change",
    "outside_true_error",
    "inside_target_error",
    "inside_source_error",
    "effects",
    "styles",
    "lazy",
    "oracle",
    "model",
    "seed",
    "steps",
    "guidance",
    "seconds",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    from tests.conftest import build_tiny_pipeline

    root = tmp_path_factory.mktemp("evaluate")
    pipeline = build_tiny_pipeline()
    pipeline.save_pretrained(root / "model")
    pipeline.card = ModelCard(effects=tuple(load_effects("santa,angry")), domains=("cartoon", "people"))
    pipeline.save_pretrained(root / "few")
    torch.manual_seed(0)
    config = JudgeConfig(resolution=32, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0))
    Judge(config, JudgeNetwork(config)).save(root / "judge")
    return root


@pytest.fixture
def run(folders, tmp_path, capsys):
    torch.set_num_threads(1)  # tiny networks gain nothing from more

    def command(*arguments, model="few"):
        common = ("--model", folders / model, "--judge", folders / "judge", "--device", "cpu", "--steps", 1)
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in ("evaluate", *common, "-o", tmp_path / "report", *arguments)])
        return stop.value.code, *capsys.readouterr()

    return command


def test_json_is_one_object_with_every_figure(run, tmp_path):
    code, out, err = run("-n", 1, "--split", "unseen-styles", "--json", "--guidance", "1,1,2", model="model")
    assert code == 0, err
    document = json.loads(out)
    assert NEEDED <= set(document)
    assert list(document["effects"]) == list(catalogue())
    assert document["outside_change"] == 0
    assert document["guidance"]["royal"] == {"image": 1.0, "source": 1.0, "text": 2.0}
    assert document["oracle"]["mask_recall"] == document["oracle"]["mask_area_ratio"] == 1
    assert document["lazy"]["mask_recall"] == document["lazy"]["outside_true_error"] == 0
    assert json.loads((tmp_path / "report" / "evaluation.json").read_text()) == document
    assert "too few" in err
    assert document["judge_fit"] is False and "judge is not fit" in " ".join(err.split())
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"evaluation.json", "evaluation.md", "success.png", "masks.png", "sheet.jpg"}


def test_curves_are_plotted_and_the_table_is_printed(run, tmp_path, monkeypatch):
    monkeypatch.setattr("stillyou.evaluation.known_truth.curves.TEXT_SCALES", (2.0,))
    monkeypatch.setattr("stillyou.evaluation.known_truth.curves.STRENGTHS", (0.0, 1.0))
    code, out, err = run("-n", 1, "--split", "unseen-styles", "--curves")
    assert code == 0, err
    for name in ("all edits", "lazy", "oracle", *FEW, "open-peeps"):
        assert name in out
    assert (tmp_path / "report" / "curves.png").exists() and (tmp_path / "report" / "strength.png").exists()
    curves = json.loads((tmp_path / "report" / "evaluation.json").read_text())["curves"]
    assert curves["strength"][0]["outside_true_error"] == 0  # strength 0 is the input


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--split", "unseen"), "unseen-characters, unseen-styles, people or photos"),
        (("--split", "photos"), "--split photos needs a folder"),
        (("--split", "people", "holiday/"), "takes no folder such as holiday"),
        (("--split", "photos", "holiday/", "--curves"), "--curves needs known truth"),
        (("-n", 0), "-n 0 is out of range"),
        (("--steps", 0), "--steps 0"),
        (("--seed", -1), "--seed -1"),
        (("--guidance", "1,2"), "guidance '1,2'"),
        (("--guidance", "nan,1,1"), "guidance 'nan,1,1'"),
        (("--device", "tpu"), "tpu"),
    ],
)
def test_wrong_options_are_refused_in_a_line(run, tmp_path, arguments, named):
    code, out, err = run(*arguments)
    assert code == 2 and not out
    assert named in err and "Traceback" not in err
    assert not (tmp_path / "report").exists()


def test_a_report_that_is_a_file_and_a_missing_judge_are_refused_before_the_work(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = run("-o", tmp_path / "file")
    assert code == 1 and "is a file" in err
    assert (tmp_path / "file").read_text() == "mine"
    code, _, err = run("--judge", tmp_path / "nowhere")
    assert code == 1 and "no judge in" in err
    assert not (tmp_path / "report").exists()


@pytest.fixture
def photographs(tmp_path):
    pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")
    from tests.editing.portraits import portrait

    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(portrait(256)).save(folder / "astronaut.png")
    Image.new("RGB", (200, 200), "green").save(folder / "meadow.png")
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    return folder


def test_photographs_are_edited_and_what_cannot_be_is_listed(run, photographs, tmp_path):
    code, out, err = run("--split", "photos", photographs, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert list(document["photographs"]) == ["astronaut.png"] and document["edits"] == len(FEW)
    assert document["outside_change"] == 0 and document["steps"] == 1
    assert {each["file"] for each in document["left_out"]} == {"meadow.png", "torn.jpg"}
    assert "left out: torn.jpg: is a damaged" in err and "Traceback" not in err
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"evaluation.json", "evaluation.md", "success.png", "sheet.jpg"}


def test_without_the_identity_extra_its_figures_are_left_out_with_a_line(run, photographs, monkeypatch):
    found, hidden = importlib.util.find_spec, "face_recognition_models"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == hidden else found(name, *a))
    code, out, err = run("--split", "photos", photographs)
    assert code == 0 and "on 1 photograph" in out
    assert "identity is left out; it needs: pip install 'stillyou[identity]'" in err
    assert "identity" not in out


def test_a_folder_without_photographs_is_refused_before_the_work(run, tmp_path):
    pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")
    (tmp_path / "bare").mkdir()
    for folder, what in (("bare", "there is no picture in"), ("nowhere", "does not exist")):
        code, out, err = run("--split", "photos", tmp_path / folder)
        assert code == 1 and not out
        assert what in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "report").exists()


def test_people_are_measured_by_group(run, tmp_path):
    pytest.importorskip("moderngl", reason="needs pip install 'stillyou[people]'")
    from stillyou.errors import StillYouError
    from stillyou.pairs.teachers.people.config import PeopleConfig
    from stillyou.pairs.teachers.registry import prepare

    try:
        prepare(PeopleConfig())
    except StillYouError as error:
        pytest.skip(str(error))
    code, out, err = run("-n", 1, "--split", "people")
    assert code == 0, err
    for title in ("by age band", "by gender", "by skin tone", "by hair", "worst first"):
        assert title in out
    document = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert document["outside_change"] == 0
    for axis in document["groups"].values():
        assert sum(table["edits"] for table in axis.values()) == len(FEW)
        successes = [table["edit_success"] for table in axis.values()]
        assert successes == sorted(successes)
    assert (tmp_path / "report" / "groups.png").exists()


def test_people_without_a_renderer_are_refused_in_a_line(run, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "moderngl" else found(name, *a))
    code, out, err = run("-n", 1, "--split", "people")
    assert code == 1 and not out and "pip install 'stillyou[people]'" in err
    assert not (tmp_path / "report").exists()


def test_a_missing_extra_names_the_command_that_installs_it(run, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "matplotlib" else found(name, *a))
    code, _, err = run("-n", 1)
    assert code == 1 and "pip install 'stillyou[evaluate]'" in err


def test_baselines_and_somebodys_editor_share_the_pairs(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brush_for_cli.py").write_text(
        "class Brush:\n    def edit(self, picture, effect, seed):\n"
        "        if effect.id == 'santa':\n            raise ValueError('out of red')\n        return 255 - picture\n"
    )
    chosen = ("-n", 1, "--split", "unseen-styles", "--size", 64)
    code, out, err = run(
        *chosen, "--editor", "brush_for_cli:Brush", "--against", "sdedit,draft,lazy,oracle", "--budget", 4, "--json"
    )
    assert code == 0, err
    document = json.loads(out)
    assert list(document["candidates"]) == ["editor", "sdedit", "draft", "lazy", "oracle"]
    assert document["candidates"]["editor"]["failures"] == {"raised ValueError: out of red": 1}
    assert document["candidates"]["sdedit"]["evaluations"] == 4
    assert document["candidates"]["lazy"]["outside_error"] == document["candidates"]["oracle"]["inside_error"] == 0
    assert "editor raised ValueError: out of red: 1 times" in " ".join(err.split())
    pictures = tmp_path / "report" / "pictures"
    for name in ("source", "target", "mask", "sdedit", "draft"):
        assert Image.open(pictures / "angry" / "0000" / f"{name}.png").size == (64, 64)
    assert not (pictures / "santa" / "0000" / "editor.png").exists()
    assert (tmp_path / "report" / "comparison.md").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--against", "sdedt"), "Did you mean 'sdedit'"),
        (("--against", "lazy", "--split", "photos", "holiday/"), "need known truth"),
        (("--editor", "a:B", "--answers", "."), "both take the model's place"),
        (("--answers", "nowhere/"), "nowhere is not a folder"),
        (("--editor", "no_such_module_here:B"), "no module 'no_such_module_here'"),
        (("--against", "lazy", "--budget", 0), "--budget 0"),
    ],
)
def test_wrong_options_of_comparisons_are_refused_in_a_line(run, tmp_path, arguments, named):
    code, out, err = run(*arguments)
    assert code == 2 and not out
    assert named in " ".join(err.split()) and "Traceback" not in err
    assert not (tmp_path / "report").exists()
