"""What a stage says where standard error is no terminal."""

from __future__ import annotations

import pytest

from stillyou.training.loop.progress import PLAIN_SECONDS, StageReporter, duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7320, "2 h 2 min")]
)
def test_durations_as_people_write_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_plain_lines_come_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    time = [0.0]
    with StageReporter("editor", now=lambda: time[0]) as reporter:
        for second in range(int(2 * PLAIN_SECONDS) + 1):
            time[0] = float(second)
            reporter.update(second / 100, f"step {second}", remaining=90.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"editor: {step}%, step {step}, 1 min 30 s left" for step in (0, 20, 40)]


def test_a_quiet_reporter_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with StageReporter("editor", quiet=True) as reporter:
        reporter.update(0.5, "step 1")
        reporter.say("hello")
    captured = capsys.readouterr()
    assert not captured.err and not captured.out
