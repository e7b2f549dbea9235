"""Ray: a cluster of two nodes on this machine, started and ended here, makes the bytes that plain processes make."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from stillyou.cli import main
from stillyou.draws import stable_seed
from stillyou.effects.lookup import load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.assemble import Execution
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.scale.cluster import RayCluster, connected
from tests.pairs.fakes import QUIET, BrokenTeacher, FakeTeacher

ray = pytest.importorskip("ray")
Cluster = pytest.importorskip("ray.cluster_utils").Cluster
EFFECTS = load_effects("royal,angry")
N, SHARD = 12, 3
make = partial(make_pairs, shard_size=SHARD)


class DiesOnce(FakeTeacher):
    """Its process dies at one candidate, unless a file says that it has done so before."""

    stop_at: int
    flag: Path

    def recorded(self) -> dict[str, object]:
        return FakeTeacher().recorded()

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        if seed == self.stop_at and not self.flag.exists():
            self.flag.write_text("died")
            os._exit(9)
        return super().pair(effect, seed)


class KillsItsDriver(FakeTeacher):
    """At one candidate it kills the process whose number stands in a file, once."""

    stop_at: int
    victim: Path

    def recorded(self) -> dict[str, object]:
        return FakeTeacher().recorded()

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        if seed == self.stop_at and self.victim.exists():
            driver = int(self.victim.read_text())
            self.victim.unlink()
            os.kill(driver, signal.SIGKILL)
        return super().pair(effect, seed)


def drive(address: str, stop_at: int, victim: str, out: str) -> None:
    """Be a driver that will be killed; runs in a process of its own."""
    Path(victim).write_text(str(os.getpid()))
    with connected(address, effects=len(EFFECTS)) as found:
        make(KillsItsDriver(stop_at=stop_at, victim=Path(victim)), EFFECTS, N, out, execution=_on(found, 1))


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), before])
    both = Cluster()
    try:
        _start_node(both, include_dashboard=False)
        _start_node(both)
        with connected(both.address, effects=len(EFFECTS)) as found:
            yield found
    finally:
        both.shutdown()
        os.environ["PYTHONPATH"] = before


def _start_node(cluster: Cluster, **options: object) -> None:
    """Ray gives a node 30 seconds to start, which a machine with much else to do may not keep: then once more."""
    node = {"num_cpus": 1, "object_store_memory": 80_000_000, **options}
    for attempt in range(4):
        try:
            cluster.add_node(**node)
            return
        except Exception as error:
            if attempt == 3 or "timed out" not in str(error):
                raise


def _on(cluster: RayCluster, workers: int = 2) -> Execution:
    return Execution(workers=workers, progress=False, run=cluster, ask=cluster.ask, spread=True)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_two_nodes_make_the_bytes_of_plain_processes(cluster: RayCluster, tmp_path: Path) -> None:
    assert cluster.capacity == 2 and len(ray.nodes()) == 2
    make(FakeTeacher(), EFFECTS, N, tmp_path / "plain", execution=QUIET)
    make(FakeTeacher(), EFFECTS, N, tmp_path / "ray", execution=_on(cluster))
    assert _files(tmp_path / "ray") == _files(tmp_path / "plain")


def test_a_killed_driver_leaves_whole_shards_and_no_strays(cluster: RayCluster, tmp_path: Path) -> None:
    at, out = stable_seed("pair", 0, EFFECTS[0].id, 4), tmp_path / "ray"
    arguments = (ray.get_runtime_context().gcs_address, at, str(tmp_path / "victim"), str(out))
    told = f"from tests.pairs.test_cluster import drive; drive(*{arguments!r})"
    assert subprocess.run([sys.executable, "-c", told], cwd=Path(__file__).parents[2]).returncode == -signal.SIGKILL
    assert sorted(_files(out)) == ["dataset.json", "pairs-00000.parquet"] and not (tmp_path / "victim").exists()
    make(FakeTeacher(), EFFECTS, N, out, execution=_on(cluster))  # two workers: the killed driver's has made room
    make(FakeTeacher(), EFFECTS, N, tmp_path / "plain", execution=QUIET)
    assert _files(out) == _files(tmp_path / "plain")


def test_a_dead_worker_costs_its_shard_alone_which_another_makes(
    cluster: RayCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = stable_seed("pair", 0, EFFECTS[0].id, 4)
    make(FakeTeacher(), EFFECTS, N, tmp_path / "plain", execution=QUIET)
    make(DiesOnce(stop_at=at, flag=tmp_path / "flag"), EFFECTS, N, tmp_path / "ray", execution=_on(cluster, 1))
    assert (tmp_path / "flag").exists()
    assert _files(tmp_path / "ray") == _files(tmp_path / "plain")
    assert "pairs-00001.parquet failed: its worker died" in capsys.readouterr().err


def test_a_shard_that_always_fails_is_reported_after_all_others(cluster: RayCluster, tmp_path: Path) -> None:
    broken = BrokenTeacher(stop_at=stable_seed("pair", 0, EFFECTS[1].id, 4), failure="error")
    with pytest.raises(StillYouError, match=r"pairs-00001.parquet could not be made in 3 attempts: .*ink ran out"):
        make(broken, EFFECTS, N, tmp_path / "p", execution=_on(cluster, 1))
    left = sorted(path.name for path in (tmp_path / "p").glob("*.parquet"))
    assert left == [f"pairs-0000{number}.parquet" for number in (0, 2, 3)]


def test_what_cannot_be_shown_fails_on_the_cluster_before_any_file(cluster: RayCluster, tmp_path: Path) -> None:
    broken = BrokenTeacher(stop_at=stable_seed("pair", 0, EFFECTS[0].id, 0), failure="error")
    with pytest.raises(StillYouError, match="ink ran out"):
        make(broken, EFFECTS, N, tmp_path / "p", execution=_on(cluster))
    assert not (tmp_path / "p").exists()


def test_a_teacher_that_needs_a_gpu_is_refused_by_a_cluster_without_one(cluster: RayCluster) -> None:
    with pytest.raises(UsageError, match="no machine of the Ray cluster has a GPU"):
        assert RayCluster(gpus=1.0).capacity


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with (
        pytest.raises(UsageError, match="is no address of a Ray cluster. Write auto, or HOST:PORT"),
        connected(address),
    ):
        pass


def test_an_unreachable_cluster_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SystemExit) as stop:
            main(["pairs", "make", "-e", "santa", "-n", "1", "-o", str(tmp_path / "p"), "--ray", address])
    told = capsys.readouterr().err
    assert stop.value.code == 2 and f"no Ray cluster answers at {address}" in told and "Traceback" not in told
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("Version mismatch: The cluster was started with: Ray: 2.9"), "is of another version .*Ray: 2.9"),
        (RuntimeError("odd"), "cannot connect to the Ray cluster at auto"),
        (ConnectionError("none"), "no Ray cluster runs on this machine. Start one with 'ray start --head'"),
    ],
)
def test_what_ray_refuses_is_said_in_our_words(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def init(**_: object) -> None:
        raise error

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(StillYouError, match=message), connected("auto"):
        pass


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillyou.errors.importlib.util.find_spec", lambda name: None)
    with (
        pytest.raises(StillYouError, match=r"needs ray. Install with: pip install 'stillyou\[ray\]'"),
        connected("auto"),
    ):
        pass
