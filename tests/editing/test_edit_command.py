"""`stillyou edit` through the command line's own entry, with exit codes, on a pipeline with a known answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main
from stillyou.editing import road
from stillyou.editing.editor import Editor
from stillyou.images import read_mask, read_picture
from tests.editing.fakes import RedPipeline

RNG = np.random.default_rng(11)


@pytest.fixture
def loads(monkeypatch):
    """Replace the model; the list tells what was loaded."""
    loaded = []

    def fake(model="embedded", device="auto", *others):
        loaded.append((model, device))
        return Editor(RedPipeline(), model)

    monkeypatch.setattr(Editor, "from_pretrained", fake)
    return loaded


@pytest.fixture
def portrait(tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def stillyou(capsys):
    """Run the command line; gives exit code, standard output and standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return stop.value.code, out, err

    return run


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_picture_with_everything(stillyou, loads, portrait, tmp_path):
    out, mask, sheet = tmp_path / "new" / "out.png", tmp_path / "m.png", tmp_path / "s.png"
    code, printed, _ = stillyou(
        "edit", portrait, "-e", "santa", "-o", out, "--mask-out", mask, "--sheet", sheet, "--json",
        "--strength", 0.5, "--seed", 4, "--steps", 3, "--guidance", "1,2,3", "--var", "subject=woman",
        "--crop", "0,0,40", "--mask-strategy", "latent", "--device", "cpu", "--model", "some/model",
    )  # fmt: skip
    assert code == 0
    told = json.loads(printed)
    assert told["output"] == str(out)
    assert told["mask_out"] == str(mask)
    assert told["sheet"] == str(sheet)
    assert told["prompt"] == "a woman, santa claus costume"
    assert (told["strength"], told["seed"], told["steps"], told["change_outside"]) == (0.5, 4, 3, 0)
    assert told["guidance"] == {"image": 1, "source": 2, "text": 3}
    assert told["crop"] == {"left": 0, "top": 0, "size": 40}
    assert loads == [("some/model", "cpu")]
    before, after, kept = read_picture(portrait).rgb, read_picture(out).rgb, read_mask(mask, (60, 40)) == 0
    assert np.array_equal(after[kept], before[kept])
    assert not np.array_equal(after, before)
    assert read_picture(sheet).size[0] > 3 * 256


def test_when_one_file_cannot_be_written_none_is(stillyou, loads, portrait, tmp_path, monkeypatch):
    def no_space(rows):
        raise OSError(28, "No space left on device")

    (tmp_path / "o.png").write_text("of before")
    monkeypatch.setattr("stillyou.editing.sheet.draw_sheet", no_space)
    before = files(tmp_path)
    extra = ("--mask-out", tmp_path / "m.png", "--sheet", tmp_path / "s.png")
    code, printed, told = stillyou("edit", portrait, "-e", "angry", "-o", tmp_path / "o.png", *extra)
    assert (code, printed) == (1, "") and "No space left" in told
    assert files(tmp_path) == before and (tmp_path / "o.png").read_text() == "of before"


def test_without_json_the_path_is_all_of_standard_output(stillyou, loads, portrait, tmp_path):
    code, printed, _ = stillyou("edit", portrait, "-e", "angry", "-o", tmp_path / "out.jpg")
    assert code == 0
    assert printed == f"{tmp_path / 'out.jpg'}\n"


def test_jpeg_output_says_that_it_is_not_exact(stillyou, loads, portrait, tmp_path):
    _, printed, _ = stillyou("edit", portrait, "-e", "angry", "-o", tmp_path / "out.jpg", "--json")
    assert any("bit-identical" in note for note in json.loads(printed)["notes"])


def test_a_folder_as_output_of_one_picture_gets_its_name(stillyou, loads, portrait, tmp_path):
    (tmp_path / "there").mkdir()
    assert stillyou("edit", portrait, "-e", "angry", "-o", tmp_path / "there")[0] == 0
    assert stillyou("edit", portrait, "-e", "angry", "-o", f"{tmp_path}/new/")[0] == 0
    assert (tmp_path / "there" / "me.png").exists()
    assert (tmp_path / "new" / "me.png").exists()


