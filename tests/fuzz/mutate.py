"""Small damages to bytes, texts and plain data, drawn from a generator."""

from __future__ import annotations

import random
import struct
import zlib
from typing import Any

_NUMBERS = [0, 1, 2, 3, 7, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1]
_WORDS = [
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "&a ",
    "*a",
    "!!int ",
    "!!python/name:os.system ",
    "'",
    '"',
    "\n",
    "\t",
    "- ",
    "#",
    "|",
    ">",
]
_WORDS += [
    "? ",
    "%",
    "<<: ",
    "null",
    "true",
    "1e999",
    ".inf",
    "2020-99-99",
    "9" * 50,
    "\0",
    "\ufeff",
    "\u2028",
    "é",
    "\\ud800",
    "= ",
    "a.b.",
]
PLAIN: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    2**70,
    10**9,
    "",
    "x",
    "a" * 300,
    "\0",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    [1, 2],
]


def mutate_bytes(data: bytes, draws: random.Random, other: bytes = b"") -> bytes:
    """Return bytes with one to eight damages: flips, numbers, cuts, repeats, pieces of another file."""
    changed = bytearray(data)
    for _ in range(draws.choice([1, 1, 1, 2, 3, 8])):
        if not changed:
            break
        place, kind = _place(len(changed), draws), draws.randrange(8)
        if kind == 0:
            changed[place] ^= 1 << draws.randrange(8)
        elif kind == 1:
            changed[place] = draws.randrange(256)
        elif kind == 2:
            code = draws.choice(["<H", ">H", "<I", ">I"])
            number = draws.choice(_NUMBERS) % 256 ** struct.calcsize(code)
            changed[place : place + struct.calcsize(code)] = struct.pack(code, number)
        elif kind == 3:
            del changed[place : place + draws.randint(1, 64)]
        elif kind == 4:
            changed[place:place] = changed[place : place + draws.randint(1, 64)]
        elif kind == 5:
            changed[place : place + 8] = bytes(draws.randrange(256) for _ in range(8))
        elif kind == 6 and other:
            start = draws.randrange(len(other))
            changed[place : place + 32] = other[start : start + draws.randint(1, 64)]
        elif kind == 7 and draws.random() < 0.3:
            del changed[place:]
    return bytes(changed)


def _place(size: int, draws: random.Random) -> int:
    """Draw a place, half of the time near the start, where headers are."""
    return draws.randrange(min(size, 200)) if draws.random() < 0.5 else draws.randrange(size)


def mutate_text(text: str, draws: random.Random) -> str:
    """Return a text with one to six damages: words put in, letters and lines taken out, repeated or moved."""
    for _ in range(draws.choice([1, 1, 2, 3, 6])):
        place, kind = draws.randrange(len(text) + 1), draws.randrange(5)
        lines = text.split("\n")
        if kind <= 1:
            text = text[:place] + draws.choice(_WORDS) * draws.choice([1, 1, 1, 2, 40]) + text[place:]
        elif kind == 2:
            text = text[:place] + text[place + draws.randint(1, 9) :]
        elif kind == 3:
            lines.insert(draws.randrange(len(lines) + 1), draws.choice(lines))
            text = "\n".join(lines)
        else:
            draws.shuffle(lines)
            text = "\n".join(lines)
    return text


def mutate_data(value: Any, draws: random.Random) -> Any:
    """Return plain data in which one value somewhere is another, is gone, or has a stranger beside it."""
    if isinstance(value, dict) and value and draws.random() < 0.85:
        key = draws.choice(list(value))
        chance = draws.random()
        if chance < 0.1:
            return {name: part for name, part in value.items() if name != key}
        if chance < 0.2:
            return {**value, draws.choice(["x", "format", "_class_name", ""]): draws.choice(PLAIN)}
        return {**value, key: mutate_data(value[key], draws)}
    if isinstance(value, list) and value and draws.random() < 0.6:
        place = draws.randrange(len(value))
        return [*value[:place], mutate_data(value[place], draws), *value[place + 1 :]]
    return draws.choice(PLAIN)


def with_checksums(png: bytes) -> bytes:
    """Return a PNG whose chunks have right checksums again, so that damage reaches what lies behind them."""
    made, place = bytearray(png[:8]), 8
    while place + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, place)
        body = png[place + 4 : place + 8 + length]
        made += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return bytes(made)
