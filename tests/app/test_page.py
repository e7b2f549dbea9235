"""The page in a real browser: the story of one picture, from dropping it to the download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stillyou.app.service import Service
from stillyou.editing.editor import Editor
from tests.app.browser import browsing, serving, visit
from tests.editing.fakes import CARD, RedPipeline

DONE = "#status:has-text(' s.')"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Costumes are drawn by the real fit network and art, expressions by a pipeline with a known answer."""
    card = CARD.model_copy(update={"drafts": True, "domains": ("cartoon", "people")})
    with Service(Editor(RedPipeline(card), "fake"), root=tmp_path_factory.mktemp("service")) as service:
        with serving(service) as address:
            yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as browser:
        yield browser


def test_a_sample_wears_santa(browser: Any, address: str) -> None:
    with visit(browser, address) as page:
        page.click("#samples button >> nth=1")
        page.wait_for_selector(DONE)
        page.click("text=Santa")
        page.wait_for_selector("#status:has-text('Santa Claus costume, classic')")
        assert page.is_enabled("#download")
