"""Runs shards on a Ray cluster: actors on any of its machines make them, the driver writes them.

A worker is an actor with a core (or a GPU) of its own. It builds its row source once, makes whole shards in a
temporary folder and hands their bytes over, so machines need no common disk; the bytes are those that plain processes
write. Actors live as long as the driver: a killed driver leaves whole shards and no strays. A shard whose worker died
or failed is given to another worker, `ATTEMPTS` times in all; then it is reported, after all others have been made.
"""

from __future__ import annotations

import socket
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stillyou import __version__
from stillyou.console import console
from stillyou.errors import StillYouError, UsageError, requires
from stillyou.files import atomic_path
from stillyou.pairs.dataset.destination import LocalFolder
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.scale.local import THREADS
from stillyou.pairs.scale.work import ATTEMPTS, Answer, RowSource, Shard, ShardWork, Source, late

_PATIENCE = 5.0
"""Seconds that an address has to answer."""


class Worker:
    """What an actor runs: one row source, whole shards.

    Args:
        work: How shards are made; its destination is not used.
    """

    def __init__(self, work: ShardWork) -> None:
        self._work = work
        self._source: RowSource | None = None

    def hello(self) -> str:
        """Return the version of stillyou on this machine."""
        return __version__

    def make(self, shard: Shard) -> bytes:
        """Return the file of a shard."""
        if self._source is None:
            self._source = self._work.open_source()
        with tempfile.TemporaryDirectory(prefix="stillyou-") as folder:
            replace(self._work, destination=LocalFolder(Path(folder))).make(self._source, shard, lambda rows: None)
            return (Path(folder) / shard_name(shard.number)).read_bytes()


