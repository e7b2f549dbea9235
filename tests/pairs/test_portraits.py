"""The teacher `portraits`: art on pictures of the user's, exact outside its mask, the same bytes however it is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import stillyou
from stillyou.cli import main
from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.people.hair import Surroundings
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.images.faces import find_faces, find_large_faces
from stillyou.images.framing import FACE_CENTRE
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.portraits.config import PortraitsConfig
from stillyou.pairs.teachers.portraits.teacher import PortraitsTeacher
from stillyou.pairs.teachers.protocol import PairRequest, Teacher
from stillyou.pairs.teachers.registry import configure
from stillyou.pairs.teachers.sources.crops import draw_crop
from stillyou.pairs.teachers.sources.files import check_sources
from stillyou.pairs.teachers.sources.sitter import (
    DAMAGED,
    NO_FACE,
    SEVERAL,
    SMALL,
    WIDE,
    Sitter,
    Unusable,
    sit,
)
from stillyou.pairs.teachers.sources.square import Square, cut, part
from stillyou.pairs.teachers.sources.store import Kept
from tests.pairs.fakes import QUIET

ASTRONAUT = Path(stillyou.__file__).parent / "samples" / "astronaut.jpg"
SIZE = 128
EFFECTS = load_effects("santa,sheep")


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    with Image.open(ASTRONAUT) as image:
        return image.convert("RGB")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, portrait: Image.Image) -> Path:
    """One portrait and what is none: a wall, a face beside another, half a file, words."""
    folder = tmp_path_factory.mktemp("sources")
    portrait.save(folder / "a-portrait.png")
    Image.new("RGB", (300, 300), (90, 120, 90)).save(folder / "b-wall.png")
    two = portrait.copy()
    two.paste(portrait.crop((160, 50, 290, 200)), (290, 60))
    two.save(folder / "c-two.png")
    (folder / "d-half.jpg").write_bytes(ASTRONAUT.read_bytes()[:2000])
    (folder / "notes.txt").write_text("who is who")
    return folder


@pytest.fixture(scope="module")
def teacher(folder: Path) -> Teacher:
    return PortraitsConfig(sources=folder, size=SIZE, degrade=False).build()


@pytest.fixture(scope="module")
def sitter(folder: Path) -> Sitter:
    found = sit(folder / "a-portrait.png", SIZE)
    assert isinstance(found, Sitter)
    return found


@pytest.fixture(scope="module")
def pairs(teacher: Teacher) -> list[Pair]:
    """Of three squares, both effects each."""
    return teacher.make([PairRequest(effect, seed, 0) for seed in range(3) for effect in EFFECTS])


def test_a_pair_is_the_portrait_with_art_and_exact_outside_the_mask(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert not pair.problem() and pair.source.shape == (SIZE, SIZE, 3) and pair.domain == "people"
        assert 0.05 < (pair.mask > 0).mean() < 0.75
        moved = np.abs(pair.source.astype(int) - pair.target).max(-1)
        assert (moved[pair.mask > 0] > 8).mean() > 0.7  # what is marked is mostly changed
        assert pair.attributes["portrait"] == "a-portrait.png" and pair.source_prompt == "a person"
        assert pair.target_prompt.endswith(f"{pair.attributes['design']} design")
    sources = [pair.source.tobytes() for pair in pairs]
    assert sources[0] == sources[1] and sources[2] == sources[3], "effects of a number share their source"
    assert len(set(sources)) == 3, "other seeds, other squares"


def test_expressions_move_the_face_and_their_mask_is_what_moved(teacher: Teacher) -> None:
    for effect in load_effects("shocked,crying"):
        pair = teacher.make([PairRequest(effect, 3, 0)])[0]
        assert not pair.problem() and "refused" not in pair.attributes and pair.domain == "people"
        moved = np.abs(pair.source.astype(int) - pair.target).max(-1)
        assert not moved[pair.mask == 0].any() and 0.01 < (pair.mask > 0).mean() < 0.3
        assert pair.attributes["target_expression"] == effect.id and 0.6 <= float(pair.attributes["strength"]) <= 1
        assert pair.target_prompt == f"a person, {effect.id} expression" and "design" not in pair.attributes


def test_the_face_is_kept(pairs: list[Pair]) -> None:
    """Independently of the fit: the middle of the box that dlib finds is not touched."""
    for pair in pairs[::2]:
        faces = find_large_faces(pair.source, look=384)
        assert len(faces) == 1
        face, reach = faces[0], round(faces[0].size / 8)
        middle = pair.mask[round(face.y) - reach : round(face.y) + reach, round(face.x) - reach : round(face.x) + reach]
        assert not middle.any()


@pytest.mark.parametrize(("number", "reason"), [(1, NO_FACE), (2, SEVERAL), (3, DAMAGED)], ids=["wall", "two", "half"])
def test_sources_that_cannot_be_used_are_recorded_with_a_reason(teacher: Teacher, number: int, reason: str) -> None:
    pair = teacher.make([PairRequest(EFFECTS[0], 7, number)])[0]
    assert pair.attributes["refused"] == reason and not pair.mask.any() and not pair.problem()


def test_a_pair_follows_from_its_request_alone(folder: Path, pairs: list[Pair]) -> None:
    """Another teacher, which keeps nothing and is asked in another order, makes the same: so workers cannot matter."""
    other = PortraitsTeacher(check_sources(folder, "portraits"), SIZE)
    other._seen._budget = 0
    asked = [PairRequest(effect, seed, 0) for seed in range(3) for effect in EFFECTS]
    other.make([PairRequest(EFFECTS[0], 5, 1)])
    for pair, again in zip(pairs[:3][::-1], other.make(asked[:3][::-1]), strict=True):
        assert [getattr(pair, name).tobytes() for name in ("source", "target", "mask")] == [
            getattr(again, name).tobytes() for name in ("source", "target", "mask")
        ]


def test_datasets_keep_what_was_refused_and_know_their_sources(folder: Path, tmp_path: Path) -> None:
    config = PortraitsConfig(sources=folder, size=SIZE)
    summary = make_pairs(config, EFFECTS[:1], 5, tmp_path / "one", shard_size=3, execution=QUIET)
    assert summary.accepted == {"santa": 2} and sum(summary.rejected["santa"].values()) == 3
    data = PairDataset(tmp_path / "one", status="rejected")
    assert {row["reason"] for row in data.rows()} == {NO_FACE, SEVERAL, DAMAGED}
    assert data.meta.options["sources"].startswith("4 pictures")
    Image.new("RGB", (64, 64)).save(folder / "z-new.png")
    try:
        with pytest.raises(UsageError, match="was begun with sources 4 pictures"):
            make_pairs(PortraitsConfig(sources=folder, size=SIZE), EFFECTS[:1], 5, tmp_path / "one", shard_size=3)
    finally:
        (folder / "z-new.png").unlink()


def test_an_effect_of_ones_own(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "party"
    own.mkdir()
    (own / "effect.yaml").write_text("title: Party\n")
    (own / "hat.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M4 0L9 9H0Z" fill="#12c0f0"/></svg>'
    )
    command = ["pairs", "make", "--teacher", "portraits", "--sources", str(folder), "-e", f"{own}/", "-n", "1"]
    command += ["-o", str(tmp_path / "p"), "--size", str(SIZE), "--workers", "1", "--json"]
    with pytest.raises(SystemExit):
        main(command)
    assert '"accepted": 1' in capsys.readouterr().out
    pair = PairDataset(tmp_path / "p").load(0)
    blue = (np.abs(pair.target.astype(int) - (0x12, 0xC0, 0xF0)).max(-1) < 60) & (pair.mask > 0)
    assert blue.sum() > 200 and pair.target_prompt == "a person, party"
    (own / "hat.svg").write_text((own / "hat.svg").read_text().replace("#12c0f0", "#f0c012"))
    with pytest.raises(SystemExit):
        main(command)
    assert "was begun with" in capsys.readouterr().err and (tmp_path / "p" / "dataset.json").is_file()


def test_what_cannot_be_made_is_refused_before_any_file(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'neutral' has no art that could be put on portraits"):
        make_pairs(PortraitsConfig(sources=folder), load_effects("neutral"), 1, tmp_path / "p", execution=QUIET)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("sources", "message"),
    [(None, "Give --sources FOLDER"), ("nowhere", "does not exist"), ("words", "holds no pictures")],
)
def test_folders_without_portraits_are_refused(tmp_path: Path, sources: str | None, message: str) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.txt").write_text("nobody")
    config = configure("portraits", {"sources": None if sources is None else tmp_path / sources})
    with pytest.raises(UsageError, match=message):
        config.contents()


def test_what_is_no_picture_is_named(folder: Path) -> None:
    config = PortraitsConfig(sources=folder)
    assert config.prepare() == "4 sources; 1 other files are no pictures: notes.txt"


def test_without_the_face_detector_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("stillyou.errors.importlib.util.find_spec", lambda name: None if name == "dlib" else object())
    with pytest.raises(StillYouError, match=r"needs dlib.*stillyou\[portraits\]"):
        PortraitsConfig(sources=folder).prepare()


def test_a_leaning_head_is_turned_upright(portrait: Image.Image, tmp_path: Path, sitter: Sitter) -> None:
    portrait.rotate(-30, Image.Resampling.BICUBIC, expand=True).save(tmp_path / "lean.png")
    leaning = sit(tmp_path / "lean.png", SIZE)
    assert isinstance(leaning, Sitter)
    across = leaning.fit["eye_right"] - leaning.fit["eye_left"]
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) < 12


def test_quick_and_thorough_looks_agree_on_a_face(portrait: Image.Image) -> None:
    quick, thorough = find_large_faces(np.asarray(portrait)), find_faces(np.asarray(portrait))
    assert len(quick) == len(thorough) == 1
    assert np.hypot(quick[0].x - thorough[0].x, quick[0].y - thorough[0].y) < 0.15 * thorough[0].size


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_squares_lie_in_the_wide_one_around_the_face(seed: int) -> None:
    points = np.tile(np.array(FACE_CENTRE, np.float32), (len(POINTS), 1))
    inside = (0.0, 0.1, 1.0, 0.9)
    someone = Sitter("x", np.zeros((64, 64, 3), np.uint8), Fit(points), inside)
    crop = draw_crop(someone, np.random.default_rng(seed))
    assert 0 <= crop.left and 0 <= crop.top and max(crop.left, crop.top) + crop.share <= 1 + 1e-9
    assert 0.3 < WIDE / crop.share < 0.69
    moved = crop.fit(someone.fit)["mouth"]
    back = moved * crop.share + np.array([crop.left, crop.top])
    assert np.allclose(back, FACE_CENTRE, atol=1e-5)


def test_cutting_a_square_repeats_edges_and_matches_plain_slicing() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert np.array_equal(cut(pixels, Square(20, 18, 16), 16), pixels[10:26, 12:28])
    beyond = cut(pixels, Square(0, 20, 20), 20)
    assert np.array_equal(beyond[:, 10:], pixels[10:30, :10]) and (beyond[:, :10] == pixels[10:30, :1]).all()
    assert np.array_equal(part(pixels[:40, :40], 0.25, 0.5, 0.5, 20), pixels[20:40, 10:30])
    turned = cut(pixels, Square(30, 20, 16, tilt=90.0), 16)
    assert np.abs(turned.astype(int) - np.rot90(pixels[12:28, 22:38])).max() <= 1


def test_surroundings_of_a_part_are_those_of_the_whole() -> None:
    head = np.zeros((112, 112), np.float32)
    head[26:86, 26:86] = 1
    behind = np.repeat(np.linspace(0, 255, 112, dtype=np.float32)[None, :, None], 112, 0).repeat(3, 2)
    seen = Surroundings(head, behind).part(0.25, 0.25, 0.5)
    assert seen.head.min() > 0.99 and abs(seen.behind[50, 0, 0] - 255 * 0.25) < 3
    assert abs(seen.behind[50, -1, 0] - 255 * 0.75) < 3


def test_sources_are_looked_at_once_and_the_least_used_forgotten() -> None:
    files, looks = [Path("a"), Path("b"), Path("c")], []

    def look(path: Path) -> str:
        looks.append(path.name)
        return path.name

    kept = Kept(files, look, weigh=lambda _: 10, budget=20)
    assert [kept.get(number) for number in (0, 1, 0, 3, 2, 0, 1)] == ["a", "b", "a", "a", "c", "a", "b"]
    assert looks == ["a", "b", "c", "b"]


def test_a_face_of_few_pixels_is_refused(portrait: Image.Image, tmp_path: Path) -> None:
    portrait.resize((128, 128)).save(tmp_path / "small.png")
    found = sit(tmp_path / "small.png", 512)
    assert isinstance(found, Unusable) and found.reason == SMALL and found.pixels.shape == (512, 512, 3)


def test_what_cannot_be_read_is_grey(tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "me.jpg")
    found = sit(tmp_path / "me.jpg", 64)
    assert isinstance(found, Unusable) and found.reason == DAMAGED and (found.pixels == 128).all()
