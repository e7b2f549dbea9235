"""Editing photographs: which face, in which square, with which words; and nothing else touched."""

import json

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main
from stillyou.editing.editor import Editor
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.face_choice import MOST_EDITED
from stillyou.effects.lookup import catalogue
from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning
from stillyou.errors import StillYouError, UsageError
from stillyou.images import read_mask, read_picture
from stillyou.images.faces import Face
from stillyou.images.framing import FACE_SHARE
from tests.editing.fakes import CARD, PEOPLE_CARD, RedPipeline, finds
from tests.editing.portraits import group, portrait

LEFT, MIDDLE, RIGHT = Face(100, 120, 40), Face(300, 110, 60), Face(500, 130, 30)


def photograph(width=600, height=300):
    """Soft noise: shaded like a photograph."""
    small = np.random.default_rng(9).integers(0, 256, (height // 75, width // 75, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def drawing(width=600, height=300):
    picture = Image.new("RGB", (width, height), (240, 220, 180))
    picture.paste((20, 90, 160), (width // 3, height // 4, width // 2, height))
    return picture


def editor(*faces, card=PEOPLE_CARD):
    return Editor(RedPipeline(card), "fake", finds(*faces))


def kept(source, result):
    mask = np.asarray(result.mask)
    assert np.array_equal(np.asarray(result.image)[mask == 0], np.asarray(source)[mask == 0])
    assert result.report.change_outside == 0
    return mask


def test_the_largest_face_is_edited_in_the_square_of_the_studio():
    source, edits = photograph(), editor(LEFT, MIDDLE, RIGHT)
    result = edits.edit(source, "santa")
    mask, report = kept(source, result), result.report
    assert (report.domain, [face.edited for face in report.faces]) == ("people", [False, True, False])
    assert (report.prompt, report.source_prompt) == ("a person, santa claus costume", "a person")
    square = report.faces[1].crop
    assert report.crop == square
    assert MIDDLE.size / square.size == pytest.approx(FACE_SHARE, abs=0.01)
    marked = np.argwhere(mask)
    assert marked.min(axis=0).tolist() >= [square.top, square.left]
    assert marked.max(axis=0)[1] < square.left + square.size
    assert mask[110, 300] == 255
    (note,) = report.notes
    assert "3 faces, of which the largest" in note and "--face all" in note


@pytest.mark.parametrize(
    ("face", "edited"), [("largest", [2]), ("all", [1, 2, 3]), ("1", [1]), (3, [3]), ("510,140", [3]), ("0,0", [1])]
)
def test_faces_are_chosen(face, edited):
    source = photograph()
    result = editor(RIGHT, LEFT, MIDDLE).edit(source, "santa", face=face)
    mask = kept(source, result)
    assert [each.number for each in result.report.faces if each.edited] == edited
    for number, each in enumerate((LEFT, MIDDLE, RIGHT), 1):
        assert (mask[round(each.y), round(each.x)] > 0) == (number in edited)


def test_a_face_is_edited_alike_alone_and_among_all():
    source, edits = photograph(), editor(LEFT, MIDDLE, RIGHT)
    together = edits.edit(source, "santa", face="all", seed=4)
    alone = edits.edit(source, "santa", face="1", seed=4)
    mask = np.asarray(alone.mask)
    assert np.array_equal(np.asarray(together.mask)[:, :200], mask[:, :200])
    assert np.array_equal(np.asarray(together.image)[:, :200], np.asarray(alone.image)[:, :200])
    assert [call.seeds for call in edits.pipeline.calls] == [[4]] * 4
    assert together.report.evaluations == 3 * alone.report.evaluations


def test_where_squares_overlap_every_face_keeps_its_own_edit():
    close = (Face(100, 120, 60), Face(170, 120, 60))
    source = photograph()
    result = editor(*close).edit(source, "santa", face="all")
    mask = kept(source, result)
    assert mask[120, 100] == mask[120, 170] == 255
    alone = [np.asarray(editor(*close).edit(source, "santa", face=number).mask) for number in (1, 2)]
    assert np.array_equal(mask, np.maximum(*alone))
    assert alone[0][120, 170] == alone[1][120, 100] == 0
    assert min(alone[0][120, 134], alone[1][120, 136]) > 0  # they meet softly between the two


def test_progress_runs_over_all_faces():
    told = []
    edits = editor(LEFT, MIDDLE, RIGHT)
    edits.edit(photograph(), "santa", face="all", steps=5, progress=lambda done, steps: told.append((done, steps)))
    assert told == [(5, 15), (10, 15), (15, 15)]


def test_all_stops_at_a_limit_and_says_so():
    crowd = [Face(20 + 22 * i, 100 + (i % 3), 10 + i % 5) for i in range(MOST_EDITED + 4)]
    result = editor(*crowd).edit(photograph(), "santa", face="all", steps=1)
    assert sum(face.edited for face in result.report.faces) == MOST_EDITED
    assert any(f"{MOST_EDITED} largest of {MOST_EDITED + 4}" in note for note in result.report.notes)


def test_a_supplied_mask_is_used_exactly_for_one_face_and_for_all():
    source, mask = photograph(), np.zeros((300, 600), np.uint8)
    mask[60:180, 60:160] = np.random.default_rng(9).integers(1, 256, (120, 100), dtype=np.uint8)
    mask[60:180, 260:340] = 200
    result = editor(LEFT, MIDDLE).edit(source, "santa", mask=mask, face="all")
    kept(source, result)
    inside = np.zeros_like(mask, bool)
    for face in result.report.faces:
        crop = face.crop
        inside[max(0, crop.top) : crop.top + crop.size, max(0, crop.left) : crop.left + crop.size] = True
    assert np.array_equal(np.asarray(result.mask)[inside], mask[inside])
    wide = np.zeros_like(mask)
    wide[10:290, 30:280] = 255
    result = editor(LEFT).edit(source, "santa", mask=wide)
    assert np.array_equal(np.asarray(result.mask), wide)
    assert result.report.notes == ()


@pytest.mark.parametrize("tilt", [45.0, -90.0, 180.0])
def test_a_tilted_face_is_seen_upright_and_only_its_own_square_is_touched(tilt):
    source, face = photograph(), Face(300, 150, 40, tilt)
    result = editor(face).edit(source, "santa")
    mask = kept(source, result)
    assert result.report.faces[0].turned == tilt
    assert mask[150, 300] == 255
    reach = np.hypot(*(np.argwhere(mask) - (150, 300)).T).max()
    assert reach < face.size / FACE_SHARE * 0.75
    changed = np.asarray(result.image)[mask == 255].astype(int)
    assert changed[:, 0].mean() > 200 > 60 > changed[:, 1].mean()


def test_a_square_of_few_pixels_is_told():
    tiny = editor().edit(Image.new("RGB", (8, 8), (200, 100, 50)), "santa")
    assert any("reduced to 8 pixels a side" in note for note in tiny.report.notes)
    assert not any("reduced" in note for note in editor().edit(drawing(), "santa").report.notes)


def test_faces_that_are_small_or_cut_off_are_told():
    small = editor(Face(300, 150, 4)).edit(photograph(), "santa")
    assert any("the face is small" in note for note in small.report.notes)
    source = photograph()
    cut = editor(Face(5, 5, 90)).edit(source, "santa")
    kept(source, cut)
    assert any("close to the picture's edge" in note for note in cut.report.notes)


def test_drawings_keep_their_rule_and_their_word():
    source = drawing()
    result = editor().edit(source, "santa")
    assert (result.report.domain, result.report.faces) == ("cartoon", ())
    assert result.report.prompt == "a cartoon character, santa claus costume"
    doubtful = editor(Face(300, 150, 40, score=0.3)).edit(source, "santa")
    assert (doubtful.report.domain, doubtful.report.crop) == ("cartoon", result.report.crop)
    assert not doubtful.report.faces[0].edited


def test_the_domain_may_be_said():
    source = photograph()
    cartoon = editor(MIDDLE).edit(source, "santa", domain="cartoon")
    assert (cartoon.report.domain, cartoon.report.domain_reason) == ("cartoon", "as asked for")
    assert cartoon.report.prompt.startswith("a cartoon character")
    assert (cartoon.report.crop.size, cartoon.report.faces) == (300, ())
    people = editor(Face(300, 150, 40, score=0.3)).edit(drawing(), "santa", domain="people")
    assert people.report.prompt.startswith("a person")
    assert people.report.faces[0].edited
    with pytest.raises(UsageError, match="unknown domain 'dog'"):
        editor().edit(source, "santa", domain="dog")


def test_a_variable_of_the_user_comes_first():
    result = editor(MIDDLE).edit(photograph(), "santa", variables={"subject": "woman"})
    assert result.report.prompt == "a woman, santa claus costume"


def test_a_model_for_cartoons_alone_says_so_and_gets_the_word_it_knows():
    result = editor(MIDDLE, card=CARD).edit(photograph(), "santa")
    assert result.report.prompt == "a cartoon character, santa claus costume"
    assert result.report.notes == ("a photograph, but the model 'fake' was trained on cartoon alone",)
    people = editor(card=CARD.model_copy(update={"domains": ("people",)})).edit(drawing(), "santa")
    assert people.report.notes == ("a cartoon, but the model 'fake' was trained on people alone",)
    assert people.report.prompt == "a person, santa claus costume"


def test_a_photograph_without_a_face_is_refused_with_the_ways_out():
    source, edits = photograph(), editor()
    with pytest.raises(StillYouError, match=r"no face was found.*--crop X,Y,SIZE.*--domain") as caught:
        edits.edit(source, "santa")
    assert caught.value.exit_code == 1
    assert edits.pipeline.calls == []
    assert edits.edit(source, "santa", crop=Crop(10, 10, 200)).report.crop.size == 200
    assert "largest square" in edits.edit(source, "santa", domain="people").report.notes[0]
    assert edits.edit(source, "santa", domain="cartoon").report.domain == "cartoon"
    assert edits.edit(source, "santa", mask=np.full((300, 600), 255, np.uint8)).report.domain == "people"


def test_a_face_that_is_not_there_is_refused():
    for picture in (photograph(), drawing()):
        with pytest.raises(StillYouError, match=r"there is no face 3: 2 faces were found"):
            editor(LEFT, MIDDLE).edit(picture, "santa", face=3)
        with pytest.raises(StillYouError, match="no face was found"):
            editor().edit(picture, "santa", face="largest")
    with pytest.raises(UsageError, match="exclude each other"):
        editor(LEFT).edit(photograph(), "santa", face=1, crop=Crop(0, 0, 50))


def test_without_dlib_photographs_get_the_largest_square_and_a_note(monkeypatch):
    monkeypatch.setattr("stillyou.editing.editor.face_detector", lambda: None)
    edits = Editor(RedPipeline(PEOPLE_CARD), "fake")
    result = edits.edit(photograph(), "santa")
    assert (result.report.domain, result.report.crop.size) == ("people", 300)
    assert "pip install 'stillyou[faces]'" in result.report.notes[0]
    assert edits.edit(drawing(), "santa").report.notes == ()
    with pytest.raises(StillYouError, match=r"stillyou\[faces\]"):
        edits.edit(photograph(), "santa", face="all")


@pytest.mark.parametrize("size", [(1, 1), (30, 40), (64, 64), (3, 900), (900, 3)])
def test_tiny_and_thin_pictures_of_any_kind_are_edited(size):
    source = Image.fromarray(np.random.default_rng(9).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    result = Editor(RedPipeline(PEOPLE_CARD)).edit(source, "santa", domain="cartoon")
    kept(source, result)


def test_a_12_megapixel_photograph_that_lies_on_its_side_is_edited_upright_at_native_resolution(tmp_path):
    pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")
    upright = Image.fromarray(portrait(1000)).resize((4000, 4000)).crop((0, 0, 3000, 4000))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90, expand=True).save(tmp_path / "holiday.jpg", quality=90, exif=exif)
    source = read_picture(tmp_path / "holiday.jpg")
    result = Editor(RedPipeline(PEOPLE_CARD), "fake").edit(tmp_path / "holiday.jpg", "royal")
    assert result.image.size == (3000, 4000)
    mask = kept(source.rgb, result)
    (face,) = result.report.faces
    assert abs(face.left + face.size / 2 - 228 / 512 * 4000) < 150
    assert abs(face.top + face.size / 2 - 128 / 512 * 4000) < 150
    assert mask[face.top + face.size // 2, face.left + face.size // 2] == 255
    assert 0.02 < result.report.mask_area < 0.3
    result.save(tmp_path / "out.bmp")
    assert np.array_equal(read_picture(tmp_path / "out.bmp").rgb[mask == 0], source.rgb[mask == 0])


def test_a_48_megapixel_picture_changes_in_its_square_alone():
    pixels = np.zeros((6000, 8000, 3), np.uint8)
    pixels[...] = np.linspace(0, 255, 8000, dtype=np.uint8)[None, :, None]
    face = Face(5000, 3000, 300)
    result = editor(face).edit(Image.fromarray(pixels), "santa", domain="people")
    mask, after = np.asarray(result.mask), np.asarray(result.image)
    half = round(face.size / FACE_SHARE / 2) + 40
    around = (slice(3000 - half, 3000 + half), slice(5000 - half, 5000 + half))
    assert (mask > 0).sum() == (mask[around] > 0).sum() > 10_000
    changed = (after != pixels).any(axis=-1)
    assert not (changed & (mask == 0)).any()
    assert changed[3000, 5000]


@pytest.fixture
def stillyou(capsys, monkeypatch):
    """Run the command line on a pipeline with a known answer and real detection."""

    def fake(model="embedded", *others):
        return Editor(RedPipeline(PEOPLE_CARD), model)

    def run(*arguments):
        monkeypatch.setattr(Editor, "from_pretrained", fake)
        with pytest.raises(SystemExit) as stop:
            main(["edit", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return stop.value.code, out, " ".join(err.split())

    return run


@pytest.fixture
def family(tmp_path):
    pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")
    path = tmp_path / "family.png"
    Image.fromarray(group([(10, 120, 240), (270, 20, 300), (600, 160, 200)], (820, 480))).save(path)
    return path


def test_the_command_edits_all_faces_and_shows_them(stillyou, family, tmp_path):
    code, printed, _ = stillyou(
        family, "-e", "royal", "--face", "all", "-o", tmp_path / "o.png", "--faces-out", tmp_path / "f.png",
        "--mask-out", tmp_path / "m.png", "--json",
    )  # fmt: skip
    told = json.loads(printed)
    assert (code, told["domain"], told["prompt"]) == (0, "people", "a person, traditional golden palace costume")
    assert [face["number"] for face in told["faces"] if face["edited"]] == [1, 2, 3]
    before, after = read_picture(family).rgb, read_picture(tmp_path / "o.png").rgb
    mask = read_mask(tmp_path / "m.png", (820, 480))
    assert np.array_equal(after[mask == 0], before[mask == 0])
    shown = read_picture(tmp_path / "f.png").rgb
    assert shown.shape == before.shape
    for face in told["faces"]:
        edge = shown[face["top"] + face["size"] // 2, face["left"] - 2 : face["left"] + 3].astype(int)
        assert (edge[:, 1] > edge[:, 0] + 60).any()  # a green line


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--face", "9"], 1, "there is no face 9: 3 faces were found. Choose 1 to 3"),
        (["--face", "9999,1"], 1, "outside the picture of 820x480"),
        (["--face", "nose"], 2, "is no choice of a face"),
        (["--domain", "peeple"], 2, "Did you mean 'people'"),
        (["--face", "1", "--crop", "0,0,100"], 2, "exclude each other"),
        (["--faces-out", "f.txt"], 2, "f.txt"),
        (["--faces-out", "{}/o.png"], 2, "written twice"),
        (["--faces-out", "{}/family.png"], 2, "is an input"),
    ],
)
def test_what_the_command_refuses(stillyou, family, tmp_path, options, code, words):
    before = sorted(tmp_path.iterdir())
    options = [option.format(tmp_path) for option in options]
    ended, printed, told = stillyou(family, "-e", "royal", "-o", tmp_path / "o.png", *options)
    assert (ended, printed) == (code, "")
    assert words in told
    assert sorted(tmp_path.iterdir()) == before


def test_an_animal_and_a_folder_with_one(stillyou, family, tmp_path):
    from skimage import data

    (tmp_path / "in").mkdir()
    Image.fromarray(data.chelsea()).save(tmp_path / "in" / "cat.png")
    code, _, told = stillyou(tmp_path / "in" / "cat.png", "-e", "royal", "-o", tmp_path / "o.png")
    assert code == 1 and "no face was found" in told and "--crop" in told
    assert not (tmp_path / "o.png").exists()
    family.rename(tmp_path / "in" / "family.png")
    code, printed, told = stillyou(tmp_path / "in", "-e", "royal", "-o", tmp_path / "out", "--json")
    assert (code, json.loads(printed)["edited"], json.loads(printed)["failed"]) == (1, 1, 1)
    for extra in (["--face", "5,5"], ["--faces-out", tmp_path / "f.png"]):
        assert stillyou(tmp_path / "in", "-e", "royal", "-o", tmp_path / "out", *extra)[0] == 2


def test_what_is_tuned_for_photographs_is_used_for_them_unless_the_user_says_otherwise():
    tuned = Tuning(guidance=PartialGuidance(text=4.5), mask=PartialMask(ratio=2.75, encode_strength=0.8))
    effects = tuple(effect.model_copy(update={"domains": {"people": tuned}}) for effect in PEOPLE_CARD.effects)
    edits = editor(MIDDLE, card=PEOPLE_CARD.model_copy(update={"effects": effects}))
    people = edits.edit(photograph(), "santa").report
    assert (people.guidance.text, people.mask.ratio, people.mask.encode_strength) == (4.5, 2.75, 0.8)
    said = edits.edit(photograph(), "santa", guidance=(1, 1, 2), mask_strategy="noise").report
    assert (said.guidance.text, said.mask.ratio, said.mask.strategy) == (2, 2.75, "noise")
    cartoon = edits.edit(drawing(), "santa", domain="cartoon").report
    own = catalogue()["santa"].defaults()
    assert (cartoon.guidance, cartoon.mask) == (own.guidance, own.mask)


def test_a_picture_that_may_be_a_photograph_is_refused_and_told_where_something_says_where_to_edit():
    half, edits = photograph(), editor()
    half.paste((90, 160, 40), (330, 0, 600, 300))
    with pytest.raises(StillYouError, match=r"no face was found.*may be a photograph.*--crop.*--domain cartoon"):
        edits.edit(half, "santa")
    assert edits.pipeline.calls == []
    assert edits.edit(half, "santa", domain="cartoon").report.notes == ()
    white = np.full((300, 600), 255, np.uint8)
    for where in ({"mask": white, "domain": None}, {"crop": Crop(0, 0, 300)}):
        report = edits.edit(half, "santa", **where).report
        assert report.domain == "cartoon"
        assert any("may be a photograph; --domain people" in note for note in report.notes)
