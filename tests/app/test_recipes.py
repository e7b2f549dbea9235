"""The command line and the Python of an edit ask for the very same edit."""

from __future__ import annotations

import shlex
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillyou
from stillyou.app.service.recipes import command_line, python_code
from stillyou.cli import edit as command
from stillyou.cli import main
from stillyou.editing.request import EditRequest

share = st.integers(0, 100).map(lambda value: value / 100)
options = st.fixed_dictionaries(
    {},
    optional={
        "strength": share,
        "seed": st.integers(0, 2**63 - 1),
        "steps": st.integers(1, 1000),
        "guidance": st.tuples(*[st.integers(0, 300).map(lambda value: value / 10)] * 3),
        "variables": st.dictionaries(
            st.sampled_from(["subject", "colour"]), st.text("ab' \"$&é", min_size=1), min_size=1
        ),
        "face": st.sampled_from(["largest", "all", "3", "12.5,40"]),
        "domain": st.sampled_from(["cartoon", "people"]),
        "design": st.sampled_from(["green", "blue"]),
        "wear": st.sampled_from(["hat", "coat"]),
        "nudge": st.sampled_from(["hat:1.5,-2", "hat:1,2,1.2,-8/coat:0,3,1,0"]),
        "draft": st.sampled_from(["auto"]),
        "refine": share,
        "close_up": st.booleans(),
    },
)


def of_command(line: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    caught: list[Any] = []
    monkeypatch.setattr(command, "_run", lambda asked, as_json: caught.append(asked) or True)
    program, *words = shlex.split(line)
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert program == "stillyou" and stop.value.code == 0
    return caught[0]


@given(options)
@settings(max_examples=15, deadline=None)
def test_recipes_ask_for_the_same_edit(said: dict[str, Any]) -> None:
    request = EditRequest.read("santa", **said)
    with pytest.MonkeyPatch.context() as monkeypatch:
        asked = of_command(command_line(request, "a model"), monkeypatch)
        plain = replace(  # the command says what it leaves out in its own way
            asked.request, variables=asked.request.variables or None, official=asked.request.official or None
        )
        assert (plain, asked.model, asked.source, asked.output) == (request, "a model", "me.png", "out.png")
        caught: list[EditRequest] = []

        class Recorder:
            from_pretrained = classmethod(lambda cls, model: caught.append(model) or cls())

            def edit(self, image: str, effect: str, **options: Any) -> SimpleNamespace:
                caught.append(EditRequest.read(effect, **options))
                return SimpleNamespace(save=lambda path: caught.append(path))

        monkeypatch.setattr(stillyou, "Editor", Recorder, raising=False)
        exec(python_code(request, "a model"), {})
        assert caught == ["a model", request, "out.png"]


def test_crops_and_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    request = EditRequest.read("santa", crop="-3,4,90")
    asked = of_command(command_line(request, files=("mask", "draft")), monkeypatch)
    assert asked.request.crop == request.crop and asked.model == "embedded"
    assert (asked.request.mask, asked.request.draft) == ("mask.png", "draft.png")
    assert "mask='mask.png', draft='draft.png'" in python_code(request, files=("mask", "draft")).replace(
        "draft='draft.png', mask='mask.png'", "mask='mask.png', draft='draft.png'"
    )
