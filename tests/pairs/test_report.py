"""The report of a curation: what it tells, that it needs no network, and that a browser has nothing to complain of."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.curate import Curation, curate
from stillyou.pairs.curation.report.page import write_report
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from tests.app.browser import browsing
from tests.pairs.fakes import LICENCES, QUIET, FakeTeacher

COMMAND = "stillyou pairs curate pairs/ --keep 0.5 --max 'shift=3 <b>'"


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "pairs"
    make_pairs(FakeTeacher(), load_effects("santa,laughing"), 8, folder, shard_size=4, execution=QUIET)
    curate(folder, Curation(progress=False, keep=0.5, command=COMMAND))
    return folder


@pytest.fixture(scope="module")
def page(curated: Path) -> Path:
    return write_report(curated, curated.parent / "report.html")


class _Reader(HTMLParser):
    """Collects the text, and every address that the page would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_tells_counts_reasons_commands_and_licences(curated: Path, page: Path):
    rows = list(PairDataset(curated, status="any").rows(("status", "reason")))
    text = " ".join(_Reader(page.read_text("utf-8")).texts)
    kept = sum(row["status"] == "accepted" for row in rows)
    assert f"{len(rows)} candidates" in text and f"{kept} kept" in text and f"{len(rows) - kept} refused" in text
    assert all(row["reason"] in text for row in rows)
    assert COMMAND in text and "stillyou pairs report" in text
    assert all(name in text and licence in text for name, licence in LICENCES.items())
    assert "change_inside" in text and "Apache-2.0, no weights" in text


def test_the_page_fetches_nothing_and_runs_no_script(page: Path):
    html = page.read_text("utf-8")
    addresses = _Reader(html).addresses
    assert addresses and all(address.startswith("data:") for address in addresses)
    assert "<script" not in html and not re.search(r"url\(|@import|https?://", html)


def test_a_dataset_that_was_never_curated_has_a_report_too(tmp_path: Path):
    make_pairs(FakeTeacher(), load_effects("santa"), 3, tmp_path / "pairs", execution=QUIET)
    assert "not curated yet" in write_report(tmp_path / "pairs", tmp_path / "a.html").read_text("utf-8")


def test_equal_datasets_have_equal_reports(curated: Path, tmp_path: Path):
    copy = Path(shutil.copytree(curated, tmp_path / "pairs"))
    out = tmp_path / "report.html"
    first = write_report(copy, out).read_bytes()
    assert write_report(copy, out).read_bytes() == first


def test_bad_folders_are_told_in_a_line(curated: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="no pair dataset"):
        write_report(tmp_path, tmp_path / "a.html")
    broken = Path(shutil.copytree(curated, tmp_path / "pairs"))
    (broken / "curation.json").write_text("{")
    with pytest.raises(StillYouError, match=r"curation\.json"):
        write_report(broken, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_a_browser_opens_it_from_disk_without_a_complaint(page: Path):
    told: list[str] = []
    with browsing() as browser:
        visitor = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
        tab = visitor.new_page()
        tab.on("console", lambda each: told.append(each.text))
        tab.on("pageerror", lambda error: told.append(str(error)))
        tab.on("requestfailed", lambda request: told.append(request.url))
        tab.goto(page.as_uri())
        broken = tab.evaluate("[...document.images].filter(image => !image.naturalWidth).length")
        wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        tab.set_viewport_size({"width": 390, "height": 800})
        narrow = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert not told and broken == 0 and wide <= 0 and narrow <= 0
