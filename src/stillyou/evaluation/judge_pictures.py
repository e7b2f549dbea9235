"""Labelled pictures for the judge: studio renders of all drawing styles, on all cores, into memory.

Every pair gives two pictures (source and target). Their seeds are keyed by "judge", so that no picture of the
judge is one of training (keyed by datasets) or of the evaluation (keyed by "evaluation").
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from stillyou.draws import stable_seed
from stillyou.effects.catalogue import auxiliary, catalogue
from stillyou.errors import StillYouError
from stillyou.evaluation.held_out import HELD_OUT_STYLES
from stillyou.pairs.pair import Pair
from stillyou.pairs.studio import TRAIN_STYLES, CartoonStudio

if TYPE_CHECKING:
    from stillyou.pairs.teacher import Teacher

Purpose = Literal["learn", "held back"]
RENDER_SIZE = 256
"""Side of the renders in pixels; the judge reads means of blocks of them."""
_CHUNK = 36
"""Pairs a task of a worker; a multiple of the plan's period, and about a second's work."""


@dataclass(frozen=True)
class JudgePictures:
    """N labelled pictures.

    Attributes:
        pictures: (N, R, R, 3) uint8.
        expressions: N names of expressions.
        costumes: N names of costumes.
        styles: N names of drawing styles.
    """

    pictures: NDArray[np.uint8]
    expressions: list[str]
    costumes: list[str]
    styles: list[str]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)


def judge_seed(purpose: Purpose, seed: int, index: int) -> int:
    """Return the studio seed of the judge's pair ``index``; the key's domain is the judge's alone."""
    return stable_seed("judge", purpose, seed, index)


def render(
    purpose: Purpose,
    pairs: int,
    *,
    resolution: int,
    seed: int,
    workers: int,
    seconds: float,
    progress: Callable[[int], None] = lambda done: None,
) -> JudgePictures:
    """Render up to ``pairs`` pairs, or as many as the time holds (at least one task).

    Args:
        purpose: Pictures to learn from, or held-back ones for the accuracy.
        pairs: Upper limit.
        resolution: Side of the pictures returned; it divides `RENDER_SIZE`.
        seed: Dataset seed. Pair i is the same whatever the workers and the time.
        workers: Processes; 1 renders in this one.
        seconds: Time limit; what is under way then is still finished.
        progress: Called with the number of pairs done.
    """
    deadline = time.monotonic() + seconds
    tasks = ((purpose, first, min(first + _CHUNK, pairs), resolution, seed) for first in range(0, pairs, _CHUNK))
    parts: list[JudgePictures] = []
    for part in _in_order(tasks, workers, deadline):
        parts.append(part)
        progress(sum(map(len, parts)) // 2)
    return JudgePictures(
        np.concatenate([part.pictures for part in parts]),
        [name for part in parts for name in part.expressions],
        [name for part in parts for name in part.costumes],
        [name for part in parts for name in part.styles],
    )


_Task = tuple[Purpose, int, int, int, int]


def _in_order(tasks: Iterator[_Task], workers: int, deadline: float) -> Iterator[JudgePictures]:
    """Run tasks until the deadline, in processes if there are several, and yield the results in order."""
    if workers <= 1:
        for done, task in enumerate(tasks):
            if done and time.monotonic() > deadline:
                return
            yield _render_task(task)
        return
    # Fresh interpreters: forking a process that has started torch or vips threads can hang.
    with ProcessPoolExecutor(workers, get_context("spawn"), _single_threaded) as pool:
        waiting: deque[Future[JudgePictures]] = deque()
        try:
            for done, task in enumerate(tasks):
                if done and time.monotonic() > deadline:
                    break
                waiting.append(pool.submit(_render_task, task))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise StillYouError("a rendering process died", "Free some memory, or render with --workers 1.") from error


def _single_threaded() -> None:
    """Keep each worker to one core: there is a worker a core already."""
    os.environ["VIPS_CONCURRENCY"] = "1"


def _render_task(task: _Task) -> JudgePictures:
    purpose, first, last, resolution, seed = task
    effects = [*catalogue().values(), *auxiliary().values()]
    pictures, expressions, costumes, styles = [], [], [], []
    for index in range(first, last):
        effect = effects[index % len(effects)]
        # Framings take turns a round of effects each: augmented, canonical, and plain sources as evaluated.
        pair = _studio(index // len(effects) % 3).make(effect, judge_seed(purpose, seed, index))
        for side, picture in (("source", pair.source), ("target", pair.target)):
            pictures.append(_shrink(picture, resolution))
            expressions.append(_text(pair, f"{side}_expression"))
            costumes.append(_text(pair, f"{side}_costume"))
            styles.append(_text(pair, "style"))
    return JudgePictures(np.stack(pictures), expressions, costumes, styles)


@cache
def _studio(framing: int) -> Teacher:
    return CartoonStudio(
        [*TRAIN_STYLES, *HELD_OUT_STYLES],
        size=RENDER_SIZE,
        augment=framing == 0,
        neutral_sources=framing == 2,
        costumed_sources=framing != 2,
    )


def _text(pair: Pair, name: str) -> str:
    return str(pair.attributes[name])


def _shrink(picture: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
    """Average blocks of pixels: (S, S, 3) to (R, R, 3), where R divides S."""
    block = picture.shape[0] // resolution
    grid = picture.reshape(resolution, block, resolution, block, 3).astype(np.float32)
    return np.round(grid.mean((1, 3))).astype(np.uint8)
