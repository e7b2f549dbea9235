"""Sizes that keep the code readable: parameters of a function, lines of a function and of a file.

A function that takes many arguments has callers that pass options through by name: what goes together is a record.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import stillyou

WIDEST = 8
"""Parameters of a function, `self` and `cls` not counted."""
LONGEST, LARGEST = 60, 300
"""Lines of a function and of a file."""
ROOT = Path(stillyou.__file__).parent
ALLOWED = {
    "editing/editor.py: Editor.edit",  # the convenient face: every option of a request by its name
    "diffusion/autoencoder.py: LatentAutoencoderTiny.__init__",  # diffusers reads a config's names from it
    "diffusion/folded.py: FoldedAutoencoder.__init__",  # likewise
}


def widths(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Yield every function's qualified name and how many parameters it takes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = node.args
            named = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg]
            yield prefix + node.name, sum(one is not None and one.arg not in ("self", "cls") for one in named)
        inside = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef | ast.FunctionDef) else prefix
        yield from widths(node, inside)


def test_no_function_outside_the_command_line_is_wider_than_eight() -> None:
    files = [path.relative_to(ROOT) for path in ROOT.rglob("*.py")]
    found = {
        f"{path.as_posix()}: {name}": count
        for path in files
        if path.parts[0] != "cli"
        for name, count in widths(ast.parse((ROOT / path).read_text("utf-8")))
    }
    assert len(found) > 1000  # the whole package was read
    assert {name: count for name, count in found.items() if count > WIDEST and name not in ALLOWED} == {}
    assert found.keys() >= ALLOWED


def test_no_function_is_longer_than_sixty_lines_and_no_file_than_three_hundred() -> None:
    """Commands in `cli` list their options, a line each: there only the body counts."""
    long = []
    for path in ROOT.rglob("*.py"):
        text, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
        if len(text.splitlines()) > LARGEST:
            long.append(name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0].lineno if name.startswith("cli/") else node.lineno
                if (node.end_lineno or first) - first >= LONGEST:
                    long.append(f"{name}: {node.name}")
    assert long == []
