"""The command line's last line of defence: what it prints of an error, whatever names are in it."""

from __future__ import annotations

import pytest

from stillyou.cli import main


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return stop.value.code


def test_debug_is_shown_and_may_stand_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0 and "--debug" in capsys.readouterr().out
    for arguments in (("--debug", "effects", "-e", "nothing"), ("effects", "-e", "nothing", "--debug")):
        assert run(*arguments) == 2
        assert "Traceback" in capsys.readouterr().err
    assert run("effects", "-e", "nothing") == 2 and "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a[red]b:smile:.yaml", "a[red]b:smile:.yaml"),
        ("\x1b[31m.yaml", r"\x1b[31m"),
        ("\udce9.yaml", r"\udce9"),
        ("a\nb.yaml", "a b"),
    ],
)
def test_names_are_shown_as_they_are_and_change_no_terminal(
    name: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("effects", "-e", name) == 2
    told = capsys.readouterr().err
    assert shown in told and "\x1b" not in told and told.count("\n") <= 2
