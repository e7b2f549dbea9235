"""Write docs/reference/commands.md from the command line itself: every command with its options.

python tools/write_commands.py [-o docs/reference/commands.md]
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from stillyou.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"
VALUES = {"int": "N", "float": "X", "Path": "PATH"}
"""What stands for a value that has no name of its own, by its type."""
HEAD = """# Commands and options

Made by `python tools/write_commands.py` from what `stillyou COMMAND --help` says; do not edit it by hand.

`stillyou --version` shows the version. `--debug` with any command shows the traceback of an error. Messages and
progress go to standard error; standard output gets paths and figures, with `--json` one object. Exit codes: 0 done, 1 a
picture, pair or file could not be worked on, 2 a wrong option, name or value, 130 stopped.
"""


def commands(group: Any, path: str = "stillyou") -> Iterator[tuple[str, Any]]:
    """Yield each command with its whole name, groups opened."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def page() -> str:
    """Return the whole page."""
    sections = [_section(name, command) for name, command in commands(typer.main.get_command(app))]
    return "\n".join([HEAD, *sections])


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([name, *(each.metavar or each.name.upper() for each in arguments)])
    kinds = inspect.signature(command.callback).parameters
    rows = [f"| `{_names(each, str(kinds[each.name].annotation))}` | {_text(each)} |" for each in options]
    table = ["| option | meaning |", "|---|---|", *rows] if rows else []
    return "\n".join([f"## {name}", "", f"`{usage}`: {_clean(command.help)}", "", *table, ""])


def _names(option: Any, kind: str) -> str:
    usual = next((word for name, word in VALUES.items() if name in kind), "TEXT")
    value = "" if option.is_flag else " " + (option.metavar or usual)
    return ", ".join(sorted(option.opts, key=len)).replace("|", r"\|") + value.replace("|", r"\|")


def _text(option: Any) -> str:
    default = option.default
    plain = option.show_default is True and default not in (None, False, [], ()) and not callable(default)
    ends = [f"Default: {default}."] if plain else []
    return " ".join([_clean(option.help), *(["Required."] if option.required else []), *ends])


def _clean(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", r"\|")


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", type=Path, default=PAGE)
    parser.parse_args().o.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
