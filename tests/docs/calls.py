"""Parsing commands of the documentation without running them."""

from __future__ import annotations

import importlib.util
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

import typer.main

from stillyou.cli import app
from tests.docs.pages import ROOT

INPUTS = {
    "source",
    "effect",
    "effects",
    "names",
    "mask",
    "draft",
    "pairs",
    "folder",
    "dataset",
    "directory",
    "judge",
    "config",
}
"""Parameters that name files or folders which must be there before the command runs."""


@dataclass
class Call:
    """A parsed command of ours.

    Attributes:
        command: Its name, such as ``pairs make``.
        values: What was said, by parameter.
        words: All words behind the command's name.
    """

    command: str
    values: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def words_of(line: str) -> list[str]:
    """Split a line as a shell would; ``[optional]`` parts count as said, of ``a|b`` the first."""
    line = re.sub(r"\s>.*$", "", re.sub(r"(?<=\s)#\s.*$", "", line)).replace("...", "")
    plain = re.sub(r"(^|\s)\[(?=\S)|\](?=\s|$)", r"\1", line)
    words = [word.split("|")[0] for word in shlex.split(plain)]
    return ["1" if re.fullmatch(r"[NMWS]", word) else word for word in words]


def parse(line: str) -> Call:
    """Parse a command that begins with ``stillyou``.

    Raises:
        Exception: click's complaint about an unknown command, option or value.
    """
    words = words_of(line)[1:]
    command, path = typer.main.get_command(app), []
    context = command.make_context("stillyou", list(words), resilient_parsing=True)
    while hasattr(command, "commands"):
        rest = [word for word in words if word != "--debug"]
        if not rest or rest[0].startswith("-"):
            return Call(" ".join(path), {}, rest)
        name, command, words = command.resolve_command(context, rest)
        path.append(name)
        context = command.make_context(
            name, list(words), parent=context, resilient_parsing=hasattr(command, "commands")
        )
    return Call(" ".join(path), dict(context.params), words)


def known(line: str) -> bool:
    """Return whether a command that is not ``stillyou`` exists: a module, a tool, or a target of the Makefile."""
    words = words_of(line)
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return all(word in targets for word in words[1:] if "=" not in word)
    if words[0] == "pytest":
        return all((ROOT / word.split("::")[0]).exists() for word in words[1:] if not word.startswith("-"))
    if "-m" in words:
        return importlib.util.find_spec(words[words.index("-m") + 1]) is not None
    return (ROOT / words[1]).is_file()
