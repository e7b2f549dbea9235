"""YAML and TOML as people write settings: plain values, each key once, no aliases, no tags of Python."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from stillyou.errors import StillYouError
from stillyou.untrusted.rules import SETTINGS, Rules, unusable
from stillyou.untrusted.text import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "yes or no",
    "null": "null",
    "timestamp": "date",
}
"""Scalars that settings may hold, and what people call them."""


def read_yaml(path: str | Path, rules: Rules = SETTINGS) -> Any:
    """Read a YAML file into lists, mappings and plain values.

    Raises:
        StillYouError: It cannot be read or is not YAML as we take it; of the class that `rules` has (UsageError). The
            line names file, line, key and remedy.
    """
    return _checked(parse_yaml(read_text(path, rules), str(path), rules), path, rules)


def parse_yaml(text: str, where: str, rules: Rules = SETTINGS) -> Any:
    """Parse a YAML text; raises StillYouError as `read_yaml` does."""
    try:
        loader = _Loader(text)
        loader.rules, loader.where = rules, where
        node = loader.get_single_node()
        return None if node is None else loader.plain(node, "")
    except yaml.MarkedYAMLError as error:
        raise rules.refuse(where, f"is not valid YAML: {error.problem or error.context}{_place(error)}") from error
    except yaml.YAMLError as error:  # characters that no YAML file holds
        raise rules.refuse(where, f"is not valid YAML: {' '.join(str(error).split()):.120}") from error


def read_toml(path: str | Path, rules: Rules = SETTINGS) -> dict[str, Any]:
    """Read a TOML file; a key that stands twice is refused by the format itself.

    Raises:
        StillYouError: It cannot be read or is not TOML; of the class that `rules` has (UsageError).
    """
    text = read_text(path, rules)
    _check_dots(text, path, rules)
    try:
        return _checked(tomllib.loads(text), path, rules)
    except tomllib.TOMLDecodeError as error:
        raise rules.refuse(path, f"is not valid TOML: {_toml_place(str(error), text)}") from error
    except RecursionError as error:
        raise rules.refuse(path, "is nested too deeply") from error
    except (ValueError, OverflowError) as error:  # dates and numbers that cannot be
        raise rules.refuse(path, f"is not valid TOML: {error}") from error


def _checked(value: Any, path: str | Path, rules: Rules) -> Any:
    if _deeper(value, rules.depth):
        raise rules.refuse(path, f"is nested too deeply (more than {rules.depth} levels)")
    problem = unusable(value)
    if problem:
        raise rules.refuse(path, f"has {problem}")
    return value


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper(part, levels - 1) for part in inner)


def _check_dots(text: str, path: str | Path, rules: Rules) -> None:
    """Refuse keys such as a.a.a...: the reader's time grows with the square of their length."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > rules.depth:
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
            if any(part.count(".") > rules.depth for part in re.split(r"[=,{}\[\]]", bare)):
                raise rules.refuse(path, f"is nested too deeply (line {number})")


def _toml_place(said: str, text: str) -> str:
    """Return what the parser says with the number and the start of its line, which name the key."""
    what, _, place = said.partition(" (at ")
    lines = text.rstrip().split("\n")
    numbered = re.match(r"line (\d+)", place)
    number = min(int(numbered.group(1)) if numbered else len(lines), len(lines))
    return f"{what} (line {number}: {lines[number - 1].strip():.60})"


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""


class _Loader(yaml.SafeLoader):
    """PyYAML's parser; composing and constructing are ours, so that every refusal can name its line and key."""

    rules = SETTINGS
    where = ""
    _depth = 0

    def refuse(self, what: str, node: Any) -> StillYouError:
        return self.rules.refuse(f"{self.where} line {node.start_mark.line + 1}", what)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self.refuse(f"has an anchor or alias, '{event.anchor:.40}', which settings do not take", event)
        if self._depth > self.rules.depth:
            raise self.rules.refuse(self.where, f"is nested too deeply (line {event.start_mark.line + 1})")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def plain(self, node: yaml.Node, key: str) -> Any:
        """Turn a node into plain data; `key` is where it lies, with dots."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, key)
        wanted = "map" if isinstance(node, yaml.MappingNode) else "seq"
        if node.tag != _TAG + wanted:
            raise self.refuse(f"has the tag {node.tag:.60} at '{key:.80}', which settings do not take", node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        return [self.plain(part, f"{key}.{number}" if key else str(number)) for number, part in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, key: str) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for name_node, value_node in node.value:
            if not isinstance(name_node, yaml.ScalarNode) or name_node.tag == _TAG + "merge":
                raise self.refuse("has a key that is no plain word", name_node)
            name = self._scalar(name_node, key)
            if name in made:
                raise self.refuse(f"has the key '{name!s:.80}' for the second time", name_node)
            made[name] = self.plain(value_node, f"{key}.{name}" if key else str(name))
        return made

    def _scalar(self, node: yaml.ScalarNode, key: str) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind not in _KINDS:
            raise self.refuse(f"has the tag {node.tag:.60} at '{key:.80}', which settings do not take", node)
        try:
            return self.construct_object(node)
        except (ValueError, KeyError, AttributeError, OverflowError, TypeError, yaml.YAMLError) as error:
            what = f"has a {_KINDS[kind]} at '{key:.80}' that is none: {node.value:.40}; put texts in quotes"
            raise self.refuse(what, node) from error
