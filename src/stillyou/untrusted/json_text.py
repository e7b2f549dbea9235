"""JSON: no key twice, no NaN, no bottomless nesting, no half characters."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillyou.untrusted.rules import Rules, half_character, scalars
from stillyou.untrusted.text import read_text

_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"(\s*:)?|\\?\Z)|[\[\]{}]', re.DOTALL)
"""Brackets, and texts with the colon that makes them keys. A text without an end is one match, up to the file's end."""
_LONGEST_NUMBER = 40
"""Characters of a whole number."""


class _Twice(ValueError):
    """A key that stands twice in one object."""


def read_json(path: str | Path, rules: Rules) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        rules: Its limits, and what is said of a bad one.

    Raises:
        StillYouError: It cannot be read, or is not JSON as we take it; of the class that `rules` has.
    """
    return parse_json(read_text(path, rules), str(path), rules)


def read_object(path: str | Path, rules: Rules) -> dict[str, Any]:
    """Read a JSON file that holds an object; raises StillYouError as `read_json` does."""
    return parse_object(read_text(path, rules), str(path), rules)


def parse_object(text: str, where: str, rules: Rules) -> dict[str, Any]:
    """Parse a JSON object; raises StillYouError as `parse_json` does."""
    value = parse_json(text, where, rules)
    if not isinstance(value, dict):
        raise rules.refuse(where, "holds no JSON object")
    return value


def parse_json(text: str, where: str, rules: Rules) -> Any:
    """Parse a JSON text.

    Args:
        text: The text.
        where: What messages call it: a file, or a file and a line.
        rules: Its limits.

    Raises:
        StillYouError: Not JSON, nested too deeply, a key twice in an object, or a number or text that cannot be.
    """
    if len(text) > rules.bytes:
        raise rules.refuse(where, "is too long")
    _check_depth(text, where, rules)
    try:
        value = json.loads(text, **_HOOKS)
    except _Twice as error:
        key = str(error)
        raise rules.refuse(where, f"has the key '{key:.80}' twice{_line_of_second(text, key)}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text else f"column {error.colno}"
        raise rules.refuse(where, f"is not JSON: {error.msg} ({place})") from error
    except (ValueError, RecursionError) as error:
        raise rules.refuse(where, f"is not JSON: {error}") from error
    _check_texts(text, value, where, rules)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return made


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits:.20} is too large")
    return number


_HOOKS: Mapping[str, Any] = {
    "object_pairs_hook": _unique,
    "parse_constant": _constant,
    "parse_int": _int,
    "parse_float": _float,
}


def _check_depth(text: str, where: str, rules: Rules) -> None:
    if text.count("[") + text.count("{") <= rules.depth:
        return
    if any(depth > rules.depth for depth, _, _ in _walk(text)):
        raise rules.refuse(where, f"is nested too deeply (more than {rules.depth} levels)")


def _walk(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield depth, key or empty text, and place of every bracket and key."""
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        yield depth, token.group() if token.group(1) else "", token.start()


def _line_of_second(text: str, key: str) -> str:
    """Return `` (line N)`` for the second of two equal keys of one object."""
    seen: list[set[str]] = [set()]
    for depth, token, start in _walk(text):
        del seen[depth + 1 :]
        while len(seen) <= depth:
            seen.append(set())
        if not token:
            continue
        name = json.loads(token.rstrip(": \t\r\n"))
        if name == key and name in seen[depth]:
            return f" (line {text.count(chr(10), 0, start) + 1})"
        seen[depth].add(name)
    return ""


def _check_texts(text: str, value: Any, where: str, rules: Rules) -> None:
    """Refuse halves of characters, which only escapes can bring in."""
    if "\\ud" not in text and "\\uD" not in text:
        return
    bad = next((part for part in scalars(value) if isinstance(part, str) and half_character(part)), None)
    if bad is not None:
        raise rules.refuse(where, f"has a text with half a character (a lone surrogate): {ascii(bad):.60}")