def test_a_folder_with_one_bad_file(stillyou, loads, tmp_path):
    folder, out, masks = tmp_path / "in", tmp_path / "out", tmp_path / "masks"
    folder.mkdir()
    for name in ("a.png", "b.jpg", "c.gif", "c.webp", "nameless"):
        Image.fromarray(RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
            folder / name, "PNG" if name == "nameless" else None
        )
    (folder / "bad.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "inner").mkdir()
    code, printed, told = stillyou(
        "edit", folder, "-e", "santa", "-o", out, "--mask-out", masks, "--sheet", tmp_path / "s.jpg", "--json"
    )
    assert code == 1
    result = json.loads(printed)
    assert (result["edited"], result["failed"]) == (5, 1)
    assert result["failures"][0]["input"] == str(folder / "bad.png")
    assert "damaged" in result["failures"][0]["error"]
    assert result["skipped"] == [str(folder / "notes.txt")]
    assert files(out) == ["a.png", "b.jpg", "c.png", "c.webp", "nameless.png"]
    assert files(masks) == ["a.png", "b.jpg.png", "c.png", "c.webp.png", "nameless.png"]
    assert "edited 5 of 6 pictures" in told
    assert len(loads) == 1
    assert all(edit["change_outside"] == 0 for edit in result["edits"])
    (folder / "bad.png").unlink()
    code, printed, _ = stillyou("edit", folder, "-e", "santa", "-o", out)
    assert code == 0
    assert len(printed.splitlines()) == 5


def test_what_nobody_foresaw_about_one_picture_does_not_stop_the_rest(stillyou, loads, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (20, 20), "white").save(folder / name)
    prepare = road.prepare

    def fails_once(*arguments, **options):
        monkeypatch.setattr("stillyou.editing.editor.prepare", prepare)
        raise RuntimeError("bad luck")

    monkeypatch.setattr("stillyou.editing.editor.prepare", fails_once)
    code, printed, _ = stillyou("edit", folder, "-e", "santa", "-o", tmp_path / "out", "--json")
    told = json.loads(printed)
    assert (code, told["edited"], told["failed"]) == (1, 1, 1)
    assert told["failures"][0]["error"] == "RuntimeError: bad luck"


def test_names_that_would_meet_stay_apart(stillyou, loads, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.gif", "a.png"):
        Image.new("RGB", (20, 20), "white").save(folder / name)
    assert stillyou("edit", folder, "-e", "santa", "-o", tmp_path / "out")[0] == 0
    assert files(tmp_path / "out") == ["a.gif.png", "a.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-e", "sanat", "-o", "{}/o.png"], 2, "Did you mean 'santa'"),
        (["-e", "{}/none.yaml", "-o", "{}/o.png"], 2, "cannot be read"),
        (["-e", "santa"], 2, "--output"),
        (["-o", "{}/o.png"], 2, "--effect"),
        (["-e", "santa", "-o", "{}/o.gif"], 2, ".png"),
        (["-e", "santa", "-o", "{}/o"], 2, "no extension"),
        (["-e", "santa", "-o", "{}/me.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/x/../me.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/new/../me.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/o.png", "--mask-out", "{}/new/../me.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/new/../"], 2, "is an input"),
        (["-e", "santa", "-o", "{}"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/link.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/o.png", "--mask-out", "{}/o.png"], 2, "written twice"),
        (["-e", "santa", "-o", "{}/o.png", "--mask-out", "{}/me.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/o.png", "--mask-out", "{}/m.jpg"], 2, ".png"),
        (["-e", "santa", "-o", "{}/o.png", "--sheet", "{}/o.png"], 2, "written twice"),
        (["-e", "santa", "-o", "{}/o.png", "--sheet", "{}/s.txt"], 2, ".txt"),
        (["-e", "santa", "-o", "{}/o.png", "--mask", "{}/o.png"], 2, "is an input"),
        (["-e", "santa", "-o", "{}/o.png", "--strength", "nan"], 2, "strength"),
        (["-e", "santa", "-o", "{}/o.png", "--strength", "1.5"], 2, "strength"),
        (["-e", "santa", "-o", "{}/o.png", "--strength", "much"], 2, "strength"),
        (["-e", "santa", "-o", "{}/o.png", "--seed", "-1"], 2, "seed"),
        (["-e", "santa", "-o", "{}/o.png", "--steps", "0"], 2, "steps"),
        (["-e", "santa", "-o", "{}/o.png", "--guidance", "1,2"], 2, "guidance"),
        (["-e", "santa", "-o", "{}/o.png", "--guidance", "1,nan,2"], 2, "guidance"),
        (["-e", "santa", "-o", "{}/o.png", "--var", "subject"], 2, "NAME=VALUE"),
        (["-e", "santa", "-o", "{}/o.png", "--var", "colour=red"], 2, "no variable 'colour'"),
        (["-e", "santa", "-o", "{}/o.png", "--crop", "1,2"], 2, "crop"),
        (["-e", "santa", "-o", "{}/o.png", "--mask-strategy", "magic"], 2, "magic"),
        (["-e", "santa", "-o", "{}/o.png", "--mask", "{}/none.png"], 1, "does not exist"),
        (["-e", "santa", "-o", "{}/o.png", "--mask", "{}/small.png"], 1, "8x8 pixels, the picture is 60x40"),
        (["-e", "santa", "-o", "{}/me.png/o.png"], 1, "cannot write"),
    ],
)
def test_what_is_refused(stillyou, loads, portrait, tmp_path, arguments, code, words):
    (tmp_path / "x").mkdir()
    (tmp_path / "link.png").symlink_to(portrait)
    Image.new("L", (8, 8)).save(tmp_path / "small.png")
    before = files(tmp_path)
    ended, printed, told = stillyou("edit", portrait, *(argument.format(tmp_path) for argument in arguments))
    assert (ended, printed) == (code, "")
    assert words in told
    assert len(told.strip().splitlines()) == 1
    assert files(tmp_path) == before
    assert loads == []


@pytest.mark.parametrize("name", ["missing.png", "empty.png", "text.png", "cut.png", "moving.gif"])
def test_bad_pictures_end_with_1_and_one_line(stillyou, loads, portrait, tmp_path, name):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "cut.png").write_bytes(portrait.read_bytes()[:300])
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    code, printed, told = stillyou("edit", tmp_path / name, "-e", "santa", "-o", tmp_path / "o.png")
    assert (code, printed, loads) == (1, "", [])
    assert len(told.strip().splitlines()) == 1
    assert not (tmp_path / "o.png").exists()


