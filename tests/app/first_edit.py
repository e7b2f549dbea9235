"""How long it takes in the browser from dropping a picture until its first edit is seen, of a running `stillyou app`.

python -m tests.app.first_edit http://127.0.0.1:7860/ -n 5

Every picture is new to the server: a corner of it differs each time, so that faces are looked for and nothing is
remembered. The first of each kind warms the server up and is not counted.
"""

from __future__ import annotations

import argparse
import io
import random
from pathlib import Path
from typing import Any

from PIL import Image

from tests.app.browser import browsing, visit

SAMPLES = Path("src/stillyou/samples")
PICTURES = {"micah.png": "PNG", "astronaut.jpg": "JPEG"}
MEASURED = """([name, data]) => new Promise((resolve) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(data)], name));
  const begun = performance.now();
  const status = document.getElementById("status");
  new MutationObserver(() => {
    if (!/ s\\./.test(status.textContent)) return;
    requestAnimationFrame(() => requestAnimationFrame(() => resolve((performance.now() - begun) / 1000)));
  }).observe(status, { childList: true, characterData: true, subtree: true });
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
})"""
"""Resolves to seconds from the drop until the frame after the one that draws the edit."""


def fresh(name: str) -> bytes:
    """Return a sample as nobody has it: four pixels in its corner are of a colour drawn by chance."""
    with Image.open(SAMPLES / name) as opened:
        image = opened.convert("RGB")
    image.paste(tuple(random.randrange(256) for _ in range(3)), (0, 0, 2, 2))
    buffer = io.BytesIO()
    image.save(buffer, PICTURES[name], quality=95)
    return buffer.getvalue()


def first_edit(browser: Any, address: str, name: str) -> float:
    """Return the seconds of one first edit, on a page that has just been opened."""
    with visit(browser, address, viewport={"width": 1400, "height": 900}) as page:
        page.wait_for_load_state("networkidle")
        return float(page.evaluate(MEASURED, [name, list(fresh(name))]))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("-n", type=int, default=5, metavar="N", help="edits of each picture")
    said = parser.parse_args()
    with browsing() as browser:
        for name in PICTURES:
            first_edit(browser, said.address, name)
            print(name, *(f"{first_edit(browser, said.address, name):.2f}" for _ in range(said.n)), flush=True)


if __name__ == "__main__":
    main()
