"""Pictures of the page for the docs, of a running `stillyou app`.

python -m tests.app.screenshots http://127.0.0.1:7860/ -o docs/images
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tests.app.browser import DONE, browsing, choose, visit

LARGEST = 400_000
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def santa(page: Any) -> None:
    """Dress the first sample."""
    page.click("#samples button >> nth=0")
    page.wait_for_selector(DONE)
    choose(page, "effect", "santa")
    page.wait_for_selector("#status:has-text('Santa')")


def desk(page: Any) -> None:
    """Choose a design on a desktop."""
    santa(page)
    choose(page, "design", "green")
    page.wait_for_selector("#status:has-text('green')")


def phone(page: Any) -> None:
    """Paint on the mask on a phone in the dark."""
    santa(page)
    choose(page, "mode", "mask")
    page.wait_for_selector("text=Paint on the mask")


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("-o", "--output", type=Path, required=True)
    said = parser.parse_args()
    views = {
        "app-desk": (desk, {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"}),
        "app-phone": (phone, {**PHONE, "color_scheme": "dark"}),
    }
    with browsing() as browser:
        for name, (show, context) in views.items():
            with visit(browser, said.address, **context) as page:
                page.set_default_timeout(120_000)
                show(page)
                path = said.output / f"{name}.jpg"
                page.wait_for_load_state("networkidle")
                page.screenshot(path=path, type="jpeg", quality=85)
                assert path.stat().st_size < LARGEST, f"{path} is too large"
                print(path)


if __name__ == "__main__":
    main()
