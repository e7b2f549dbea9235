"""The pages hold together: commands are known, links and docstrings point at files and headings that exist."""

from __future__ import annotations

import re
import sys

import pytest

from stillyou.effects.designs import DESIGNS
from tests.docs.calls import known, parse
from tests.docs.pages import PAGES, ROOT, anchor, commands, headings, links

_FOLDERS = ("src", "tests", "tools")
_REFERENCE = re.compile(r"(docs/[\w/.-]+\.md)(?:[,;] ([A-Z][\w' -]*))?")
_SENTENCES = ("Known ",)
"""What may follow a page and is no heading."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_known(page):
    for line in commands(page):
        if line.startswith("stillyou"):
            parse(line)
        elif not line.startswith("python -m pip"):
            assert known(line), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_point_at_files_and_headings(page):
    for link in links(page):
        name, _, where = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if where:
            assert where in {anchor(heading) for heading in headings(target)}, link


def test_the_map_shows_every_page():
    there = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(ROOT / "docs/README.md")}
    missing = [page for page in PAGES if page.parent.parent == ROOT / "docs" and page.resolve() not in there]
    assert not missing


def _references():
    """Find what source files say of pages: file, page, heading or nothing."""
    for folder in _FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".toml", ".yaml") and file.parent.name != "docs":
                for found in _REFERENCE.finditer(re.sub(r"\n[# ]*", " ", file.read_text(encoding="utf-8"))):
                    yield file.relative_to(ROOT), found[1], found[2]


def test_docstrings_point_at_pages_and_headings():
    for file, page, heading in _references():
        assert (ROOT / page).is_file(), f"{file}: {page}"
        if heading and not heading.startswith(_SENTENCES):
            assert heading.strip() in headings(ROOT / page), f"{file}: {page} has no heading '{heading}'"


def test_the_guide_lists_every_design():
    text = (ROOT / "docs/guide/edit.md").read_text(encoding="utf-8")
    for effect, designs in DESIGNS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{effect}` |"))
        assert [design.name for design in designs] == re.findall(r"`(\w+)`", row)[1:], effect


def test_the_page_of_commands_is_what_the_command_line_says():
    sys.path.insert(0, str(ROOT / "tools"))
    from write_commands import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tools/write_commands.py"
