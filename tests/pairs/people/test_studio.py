"""The people studio as a teacher: the same pairs from any number of workers, and plain words where it cannot work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillyou.cli import main
from stillyou.effects.lookup import load_effect, load_effects
from stillyou.errors import UsageError
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.people.config import PeopleConfig
from tests.pairs.fakes import quiet

SIZE = 64
EFFECTS = load_effects("royal,laughing")


def studio(size: int = SIZE):
    from stillyou.pairs.teachers.people.studio import PeopleStudio

    return PeopleStudio(size=size)


def test_workers_change_nothing(tmp_path: Path, device: str) -> None:
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        make_pairs(PeopleConfig(size=SIZE), EFFECTS[:1], 2, folder, shard_size=1, execution=quiet(workers))
    for number in range(2):
        one, two = (tmp_path / workers / shard_name(number) for workers in "12")
        assert one.read_bytes() == two.read_bytes()


def test_pairs_do_not_depend_on_what_else_was_made(device: str) -> None:
    one, other = studio(), studio()
    for effect in load_effects("sheep,crying,flower"):
        other.pair(effect, 7)
    other.pair(load_effect("santa"), 8)
    for effect in load_effects("santa,laughing"):
        first, second = one.pair(effect, 7), other.pair(effect, 7)
        assert not first.problem()
        for name in ("source", "target", "mask"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert first.attributes == second.attributes


def test_costumes_of_a_person_share_the_source(device: str) -> None:
    made = studio()
    pairs = [made.pair(effect, 3) for effect in load_effects("santa,royal,sheep,flower")]
    assert all(pair.source is pairs[0].source for pair in pairs)
    assert len({str({k: pair.attributes[k] for k in ("age", "gender", "hair", "skin_tone")}) for pair in pairs}) == 1


def test_prompts_speak_of_a_person(device: str) -> None:
    pair = studio().pair(load_effect("santa"), 1)
    assert (pair.source_prompt, pair.teacher) == ("a person", "people")
    assert pair.target_prompt.startswith("a person, ")


def test_unknown_effects_and_sizes_are_refused(device: str) -> None:
    with pytest.raises(UsageError, match="cannot show effect 'melted'.*It shows: flower"):
        studio().pair(load_effect("santa").model_copy(update={"id": "melted"}), 0)
    with pytest.raises(UsageError, match="size 16 is out of range"):
        studio(16)


def test_without_a_renderer_the_command_ends_at_once_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("moderngl")
    from stillyou.pairs.teachers.people.gl import context

    monkeypatch.setattr(context, "open_device", context.open_device.__wrapped__)
    monkeypatch.setattr(context, "_library", lambda name: "")
    out = tmp_path / "pairs"
    with pytest.raises(SystemExit, match="1"):
        main(["pairs", "make", "--teacher", "people", "-n", "1", "--workers", "2", "-o", str(out)])
    message = capsys.readouterr().err
    assert "there is no EGL library" in message and "apt-get install" in message and "Traceback" not in message
    assert not out.exists()


def test_the_device_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str) -> None:
    command = ["pairs", "make", "--teacher", "people", "-e", "royal", "-n", "1", "--size", "64", "--workers", "1"]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "-o", str(tmp_path / "pairs")])
    assert f": {device}" in capsys.readouterr().err.replace("\n", "")
