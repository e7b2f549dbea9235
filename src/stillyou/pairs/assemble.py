"""Puts a dataset together: settings in, a folder of complete shards out, resumed where an earlier run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stillyou.console import console
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.curation.rules import Summary, summarise
from stillyou.pairs.dataset.destination import Destination, LocalFolder, destination
from stillyou.pairs.dataset.info import DatasetInfo, read_info
from stillyou.pairs.scale import local
from stillyou.pairs.scale.work import Asking, Executor, RowSource, Shard, ShardWork

SHARD_SIZE = 32
"""Candidate indices a shard: with eight effects, some ten seconds of work, which is what a kill may lose."""


@dataclass(frozen=True)
class Execution:
    """How a dataset is made; the pairs do not depend on it.

    Attributes:
        workers: Processes.
        seconds: After so long no further shards are begun, and the dataset is what there is then (at least one shard).
        progress: Whether to show a progress bar on standard error.
        device: What a teacher that needs a GPU is built on.
        run: Makes the shards.
        ask: Lets the first look happen where workers run; None is this process.
        spread: Whether each worker has devices of its own, so that a teacher that needs a GPU may have several.
    """

    workers: int = 1
    seconds: float | None = None
    progress: bool = True
    device: str = "auto"
    run: Executor = local.run
    ask: Asking | None = None
    spread: bool = False


DEFAULT_EXECUTION = Execution()


def pair_key(teacher: str, seed: int, effect: EffectSpec, index: int) -> str:
    """Return the key of a candidate, from the dataset's settings and its index alone."""
    return f"{teacher}-{seed}-{effect.id}-{index:07d}"


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
    out: str | Path,
    open_source: Callable[[], RowSource],
    execution: Execution = DEFAULT_EXECUTION,
) -> Summary:
    """Make the missing shards of a dataset and describe it.

    Args:
        info: The settings; its counts are not read.
        out: The dataset's folder or address, new, empty, or begun with the same settings.
        open_source: Builds the source of rows; must be picklable if there are several workers.
        execution: How to make them. A limit in time makes the dataset smaller.

    Raises:
        UsageError: The folder holds something else or was begun with other settings.
        StillYouError: A shard could not be made or written; finished shards stay.
    """
    until = None if execution.seconds is None else time.monotonic() + execution.seconds
    there = destination(out)
    workers = 1 if there.one_process and not execution.spread else execution.workers
    there.check(info)
    with there.sole_writer():
        there.check(info)
        present = there.present(info)  # first: it refuses shards of other settings
        there.write_info(info)
        for message in present.damaged:
            console.print(f"making again: {message.split('. ')[0]}", markup=False)
        ranges = info.ranges()
        shards = [Shard(number, *ranges[number]) for number in range(len(ranges)) if number not in present.whole]
        with _progress(info, shards, execution) as advance:
            work = ShardWork(open_source, there, info.digest())
            execution.run(shards, work, workers, advance=advance, until=until)
        if until is not None:
            info = whole_part(there, info)
        summary = summarise(there.rows(info), info.effects)
        there.write_info(info.model_copy(update={"complete": True, "counts": summary.counts()}))
    return summary


def whole_part(there: Destination, info: DatasetInfo) -> DatasetInfo:
    """Return the description of a dataset as far as its shards are whole without a gap.

    Raises:
        StillYouError: Not even the first shard is there.
    """
    found = there.present(info).whole
    whole = next((n for n in range(len(info.ranges())) if n not in found), len(info.ranges()))
    if not whole:
        raise StillYouError(f"{there} has no whole shard", "Give it more time.")
    return info.model_copy(update={"candidates": info.ranges()[whole - 1][1]})


def salvage(folder: Path) -> int:
    """Make a dataset of what a failed run has left, and return its candidates; 0 if there is nothing to save."""
    try:
        there = LocalFolder(folder)
        with there.sole_writer():
            info = whole_part(there, read_info(folder))
            summary = summarise(there.rows(info), info.effects)
            there.write_info(info.model_copy(update={"complete": True, "counts": summary.counts()}))
    except StillYouError:
        return 0
    return info.candidates


@contextmanager
def _progress(info: DatasetInfo, missing: Sequence[Shard], execution: Execution) -> Iterator[Callable[[int], None]]:
    """Show a bar of all rows, or of those that time allows, and give what moves it on."""
    rows = info.candidates * len(info.effects)
    left = sum(shard.stop - shard.start for shard in missing) * len(info.effects)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not execution.progress) as bar:
        shown = bar.add_task("pairs", total=rows, completed=rows - left)
        begun, made = time.monotonic(), 0

        def advance(fresh: int) -> None:
            nonlocal made
            made += fresh
            will = reachable(left, made, time.monotonic() - begun, execution.seconds)
            bar.update(shown, advance=fresh, total=rows - left + will)

        yield advance


def reachable(missing: int, made: int, seconds: float, allowed: float | None) -> int:
    """Return how many of the missing rows will be made at this speed, so that a bar ends when time does.

    Args:
        missing: Rows that were missing at the start.
        made: Rows made since.
        seconds: Time that took.
        allowed: Time for all of it; None for as long as it takes.
    """
    if allowed is None or seconds <= 0:
        return missing
    return min(missing, made + int(made / seconds * max(0.0, allowed - seconds)))


class _Rate(ProgressColumn):
    """Pairs a second."""

    def render(self, task: Task) -> Text:
        """Return the speed, once it is known."""
        return Text(f"{task.speed:.0f} pairs/s" if task.speed else "")
