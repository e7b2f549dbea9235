"""Labelled pictures for the judge: renders of all drawing styles and of people, on all cores, into memory.

Every pair gives its source and its target; of people, each look of a person counts once. Their seeds are keyed by
"judge", so that no picture of the judge is one of training (keyed by datasets) or of the evaluation (keyed by
"evaluation"). Where rendering is slow, the pairs that an editor was trained on can be read instead: they share no
picture with the evaluation either.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stillyou.draws import stable_seed
from stillyou.effects.domains import DOMAINS, Domain
from stillyou.effects.lookup import auxiliary, catalogue
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair
from stillyou.pairs.scale.local import one_thread_each
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.protocol import PairRequest, Teacher

Purpose = Literal["learn", "held back"]
RENDER_SIZE = 256
"""Side of the renders in pixels; the judge reads means of blocks of them."""
_CHUNKS: Mapping[Domain, int] = {"cartoon": 36, "people": 9}
"""Pairs a task of a worker; multiples of the number of effects."""
_TURNS: Mapping[Domain, int] = {"cartoon": 3, "people": 4}
"""Tasks of a domain in a round."""


@dataclass(frozen=True)
class JudgePictures:
    """N labelled pictures.

    Attributes:
        pictures: (N, R, R, 3) uint8.
        expressions: N names of expressions; some people wear one that is no class of the judge.
        costumes: N names of costumes.
        styles: N names of drawing styles, or "people".
    """

    pictures: NDArray[np.uint8]
    expressions: list[str]
    costumes: list[str]
    styles: list[str]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)


def judge_seed(purpose: Purpose, seed: int, index: int) -> int:
    """Return the studio seed of the judge's pair (of people: person) ``index``; the key's domain is the judge's."""
    return stable_seed("judge", purpose, seed, index)


@dataclass(frozen=True)
class _Task:
    """Pairs ``first`` to ``last - 1`` of a domain."""

    purpose: Purpose
    domain: Domain
    first: int
    last: int
    resolution: int
    seed: int


def render(
    purpose: Purpose,
    pairs: int,
    *,
    resolution: int,
    seed: int,
    workers: int,
    seconds: float,
    domains: Sequence[Domain] = DOMAINS,
    progress: Callable[[int], None] = lambda done: None,
) -> JudgePictures:
    """Render up to ``pairs`` pairs, or as many as the time holds (at least one task).

    Args:
        purpose: Pictures to learn from, or held-back ones for the accuracy.
        pairs: Upper limit.
        resolution: Side of the pictures returned; it divides `RENDER_SIZE`.
        seed: Dataset seed. Pair i of a domain is the same whatever the workers and the time.
        workers: Processes; 1 renders in this one.
        seconds: Time limit; what is under way then is still finished.
        domains: What to show; domains take turns.
        progress: Called with the number of pairs done.

    Raises:
        StillYouError: The people studio cannot draw here.
    """
    deadline = time.monotonic() + seconds
    parts: list[JudgePictures] = []
    done = 0
    for task, part in _in_order(_tasks(purpose, pairs, resolution, seed, domains), workers, deadline):
        parts.append(part)
        done += task.last - task.first
        progress(done)
    return joined(parts)


def _tasks(purpose: Purpose, pairs: int, resolution: int, seed: int, domains: Sequence[Domain]) -> Iterator[_Task]:
    """Cut the pairs into tasks; a round has three of cartoons and four of people, who take longer."""
    made: dict[Domain, int] = dict.fromkeys(domains, 0)
    while True:
        for domain in domains:
            for _ in range(_TURNS[domain]):
                count = min(_CHUNKS[domain], pairs - sum(made.values()))
                if count <= 0:
                    return
                yield _Task(purpose, domain, made[domain], made[domain] + count, resolution, seed)
                made[domain] += count


def _in_order(tasks: Iterator[_Task], workers: int, deadline: float) -> Iterator[tuple[_Task, JudgePictures]]:
    """Run tasks until the deadline, in processes if there are several, and yield the results in order."""
    if workers <= 1:
        for done, task in enumerate(tasks):
            if done and time.monotonic() > deadline:
                return
            yield task, _render_task(task)
        return
    # Fresh interpreters: forking a process that has started torch or vips threads can hang.
    with one_thread_each(), ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting: deque[tuple[_Task, Future[JudgePictures]]] = deque()
        try:
            for done, task in enumerate(tasks):
                if done and time.monotonic() > deadline:
                    break
                waiting.append((task, pool.submit(_render_task, task)))
                if len(waiting) >= 2 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool as error:
            raise StillYouError("a rendering process died", "Free some memory, or render with --workers 1.") from error


