"""The page for everybody: phone and desk, light and dark, keyboard and screen reader; and its own small formats."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tests.app.browser import DONE, choose, saved, visit

SAMPLES = Path("src/stillyou/samples")
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 160">'
HAT = f'{_SVG}<path d="M5 150 Q160 -90 315 150 Z" fill="#23242b"/></svg>'
ROUND_TRIP = """async ([values, width, height]) => {
  const { greyPng, greyValues } = await import("/page/png.js");
  const blob = await greyPng(Uint8Array.from(values), width, height);
  return [[...new Uint8Array(await blob.arrayBuffer())], [...(await greyValues(blob)).values]];
}"""
STROKES = """async () => {
  const { Mask } = await import("/page/mask.js");
  const [mask, all] = [new Mask(60, 40), []];
  const stroke = (tool, radius, softness) => {
    mask.begin();
    mask.paint(tool, { x: 20, y: 20 }, { x: 25, y: 20 }, radius, softness);
    mask.end();
    all.push([...mask.values]);
  };
  stroke("add", 8, 0);
  stroke("erase", 4, 0);
  stroke("feather", 12, 0.5);
  while (mask.undo());
  all.push([...mask.values]);
  while (mask.redo());
  all.push([...mask.values]);
  return all;
}"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def faults(page: Any) -> list[str]:
    """Return what axe finds that is serious or worse."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    found = axe.Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, address: str, scheme: str) -> None:
    with visit(browser, address, color_scheme=scheme, reduced_motion="reduce") as page:
        found = faults(page)
        page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        page.click("summary")
        for mode in ("compare", "mask", "move"):
            choose(page, "mode", mode)
            page.wait_for_selector("text=Paint on the mask" if mode == "mask" else DONE)
            found += faults(page)
        page.click("#download")
        found += faults(page)
        page.keyboard.press("Escape")
        for words in ("Many pictures", "Your own effect"):
            page.click(f"text={words}")
            found += faults(page)
    assert not found


def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser: Any, address: str) -> None:
    with visit(browser, address, **PHONE) as page:
        page.tap("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        for words in ("Edit", "Many pictures", "Your own effect"):
            page.tap(f"nav >> text={words}")
            assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.tap("nav >> text=Edit")
        choose(page, "mode", "mask")
        page.wait_for_selector("text=Paint on the mask")
        canvas = page.locator("#canvas").bounding_box()
        page.touchscreen.tap(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2)
        page.wait_for_selector("button:has-text('Start over'):enabled")


def test_the_keyboard_alone_edits(browser: Any, address: str) -> None:
    with visit(browser, address) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
        page.focus("#samples button >> nth=1")
        page.keyboard.press("Enter")
        page.wait_for_selector(DONE)
        page.focus("input[name=effect]:checked")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("#status:has-text('Santa')")
        assert page.evaluate("document.activeElement.value") == "santa"
        page.focus("input[name=mode]:checked")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("text=Paint on the mask")
        page.focus("#canvas")
        page.keyboard.press("ArrowUp")
        page.keyboard.press(" ")
        page.wait_for_selector("button:has-text('Start over'):enabled")


def test_many_pictures_become_one_zip(browser: Any, address: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    with visit(browser, address, quiet=False) as page:
        page.click("text=Many pictures")
        page.set_input_files("#page-batch input[type=file]", [SAMPLES / "micah.png", bad, SAMPLES / "toon-head.png"])
        page.click("text=Edit all")
        page.wait_for_selector("text=2 of 3 edited, 1 could not be")
        page.wait_for_selector("li.bad:has-text('not a picture')")
        packed = zipfile.ZipFile(saved(page, "text=Download the zip", tmp_path))
    assert packed.testzip() is None
    for name in ("micah", "toon-head"):
        edited = Image.open(io.BytesIO(packed.read(f"{name}-flower.png")))
        with Image.open(SAMPLES / f"{name}.png") as original:
            assert edited.size == original.size
    assert len(packed.namelist()) == 2


def test_art_of_ones_own_is_placed_tried_and_taken_along(browser: Any, address: str, tmp_path: Path) -> None:
    art, evil = tmp_path / "hat.svg", tmp_path / "evil.svg"
    art.write_text(HAT)
    evil.write_text(HAT.replace("<path", "<script>alert(1)</script><path"))
    with visit(browser, address, quiet=False) as page:
        page.click("text=Your own effect")
        page.set_input_files("#page-own input[type=file] >> nth=0", [art])
        page.wait_for_selector(".trial img")
        page.focus(".mannequin")
        page.keyboard.press("ArrowUp")
        page.wait_for_selector("#own .status:has-text('Put on')")
        folder = zipfile.ZipFile(saved(page, "text=Download the effect", tmp_path))
        page.set_input_files("#page-own input[type=file] >> nth=0", [evil])
        page.wait_for_selector("#own .status:has-text('evil.svg')")
        assert "Traceback" not in page.content() and str(tmp_path) not in page.content()
    assert set(folder.namelist()) == {"my-effect/effect.yaml", "my-effect/hat.svg"}
    assert "anchor: head" in folder.read("my-effect/effect.yaml").decode()


def test_a_mask_is_written_exactly_whatever_its_shape(browser: Any, address: str) -> None:
    with visit(browser, address) as page:
        for width, height in ((1, 9000), (9000, 1), (257, 3)):
            values = np.random.default_rng(width).integers(0, 256, width * height, dtype=np.uint8)
            data = page.evaluate(ROUND_TRIP, [values.tolist(), width, height])
            decoded = Image.open(io.BytesIO(bytes(data[0])))
            assert decoded.mode == "L" and decoded.size == (width, height)
            assert np.array_equal(np.asarray(decoded).ravel(), values) and data[1] == values.tolist()


def test_what_is_too_much_for_one_zip_goes_into_several(browser: Any, address: str) -> None:
    script = """async ([sizes, most]) => {
      const { portions } = await import("/page/zip.js");
      const files = sizes.map((size) => ({ blob: { size } }));
      return portions(files, most).map((part) => part.map(({ blob }) => blob.size));
    }"""
    with visit(browser, address) as page:
        assert page.evaluate(script, [[3, 4, 3, 1, 9, 11, 2], 10]) == [[3, 4, 3], [1, 9], [11], [2]]
        assert page.evaluate(script, [[], 10]) == []


def test_softening_is_a_box_blur_with_repeated_edges(browser: Any, address: str) -> None:
    values = np.random.default_rng(3).integers(0, 256, (23, 37), dtype=np.uint8)
    script = (
        "async (values) => [...(await import('/page/mask.js')).blurred(Uint8Array.from(values), 37, 23, 4)]"  # radius 4
    )
    with visit(browser, address) as page:
        found = np.reshape(page.evaluate(script, values.ravel().tolist()), (23, 37))
    expected = values.astype(float)
    for _ in range(2):
        expected = ndimage.uniform_filter(expected, 9, mode="nearest")
    assert np.abs(found - expected).max() < 1e-3


def test_brushes_paint_what_they_say(browser: Any, address: str) -> None:
    with visit(browser, address) as page:
        values = page.evaluate(STROKES)
    added, erased, feathered, undone, redone = (np.array(each, float).reshape(40, 60) for each in values)
    y, x = np.mgrid[:40, :60] + 0.5
    away = np.hypot(x - np.clip(x, 20, 25), y - 20)
    assert (added[away < 7] == 255).all() and not added[away > 8].any()
    assert not erased[away < 3].any() and (erased[(away > 4) & (away < 7)] == 255).all()
    assert np.abs(np.diff(feathered[20])).max() < np.abs(np.diff(erased[20])).max()
    assert not undone.any() and np.array_equal(redone, feathered)
