"""Effects of one's own: what a folder says, what is wrong with it, and where its art lands."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.drafts.folder import check_art, draw_own
from stillyou.effects.lookup import load_effect, load_effects
from stillyou.effects.own import OwnEffect, load_folder
from stillyou.errors import StillYouError, UsageError
from tests.drafts.test_vector_place import FIT, POINTS, portrait

BAR = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="10" fill="{}"/></svg>'
"""A bar across the upper half of its canvas."""


def make(folder: Path, spec: str = "title: Pirate", **files: str | Image.Image) -> Path:
    """Write an effect's folder; `hat_svg` is hat.svg, `red__hat_svg` red/hat.svg."""
    folder.mkdir(exist_ok=True)
    (folder / "effect.yaml").write_text(spec, encoding="utf-8")
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content) if isinstance(content, str) else content.save(path)
    return folder


def drawn(folder: Path, design: str = "plain", wear: str = "both", fit: Fit = FIT, side: int = 200) -> Draft:
    return draw_own(portrait(side), fit, load_folder(folder), design, wear)  # type: ignore[arg-type]


def box(draft: Draft) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(draft.alpha > 0.5)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def part(anchor: str, more: str = "") -> str:
    return f"parts: [{{file: a.svg, anchor: {anchor}, width: 1, at: [0.5, -0.25], keep_face: false{more}}}]"


# Of the fit on 200 pixels: the origin, and pixels a unit.
FRAMES = {
    "head": ((100, 68), 40),
    "face": ((100, 95), 28),
    "neck": ((100, 156), 20),
    "shoulders": ((100, 148), 64),
}


@pytest.mark.parametrize("anchor", FRAMES)
@pytest.mark.parametrize("kind", ["svg", "png", "webp"])
def test_art_lands_exactly_in_its_frame(tmp_path: Path, anchor: str, kind: str) -> None:
    picture = Image.new("RGBA", (80, 40))
    picture.paste((255, 0, 0, 255), (0, 0, 80, 20))
    content = BAR.format("red") if kind == "svg" else picture
    draft = drawn(make(tmp_path / "own", part(anchor).replace("svg", kind), **{f"a_{kind}": content}))
    (x, y), unit = FRAMES[anchor]
    # The canvas is 1 x 0.5 units about (0.5, -0.25), so its upper left corner lies at (0, -0.5), the bar above -0.25.
    expected = (x, y - unit / 2, x + unit, y - unit / 4)
    assert np.abs(np.subtract(box(draft), expected)).max() <= 1
    assert np.allclose(
        draft.rgb[draft.alpha > 0.99], (255, 0, 0), atol=0 if kind == "svg" else 12
    )  # WebP as Pillow writes it is lossy


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_hats_turn_with_the_head(tmp_path: Path, kind: str) -> None:
    angle = math.radians(30)
    end = 0.2 * np.array([math.cos(angle), math.sin(angle)])
    points = {**POINTS, "brim_left": tuple(0.5 - end), "brim_right": tuple(0.5 + end)}
    picture = Image.new("RGBA", (80, 40))
    picture.paste((255, 0, 0, 255), (0, 0, 80, 20))
    content = BAR.format("red") if kind == "svg" else picture
    spec = f"parts: [{{file: a.{kind}, anchor: head, width: 2, at: [0, 0.5], keep_face: false}}]"
    folder = make(tmp_path / "own", spec, **{f"a_{kind}": content})
    draft = drawn(folder, fit=Fit.of(points))
    rows, columns = np.nonzero(draft.alpha > 0.5)
    middle = np.array([columns.mean(), rows.mean()]) + 0.5
    # The bar's middle lies a quarter of a unit (40 px) below the brim's, along the head's own axis.
    np.testing.assert_allclose(middle, 100 + 10 * np.array([-math.sin(angle), math.cos(angle)]), atol=0.6)
    spread = np.cov(columns, rows)
    turned = 0.5 * math.atan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
    assert turned == pytest.approx(angle, abs=0.02)
    assert (draft.alpha > 0.5).sum() == pytest.approx(80 * 20, rel=0.03)


