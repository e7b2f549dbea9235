"""Makes pair datasets: settings in, a folder of complete shards out, resumed where an earlier run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stillyou import __version__
from stillyou.console import console
from stillyou.draws import stable_seed
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError, requires
from stillyou.pairs.curation.rules import Summary, judge_candidate, measure, summarise
from stillyou.pairs.dataset.lock import check_folder, sole_writer
from stillyou.pairs.dataset.shards import Row
from stillyou.pairs.dataset.store import DatasetInfo, PairDataset, inspect_shards, read_info, write_info
from stillyou.pairs.pair import Pair
from stillyou.pairs.scale.local import RowSource, ShardJob, ShardTask, run_jobs
from stillyou.pairs.teachers.registry import Teacher

SHARD_SIZE = 32
"""Candidate indices a shard: with eight effects, some ten seconds of work, which is what a kill may lose."""

TeacherFactory = Callable[[], Teacher]


class TeacherRows:
    """Rows of candidates that a teacher makes.

    Of a teacher that shares sources, all effects of an index have one seed and are asked for one after another.

    Args:
        open_teacher: Builds the teacher.
        effects: One row each, in this order.
        seed: Seed of the dataset.
        size: Side of the pictures in pixels, which the teacher must meet.
    """

    def __init__(self, open_teacher: TeacherFactory, effects: Sequence[EffectSpec], seed: int, size: int) -> None:
        self._teacher, self._effects, self._seed, self._size = open_teacher(), effects, seed, size

    def rows(self, index: int) -> list[Row]:
        """Make the candidates of an index, measured and judged."""
        return [self._row(effect, index) for effect in self._effects]

    def _row(self, effect: EffectSpec, index: int) -> Row:
        whose = () if self._teacher.shares_sources else (effect.id,)
        pair = self._make(effect, stable_seed("pair", self._seed, *whose, index))
        scores = measure(pair)
        status, reason = judge_candidate(pair, effect, scores)
        return Row(pair_key(self._teacher.name, self._seed, effect, index), pair, status, reason, scores)

    def _make(self, effect: EffectSpec, seed: int) -> Pair:
        where = f"teacher '{self._teacher.name}' failed on effect '{effect.id}' with seed {seed}"
        try:
            pair = self._teacher.make(effect, seed)
        except (StillYouError, MemoryError):
            raise
        except Exception as error:
            raise StillYouError(f"{where}: {type(error).__name__}: {error}", "Please report this.") from error
        problem = pair.problem()
        if not problem and pair.mask.shape != (self._size, self._size):
            problem = f"the pictures are {pair.mask.shape}, not {self._size} px a side"
        if problem:
            raise StillYouError(f"{where}: {problem}", "Please report this.")
        return pair


def pair_key(teacher: str, seed: int, effect: EffectSpec, index: int) -> str:
    """Return the key of a candidate, from the dataset's settings and its index alone."""
    return f"{teacher}-{seed}-{effect.id}-{index:07d}"