@dataclass(frozen=True)
class RayCluster:
    """A connected cluster; an instance is an executor (`work.Executor`).

    Attributes:
        gpus: GPUs that each worker gets; 0 gives it a core.
        effects: Rows a candidate index, for progress.
    """

    gpus: float = 0.0
    effects: int = 1

    @property
    def capacity(self) -> int:
        """How many workers the cluster has room for, at least 1."""
        import ray

        found = ray.cluster_resources()
        room = found.get("GPU", 0.0) / self.gpus if self.gpus else found.get("CPU", 1.0)
        if self.gpus and room < 1:
            raise UsageError("no machine of the Ray cluster has a GPU, which this teacher needs", "Add one to it.")
        return max(1, int(room))

    def ask(self, open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
        """Put a question to a row source once on the cluster, where a worker would run.

        Raises:
            StillYouError: It failed, or the machine that ran it lacks stillyou.
        """
        import ray

        ref = ray.remote(max_retries=1, **self._options())(_asked).remote(open_source, question)
        try:
            answer: Answer = ray.get(ref)
        except ray.exceptions.RayError as error:
            raise _explained(error) from error
        return answer

    def __call__(
        self,
        shards: Sequence[Shard],
        work: ShardWork,
        workers: int,
        *,
        advance: Callable[[int], None],
        until: float | None = None,
    ) -> None:
        """Make shards on the cluster; see `work.Executor`."""
        if shards:
            _Run(self, work, advance).run(shards, min(workers, len(shards)), until)

    def actor(self, work: ShardWork) -> Any:
        """Start a worker somewhere on the cluster."""
        import ray

        return ray.remote(max_restarts=0, **self._options())(Worker).remote(work)

    def _options(self) -> dict[str, Any]:
        """Return what a worker takes of its machine; one with a core keeps to one thread."""
        if self.gpus:
            return {"num_cpus": 1, "num_gpus": self.gpus}
        return {"num_cpus": 1, "runtime_env": {"env_vars": dict.fromkeys(THREADS, "1")}}


def _asked(open_source: Callable[[], Source], question: Callable[[Source], Answer]) -> Answer:
    return question(open_source())


class _Run:
    """One run of an executor: who works on what, and what failed how often."""

    def __init__(self, cluster: RayCluster, work: ShardWork, advance: Callable[[int], None]) -> None:
        self.cluster, self.work, self.advance = cluster, work, advance
        self.pending: dict[Any, tuple[Any, Shard | None]] = {}
        """Answers that are waited for: the actor, and the shard that it makes (None: it starts)."""
        self.failed: Counter[Shard] = Counter()
        self.lost: dict[Shard, str] = {}
        """Shards that were given up, and why."""
        self.deaths = 0

    def run(self, shards: Sequence[Shard], workers: int, until: float | None) -> None:
        import ray

        self.waiting = deque(shards)
        for _ in range(workers):
            self._hire()
        begun = False
        while self.waiting or any(shard for _, shard in self.pending.values()):
            done, _ = ray.wait(list(self.pending), timeout=0.5)
            for ref in done:
                self._answered(ref)
                begun = True
            if begun and late(until):
                self.waiting.clear()
        for actor, _ in self.pending.values():
            ray.kill(actor)
        self._report()

    def _hire(self) -> None:
        actor = self.cluster.actor(self.work)
        self.pending[actor.hello.remote()] = (actor, None)

    def _answered(self, ref: Any) -> None:
        """Take an answer, and give its actor the next shard."""
        import ray

        actor, shard = self.pending.pop(ref)
        try:
            answer = ray.get(ref)
        except ray.exceptions.RayActorError as error:
            self._died(shard, error)
            return
        except ray.exceptions.RayError as error:
            if shard is None:
                raise _explained(error) from error
            self._again(shard, _explained(error))
        else:
            self._take(shard, answer)
        if self.waiting:
            following = self.waiting.popleft()
            self.pending[actor.make.remote(following)] = (actor, following)

    def _take(self, shard: Shard | None, answer: str | bytes) -> None:
        if isinstance(answer, str):
            if answer != __version__:
                what = f"the Ray cluster has stillyou {answer}, this machine {__version__}"
                raise UsageError(what, "Install the same version everywhere.")
            return
        assert shard is not None
        with self.work.destination.writing(shard_name(shard.number)) as path, atomic_path(path) as part:
            part.write_bytes(answer)
        self.advance((shard.stop - shard.start) * self.cluster.effects)

    def _died(self, shard: Shard | None, error: Exception) -> None:
        """Replace a worker that died; one that cannot even start says why."""
        if shard is None:
            self.deaths += 1
            if self.deaths >= ATTEMPTS:
                raise _explained(error) from error
        else:
            self._again(shard, StillYouError("its worker died (perhaps for want of memory)"))
        if self.waiting:
            self._hire()

    def _again(self, shard: Shard, why: StillYouError) -> None:
        if isinstance(why, UsageError):
            raise why
        self.failed[shard] += 1
        again = self.failed[shard] < ATTEMPTS
        console.print(
            f"{shard_name(shard.number)} failed: {why.what}" + ("; trying again" if again else ""), markup=False
        )
        if again:
            self.waiting.append(shard)
        else:
            self.lost[shard] = why.what

    def _report(self) -> None:
        if self.lost:
            shard, why = next(iter(self.lost.items()))
            more = f" and {len(self.lost) - 1} more" if len(self.lost) > 1 else ""
            raise StillYouError(
                f"{shard_name(shard.number)}{more} could not be made in {ATTEMPTS} attempts: {why}",
                "Run the same command again; finished shards are kept.",
            )


def _explained(error: Exception) -> StillYouError:
    """Turn one of Ray's errors into ours: what a worker raised, or that it could not start."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, StillYouError):
        return cause
    text = str(cause or error)
    if "ModuleNotFoundError" in text or isinstance(cause, ModuleNotFoundError):
        named = text.strip().splitlines()[-1]
        remedy = "Install stillyou with the same extras on every machine of the cluster."
        return StillYouError(f"a machine of the Ray cluster lacks a library ({named:.120})", remedy)
    said = " ".join(text.split())
    return StillYouError(f"a worker of the Ray cluster failed ({type(cause or error).__name__}: {said:.200})")


@contextmanager
def connected(address: str, gpus: float = 0.0, effects: int = 1) -> Iterator[RayCluster]:
    """Connect to a cluster for as long as the context lasts.

    Args:
        address: ``auto`` (the one that runs on this machine, or that RAY_ADDRESS names), or HOST:PORT.
        gpus: GPUs a worker.
        effects: Rows a candidate index.

    Raises:
        StillYouError: Ray is not installed, unreachable, or of another version than the cluster's.
    """
    requires("ray", "ray")
    import ray

    _reachable(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except ConnectionError as error:
        here = "no Ray cluster runs on this machine" if address == "auto" else f"no Ray cluster answers at {address}"
        raise UsageError(here, "Start one with 'ray start --head', or give --ray HOST:PORT.") from error
    except RuntimeError as error:
        raise StillYouError(*_refusal(address, str(error))) from error
    try:
        yield RayCluster(gpus, effects)
    finally:
        ray.shutdown()


def _reachable(address: str) -> None:
    """Raise UsageError where nothing listens: Ray itself would wait for minutes and then end the process."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"'{address}' is no address of a Ray cluster", "Write auto, or HOST:PORT.")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        what = f"no Ray cluster answers at {address} ({getattr(error, 'strerror', None) or error})"
        raise UsageError(what, "Check that 'ray start --head' runs there and that the port is open.") from error


def _refusal(address: str, said: str) -> tuple[str, str]:
    if "ersion mismatch" in said:
        told = " ".join(said.split())
        return (
            f"the Ray cluster at {address} is of another version ({told:.200})",
            "Install the cluster's versions here.",
        )
    return f"cannot connect to the Ray cluster at {address} ({' '.join(said.split()):.200})", "See 'ray status'."