def domain_of(folder: Path) -> Domain:
    """Return what a studio's pair dataset shows.

    Raises:
        UsageError: There is no dataset, or nobody has labelled its pictures.
    """
    info = read_info(folder)
    if info.domain is None or info.origin:
        raise UsageError(f"pairs of '{info.teacher}' have no labels for the judge", "Name a studio's pairs.")
    return info.domain


def read(
    folders: Sequence[Path], resolution: int, progress: Callable[[int], None] = lambda done: None
) -> JudgePictures:
    """Read the pictures of pair datasets that the cartoon studio or the people studio made.

    Args:
        folders: Pair datasets whose pictures are at least as large as the judge's.
        resolution: Side of the pictures returned; it divides the datasets' size.
        progress: Called with the number of pairs done.

    Raises:
        UsageError: Not such a dataset.
        StillYouError: It is damaged.
    """
    labelled, done = _Labelled(resolution), 0
    for folder in folders:
        data, domain = PairDataset(folder), domain_of(folder)
        if data.meta.size % resolution:
            raise UsageError(
                f"{folder} has pictures of {data.meta.size} pixels; the judge wants multiples of {resolution}",
                "Make pairs of another --size.",
            )
        if not len(data):
            raise UsageError(f"{folder} has no accepted pairs", "Look at them with: stillyou pairs show")
        for index in range(len(data)):
            pair = data.load(index)
            labelled.add(pair, domain, pair.seed)
            done += 1
            progress(done)
    return labelled.pictures()


def joined(parts: Sequence[JudgePictures]) -> JudgePictures:
    """Return all pictures of some parts, in order."""
    return JudgePictures(
        np.concatenate([part.pictures for part in parts]),
        [name for part in parts for name in part.expressions],
        [name for part in parts for name in part.costumes],
        [name for part in parts for name in part.styles],
    )


def _render_task(task: _Task) -> JudgePictures:
    effects = [*catalogue().values(), *auxiliary().values()]
    labelled = _Labelled(task.resolution)
    for index in range(task.first, task.last):
        effect, turn = effects[index % len(effects)], index // len(effects)
        person = task.domain == "people"
        studio = _people(turn % 2) if person else _cartoons(turn % 3)
        request = PairRequest(effect, judge_seed(task.purpose, task.seed, turn if person else index))
        (pair,) = studio.make([request])
        labelled.add(pair, task.domain, turn)
    return labelled.pictures()


class _Labelled:
    """Collects both pictures of pairs with their labels.

    Args:
        resolution: Side of the pictures kept.
    """

    def __init__(self, resolution: int) -> None:
        self._resolution = resolution
        self._pictures: list[NDArray[np.uint8]] = []
        self._names: list[tuple[str, str, str]] = []
        self._seen: set[tuple[int, str, str]] = set()

    def add(self, pair: Pair, domain: Domain, person: int) -> None:
        """Take a pair's source and target, but for looks of a person that were there: they are the same in all pairs.

        Args:
            pair: Of a studio.
            domain: What it shows.
            person: Tells people apart.
        """
        sides: tuple[Literal["source"], Literal["target"]] = ("source", "target")
        for side in sides:
            expression = str(pair.attributes[f"{side}_expression"])
            costume = str(pair.attributes.get(f"{side}_costume", "none"))
            look = (person, expression, costume)
            if domain == "people" and look in self._seen:
                continue
            self._seen.add(look)
            self._pictures.append(_shrink(pair.source if side == "source" else pair.target, self._resolution))
            self._names.append((expression, costume, str(pair.attributes.get("style", domain))))

    def pictures(self) -> JudgePictures:
        """Return what was collected."""
        expressions, costumes, styles = (list(names) for names in zip(*self._names, strict=True))
        return JudgePictures(np.stack(self._pictures), expressions, costumes, styles)


@cache
def _cartoons(framing: int) -> Teacher:
    """Return the cartoon studio; framings take turns: augmented, canonical, and plain sources as evaluated."""
    return CartoonStudio(
        [*TRAIN_STYLES, *HELD_OUT_STYLES],
        size=RENDER_SIZE,
        augment=framing == 0,
        neutral_sources=framing == 2,
        costumed_sources=framing != 2,
    )


@cache
def _people(degraded: int) -> Teacher:
    """Return the people studio, whose pictures go through light, lens, sensor and file every other time."""
    return PeopleConfig(size=RENDER_SIZE, degrade=bool(degraded)).build()


def _shrink(picture: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
    """Average blocks of pixels: (S, S, 3) to (R, R, 3), where R divides S."""
    block = picture.shape[0] // resolution
    grid = picture.reshape(resolution, block, resolution, block, 3).astype(np.float32)
    return np.round(grid.mean((1, 3))).astype(np.uint8)