def test_a_title_and_a_hat_make_an_effect(tmp_path: Path) -> None:
    effect = load_effect(make(tmp_path / "My Pirate!", "title: Pirate", hat_svg=BAR.format("#222")))
    assert isinstance(effect, OwnEffect) and (effect.id, effect.group) == ("my-pirate", "costume")
    assert effect.prompts().target == "a cartoon character, pirate"
    assert [look.name for look in effect.looks] == ["plain"] and check_art(effect) == 1
    left, top, right, bottom = box(drawn(effect.folder))
    # 2.5 brims wide about the head's middle, and standing a little below the brim; the bar is the upper half.
    assert (left, right) == (50, 150) and (top, bottom) == (68 + 8 - 50, 68 + 8 - 25)


def test_named_art_finds_its_place_and_order(tmp_path: Path) -> None:
    folder = make(tmp_path / "own", hat_svg=BAR.format("red"), coat_svg=BAR.format("blue"), beard_svg=BAR.format("red"))
    effect = load_folder(folder)
    assert [(each.file, each.frame, each.worn) for each in effect.parts] == [
        ("coat.svg", "shoulders", "coat"),
        ("beard.svg", "face", "hat"),
        ("hat.svg", "head", "hat"),
    ]
    hat, coat, both = (drawn(folder, wear=wear) for wear in ("hat", "coat", "both"))
    assert hat.alpha[:80].any() and not hat.alpha[120:].any()
    assert coat.alpha[120:].any() and not coat.alpha[:100].any()
    assert np.array_equal(both.alpha > 0, (hat.alpha > 0) | (coat.alpha > 0))


def test_the_face_stays_free_unless_the_part_says_so(tmp_path: Path) -> None:
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="10" cy="10" r="10"/></svg>'
    covered = {}
    for anchor, more in (("head", ""), ("face", ""), ("head", ", keep_face: false"), ("face", ", keep_face: true")):
        spec = f"parts: [{{file: a.svg, anchor: {anchor}, width: 8, at: [0, 0]{more}}}]"
        covered[anchor, more] = drawn(make(tmp_path / "own", spec, a_svg=square)).alpha[95, 100]
    assert list(covered.values()) == [0, 1, 1, 0]


def test_what_lies_behind_shows_beside_the_head_only(tmp_path: Path) -> None:
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="10" cy="10" r="10"/></svg>'
    halo = "parts: [{file: a.svg, anchor: head, width: 5, at: [0, 0], behind: true}]"
    alpha = drawn(make(tmp_path / "own", halo, a_svg=square)).alpha
    assert alpha[95, 100] == 0 and alpha[70, 80] == 0 and alpha[165, 100] == 0  # face, hair, chest
    assert alpha[60, 20] == 1 and alpha[60, 180] == 1


def test_designs_are_colours_and_sub_folders(tmp_path: Path) -> None:
    spec = """
title: Pirate
colours: {cloth: "#102030"}
designs:
  black: {words: black felt}
  red: {colours: {cloth: "#a01020"}}
"""
    folder = make(tmp_path / "own", spec, hat_svg=BAR.format("{cloth}"), red__coat_svg=BAR.format("{cloth}"))
    (folder / "coat.svg").write_text(BAR.format("gold"))
    looks = load_folder(folder).looks
    assert [(look.name, look.words, look.colours["cloth"]) for look in looks] == [
        ("black", "black felt", "#102030"),
        ("red", "", "#a01020"),
    ]
    for design, cloth, coat in (("black", (16, 32, 48), (255, 215, 0)), ("red", (160, 16, 32), (160, 16, 32))):
        draft = drawn(folder, design)
        assert np.allclose(draft.rgb[40, 100], cloth) and np.allclose(draft.rgb[160, 100], coat)
    with pytest.raises(UsageError, match="no design 'rad'. Did you mean 'red'"):
        drawn(folder, "rad")


def test_sub_folders_alone_are_designs(tmp_path: Path) -> None:
    folder = make(tmp_path / "own", green__hat_svg=BAR.format("green"), blue__hat_svg=BAR.format("blue"))
    assert [look.name for look in load_folder(folder).looks] == ["blue", "green"]
    assert np.allclose(drawn(folder, "green").rgb[40, 100], (0, 128, 0))


