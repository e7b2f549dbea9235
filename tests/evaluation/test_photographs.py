"""Photographs without truth: what is measured, what is left out and why, and the report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from stillyou.editing.editor import Editor
from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError
from stillyou.evaluation.known_truth.benchmark import Settings
from stillyou.evaluation.photographs.edits import Sample, measure_photographs, pictures_in
from stillyou.evaluation.photographs.figures import changed, face_change
from stillyou.evaluation.photographs.report import alike, photo_markdown, photo_rows, write_photo_report
from stillyou.images import Picture
from stillyou.images.faces import Face
from tests.editing.fakes import PEOPLE_CARD, RedPipeline

EFFECTS = [load_effect("santa"), load_effect("laughing")]
FACE = Face(100, 90, 40, score=2.0)
SIZE = (200, 180)


class Detector:
    """Finds one face in any picture but green ones."""

    def __init__(self):
        self.seen = 0

    def __call__(self, rgb):
        self.seen += 1
        return [] if tuple(rgb[0, 0]) == (0, 255, 0) else [FACE]


class RedJudge:
    """Sees Santa in a square whose middle is red, and laughter nowhere."""

    def scores(self, effect, pictures):
        red = [picture[len(picture) // 2, len(picture) // 2, 1] < 30 for picture in pictures]
        seen = [bool(each) and effect.id == "santa" for each in red]
        return seen, [0.75 if each else 0.25 for each in seen]


class CornerReader:
    """Takes the colour of the upper left corner for the face."""

    def describe(self, pictures):
        return [picture[0, 0].astype(np.float64) / 255 for picture in pictures]


def photograph(level):
    pixels = np.full((SIZE[1], SIZE[0], 3), level, np.uint8)
    pixels[::2, 90::3] += 20  # the corner of the face's square stays plain
    return Image.fromarray(pixels)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "photos"
    place.mkdir()
    photograph(60).save(place / "a.png")
    photograph(120).save(place / "b.jpg")
    photograph(180).save(place / "c.png")
    Image.new("RGB", SIZE, (0, 255, 0)).save(place / "meadow.png")
    (place / "cut.png").write_bytes((place / "a.png").read_bytes()[:90])
    (place / "empty.jpg").write_bytes(b"")
    (place / "notes.txt").write_text("mine")
    (place / ".hidden").write_text("")
    return place


def editor(detector=None):
    return Editor(RedPipeline(PEOPLE_CARD), "fake", detector or Detector())


def measure(folder, **options):
    options = {"n": 10, "faces": CornerReader(), "settings": Settings(draft="none"), **options}
    return measure_photographs(
        editor(options.pop("detector", None)), EFFECTS, RedJudge(), Sample(folder, options.pop("n")), **options
    )


def test_edits_are_measured_beside_the_lazy_answer(folder):
    document = measure(folder).document
    assert document["n"] == 3 and document["edits"] == 6
    assert list(document["photographs"]) == ["a.png", "b.jpg", "c.png"]
    assert document["effects"]["santa"]["edit_success"] == 1 and document["effects"]["laughing"]["edit_success"] == 0
    assert document["edit_success"] == 0.5 and document["judge_score"] == 0.5
    assert document["outside_change"] == 0
    assert 0.2 < document["mask_area"] < 0.4  # the middle quarter of the square, and its feathered border
    assert document["face_change"] > 50
    lazy = document["lazy"]
    assert lazy["edit_success"] == lazy["face_change"] == lazy["mask_area"] == lazy["outside_change"] == 0
    assert document["identity_similarity"] == lazy["identity_similarity"] == 1  # the corner is never edited
    assert document["identity_nearest"] == 1 and document["faces"] == 6


def test_photographs_are_compared_with_each_other(folder):
    found = measure(folder).document["between_photographs"]
    assert found["people"] == 3
    assert found["highest"] == pytest.approx(1 - 60 / 255 * 3**0.5, abs=0.01)


def test_what_cannot_be_measured_is_listed_with_reasons(folder):
    document = measure(folder).document
    reasons = {each["file"]: each["reason"] for each in document["left_out"]}
    assert set(reasons) == {"meadow.png", "cut.png", "empty.jpg", "notes.txt"}
    assert reasons["notes.txt"] == "not a picture"
    assert "no face" in reasons["meadow.png"]
    assert reasons["cut.png"] == "is a damaged or truncated PNG picture"
    assert reasons["empty.jpg"] == "is empty"
    text = photo_markdown(document)
    assert "- cut.png: is a damaged" in text and "- notes.txt: not a picture" in text


def test_a_surprise_about_one_photograph_does_not_stop_the_rest(folder):
    class Surprise(Detector):
        def __call__(self, rgb):
            if rgb[1, 1, 0] == 60:
                raise ZeroDivisionError("what nobody foresaw")
            return super().__call__(rgb)

    document = measure(folder, detector=Surprise()).document
    assert document["n"] == 2
    assert {"file": "a.png", "reason": "ZeroDivisionError: what nobody foresaw"} in document["left_out"]


def test_a_limit_takes_the_first_and_says_how_many_were_not_reached(folder):
    done = []
    document = measure(folder, n=1, progress=done.append).document
    assert list(document["photographs"]) == ["a.png"] and document["not_reached"] == 5 and done == [1]
    assert "5 more pictures" in photo_markdown(document)
    assert document["between_photographs"] is None and document["identity_nearest"] is None
    assert "Fewer than two" in alike(document)[1]


def test_faces_are_looked_for_once_a_photograph(folder):
    detector = Detector()
    measure(folder, detector=detector)
    assert detector.seen == 4  # those that could be opened, whatever the number of effects


def test_a_photographs_edit_does_not_depend_on_its_neighbours(folder):
    whole = measure(folder).document["photographs"]["c.png"]
    for name in ("a.png", "b.jpg"):
        (folder / name).unlink()
    alone = measure(folder).document["photographs"]["c.png"]
    assert {**whole, "identity_nearest": None} == alone


def test_seeds_and_settings_reach_the_model(folder):
    found = editor()
    settings = Settings(draft="none", steps=7, strength=0.5)
    measure_photographs(found, EFFECTS, RedJudge(), Sample(folder, 2), settings=settings, seed=3)
    calls = found.pipeline.calls
    assert len({call.seeds[0] for call in calls}) == len(calls) == 4
    assert {call.steps for call in calls} == {7} and {call.strength for call in calls} == {0.5}
    assert calls[0].prompts == ["a person, santa claus costume"]


def test_without_a_face_reader_there_is_no_figure_of_identity(folder):
    document = measure(folder, faces=None).document
    assert "identity_similarity" not in document and "between_photographs" not in document
    assert alike(document) == [] and "identity" not in photo_rows(document)[0]


def test_the_report_has_tables_a_plot_and_a_sheet(folder, tmp_path):
    found = measure(folder)
    found.document = {"model": "fake", **found.document}
    report = tmp_path / "report"
    report.mkdir()
    names = {path.name for path in write_photo_report(report, found)}
    assert names == {"evaluation.json", "evaluation.md", "success.png", "sheet.jpg"}
    assert json.loads((report / "evaluation.json").read_text()) == found.document
    assert [row[0] for row in photo_rows(found.document)] == ["", "all edits", "lazy", "santa", "laughing"]
    with Image.open(report / "sheet.jpg") as sheet:
        assert sheet.width > 3 * 120 and sheet.height > 3 * 2 * 120
        red, green, _ = sheet.getpixel((4 + 124 + 60, 24 + 60))  # the middle of the first edit
        assert red > 150 > 80 > green


def test_changes_are_measured_and_not_believed():
    before = Picture(np.full((60, 80, 3), 100, np.uint8))
    rgb, mask = before.rgb.copy(), np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    rgb[20:40, 30:50] = 110
    rgb[0, 0] = 103  # outside
    result = SimpleNamespace(
        picture=Picture(rgb), mask=Image.fromarray(mask), report=SimpleNamespace(change_outside=0.0)
    )
    found = changed(before, result, Face(40, 30, 20), np.float32([[1, 0], [0.4, 0.6]]))
    assert found["outside_change"] == 3
    assert found["face_change"] == 10 and found["mask_area"] == 0.5
    # Of the circle around the corner three pixels lie in the picture, and one of them has changed.
    assert face_change(before, result.picture, Face(0, 0, 4)) == 1
    assert face_change(before, result.picture, Face(-30, -30, 4)) is None


def test_folders_that_cannot_be_used_are_refused_in_a_line(tmp_path, folder):
    with pytest.raises(StillYouError, match="does not exist"):
        pictures_in(tmp_path / "nowhere")
    with pytest.raises(StillYouError, match="is a file, not a folder"):
        pictures_in(folder / "a.png")
    (tmp_path / "bare").mkdir()
    with pytest.raises(StillYouError, match="there is no picture in"):
        pictures_in(tmp_path / "bare")
    for name in ("a.png", "b.jpg", "c.png"):
        (folder / name).unlink()
    with pytest.raises(StillYouError, match=r"no picture in .* can be measured \(meadow.png: .*no face"):
        measure(folder)
