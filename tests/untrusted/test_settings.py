"""YAML and TOML: plain values read as PyYAML and tomllib read them; everything else is one line with its place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.config import MaskSettings, load_toml, load_yaml
from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.untrusted.rules import SETTINGS
from stillyou.untrusted.settings import parse_yaml, read_toml, read_yaml

EFFECT = """id: knight
title: Knight
group: costume
source_prompt: "a {subject}"
target_prompt: "a {subject}, shining armour"
keeps: [face]
"""

scalar = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False)
word = st.text("abc: #é🐑-'\"", max_size=9)
plain = st.recursive(scalar | word, lambda part: st.lists(part, max_size=3) | st.dictionaries(word, part, max_size=3))


@given(plain)
@settings(max_examples=30, deadline=None)
def test_plain_values_come_back(value: object):
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True), "x") == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "line 3 has the key 'a' for the second time"),
        ("a: 1\nb: {c: 1, d: 2,\n c: 3}", "line 3 has the key 'c' for the second time"),
        ("a: &x [1]\nb: *x", "line 1 has an anchor or alias, 'x'"),
        ("a: b\nc: *nowhere", "line 2 has an anchor or alias, 'nowhere'"),
        ("<<: {a: 1}", "line 1 has a key that is no plain word"),
        ("? [a]\n: b", "line 1 has a key that is no plain word"),
        ("a: !!python/name:os.system", "line 1 has the tag tag:yaml.org,2002:python/name:os.system at 'a'"),
        ("a: !!set {x}", "has the tag tag:yaml.org,2002:set"),
        ("a:\n  b: 2021-13-01", "line 2 has a date at 'a.b' that is none: 2021-13-01; put texts in quotes"),
        ("a: [1, !!int x]", "has a whole number at 'a.1' that is none: x"),
        ("a: !!float one", "has a number at 'a' that is none: one"),
        ("a: !!bool perhaps", "has a yes or no at 'a' that is none: perhaps"),
        ("a: " + "7" * 5000, "has a whole number at 'a'"),
        ("a: " + "[" * 40 + "]" * 40, "is nested too deeply (line 1)"),
        ("a: [1, 2", "is not valid YAML: expected ',' or ']'"),
        ("a: b\n c: d", "is not valid YAML: mapping values are not allowed here (line 2, column 3)"),
        ("a: 1\n---\nb: 2", "is not valid YAML: but found another document (line 2"),
        ("a: \x07", "is not valid YAML"),
    ],
)
def test_what_means_two_things_or_nothing_is_refused_with_its_place(text: str, told: str):
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "my.yaml")
    assert told in caught.value.what and caught.value.what.startswith("my.yaml") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('a: "\\ud800"', "half a character"),
        ('a: "x\\0y"', "NUL"),
        ("a: 0x" + "f" * 99, "too large"),
    ],
)
def test_values_that_cannot_be_written_down_again_are_refused(tmp_path: Path, text: str, told: str):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"my.yaml has .*{told}"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\na = 2", "is not valid TOML: Cannot overwrite a value (line 2: a = 2)"),
        ("a = 1\na = 2\nb = 3", "is not valid TOML: Cannot overwrite a value (line 2: a = 2)"),
        ("[a]\nb = 1\n[a]", "is not valid TOML: Cannot declare ('a',) twice (line 3: [a])"),
        ("a = " + "[" * 30 + "]" * 30, "is nested too deeply"),
        ("a." * 5000 + "b = 1", "is nested too deeply (line 1)"),
        ("[" + "a." * 5000 + "b]", "is nested too deeply (line 1)"),
        ("a = " + "9" * 5000, "is not valid TOML"),
        ("a = 2021-02-31", "is not valid TOML"),
        ("a = 0x" + "f" * 99, "too large"),
    ],
)
def test_toml_is_held_to_the_same(tmp_path: Path, text: str, told: str):
    path = tmp_path / "my.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_toml(path)
    assert told in caught.value.what and "\n" not in str(caught.value)


def test_dots_in_texts_are_no_depth(tmp_path: Path):
    path = tmp_path / "my.toml"
    path.write_text(f'a = "{"no. " * 60}"\n')
    assert read_toml(path) == {"a": "no. " * 60}


def test_a_mark_at_the_start_is_no_part_of_the_text(tmp_path: Path):
    for name, read in (("a.yaml", read_yaml), ("a.toml", read_toml)):
        text = "k: v\n" if name.endswith("yaml") else 'k = "v"\n'
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert read(tmp_path / name) == {"k": "v"}


def test_files_that_are_none(tmp_path: Path):
    (tmp_path / "large.yaml").write_text("# " + "x" * SETTINGS.bytes)
    (tmp_path / "latin.yaml").write_bytes("title: é".encode("latin-1"))
    (tmp_path / "circle.yaml").symlink_to(tmp_path / "circle.yaml")
    for path, told in (
        (tmp_path / "large.yaml", "more than 32 kB"),
        (tmp_path / "latin.yaml", "is not a text file in UTF-8 (byte 7)"),
        (tmp_path / "circle.yaml", "cannot be read"),
        (tmp_path / "none.yaml", "cannot be read: No such file"),
        (tmp_path, "is not an ordinary file"),
        (Path("/dev/zero"), "is not an ordinary file"),
        (tmp_path / ("x" * 400), "cannot be read"),
        (Path("a\0b.yaml"), "cannot be read"),
    ):
        with pytest.raises(UsageError) as caught:
            load_yaml(path, MaskSettings)
        assert told in caught.value.what


def test_an_effect_file_names_the_line_of_the_second_key(tmp_path: Path):
    path = tmp_path / "knight.yaml"
    path.write_text(EFFECT + "\ntitle: Other\n")
    with pytest.raises(UsageError, match="knight.yaml line 8 has the key 'title' for the second time"):
        load_effect(path)


def test_mutated_settings_are_read_or_refused(tmp_path: Path):
    draws = random.Random(9)
    for number in range(150):
        text = list(EFFECT)
        for _ in range(draws.randint(1, 6)):
            text[draws.randrange(len(text))] = draws.choice("[]{}:&*!\"'#\n\t -?|>%@9\x00é")
        path = tmp_path / "x.yaml"
        path.write_text("".join(text), encoding="utf-8")
        for load in (load_effect, lambda path: load_toml(path, MaskSettings)):
            try:
                load(path)
            except StillYouError as error:
                assert isinstance(error, UsageError) and "\n" not in str(error), number
