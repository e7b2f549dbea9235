"""Making datasets: the same bytes whatever the workers, interruptions and order; resuming, growing, refusing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from stillyou.cli import main
from stillyou.draws import stable_seed
from stillyou.effects.lookup import load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.assemble import reachable
from stillyou.pairs.curation.rules import Summary
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.lock import sole_writer
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from tests.pairs.fakes import QUIET, BrokenTeacher, FakeTeacher, LeakyTeacher, SmallTeacher, quiet

EFFECTS = load_effects("royal,angry")
N, SHARD = 8, 3
make = partial(make_pairs, shard_size=SHARD, execution=QUIET)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an uninterrupted run with one worker."""
    folder = tmp_path_factory.mktemp("whole") / "pairs"
    make(FakeTeacher(), EFFECTS, N, folder)
    return _files(folder)


def _seed_of(effect: EffectSpec, index: int) -> int:
    return stable_seed("pair", 0, effect.id, index)


def test_a_run_leaves_shards_and_a_description_and_nothing_else(whole: dict[str, bytes]):
    assert sorted(whole) == ["dataset.json", *(shard_name(number) for number in range(3))]


def test_two_workers_make_the_same_bytes(whole: dict[str, bytes], tmp_path: Path):
    summary = make(FakeTeacher(), EFFECTS, N, tmp_path / "pairs", execution=quiet(2))
    assert _files(tmp_path / "pairs") == whole
    rejected = sum(sum(reasons.values()) for reasons in summary.rejected.values())
    assert sum(summary.accepted.values()) + rejected == N * len(EFFECTS)
    assert all(set(reasons) <= {"nothing changed"} for reasons in summary.rejected.values()) and rejected


@pytest.mark.parametrize("failure", ["interrupt", "error"])
def test_a_stopped_run_resumes_to_the_same_bytes(whole: dict[str, bytes], tmp_path: Path, failure: str):
    folder = tmp_path / "pairs"
    teacher = BrokenTeacher(stop_at=_seed_of(EFFECTS[1], 4), failure=failure)
    with pytest.raises(KeyboardInterrupt if failure == "interrupt" else StillYouError):
        make(teacher, EFFECTS, N, folder)
    left = _files(folder)
    assert sorted(left) == ["dataset.json", shard_name(0)]
    assert left[shard_name(0)] == whole[shard_name(0)] and read_info(folder).complete is False
    with pytest.raises(StillYouError, match=r"misses 2 shards \(pairs-00001.parquet, pairs-00002.parquet\)"):
        PairDataset(folder)
    made_at = (folder / shard_name(0)).stat().st_mtime_ns
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole
    assert (folder / shard_name(0)).stat().st_mtime_ns == made_at