HAT = BAR.format("red")
TRANSPARENT = Image.new("RGBA", (9, 9), (9, 9, 9, 0))
DENT = TRANSPARENT.copy()
DENT.paste((9, 9, 9, 255), (0, 0, 9, 8))
BAD = {
    "no art": ("title: A", {}, "has no art"),
    "anchored to nothing": ("title: A", {"thing_png": DENT}, "thing.png is anchored to nothing"),
    "no anchor in parts": ("parts: [{file: thing.svg}]", {"thing_svg": HAT}, "'thing.svg' is anchored to nothing"),
    "unknown anchor": ("parts: [{file: hat.svg, anchor: foot}]", {"hat_svg": HAT}, "parts.0.anchor"),
    "no alpha": ("title: A", {"hat_png": Image.new("RGB", (9, 9))}, "hat.png has no transparency"),
    "opaque": ("title: A", {"hat_png": Image.new("RGBA", (9, 9), "red")}, "covers its whole canvas"),
    "empty": ("title: A", {"hat_png": TRANSPARENT}, "hat.png shows nothing"),
    "no picture": ("title: A", {"hat_png": "not a picture"}, "not a picture"),
    "gigantic part": ("parts: [{file: hat.svg, width: 900}]", {"hat_svg": HAT}, "parts.0.width"),
    "gigantic file": ("title: A", {"hat_png": Image.new("LA", (5000, 4000))}, "16 megapixels"),
    "far away": ("parts: [{file: hat.svg, at: [0, 99]}]", {"hat_svg": HAT}, "parts.0.at.1"),
    "missing file": ("parts: [{file: hat.svg}, {file: coat.svg}]", {"hat_svg": HAT}, "coat.svg does not exist"),
    "upwards": ("parts: [{file: ../hat.svg}]", {"hat_svg": HAT}, "own folder"),
    "absolute": ("parts: [{file: /etc/hat.svg}]", {"hat_svg": HAT}, "own folder"),
    "backslashes": ("parts: [{file: '..\\hat.svg'}]", {"hat_svg": HAT}, "own folder"),
    "other kinds": ("parts: [{file: hat.gif, anchor: head}]", {"hat_gif": DENT}, ".svg, .png or .webp"),
    "upward design": ("designs: {../x: {}}", {"hat_svg": HAT}, "no name of a design"),
    "bad colour": ("colours: {a: 'red;x'}", {"hat_svg": HAT}, "is no colour"),
    "colour of nothing": ("title: A", {"hat_svg": BAR.format("{cloth}")}, "names the colour"),
    "unknown key": ("folder: /etc", {"hat_svg": HAT}, "unknown key 'folder'"),
    "unknown key of a part": ("parts: [{file: hat.svg, size: 3}]", {"hat_svg": HAT}, "unknown key 'parts.0.size'"),
    "not settings": ("- a", {"hat_svg": HAT}, "no settings"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_folder_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    spec, files, said = BAD[name]
    with pytest.raises(StillYouError) as refused:
        check_art(load_folder(make(tmp_path / "own", spec, **files)))
    assert said in str(refused.value) and "\n" not in str(refused.value) and refused.value.remedy


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text(HAT)
    folder = make(tmp_path / "own")
    (folder / "hat.svg").symlink_to(tmp_path / "secret.svg")
    with pytest.raises(StillYouError, match="outside of the effect's folder"):
        check_art(load_folder(folder))


def test_folders_are_named_like_other_effects(tmp_path: Path) -> None:
    folder = make(tmp_path / "own", "title: A\ncolours: {a: red}", hat_svg=HAT)
    assert [effect.id for effect in load_effects(f"santa,{folder}/")] == ["santa", "own"]
    assert load_effect(folder / "effect.yaml") == load_effect(folder)
    assert "folder" not in load_effect(folder).model_dump()
    for name, said in ((tmp_path / "none/", "no folder"), (tmp_path, "has no effect.yaml")):
        with pytest.raises(UsageError, match=said):
            load_effect(f"{name}/")
