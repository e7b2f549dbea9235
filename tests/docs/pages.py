"""Reading the Markdown pages: code blocks, headings, links."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [ROOT / name for name in FIRST] + sorted((ROOT / "docs").rglob("*.md"))
_FENCED = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [
        textwrap.dedent(code) for name, code in _FENCED.findall(page.read_text(encoding="utf-8")) if name == language
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """Return the lines of all fenced shell blocks and indented blocks that call a program of ours."""
    texts = blocks(page, "sh") + _INDENTED.findall(prose(page))
    lines = [line.strip() for text in texts for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if re.match(r"(stillyou|python|accelerate|make|pytest) ", line)]


def headings(page: Path) -> list[str]:
    """Return a page's headings, without their marks."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return [heading.replace("`", "").strip() for heading in found]


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets: small letters, spaces as dashes, no punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(page: Path) -> list[str]:
    """Return where a page's links inside the repository point."""
    return [link for link in _LINK.findall(prose(page)) if not link.startswith("http")]
