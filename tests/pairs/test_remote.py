"""Datasets at addresses of fsspec's: the same files as in a folder, whole or not at all, and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import pytest

from stillyou.draws import stable_seed
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.destination import LocalFolder, destination
from stillyou.pairs.generate import make_pairs
from tests.pairs.fakes import QUIET, BrokenTeacher, FakeTeacher

EFFECTS = load_effects("royal,angry")
make = partial(make_pairs, shard_size=3)


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()


def _there(fs: fsspec.AbstractFileSystem) -> dict[str, bytes]:
    return {path.removeprefix("/pairs/"): fs.cat_file(path) for path in fs.find("/pairs")}


def _here(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_an_address_holds_what_a_folder_would(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    there = make(FakeTeacher(), EFFECTS, 7, "memory://pairs", execution=QUIET)
    here = make(FakeTeacher(), EFFECTS, 7, tmp_path / "pairs", execution=QUIET)
    assert destination("memory://pairs").one_process, "workers of their own would write to memory of their own"
    assert there == here and _there(memory) == _here(tmp_path / "pairs")


def test_a_run_that_stopped_goes_on(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    make(FakeTeacher(), EFFECTS, 7, tmp_path / "whole", execution=QUIET)
    broken = BrokenTeacher(stop_at=stable_seed("pair", 0, EFFECTS[1].id, 4), failure="error")
    with pytest.raises(StillYouError, match="ink ran out"):
        make(broken, EFFECTS, 7, "memory://pairs/", execution=QUIET)
    assert sorted(_there(memory)) == ["dataset.json", "pairs-00000.parquet"], "no half of a shard"
    memory.pipe_file("/pairs/.part-0badc0de", b"left by a kill")
    memory.pipe_file("/pairs/pairs-00001.parquet", b"damaged")
    kept = memory.info("/pairs/pairs-00000.parquet")["created"]
    make(FakeTeacher(), EFFECTS, 7, "memory://pairs/", execution=QUIET)
    assert _there(memory) == _here(tmp_path / "whole")
    assert memory.info("/pairs/pairs-00000.parquet")["created"] == kept, "what was whole is not made again"


def test_a_dataset_grows_and_keeps_to_its_settings(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    make(FakeTeacher(), EFFECTS, 3, "memory://pairs", execution=QUIET)
    make(FakeTeacher(), EFFECTS, 4, "memory://pairs", execution=QUIET)
    make(FakeTeacher(), EFFECTS, 4, tmp_path / "p", execution=QUIET)
    assert _there(memory) == _here(tmp_path / "p")
    with pytest.raises(UsageError, match="memory://pairs was begun with seed 0, not 1"):
        make(FakeTeacher(), EFFECTS, 4, "memory://pairs", seed=1, execution=QUIET)
    with pytest.raises(UsageError, match="was begun with 4 candidates an effect, not 3"):
        make(FakeTeacher(), EFFECTS, 3, "memory://pairs", execution=QUIET)


def test_what_holds_something_else_is_refused_before_the_teacher_is_built(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/pairs/letter.txt", b"dear")
    broken = BrokenTeacher(stop_at=stable_seed("pair", 0, EFFECTS[0].id, 0), failure="error")
    with pytest.raises(UsageError, match="memory://pairs is not empty and holds no pair dataset"):
        make(broken, EFFECTS, 4, "memory://pairs", execution=QUIET)
    assert memory.find("/pairs") == ["/pairs/letter.txt"]


def test_a_store_that_cannot_be_written_is_one_clear_line(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("AccessDenied: no room")

    monkeypatch.setattr(type(memory), "put_file", full)
    with pytest.raises(StillYouError, match=r"cannot write to memory://pairs \(.*AccessDenied: no room\). Check"):
        make(FakeTeacher(), EFFECTS, 3, "memory://pairs", execution=QUIET)


def test_addresses_of_files_are_folders_and_odd_ones_are_refused(tmp_path: Path) -> None:
    assert destination(f"file://{tmp_path}") == LocalFolder(tmp_path) == destination(tmp_path)
    with pytest.raises(UsageError, match="'file://here' names no folder"):
        destination("file://here")
    with pytest.raises(UsageError, match="'nosuch://x' is no address to write to"):
        destination("nosuch://x")


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", lacking)
    with pytest.raises(StillYouError, match=r"nothing here reaches s3://bucket/x \(.*Install s3fs"):
        destination("s3://bucket/x")
