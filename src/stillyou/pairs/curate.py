"""Curates a dataset: measures its pairs, refuses those with a fault, and writes status, reason and scores back.

Pictures are never made again nor changed. Pairs that were measured before by the same scorers keep their scores, so
that other bounds take a moment. A run that is killed leaves whole shards, some with the old verdicts; run it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stillyou import __version__
from stillyou.console import console
from stillyou.effects.bands import Band
from stillyou.errors import StillYouError, UsageError, requires
from stillyou.pairs.curation.criteria import FAULTS, Bands, bands_of
from stillyou.pairs.curation.duplicates import novelties
from stillyou.pairs.curation.protocol import Scorer, ScorerOptions
from stillyou.pairs.curation.record import CurationRecord, ScorerRecord, read_record, write_record
from stillyou.pairs.curation.rules import Summary, summarise
from stillyou.pairs.curation.scorers import able
from stillyou.pairs.curation.shard import Measured, Task, measure_shard
from stillyou.pairs.curation.verdict import BELOW, OVERALL, first_fault, overall, threshold
from stillyou.pairs.dataset.info import DatasetInfo, read_info, write_info
from stillyou.pairs.dataset.lock import sole_writer
from stillyou.pairs.dataset.rewrite import Verdict, rewrite_shard, unchanged
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.dataset.store import ShardState, inspect_shards
from stillyou.pairs.pair import REFUSED
from stillyou.pairs.scale.local import one_thread_each

NOVELTY = "novelty"
"""Name of the score that compares a pair with earlier ones."""


@dataclass(frozen=True)
class Curation:
    """How a dataset is curated.

    Attributes:
        bands: Bounds that the user gives, by score.
        keep: Share of each effect's candidates that is kept at most, the best ones; None keeps all without a fault.
        scorers: Folders of weights, and the device.
        workers: Processes.
        again: Whether pairs are measured again that the same scorers have measured.
        progress: Whether to show a progress bar on standard error.
        command: What makes this curation, for the record.
    """

    bands: dict[str, Band] = field(default_factory=dict)
    keep: float | None = None
    scorers: ScorerOptions = ScorerOptions()
    workers: int = 1
    again: bool = False
    progress: bool = True
    command: str = ""


def curate(folder: str | Path, how: Curation = Curation()) -> Summary:  # noqa: B008 (frozen)
    """Curate a finished dataset.

    Args:
        folder: The dataset.
        how: Bounds, share, scorers.

    Returns:
        How many candidates are accepted and rejected now, and why.

    Raises:
        UsageError: No dataset, another process writes to it, or bounds that exclude everything.
        StillYouError: Weights of a scorer are of no use, or shards are missing, damaged or cannot be written.
    """
    requires("pairs", "pyarrow", "pyvips", "filelock")
    if how.keep is not None and not 0 < how.keep <= 1:
        raise UsageError(f"keep is {how.keep:g}", "Give a share above 0 and up to 1, for example 0.8.")
    folder = Path(folder)
    info = read_info(folder)
    bands = {effect.id: bands_of(effect, how.bands) for effect in info.effects}
    kinds, left_out = able(how.scorers)
    for kind in kinds:
        kind.check(how.scorers)
    with sole_writer(folder):
        state = inspect_shards(folder, info)
        if complaint := state.complaint(folder):
            raise StillYouError(complaint, "Run the command that made it again: it makes just these.")
        record = _record(how, kinds, left_out, bands)
        shards = _measured(folder, info, state, how, tuple(kinds), record)
        thresholds = _thresholds(shards, info, bands, how.keep)
        record = record.model_copy(update={"thresholds": thresholds})
        return _write(folder, info, state, shards, record)


def _record(
    how: Curation, kinds: Sequence[type[Scorer]], left_out: dict[str, str], bands: dict[str, dict[str, Band]]
) -> CurationRecord:
    scorers = [
        ScorerRecord(
            name=kind.name,
            version=kind.version,
            measures=dict(kind.measures),
            licence=kind.licence,
            cost=kind.cost,
            needs=kind.needs,
            weights=kind.weights(how.scorers),
        )
        for kind in kinds
    ]
    return CurationRecord(
        made_with=__version__, command=how.command, scorers=scorers, left_out=left_out, bands=bands, keep=how.keep
    )


def _measured(
    folder: Path,
    info: DatasetInfo,
    state: ShardState,
    how: Curation,
    kinds: tuple[type[Scorer], ...],
    record: CurationRecord,
) -> list[list[Measured]]:
    """Measure all shards, or take the scores that they hold, and compare all pairs with earlier ones."""
    before = None if how.again else read_record(folder)
    known = before.shards if before is not None and before.same_scorers(record.scorers) else {}
    reuse = {number: known.get(shard_name(number)) == note.content for number, (note, _) in state.whole.items()}
    compare = not all(reuse.values())
    tasks = [Task(folder, info, number, kinds, how.scorers, reuse[number], compare) for number in sorted(reuse)]
    shards = list(_run(tasks, how, info))
    if not compare:
        return shards
    pairs = [(one.row["effect"], one.signature) for shard in shards for one in shard if one.signature is not None]
    found = iter(novelties(pairs))
    return [[replace(one, scores=one.scores | {NOVELTY: next(found)}) for one in shard] for shard in shards]


def _run(tasks: Sequence[Task], how: Curation, info: DatasetInfo) -> Iterator[list[Measured]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not how.progress) as bar:
        shown = bar.add_task("pairs measured", total=info.candidates * len(info.effects))
        for measured in _each(tasks, min(how.workers, len(tasks))):
            bar.update(shown, advance=len(measured))
            yield measured


def _each(tasks: Sequence[Task], workers: int) -> Iterator[list[Measured]]:
    """Measure shards in their order, in processes if there are several."""
    if workers <= 1:
        yield from map(measure_shard, tasks)
        return
    try:
        with one_thread_each(), ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield from pool.map(measure_shard, tasks)
    except BrokenProcessPool as error:
        raise StillYouError("a worker process died (perhaps for want of memory)", "Use fewer --workers.") from error


def _thresholds(
    shards: Sequence[Sequence[Measured]], info: DatasetInfo, bands: dict[str, dict[str, Band]], keep: float | None
) -> dict[str, float]:
    """Return the least overall score of each effect that the best share reaches; none if no share is asked for.

    What is refused anyway takes no place among the best: a target that equals its source has high scores.
    """
    if keep is None:
        return {}
    values: dict[str, list[float]] = {effect: [] for effect in bands}
    for one in (one for shard in shards for one in shard):
        effect = one.row["effect"]
        values[effect].append(0.0 if _fault(one, info, bands[effect]) else _overall(one, bands[effect]))
    return {effect: threshold(found, keep) for effect, found in values.items()}


def _overall(one: Measured, bands: Bands) -> float:
    return round(overall(one.scores, bands), 4)


def _verdict(one: Measured, info: DatasetInfo, bands: Bands, least: float) -> Verdict:
    """Decide about a row."""
    whole, reason = _overall(one, bands), _fault(one, info, bands)
    if not reason and whole < least:
        reason = BELOW
    return Verdict("rejected" if reason else "accepted", reason, one.scores | {OVERALL: whole})


def _fault(one: Measured, info: DatasetInfo, bands: Bands) -> str:
    """Return why a row is refused; what its maker refused for reasons that cannot be measured stays so."""
    row = one.row
    if REFUSED in row["attributes"] or (row["reason"] and row["reason"] not in FAULTS | {BELOW}):
        return str(row["reason"] or row["attributes"][REFUSED])
    effect = next(effect for effect in info.effects if effect.id == row["effect"])
    return first_fault(one.scores, effect, bands, row["attributes"])


def _write(
    folder: Path, info: DatasetInfo, state: ShardState, shards: Sequence[Sequence[Measured]], record: CurationRecord
) -> Summary:
    """Rewrite the shards whose verdicts differ, then the dataset's counts and the record."""
    contents, told = {}, []
    for number, shard in zip(sorted(state.whole), shards, strict=True):
        verdicts = [
            _verdict(one, info, record.bands[one.row["effect"]], record.thresholds.get(one.row["effect"], 0.0))
            for one in shard
        ]
        note, name = state.whole[number][0], shard_name(number)
        if not all(unchanged(one.row, verdict) for one, verdict in zip(shard, verdicts, strict=True)):
            note = rewrite_shard(folder / name, verdicts)
        contents[name] = note.content
        told += [
            {"effect": one.row["effect"], "status": verdict.status, "reason": verdict.reason}
            for one, verdict in zip(shard, verdicts, strict=True)
        ]
    summary = summarise(told, info.effects)
    write_record(folder, record.model_copy(update={"shards": contents}))
    write_info(folder, info.model_copy(update={"counts": summary.counts()}))
    return summary
