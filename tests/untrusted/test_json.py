"""JSON: what the standard reader reads, or one line with file and place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.config import MaskSettings, load_json
from stillyou.errors import StillYouError, UsageError
from stillyou.untrusted.json_text import parse_json, read_object
from stillyou.untrusted.rules import MODEL_FILE, Rules

SMALL = Rules("Mend it.", UsageError, bytes=300_000, depth=8)

scalar = st.none() | st.booleans() | st.integers(-(10**19), 10**19) | st.floats(allow_nan=False, allow_infinity=False)
word = st.text(max_size=5)
plain = st.recursive(scalar | word, lambda part: st.lists(part, max_size=3) | st.dictionaries(word, part, max_size=3))


@given(plain, st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_was_written_comes_back(value: object, escaped: bool):
    text = json.dumps(value, ensure_ascii=escaped)
    assert parse_json(text, "x", MODEL_FILE) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1,\n"b": 2,\n"a": 3}', "has the key 'a' twice (line 3)"),
        ('[{"a": {"b": 1}}, {"a": 1},\n{"a": 1, "c": {"a": 2},\n "a" : 2}]', "has the key 'a' twice (line 3)"),
        ('{"a\\u0062": 1, "ab": 2}', "has the key 'ab' twice (line 1)"),
        ("[" * 9 + "]" * 9, "is nested too deeply (more than 8 levels)"),
        ("[" * 200_000, "is nested too deeply"),
        ('"' + '\\"' * 100_000 + "[{" * 20, "is not JSON: Unterminated string"),
        ('{"a": NaN}', "is not JSON: NaN is no number"),
        ('{"a": -Infinity}', "is not JSON: -Infinity is no number"),
        ("[1e999]", "is not JSON: 1e999 is too large"),
        ("9" * 5000, "is not JSON: a number of 5000 digits"),
        ('{"a":\n 1,}', "is not JSON: "),
        ('{"a": "\\ud800"}', "half a character"),
        ('{"\\uDFFF": 1}', "half a character"),
        ("", "is not JSON"),
        (" " * 300_001, "is too long"),
    ],
)
def test_the_rest_is_refused_with_its_place(text: str, told: str):
    with pytest.raises(UsageError) as caught:
        parse_json(text, "my.json", SMALL)
    assert told in caught.value.what and "\n" not in str(caught.value)


def test_eight_levels_and_pairs_of_surrogates_are_fine():
    assert parse_json("[" * 8 + '"[[[[["' + "]" * 8, "x", SMALL) == [[[[[[[["[[[[["]]]]]]]]
    assert parse_json('"\\ud83d\\udc11"', "x", SMALL) == "\N{SHEEP}"


def test_damaged_files_of_programs_say_so(tmp_path: Path):
    path = tmp_path / "config.json"
    for text, told in (
        ("[]", "config.json is damaged: it holds no JSON object"),
        ("{", "config.json is damaged: it is not JSON"),
        ('{"maps": 0}', "config.json is damaged: it does not hold what it should: 'maps': "),
        ('{"mops": 0}', "config.json is damaged: it does not hold what it should: unknown key 'mops'"),
    ):
        path.write_text(text)
        with pytest.raises(StillYouError) as caught:
            load_json(path, MaskSettings, MODEL_FILE)
        assert told in caught.value.what and not isinstance(caught.value, UsageError)
    path.write_text('{"maps": 3}')
    assert load_json(path, MaskSettings, MODEL_FILE).maps == 3
    assert read_object(path, MODEL_FILE) == {"maps": 3}
