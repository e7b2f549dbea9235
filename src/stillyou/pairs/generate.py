"""Lets a teacher make a dataset: its candidates are asked for in batches, measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from stillyou import __version__
from stillyou.draws import stable_seed
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, requires
from stillyou.pairs.assemble import DEFAULT_EXECUTION, SHARD_SIZE, Execution, build, check_numbers, pair_key
from stillyou.pairs.curation.rules import Summary, judge_candidate, measure
from stillyou.pairs.dataset.destination import destination
from stillyou.pairs.dataset.info import DatasetInfo
from stillyou.pairs.dataset.shards import Row
from stillyou.pairs.pair import REFUSED, Pair
from stillyou.pairs.scale import local
from stillyou.pairs.scale.work import RowSource
from stillyou.pairs.teachers.contents import art_contents
from stillyou.pairs.teachers.protocol import PairRequest, Teacher, TeacherConfig


def make_pairs(
    config: TeacherConfig,
    effects: Sequence[EffectSpec],
    n: int,
    out: str | Path,
    *,
    seed: int = 0,
    shard_size: int = SHARD_SIZE,
    execution: Execution = DEFAULT_EXECUTION,
) -> Summary:
    """Make a dataset, or what is missing of it.

    Args:
        config: The teacher; must be picklable if there are several workers.
        effects: What to show, with distinct ids.
        n: Candidates an effect. A finished dataset may grow, not shrink.
        out: The dataset's folder; a text with :// in it is an address of fsspec's.
        seed: Seed of the dataset.
        shard_size: Candidate indices a shard.
        execution: Workers, time and device, which never change the pairs. A teacher that needs a GPU has one worker.

    Returns:
        How many candidates were accepted and rejected, over the whole dataset.

    Raises:
        UsageError: A number out of range, an effect that the teacher cannot show, or a folder that was begun with
            other settings.
        StillYouError: A shard could not be made or written; finished shards stay.
    """
    requires("pairs", "pyarrow", "pyvips", "filelock")
    check_numbers(n=n, size=config.size, shard_size=shard_size, workers=execution.workers, seed=seed)
    if config.needs.gpu and not execution.spread:
        execution = replace(execution, workers=1)
    config.check_effects(effects)
    options = config.contents() | art_contents(effects)
    open_rows = partial(TeacherRows, config, list(effects), seed, execution.device)
    info = DatasetInfo(
        made_with=__version__,
        teacher=config.kind,
        domain=config.domain,
        options=options,
        config=config.recorded(),
        seed=seed,
        size=config.size,
        shard_size=shard_size,
        effects=list(effects),
        candidates=n,
        licences={},
    )
    destination(out).check(info)  # before anything large is loaded
    with _workers(execution, len(info.ranges())) as execution:
        licences, source = _first_look(open_rows, execution)
        return build(info.model_copy(update={"licences": licences}), out, source, execution)


@contextmanager
def _workers(execution: Execution, shards: int) -> Iterator[Execution]:
    """Let the first look and the shards run in the same processes, which then start once."""
    if execution.run is not local.run or execution.ask is not None or execution.workers <= 1:
        yield execution
        return
    with local.Processes(min(execution.workers, shards)) as processes:
        yield replace(execution, run=processes, ask=processes.ask)


class TeacherRows:
    """Rows of candidates that a teacher makes.

    Of a teacher that shares sources, all effects of an index have one seed and are asked for one after another.

    Args:
        config: The teacher, which is built here.
        effects: One row each, in this order.
        seed: Seed of the dataset.
        device: What the teacher is built on.
    """

    def __init__(self, config: TeacherConfig, effects: Sequence[EffectSpec], seed: int, device: str = "auto") -> None:
        self.teacher: Teacher = config.build(device)
        self._config, self._effects, self._seed = config, effects, seed

    @property
    def licences(self) -> Mapping[str, str]:
        """What the pairs are made from, with licences."""
        return self.teacher.licences

    def rows(self, indices: range) -> Iterator[Row]:
        """Make the candidates of indices, measured and judged, in batches of the teacher's size."""
        asked = [request for index in indices for request in self._requests(index)]
        step = max(1, self.teacher.batch_size)
        for start in range(0, len(asked), step):
            batch = asked[start : start + step]
            for request, pair in zip(batch, self._make(batch), strict=True):
                yield self._row(request, pair)

    def _requests(self, index: int) -> list[PairRequest]:
        shared = self.teacher.shares_sources
        return [
            PairRequest(effect, stable_seed("pair", self._seed, *(() if shared else (effect.id,)), index), index)
            for effect in self._effects
        ]

    def _row(self, request: PairRequest, pair: Pair) -> Row:
        scores = measure(pair)
        status, reason = judge_candidate(pair, request.effect, scores)
        if REFUSED in pair.attributes:
            status, reason = "rejected", str(pair.attributes[REFUSED])
        key = pair_key(self._config.kind, self._seed, request.effect, request.index)
        return Row(key, pair, status, reason, scores)

    def _make(self, batch: Sequence[PairRequest]) -> list[Pair]:
        try:
            pairs = self.teacher.make(batch)
        except (StillYouError, MemoryError):
            raise
        except Exception as error:
            raise self._failed(batch, f"{type(error).__name__}: {error}") from error
        if len(pairs) != len(batch):
            raise self._failed(batch, f"it made {len(pairs)} pairs for {len(batch)} requests")
        for request, pair in zip(batch, pairs, strict=True):
            if problem := self._problem(request, pair):
                raise self._failed([request], problem)
        return pairs

    def _problem(self, request: PairRequest, pair: Pair) -> str:
        """Return what is wrong with a pair that was made for a request, or an empty string."""
        if (pair.effect, pair.seed) != (request.effect.id, request.seed):
            return f"it made effect '{pair.effect}' with seed {pair.seed}"
        if (pair.teacher, pair.domain) != (self._config.kind, self._config.domain):
            return f"the pair names teacher '{pair.teacher}' and domain '{pair.domain}'"
        size = self._config.size
        if not pair.problem() and pair.mask.shape != (size, size):
            return f"the pictures are {pair.mask.shape}, not {size} px a side"
        return pair.problem()

    def _failed(self, batch: Sequence[PairRequest], why: str) -> StillYouError:
        first = batch[0]
        where = f"teacher '{self._config.kind}' failed on effect '{first.effect.id}' with seed {first.seed}"
        others = f" and {len(batch) - 1} more of its batch" if len(batch) > 1 else ""
        return StillYouError(f"{where}{others}: {why}", "Please report this.")


def _first_look(
    open_rows: Callable[[], TeacherRows], execution: Execution
) -> tuple[dict[str, str], Callable[[], RowSource]]:
    """Make the first candidates and let them go, so that what cannot be shown fails before any file.

    If there are several workers this one process stays free of renderers, and outlives a broken graphics driver.

    Returns:
        The teacher's licences, and what gives the source of rows; in one process a model is not loaded twice.
    """
    if execution.ask is None:
        made = open_rows()
        return _look(made), lambda: made
    try:
        return execution.ask(open_rows, _look), open_rows
    except BrokenProcessPool as error:
        raise StillYouError(
            "the process that made the first pair died", "A graphics driver may be broken; --workers 1 shows more."
        ) from error


def _look(made: TeacherRows) -> dict[str, str]:
    for _ in made.rows(range(1)):
        pass
    return dict(made.licences)