def test_a_draft_that_does_not_fit_is_refused_before_loading(stillyou, loads, portrait, tmp_path):
    Image.new("RGBA", (30, 30), "red").save(tmp_path / "small.png")
    arguments = ("edit", portrait, "-e", "santa", "-o", tmp_path / "out.png", "--draft")
    for name, words in (("none-such.png", "none-such.png"), ("small.png", "30x30 pixels, the picture 60x40")):
        code, out, err = stillyou(*arguments, tmp_path / name)
        assert (code, out) == (1, "") and words in err
    code, _, err = stillyou("edit", tmp_path, "-e", "santa", "-o", tmp_path / "out", "--draft", tmp_path / "small.png")
    assert code == 2 and "for one picture" in err
    assert not loads and files(tmp_path) == ["me.png", "small.png"]


def test_folders_refuse_what_is_meant_for_one_picture(stillyou, loads, portrait, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    assert stillyou("edit", folder, "-e", "santa", "-o", tmp_path / "out")[0] == 1
    Image.new("RGB", (20, 20)).save(folder / "a.png")
    for extra in (["--crop", "0,0,5"], ["--mask", portrait], ["--mask-out", tmp_path / "m.png"]):
        code, _, told = stillyou("edit", folder, "-e", "santa", "-o", tmp_path / "out", *extra)
        assert code == 2, told
    for output in (folder, tmp_path / "out.png", portrait):
        assert stillyou("edit", folder, "-e", "santa", "-o", output)[0] == 2
    assert loads == []


def test_a_folder_is_not_written_onto_itself_by_a_way_that_is_yet_to_be_made(stillyou, loads, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (20, 20)).save(folder / "a.png")
    for output in (tmp_path / "new" / ".." / "in", folder / "new" / ".."):
        code, _, told = stillyou("edit", folder, "-e", "santa", "-o", output)
        assert code == 2 and "is an input" in told
    assert loads == [] and files(tmp_path) == ["in/a.png"]


def test_an_output_that_becomes_the_input_meanwhile_is_refused_before_it_takes_its_name(
    stillyou, loads, portrait, tmp_path, monkeypatch
):
    finish, before = road.finish, portrait.read_bytes()

    def link_and_finish(*arguments, **options):
        (tmp_path / "o.png").symlink_to(portrait)
        return finish(*arguments, **options)

    monkeypatch.setattr("stillyou.editing.editor.finish", link_and_finish)
    code, printed, told = stillyou("edit", portrait, "-e", "santa", "-o", tmp_path / "o.png")
    assert (code, printed) == (2, "") and "is an input" in told
    assert portrait.read_bytes() == before
    assert files(tmp_path) == ["me.png", "o.png"]


def test_names_are_told_as_they_are(stillyou, loads, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["[red]a[bold].png", ":smile:.png", "[].png"]
    for name in names:
        Image.new("RGB", (20, 20), "white").save(folder / name)
    (folder / "[bold]bad:cat:.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    code, printed, told = stillyou("edit", folder, "-e", "santa", "-o", tmp_path / "out [b]")
    assert code == 1
    assert sorted(printed.splitlines()) == sorted(str(tmp_path / "out [b]" / name) for name in names)
    for name in (*names, "[bold]bad:cat:.png"):
        assert name in told.replace("\n", "")


def test_a_name_that_cannot_be_printed_fails_no_edit(portrait, tmp_path):
    name = os.fsdecode(b"me-\xff.png")
    try:
        (tmp_path / name).write_bytes(portrait.read_bytes())
    except OSError:
        pytest.skip("this file system takes only names that can be printed")
    code = (
        "import sys; from tests.editing.fakes import RedPipeline; from stillyou.editing.editor import Editor;"
        "Editor.from_pretrained = classmethod(lambda cls, *others: cls(RedPipeline(), 'm'));"
        "from stillyou.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "edit", tmp_path / name, "-e", "santa", "-o", tmp_path / "outé" / name]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outé" / name).exists()
    assert done.stdout.isascii() and b"me-" in done.stdout


def test_help_shows_debug(stillyou):
    code, printed, _ = stillyou("--help")
    assert code == 0 and "--debug" in printed


def test_masks_that_may_be_meant_otherwise_are_told(stillyou, loads, portrait, tmp_path):
    Image.new("L", (60, 40), 90).save(tmp_path / "dark.png")
    arguments = ("edit", portrait, "-e", "santa", "-o", tmp_path / "o.png", "--mask", tmp_path / "dark.png")
    code, _, told = stillyou(*arguments)
    assert code == 0 and "nowhere brighter than 90 of 255" in told


def test_effects_of_ones_own_are_refused_before_loading_with_the_way_to_train_them(stillyou, loads, portrait, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stillyou.json").write_text(RedPipeline().card.model_dump_json())
    (tmp_path / "my hat.yaml").write_text(
        'id: hat\ntitle: Hat\ngroup: costume\nsource_prompt: "a {subject}"\n'
        'target_prompt: "a {subject}, hat"\nkeeps: [face]\n'
    )
    code, _, told = stillyou(
        "edit", portrait, "-e", tmp_path / "my hat.yaml", "-o", tmp_path / "o.png", "--model", tmp_path / "model"
    )
    assert code == 2
    assert "stillyou train --init" in told and f"-e '{tmp_path}/my hat.yaml'" in told
    assert loads == []


def test_a_real_model_folder_and_its_absence(stillyou, tiny_pipeline, portrait, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path / "model")
    arguments = ["edit", portrait, "-e", "santa", "-o", tmp_path / "o.png", "--steps", 1, "--json", "--device", "cpu"]
    code, printed, told = stillyou(*arguments, "--model", tmp_path / "model")
    assert code == 0, told
    assert json.loads(printed)["device"] == "cpu"
    code, _, told = stillyou(*arguments, "--model", tmp_path / "nothing")
    assert code == 2
    assert "there is no model" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(stillyou, loads, portrait, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, told = stillyou("edit", portrait, "-e", "santa", "-o", tmp_path / "locked" / "o.png")
    assert code == 1
    assert "cannot write" in told