def test_a_killed_worker_is_reported_and_resumed(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    teacher = BrokenTeacher(stop_at=_seed_of(EFFECTS[0], 7), failure="kill")
    with pytest.raises(StillYouError, match="a worker process died"):
        make(teacher, EFFECTS, N, folder, execution=quiet(2))
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole


def test_a_failing_worker_names_the_candidate(tmp_path: Path):
    seed = _seed_of(EFFECTS[1], 5)
    teacher = BrokenTeacher(stop_at=seed)
    with pytest.raises(StillYouError, match=f"effect 'angry' with seed {seed}: ValueError: ink ran out"):
        make(teacher, EFFECTS, N, tmp_path / "pairs", execution=quiet(2))
    assert not list((tmp_path / "pairs").glob(".part-*"))


def test_kill_9_loses_at_most_the_shard_in_hand(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    code = (
        "import time\nfrom pathlib import Path\nfrom tests.pairs.fakes import FakeTeacher\n"
        "from tests.pairs.test_generate import EFFECTS, N, make\n"
        "class Slow(FakeTeacher):\n    def pair(self, effect, seed):\n"
        f"        if Path({str(folder / shard_name(0))!r}).exists(): time.sleep(0.05)\n"
        "        return super().pair(effect, seed)\n"
        f"make(Slow(), EFFECTS, N, {str(folder)!r})\n"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    # In this order: a part that is there after the first shard belongs to the second.
    while not (folder / shard_name(0)).exists() or not list(folder.glob(".part-*.parquet")):
        assert process.poll() is None and time.monotonic() < deadline
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert list(folder.glob(".part-*"))
    assert (folder / shard_name(0)).read_bytes() == whole[shard_name(0)]
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole


def test_growing_keeps_what_there_is(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    make(FakeTeacher(), EFFECTS, 4, folder)
    short = _files(folder)
    made_at = (folder / shard_name(0)).stat().st_mtime_ns
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole
    assert short[shard_name(0)] == whole[shard_name(0)] and (folder / shard_name(0)).stat().st_mtime_ns == made_at
    with pytest.raises(UsageError, match="8 candidates an effect, not 4. A dataset can grow, not shrink"):
        make(FakeTeacher(), EFFECTS, 4, folder)
    assert _files(folder) == whole


def test_a_damaged_shard_is_made_again(whole: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "pairs"
    make(FakeTeacher(), EFFECTS, N, folder)
    (folder / shard_name(1)).write_bytes(whole[shard_name(1)][:1000])
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole and "making again" in capsys.readouterr().err


def test_other_settings_are_refused_by_name(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    make(FakeTeacher(), EFFECTS, N, folder)
    dressed = [effect.with_variables({"subject": "cat"}) for effect in EFFECTS]
    cases = (
        (make, (FakeTeacher(), EFFECTS), {"seed": 1}, "begun with seed 0, not 1"),
        (make, (FakeTeacher(), EFFECTS), {"shard_size": 4}, "begun with shard size 3, not 4"),
        (make, (FakeTeacher(size=96), EFFECTS), {}, "begun with size 64, not 96"),
        (make, (FakeTeacher(kind="other"), EFFECTS), {}, "begun with teacher fake, not other"),
        (make, (FakeTeacher(domain="people"), EFFECTS), {}, "begun with domain cartoon, not people"),
        (make, (FakeTeacher(shares_sources=True), EFFECTS), {}, "begun with shares sources False, not True"),
        (make, (FakeTeacher(), EFFECTS[:1]), {}, "begun with effects royal,angry, not royal"),
        (make, (FakeTeacher(), dressed), {}, "begun with other prompts of effect 'royal'"),
    )
    for call, arguments, options, message in cases:
        with pytest.raises(UsageError, match=message):
            call(*arguments, N, folder, **options)
    assert _files(folder) == whole


def test_tuned_guidance_does_not_make_pairs_other_pairs(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    make(FakeTeacher(), EFFECTS, N, folder)
    tuned = [effect.model_copy(update={"strength": 0.5}) for effect in EFFECTS]
    make(FakeTeacher(), tuned, N, folder)
    assert {name: data for name, data in _files(folder).items() if name != "dataset.json"} == {
        name: data for name, data in whole.items() if name != "dataset.json"
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0"),
        ({"workers": 0}, "workers is 0"),
        ({"shard_size": 0}, "shard-size is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**63}, "seed is"),
        ({"size": 65}, "size is 65"),
        ({"size": 32}, "size is 32"),
        ({"size": 1056}, "size is 1056"),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, options: dict[str, int], message: str):
    given = {"n": 2, "size": 64, "workers": 1, **options}
    teacher, execution = FakeTeacher(size=given.pop("size")), quiet(given.pop("workers"))
    with pytest.raises(UsageError, match=message):
        make(teacher, EFFECTS, given.pop("n"), tmp_path / "pairs", execution=execution, **given)
    assert not (tmp_path / "pairs").exists()


def test_folders_that_are_in_use_otherwise_are_left_alone(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        make(FakeTeacher(), EFFECTS, 2, tmp_path / "file")
    with pytest.raises(UsageError, match="is not empty and holds no pair dataset"):
        make(FakeTeacher(), EFFECTS, 2, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_deleted_description_comes_back_with_the_shards_kept(whole: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name in whole.keys() - {"dataset.json"}:
        (folder / name).write_bytes(whole[name])
    with pytest.raises(StillYouError, match="belongs to another dataset"):
        make(FakeTeacher(), EFFECTS, N, folder, seed=1)
    with pytest.raises(UsageError, match="is not empty"):
        make(FakeTeacher(), EFFECTS, SHARD, folder)
    kept = (folder / shard_name(1)).stat().st_ino
    make(FakeTeacher(), EFFECTS, N, folder)
    assert _files(folder) == whole and (folder / shard_name(1)).stat().st_ino == kept


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path):
    with sole_writer(tmp_path), pytest.raises(UsageError, match="another process is writing"):
        make(FakeTeacher(), EFFECTS, 2, tmp_path)


def test_a_full_disk_leaves_finished_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import pyarrow.parquet as pq

    written = []
    real = pq.ParquetWriter.write_table

    def write_table(self: object, *arguments: object) -> None:
        written.append(1)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, *arguments)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_table)
    with pytest.raises(StillYouError, match="No space left on device"):
        make(FakeTeacher(), EFFECTS, N, tmp_path / "pairs")
    assert sorted(_files(tmp_path / "pairs")) == ["dataset.json", *(shard_name(number) for number in range(2))]


def test_a_teacher_that_breaks_the_invariant_is_stopped_before_any_file(tmp_path: Path):
    with pytest.raises(StillYouError, match="source and target differ outside the mask"):
        make(LeakyTeacher(), EFFECTS, 2, tmp_path / "pairs")
    with pytest.raises(StillYouError, match=r"the pictures are \(32, 32\), not 64"):
        make(SmallTeacher(), EFFECTS, 2, tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


def test_a_bar_ends_when_time_does() -> None:
    assert reachable(1000, 20, 10.0, None) == 1000
    assert reachable(1000, 20, 10.0, 60.0) == 120
    assert reachable(1000, 120, 60.0, 60.0) == reachable(1000, 120, 61.0, 60.0) == 120
    assert reachable(50, 20, 10.0, 60.0) == 50


def test_a_run_of_which_nothing_was_accepted_fails_and_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Summary({"santa": 0}, {"santa": {"no face": 2}})
    monkeypatch.setattr("stillyou.pairs.generate.make_pairs", lambda *_, **__: nothing)
    with pytest.raises(SystemExit) as stop:
        main(["pairs", "make", "-e", "santa", "-n", "2", "-o", str(tmp_path / "p"), "--workers", "1"])
    told = capsys.readouterr()
    assert stop.value.code == 1 and f"no candidate of {tmp_path / 'p'} was accepted" in told.err.replace("\n", "")
    assert "2 x no face" in told.out and "--rejected" in told.err
