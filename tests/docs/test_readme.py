"""Every command of the README works as pasted in a fresh clone, as far as that can be told without running it."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

from tests.docs.calls import INPUTS, parse, words_of
from tests.docs.pages import PAGES, ROOT, blocks, commands

README = ROOT / "README.md"
_OURS = [line for line in commands(README) if line.startswith("stillyou")]
_WRITERS = re.compile(r"^-o$|^--output$|^--out$|^--(mask|draft|faces)-out$|^--sheet$")


def test_commands_run_on_files_that_are_there():
    """Inputs are samples of the repository, or what an earlier command of the README wrote."""
    written = set(re.findall(r"> (\S+)", "\n".join(blocks(README, "sh"))))
    for line in _OURS:
        for name, value in parse(line).values.items():
            for path in _paths(value) if name in INPUTS else ():
                assert _there(path, written), f"{line}: {name} is {path}"
        words = words_of(line)
        written |= {after for word, after in zip(words, words[1:], strict=False) if _WRITERS.match(word)}


def _paths(value: object) -> list[str]:
    words = [str(word) for word in (value if isinstance(value, (list, tuple)) else [value]) if word is not None]
    return [word for word in words if re.search(r"[/.]", word)]


def _there(path: str, written: set[str]) -> bool:
    name = path.rstrip("/")
    return (ROOT / name).exists() or any(f"{each}/".startswith(f"{name}/") for each in written)


def test_the_readme_shows_each_stage():
    assert {parse(line).command for line in _OURS} >= {
        "demo", "effects", "edit", "pairs make", "pairs show", "train", "evaluate", "models info",
    }  # fmt: skip
    assert "--debug" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_compiles_and_what_it_imports_exists(page):
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and _ours(node.module or ""):
                module = importlib.import_module(node.module)
                for name in node.names:
                    assert hasattr(module, name.name) or _submodule(node.module, name.name), (node.module, name.name)


def _ours(module: str) -> bool:
    return module.startswith("stillyou") and ".instruct." not in module  # the example of a teacher to write


def _submodule(package: str, name: str) -> bool:
    return importlib.util.find_spec(f"{package}.{name}") is not None
