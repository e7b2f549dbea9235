"""Effects of one's own through the editor and the command line: the art alone, on a fit that is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from stillyou.cli import main
from stillyou.drafts import network
from stillyou.drafts.fit import Fit
from stillyou.drafts.plausible import objection, warnings
from stillyou.editing.editor import Editor
from stillyou.editing.plan import ModelTraits, resolve
from stillyou.editing.request import EditRequest
from stillyou.editing.scene.crop import Crop
from stillyou.errors import StillYouError, UsageError
from stillyou.images import read_picture
from tests.drafts.test_vector_place import FIT, POINTS, SKY, portrait
from tests.editing.fakes import RedPipeline, finds

WHOLE = Crop(0, 0, 240)


@pytest.fixture(autouse=True)
def known_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "predict", lambda squares: [FIT] * len(squares))


@pytest.fixture
def pirate(tmp_path: Path) -> Path:
    """Return the folder that the docs describe."""
    text = (Path(__file__).parents[2] / "docs" / "reference" / "own-effects.md").read_text("utf-8")
    files = re.findall(r"`pirate/([a-z.]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in files] == ["effect.yaml", "hat.svg", "patch.svg"]
    (tmp_path / "pirate").mkdir()
    for name, content in files:
        (tmp_path / "pirate" / name).write_text(content)
    return tmp_path / "pirate"


def editor() -> Editor:
    return Editor(RedPipeline(), "fake", detector=finds())


def source() -> Image.Image:
    return Image.fromarray(portrait(240))


def test_the_docs_pirate_works_at_once_on_any_model(pirate: Path) -> None:
    edits = editor()
    result = edits.edit(source(), f"{pirate}/", crop=WHOLE)
    before, after, mask = np.array(source()), np.array(result.image), np.array(result.mask)
    assert not edits.pipeline.calls and result.report.evaluations == 0
    assert (result.report.effect, result.report.design, result.report.refine) == ("pirate", "black", 0.0)
    assert np.array_equal(after[mask == 0], before[mask == 0]) and 0.05 < (mask > 0).mean() < 0.5
    assert (after[52, 104] == (35, 36, 43)).all()  # felt
    assert (after[105, 105] == (17, 17, 17)).all()  # the patch lies on the face
    assert np.abs(after.astype(int) - np.array(result.draft)[..., :3])[mask == 255].max() <= 2
    red = edits.edit(source(), pirate, crop=WHOLE, design="red", wear="hat")
    assert (np.array(red.image)[52, 104] == (140, 28, 36)).all()


def test_what_needs_training_or_is_not_there_is_refused(pirate: Path) -> None:
    edits = editor()
    for options in ({"refine": 0.5}, {"refine": 1.0}, {"draft": "none"}, {"official": True}):
        with pytest.raises(UsageError, match="not trained for the effect 'pirate'"):
            resolve(EditRequest.read(pirate, **options), ModelTraits("fake", edits.pipeline.card, 32))
    with pytest.raises(UsageError, match="no design 'rad'. Did you mean 'red'"):
        edits.edit(source(), pirate, design="rad")
    with pytest.raises(UsageError, match="has no coat. It has: hat"):
        edits.edit(source(), pirate, wear="coat")
    sketch = Image.new("RGBA", (240, 240))
    sketch.paste((0, 200, 0, 255), (100, 20, 140, 60))
    result = edits.edit(source(), pirate, crop=WHOLE, draft=sketch)
    assert result.report.refine == 0 and (np.array(result.image)[40, 120] == (0, 200, 0)).all()


def test_a_model_that_was_trained_for_it_may_refine(pirate: Path) -> None:
    card = RedPipeline().card
    spec = card.effects[0].model_copy(update={"id": "other", "target_prompt": "a {subject}, pirate"})
    edits = Editor(RedPipeline(card.model_copy(update={"effects": (spec,)})), "fake", detector=finds())
    result = edits.edit(source(), pirate, crop=WHOLE, refine=0.5)
    (call,) = edits.pipeline.calls
    assert call.refine == 0.5 and result.report.refine == 0.5


def test_an_unsure_fit_leaves_the_picture_alone_in_words(pirate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doubtful = Fit(FIT.points, FIT.turn, np.full(len(FIT.points), 0.5, np.float32))
    monkeypatch.setattr(network, "predict", lambda squares: [doubtful] * len(squares))
    with pytest.raises(StillYouError, match="not edited with 'pirate': where the costume sits could not be told"):
        editor().edit(source(), pirate)
    noted = editor().edit(source(), "santa", design="classic").report.notes
    assert any("so the edit was drawn from noise" in note for note in noted)


def as_votes_do(squares: NDArray[np.uint8]) -> list[Fit]:
    """Return a fit about the middle of all that is red, as wide as one disc of that area."""
    rows, columns = np.nonzero((squares[0, ..., 0] > 127) & (squares[0, ..., 1] < 127))
    middle = np.float32([columns.mean() + 0.5, rows.mean() + 0.5]) / len(squares[0])
    width = np.float32(2 * np.sqrt(len(rows) / np.pi) / len(squares[0]))
    return [Fit((middle + (FIT.points - np.float32([0.5, 0.47])) * width / np.float32(0.4)).astype(np.float32))]


def heads(*places: tuple[int, int, int]) -> Image.Image:
    """Return a picture with red discs: their middles and widths in pixels."""
    image = Image.new("RGB", (480, 480), SKY)
    for x, y, width in places:
        ImageDraw.Draw(image).ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], (200, 30, 30))
    return image


def test_one_of_two_heads_is_dressed_with_a_note_and_a_small_one_without(pirate: Path, monkeypatch) -> None:
    monkeypatch.setattr(network, "predict", as_votes_do)
    small = editor().edit(heads((150, 220, 90)), pirate, crop=Crop(0, 0, 480), wear="hat")
    columns = np.flatnonzero(np.array(small.mask).any(axis=0))
    assert abs(columns.mean() - 150) < 8 and small.report.notes == ()
    try:
        notes = editor().edit(heads((100, 240, 90), (380, 240, 110)), pirate, crop=Crop(0, 0, 480)).report.notes
    except StillYouError as error:
        notes = (str(error),)
    assert any("more than one head" in note for note in notes)


def moved(**points: tuple[float, float]) -> Fit:
    return Fit.of({**POINTS, **points})


def test_fits_that_no_head_has_are_objected_to() -> None:
    assert objection(FIT, 0.06) is None and objection(FIT.mirrored(), 0.06) is None
    upside_down = Fit(np.float32([1, 1]) - FIT.points)
    assert objection(upside_down, 0.06) is None  # a head that stands on itself is one
    for fit in (
        moved(mouth=(0.5, 0.3)),
        moved(neck_left=(0.4, 0.2), neck_right=(0.6, 0.2)),
        moved(brim_left=(0.49, 0.34), brim_right=(0.51, 0.34)),
        Fit(FIT.points + np.float32(0.8)),
        Fit(FIT.points * np.float32(np.nan)),
        Fit(FIT.points, FIT.turn, np.full(len(FIT.points), 0.1, np.float32)),
    ):
        assert objection(fit, 0.06)
    assert warnings(FIT, 0, 0, 1, 1) == []
    assert "border" in warnings(FIT, 0, 0.25, 1, 1)[0]
    assert "to the side" in warnings(Fit(FIT.points, (1.2, 0, 0)), 0, 0, 1, 1)[0]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0), *capsys.readouterr()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    models: list[str] = []
    monkeypatch.setattr(Editor, "from_pretrained", lambda model, *_: models.append(model) or editor())
    return models


def test_the_command_writes_the_draft_with_the_rest_or_nothing(pirate: Path, loaded, tmp_path: Path, capsys) -> None:
    source().save(tmp_path / "me.png")
    names = [tmp_path / name for name in ("out.png", "d.png", "m.png")]
    edit = ("edit", tmp_path / "me.png", "-e", f"{pirate}/", "-o", names[0], "--crop", "0,0,240")
    code, printed, told = run(capsys, *edit, "--draft-out", names[1], "--mask-out", names[2], "--json")
    assert code == 0, told
    assert json.loads(printed)["design"] == "black"
    draft = Image.open(names[1])
    assert (draft.mode, draft.size) == ("RGBA", (240, 240))
    assert np.array_equal(np.array(draft)[..., 3], np.array(Image.open(names[2])))
    for path in names:
        path.unlink()
    for wrong in (["--draft-out", tmp_path / "d.jpg"], ["--draft-out", names[0]], ["--draft-out", tmp_path / "me.png"]):
        assert run(capsys, *edit, *wrong)[0] == 2
    code, _, told = run(capsys, *edit[:3], "angry", *edit[4:], "--draft-out", names[1])
    assert code == 1 and "no draft to write" in told
    code, _, told = run(capsys, *edit, "--strength", "0", "--draft-out", names[1])
    assert code == 2 and "strength 0 has no draft" in told
    assert not any(path.exists() for path in names)
    (tmp_path / "in").mkdir()
    source().save(tmp_path / "in" / "a.png")
    code, _, told = run(capsys, "edit", tmp_path / "in", "-e", pirate, "-o", tmp_path / "o", "--draft-out", names[1])
    assert code == 2 and "--draft-out is for one picture" in told


def test_bad_art_is_refused_before_the_model_is_loaded(pirate: Path, loaded: list[str], tmp_path: Path, capsys) -> None:
    source().save(tmp_path / "me.png")
    (pirate / "hat.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script/></svg>')
    code, _, told = run(capsys, "edit", tmp_path / "me.png", "-e", pirate, "-o", tmp_path / "out.png")
    assert code == 1 and "hat.svg holds <script>" in told and len(told.strip().splitlines()) == 1
    assert loaded == [] and not (tmp_path / "out.png").exists()


def test_designs_are_listed_and_drawn_on_the_samples(pirate: Path, tmp_path: Path, capsys) -> None:
    code, printed, told = run(capsys, "effects", f"{pirate}/", "-o", tmp_path / "sheet.png")
    assert code == 0, told
    assert "black felt with golden braid" in printed and "2 files of art" in told
    width, height = read_picture(tmp_path / "sheet.png").size
    assert width > 3 * 176 and height > 2 * 176
    code, printed, _ = run(capsys, "effects", "santa", "--json")
    assert code == 0
    assert [each["name"] for each in json.loads(printed)["effects"][0]["designs"]][0] == "classic"
    assert run(capsys, "effects", "santa", "royal", "-o", tmp_path / "a.png")[0] == 2
    assert run(capsys, "effects", "angry", "-o", tmp_path / "a.png")[0] == 2
    assert not (tmp_path / "a.png").exists()
