"""The page in a real browser: the story of one picture, from dropping it to the download."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.app.browser import DONE, choose, drop, saved, visit

MASK = "#panel-mask"
WIDE, HIGH = 701, 240
LAST_EDIT = """async () => {
  const read = performance.getEntriesByType("resource").map((each) => each.name);
  const address = read.filter((each) => /edits.[^/]+.picture$/.test(each)).at(-1).replace("/picture", "");
  return (await fetch(address)).json();
}"""


@pytest.fixture(scope="module")
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page with a sample in santa's costume; the tests of this module go on from one another."""
    with visit(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        page.click("text=Santa")
        page.wait_for_selector("#status:has-text('Santa Claus costume, classic')")
        yield page


def asks(request: Any) -> bool:
    """Tell whether a request asks for an edit: what the page says meanwhile may be gone before anybody looks."""
    return request.method == "POST" and request.url.endswith("/edits")


def result(page: Any, tmp_path: Path) -> np.ndarray:
    page.click("#download")
    path = saved(page, "dialog >> button:text-is('PNG')", tmp_path)
    page.keyboard.press("Escape")
    return np.asarray(Image.open(path).convert("RGB"))


def sample(name: str) -> np.ndarray:
    return np.asarray(Image.open(Path("src/stillyou/samples") / name).convert("RGB"))


def test_a_costume_is_on_and_comes_down_at_native_size(page: Any, tmp_path: Path) -> None:
    before, after = sample("micah.png"), result(page, tmp_path)
    changed = (before != after).any(axis=-1)
    assert after.shape == before.shape and 0.05 < changed.mean() < 0.6


def test_the_divider_shows_more_or_less_of_before(page: Any) -> None:
    page.focus("#divider")
    page.keyboard.press("End")
    assert page.input_value("#divider") == "100"
    page.focus("#canvas")
    page.keyboard.press("ArrowLeft")
    assert page.input_value("#divider") == "98"


def test_a_design_is_chosen_taken_back_and_done_again(page: Any) -> None:
    page.click("text=Green")
    page.wait_for_selector("#status:has-text('green')")
    page.click("#undo")
    page.wait_for_selector("#status:has-text('classic')")
    page.keyboard.press("Control+Shift+Z")
    page.wait_for_selector("#status:has-text('green')")
    assert page.is_disabled("#redo") and page.is_checked("input[name=design][value=green]")


def test_hat_and_coat_are_dragged_and_drawn_where_they_were_put(page: Any) -> None:
    choose(page, "mode", "move")
    page.wait_for_selector("text=Move hat and coat")
    hat = page.locator("fieldset:has(legend:text-is('Hat')) input")
    size = sample("micah.png").shape[1]
    box = page.locator("#canvas").bounding_box()
    scale = min(box["width"], box["height"]) / size
    placed = page.evaluate(LAST_EDIT)["report"]["placed"][0]
    x = box["x"] + box["width"] / 2 + (placed["x"] - size / 2) * scale
    y = box["y"] + box["height"] / 2 + (placed["y"] - size / 2) * scale
    with page.expect_request(asks):
        drag(page, (x, y), (x + 30, y - 20))
    page.wait_for_selector(DONE)
    moved = [float(hat.nth(index).input_value()) for index in (0, 1)]
    assert moved == pytest.approx([30 / scale, -20 / scale], abs=1.5)
    page.click("#copy")
    assert f"--nudge hat:{moved[0]:g},{moved[1]:g},1,0" in page.text_content("dialog pre >> nth=0")
    assert "nudge='hat:" in page.text_content("dialog pre >> nth=1")
    page.keyboard.press("Escape")
    page.click("text=Put them back")
    page.wait_for_selector(DONE)
    assert hat.first.input_value() == "0"


def test_strength_and_what_is_worn_are_redrawn(page: Any, tmp_path: Path) -> None:
    choose(page, "mode", "compare")
    choose(page, "wear", "hat")
    page.wait_for_selector(DONE)
    slider = page.locator("#page-edit .slider:has(label:text-is('Strength')) input")
    slider.fill("0")
    page.wait_for_selector("#status:has-text('Nothing was marked')")
    assert np.array_equal(result(page, tmp_path), sample("micah.png"))


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def test_a_mask_is_painted_at_the_pictures_own_size(browser: Any, address: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (HIGH, WIDE, 3), dtype=np.uint8)
    pixels[..., 0] //= 4
    with visit(browser, address, viewport={"width": 1100, "height": 800}, device_scale_factor=1.5) as page:
        choose(page, "effect", "laughing")
        drop(page, "odd.png", png(pixels))
        page.wait_for_selector("#failed:has-text('“A drawing”')")  # noise shows nobody: the page says what helps
        choose(page, "domain", "cartoon")
        page.wait_for_selector(DONE)
        choose(page, "mode", "mask")
        page.click(f"{MASK} >> button:text-is('Clear')")
        box = page.locator("#canvas").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        drag(page, (x, y), (x + 10, y))
        page.click("#undo")
        page.click("#redo")
        choose(page, "brush", "erase")
        page.focus("#canvas")
        page.click("text=Edit with this mask")
        page.wait_for_selector("text=Edited where you painted.")
        page.wait_for_selector(DONE)
        after = result(page, tmp_path)
        page.click("#download")
        mask = np.asarray(Image.open(saved(page, "dialog >> button:text-is('The mask')", tmp_path)))
    assert mask.shape == (HIGH, WIDE) and mask[HIGH // 2, WIDE // 2 + 3] == 255 and 20 < (mask > 0).sum() < 2000
    assert np.array_equal(after[mask == 0], pixels[mask == 0])
    red = after[mask == 255].astype(int)
    assert (red[:, 0] > 150).all() and (red[:, 0] - red[:, 1] > 100).all()


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_mask_that_comes_late_is_waited_for_and_opens_once(browser: Any, address: str) -> None:
    held: list[Any] = []
    with visit(browser, address) as page:
        page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        page.route("**/mask", lambda route: held.append(route))
        with page.expect_request("**/mask"):
            choose(page, "mode", "mask")
        page.wait_for_selector(f"{MASK} >> text=Loading the mask")
        choose(page, "mode", "compare")  # and back, while it is still on its way: it is asked for once
        choose(page, "mode", "mask")
        held[0].continue_()
        page.click(f"{MASK} >> button:text-is('Mark all')")
        choose(page, "mode", "compare")
        choose(page, "mode", "mask")  # what was painted is still there
        assert page.is_enabled(f"{MASK} >> button:text-is('Start over')") and len(held) == 1


def test_a_mask_that_is_gone_is_said_and_made_anew(browser: Any, address: str) -> None:
    with visit(browser, address, quiet=False) as page:
        page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        page.route("**/mask", lambda route: route.fulfill(status=410, json={"detail": "It is no longer kept."}))
        choose(page, "mode", "mask")
        page.wait_for_selector("#failed:has-text('no longer kept')")
        page.unroute("**/mask")
        page.click("#failed button")
        page.wait_for_selector(f"{MASK} >> button:text-is('Clear')")


def test_a_picture_is_sent_once_and_again_where_the_server_lost_it(browser: Any, address: str) -> None:
    sent: list[str] = []
    with visit(browser, address, quiet=False) as page:
        page.on("request", lambda each: sent.append(each.url) if each.url.endswith("/v1/pictures") else None)
        with page.expect_response("**/v1/pictures") as kept:
            page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        choose(page, "effect", "laughing")
        page.wait_for_selector("#status:has-text('Laughing')")
        assert len(sent) == 1
        page.evaluate("(id) => fetch(`/v1/pictures/${id}`, { method: 'DELETE' })", kept.value.json()["id"])
        choose(page, "effect", "santa")
        page.wait_for_selector("#status:has-text('Santa')")
        assert len(sent) == 2


def test_a_portrait_is_pasted_and_one_is_shot(browser: Any, address: str) -> None:
    with visit(browser, address, permissions=["clipboard-read", "clipboard-write", "camera"]) as page:
        page.evaluate(
            "async () => navigator.clipboard.write([new ClipboardItem({"
            " 'image/png': await (await fetch('/page/samples/micah.png')).blob() })])"
        )
        page.keyboard.press("Control+V")
        page.wait_for_selector(DONE)
        page.click("#another")
        page.click("#shoot")
        page.wait_for_selector("text=Look into the camera")
        page.click("dialog >> button:text-is('Take the photo')")
        # chromium's camera shows a clock: nobody is found in it, which is said
        page.wait_for_selector(f"{DONE}, #failed:has-text('A drawing')")
        assert page.is_hidden("dialog") and page.is_visible("#canvas")


def test_one_of_several_faces_is_chosen(browser: Any, address: str) -> None:
    pytest.importorskip("dlib")
    with visit(browser, address) as page:
        page.click("#samples button >> nth=4")
        page.wait_for_selector(DONE)
        assert page.locator("input[name^=face]").count() == 4  # the largest, two, all
        with page.expect_request(asks):
            choose(page, "face", "2")
        page.wait_for_selector(DONE)
        page.click("#copy")
        assert "--face 2" in page.text_content("dialog pre >> nth=0")


def test_four_seeds_are_shown_and_one_is_taken(browser: Any, address: str) -> None:
    with visit(browser, address) as page:
        choose(page, "effect", "laughing")
        page.click("#samples button >> nth=2")
        page.wait_for_selector(DONE)
        page.click("text=Four variations")
        page.wait_for_selector("dialog button:has-text('Seed 3'):enabled")
        page.click("dialog button:has-text('Seed 3')")
        page.wait_for_selector(DONE)
        page.click("summary")
        assert page.input_value(".dial:has(label:text-is('Seed')) input") == "3"


def test_what_goes_wrong_is_said_where_people_look(browser: Any, address: str) -> None:
    with visit(browser, address, quiet=False) as page:
        drop(page, "letter.png", b"not a picture")
        page.wait_for_selector("#failed:has-text('not a picture that can be read')")
        page.route("**/v1/edits", lambda route: route.abort())
        page.click("#samples button >> nth=2")
        page.wait_for_selector("#failed:has-text('The server does not answer')")
        page.unroute("**/v1/edits")
        page.click("#failed button")
        page.wait_for_selector(DONE)
        assert page.is_hidden("#failed")
        page.route("**/events", lambda route: route.abort())  # a connection that is cut is no end of an edit
        choose(page, "effect", "laughing")
        page.wait_for_selector("#status:has-text('Laughing')")
        page.evaluate("document.body.dataset.uploadBytes = 1e6")
        drop(page, "huge.png", b"x" * 1_000_001)
        page.wait_for_selector("#failed:has-text('The file has 1.0 MB; at most 1.0 MB are taken')")


def test_several_files_are_many_pictures_and_folders_are_none(browser: Any, address: str) -> None:
    script = """(count) => {
      const dataTransfer = new DataTransfer();
      for (let i = 0; i < count; i++) dataTransfer.items.add(new File(["x"], `${i}.png`));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }"""
    with visit(browser, address) as page:
        page.evaluate(script, 0)
        page.wait_for_selector("#failed:has-text('no folders or links')")
        page.evaluate(script, 100)
        page.wait_for_selector("#page-batch .status:has-text('0 of 100 edited')")
        page.evaluate(script, 101)
        page.wait_for_selector("#page-batch .status:has-text('Only 200 pictures fit; 1 were left out.')")
