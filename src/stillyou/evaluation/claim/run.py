"""The stages in order. Each finds what is there already, so that the same command goes on where a run was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillyou.console import console
from stillyou.evaluation.baselines.truth import Truth
from stillyou.evaluation.claim import editors, pairs
from stillyou.evaluation.claim.gan import train_gan
from stillyou.evaluation.claim.measured import Contest, Measured, everyone
from stillyou.evaluation.claim.record import once
from stillyou.evaluation.claim.settings import ClaimSettings, begin
from stillyou.evaluation.claim.truth import unseen_sample
from stillyou.evaluation.claim.variants import PIX2PIX
from stillyou.evaluation.comparison.pictures import PictureFolder
from stillyou.evaluation.comparison.run import Ground
from stillyou.evaluation.judge.classifier import Judge
from stillyou.evaluation.known_truth.benchmark import PictureJudge
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.files import write_json


@dataclass(frozen=True)
class Found:
    """What a run has found.

    Attributes:
        settings: The run's.
        pairs: Figures of every candidate pair against the truth.
        costs: What training each editor took, by name.
        measured: The editors, the whole method first.
        seconds: What the stages took in all, over all sessions.
    """

    settings: ClaimSettings
    pairs: list[dict[str, Any]]
    costs: Mapping[str, Mapping[str, Any]]
    measured: Mapping[str, Measured]
    seconds: float


def run(settings: ClaimSettings, root: Path, device: str = "auto", judge: PictureJudge | None = None) -> Found:
    """Carry a run out, or what is left of it.

    Args:
        settings: What is run.
        root: Its folder; new, or begun with the same settings.
        device: `auto`, `cpu` or `cuda`.
        judge: Says whether an edit shows its effect; None is the one that ships.

    Raises:
        UsageError: The folder holds another run.
        StillYouError: A stage fails; what is done stays.
    """
    begin(root, settings)
    judge = judge or Judge.from_folder()
    watch = Watch(root)
    with watch.stage("pairs"):
        pairs.make(settings, root / "pairs", device)
    with watch.stage("curation"):
        pairs.curated(root / "pairs")
        pairs.accept_all(root / "pairs")
        told = once(root / "pairs.json", lambda: {"rows": pairs.figures(settings, root / "pairs", judge)})
    costs: dict[str, Mapping[str, Any]] = {}
    for name in settings.variants:
        with watch.stage(f"train {name}"):
            costs[name] = editors.train(settings, name, root, device)
    with watch.stage(f"train {PIX2PIX}"):
        costs[PIX2PIX] = train_gan(settings, root, costs["editor"]["parameters"], device)
    measured = _measured(settings, root, device, judge, watch)
    return Found(settings, told["rows"], costs, measured, watch.total())


def _measured(
    settings: ClaimSettings, root: Path, device: str, judge: PictureJudge, watch: Watch
) -> dict[str, Measured]:
    with watch.stage("test pictures"):
        sample = unseen_sample(settings)
        folder = PictureFolder(root, Truth(sample))
        for effect in sample.shown():
            folder.pairs(effect, sample.of(effect, settings.side))
    ground = Ground(judge, sample, Settings(steps=settings.edit_steps, draft="none"))
    contest, found = Contest(settings, root, ground, device), {}
    for name, candidate in everyone(contest).items():
        with watch.stage(f"measure {name}"):
            found[name] = contest.measure(candidate, name)
    folder.index(settings.split, list(found), sample.shown(), settings.tests)
    return found


class Watch:
    """Says which stage runs, and keeps what each has taken.

    Args:
        root: Folder of the run.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / "seconds.json"
        self._taken: dict[str, float] = once(self._path, dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and note what it took even if it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - started
            self._taken[name] = round(self._taken.get(name, 0.0) + seconds, 1)
            write_json(self._path, self._taken)
            console.print(f"{name}: {seconds:.0f} s", markup=False)

    def total(self) -> float:
        """Return the seconds of all stages, over all sessions."""
        return sum(self._taken.values())
