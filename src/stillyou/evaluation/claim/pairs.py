"""The pairs in three folders, as made, curated, and with every candidate accepted; and what is true of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stillyou.effects.lookup import catalogue
from stillyou.errors import StillYouError
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.claim.teacher import pair_teacher
from stillyou.evaluation.claim.truth import StudioPairs, effects_of, training_seed
from stillyou.evaluation.comparison.regions import by_region
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.benchmark import PictureJudge
from stillyou.files import take_place
from stillyou.pairs.assemble import Execution
from stillyou.pairs.curate import Curation, curate
from stillyou.pairs.dataset.info import read_info, write_info
from stillyou.pairs.dataset.rewrite import Verdict, rewrite_shard
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import REFUSED, Pair

MADE, CURATED, ALL = "made", "curated", "all"
_SHARD = 8
"""Candidates an effect a shard: what a stop may lose."""


def make(settings: ClaimSettings, folder: Path, device: str) -> None:
    """Make the pairs, or what is missing of them, in `folder/made`."""
    effects = [catalogue()[name] for name in settings.effects]
    execution = Execution(device=device)
    make_pairs(
        pair_teacher(settings),
        effects,
        settings.pairs,
        folder / MADE,
        seed=settings.seed,
        shard_size=_SHARD,
        execution=execution,
    )


def curated(folder: Path) -> None:
    """Curate a copy of the pairs, `folder/curated`.

    Raises:
        StillYouError: An effect has no pair left to learn from.
    """

    def write(part: Path) -> None:
        summary = curate(part, Curation(progress=False))
        for effect, count in summary.accepted.items():
            if not count:
                raise StillYouError(f"curation leaves no pair of '{effect}'", "Make more pairs, or of other settings.")

    _copied(folder, CURATED, write)


def accept_all(folder: Path) -> None:
    """Accept every candidate of a copy of the pairs, `folder/all`, but those that the teacher itself has refused."""

    def write(part: Path) -> None:
        info, rows = read_info(part), list(PairDataset(part, status="any").rows())
        counts = {effect.id: {"accepted": 0, "rejected": 0} for effect in info.effects}
        for row in rows:
            counts[row["effect"]][_verdict(row).status] += 1
        supply = iter(rows)
        for number, (start, stop) in enumerate(info.ranges()):
            verdicts = [_verdict(next(supply)) for _ in range((stop - start) * len(info.effects))]
            rewrite_shard(part / shard_name(number), verdicts)
        write_info(part, info.model_copy(update={"counts": counts}))

    _copied(folder, ALL, write)


def _verdict(row: dict[str, Any]) -> Verdict:
    refused = str(row["attributes"].get(REFUSED, ""))
    return Verdict("rejected" if refused else "accepted", refused, row["scores"])


def _copied(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    """Let `write` change a copy of the made pairs, which takes its name when it is whole."""
    final, part = folder / name, folder / f".part-{name}"
    if final.exists():
        return
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(folder / MADE, part)
    write(part)
    take_place(part, final)


def figures(settings: ClaimSettings, folder: Path, judge: PictureJudge) -> list[dict[str, Any]]:
    """Measure every candidate against the studio's truth: its figures by region, success, status and reason."""
    data = PairDataset(folder / CURATED, status="any")
    studio = StudioPairs(settings.split, training_seed(settings), settings.side)
    effects = {effect.id: effect for effect in effects_of(settings)}
    found = []
    for index in range(len(data)):
        row, pair = data.row(index), data.load(index)
        effect = effects[pair.effect]
        truth = studio.get(effect, int(row["key"].rpartition("-")[2]))
        success = judge.scores(effect, [pair.target])[0][0]
        told = by_region(Answer(pair.target, pair.mask), _beside(pair, truth))
        kept: dict[str, Any] = {"effect": pair.effect, "status": row["status"], "reason": row["reason"]}
        found.append({**kept, "edit_success": float(success), **told})
    return found


def _beside(pair: Pair, truth: Pair) -> Pair:
    """Return the truth of a pair with the pair's own source, which the base's side has resampled."""
    return Pair(pair.source, truth.target, truth.mask, "", "", pair.effect, pair.teacher, pair.seed)