def make_pairs(
    open_teacher: TeacherFactory,
    effects: Sequence[EffectSpec],
    n: int,
    out: str | Path,
    *,
    seed: int = 0,
    size: int = 256,
    shard_size: int = SHARD_SIZE,
    workers: int = 1,
    progress: bool = True,
    options: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Summary:
    """Make a dataset, or what is missing of it.

    Args:
        open_teacher: Builds the teacher; must be picklable if there are several workers.
        effects: What to show, with distinct ids.
        n: Candidates an effect. A finished dataset may grow, not shrink.
        out: The dataset's folder.
        seed: Seed of the dataset.
        size: Side of the pictures in pixels.
        shard_size: Candidate indices a shard.
        workers: Processes; they never change the result.
        progress: Whether to show a progress bar on standard error.
        options: What the teacher was told besides size and seed, in words; other words mean another dataset.
        seconds: After so long no further shards are begun, and the dataset is what there is then (at least one shard).

    Returns:
        How many candidates were accepted and rejected, over the whole dataset.

    Raises:
        UsageError: A number out of range, an effect that the teacher cannot show, or a folder that was begun with
            other settings.
        StillYouError: A shard could not be made or written; finished shards stay.
    """
    requires("pairs", "pyarrow", "pyvips", "filelock")
    check_numbers(n=n, size=size, shard_size=shard_size, workers=workers, seed=seed)
    name, licences = _first_look(open_teacher, list(effects), seed, size, workers)
    info = DatasetInfo(
        made_with=__version__,
        teacher=name,
        seed=seed,
        size=size,
        shard_size=shard_size,
        effects=list(effects),
        candidates=n,
        licences=licences,
        options=dict(options or {}),
    )
    started = time.monotonic()
    open_source = partial(TeacherRows, open_teacher, list(effects), seed, size)
    until = None if seconds is None else started + seconds
    return build(info, Path(out), open_source, workers=workers, progress=progress, until=until)


def _first_look(
    open_teacher: TeacherFactory, effects: Sequence[EffectSpec], seed: int, size: int, workers: int
) -> tuple[str, dict[str, str]]:
    """Make the first candidates and let them go, so that what cannot be shown fails before any file.

    If there are several workers this one process stays free of renderers, and outlives a broken graphics driver.

    Returns:
        The teacher's name and licences.
    """
    if workers <= 1:
        return _look(open_teacher, effects, seed, size)
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(_look, open_teacher, effects, seed, size).result()
    except BrokenProcessPool as error:
        raise StillYouError(
            "the process that made the first pair died", "A graphics driver may be broken; --workers 1 shows more."
        ) from error


def _look(
    open_teacher: TeacherFactory, effects: Sequence[EffectSpec], seed: int, size: int
) -> tuple[str, dict[str, str]]:
    first = open_teacher()
    TeacherRows(lambda: first, effects, seed, size).rows(0)
    return first.name, dict(first.licences)


def check_numbers(*, n: int, size: int, shard_size: int, workers: int, seed: int) -> None:
    """Refuse numbers out of range.

    Raises:
        UsageError: Names the number and its range.
    """
    ranges = {"n": (n, 1, 10**7), "shard-size": (shard_size, 1, 10**5), "workers": (workers, 1, 1024)}
    for name, (value, least, greatest) in ranges.items():
        if not least <= value <= greatest:
            raise UsageError(f"{name} is {value}", f"Give a whole number from {least} to {greatest}.")
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed is {seed}", "Give a whole number from 0 to 2**63 - 1.")
    if size % 32 or not 64 <= size <= 1024:
        raise UsageError(f"size is {size}", "Give a multiple of 32 from 64 to 1024.")


def build(
    info: DatasetInfo,
    folder: Path,
    open_source: Callable[[], RowSource],
    *,
    workers: int,
    progress: bool,
    until: float | None = None,
) -> Summary:
    """Make the missing shards of a dataset and describe it.

    Args:
        info: The settings; its counts are not read.
        folder: The dataset's folder, new, empty, or begun with the same settings.
        open_source: Builds the source of rows; must be picklable if there are several workers.
        workers: Processes.
        progress: Whether to show a progress bar.
        until: Value of `time.monotonic` from which no further shards are begun; the dataset is then made smaller.

    Raises:
        UsageError: The folder holds something else or was begun with other settings.
        StillYouError: A shard could not be made or written; finished shards stay.
    """
    check_folder(folder, info)
    with sole_writer(folder):
        check_folder(folder, info)
        state = inspect_shards(folder, info)  # first: it refuses shards of other settings
        write_info(folder, info)
        for message in state.damaged.values():
            console.print(f"making again: {message.split('. ')[0]}", markup=False)
        ranges = info.ranges()
        jobs = [ShardJob(number, *ranges[number]) for number in range(len(ranges)) if number not in state.whole]
        task = ShardTask(open_source, folder, info.digest())
        _run(task, jobs, info, workers, progress, until)
        if until is not None:
            info = whole_part(folder, info)
        summary = summarise(_written(folder, info), info.effects)
        write_info(folder, info.model_copy(update={"complete": True, "counts": summary.counts()}))
    return summary


def whole_part(folder: Path, info: DatasetInfo) -> DatasetInfo:
    """Return the description of a dataset as far as its shards are whole without a gap.

    Raises:
        StillYouError: Not even the first shard is there.
    """
    state = inspect_shards(folder, info)
    whole = next((n for n in range(len(info.ranges())) if n not in state.whole), len(info.ranges()))
    if not whole:
        raise StillYouError(f"{folder} has no whole shard", "Give it more time.")
    return info.model_copy(update={"candidates": info.ranges()[whole - 1][1]})


def salvage(folder: Path) -> int:
    """Make a dataset of what a failed run has left, and return its candidates; 0 if there is nothing to save."""
    try:
        with sole_writer(folder):
            info = whole_part(folder, read_info(folder))
            summary = summarise(_written(folder, info), info.effects)
            write_info(folder, info.model_copy(update={"complete": True, "counts": summary.counts()}))
    except StillYouError:
        return 0
    return info.candidates


def _run(
    task: ShardTask, jobs: Sequence[ShardJob], info: DatasetInfo, workers: int, progress: bool, until: float | None
) -> None:
    rows = info.candidates * len(info.effects)
    missing = sum(job.stop - job.start for job in jobs) * len(info.effects)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not progress) as bar:
        shown = bar.add_task("pairs", total=rows, completed=rows - missing)
        run_jobs(task, jobs, workers=workers, advance=lambda made: bar.advance(shown, made), until=until)


def _written(folder: Path, info: DatasetInfo) -> Iterator[dict[str, Any]]:
    """Describe the dataset as it is now, and iterate over what curation said of its rows."""
    write_info(folder, info)
    return PairDataset(folder, status="any").rows(("effect", "status", "reason"))


class _Rate(ProgressColumn):
    """Pairs a second."""

    def render(self, task: Task) -> Text:
        """Return the speed, once it is known."""
        return Text(f"{task.speed:.0f} pairs/s" if task.speed else "")
