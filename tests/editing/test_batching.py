"""Pictures edited together: one batch of the model, the same results, in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pytest
import torch

from stillyou.editing.batching import Batcher


@dataclass(frozen=True)
class Edits:
    pixels: torch.Tensor
    mask: torch.Tensor
    reconstruction: torch.Tensor
    evaluations: int = 5


class Pipeline:
    """Adds each picture's seed to it, and keeps the seeds of every call."""

    resolution = 8

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def edit(self, pixels, prompts, settings, seeds, *, mask=None, progress=None):
        assert progress is None
        assert len(pixels) == len(prompts) == len(seeds)
        self.calls.append(list(seeds))
        if 13 in seeds:
            raise ValueError("unlucky")
        edited = pixels + torch.tensor(seeds).view(-1, 1, 1, 1)
        return Edits(edited, pixels[:, :1] if mask is None else mask, pixels)


def ask(batcher: Batcher, seed: int, *, steps: int = 4, **options):
    return batcher.edit(torch.zeros(1, 3, 8, 8), ["a"], {"steps": steps}, [seed], **options)


def test_calls_of_equal_settings_become_one_batch_in_the_order_of_the_tasks():
    pipeline = Pipeline()
    batcher = Batcher(pipeline)
    assert batcher.resolution == 8
    results = batcher.together([lambda seed=seed: ask(batcher, seed, progress=print) for seed in (5, 3, 9)])
    assert pipeline.calls == [[5, 3, 9]]
    assert [float(edits.pixels.mean()) for edits in results] == [5, 3, 9]
    assert all(edits.pixels.shape == (1, 3, 8, 8) and edits.evaluations == 5 for edits in results)


def test_other_settings_make_another_batch_and_masks_go_along():
    pipeline = Pipeline()
    batcher = Batcher(pipeline)
    mask = torch.ones(1, 1, 8, 8)
    tasks = [
        lambda: ask(batcher, 1),
        lambda: ask(batcher, 2, steps=9),
        lambda: ask(batcher, 3, mask=mask),
        lambda: ask(batcher, 4),
        lambda: ask(batcher, 5, mask=2 * mask),
    ]
    results = batcher.together(tasks)
    assert pipeline.calls == [[1, 4], [2], [3, 5]]
    assert float(results[4].mask.mean()) == 2


def test_a_task_may_ask_twice_or_not_at_all_and_failures_stay_with_their_batch():
    pipeline = Pipeline()
    batcher = Batcher(pipeline)

    def twice():
        first = ask(batcher, 1)
        return ask(batcher, 2 + int(first.pixels.mean()))

    def fails():
        raise OSError("unreadable")

    results = batcher.together([twice, fails, lambda: "nothing to do", lambda: ask(batcher, 13, steps=1)])
    assert pipeline.calls == [[1], [13], [3]]
    assert float(results[0].pixels.mean()) == 3
    assert isinstance(results[1], OSError) and results[2] == "nothing to do"
    assert isinstance(results[3], ValueError) and "unlucky" in str(results[3])


@pytest.mark.parametrize("count", [1, 2, 7])
def test_batches_do_not_depend_on_timing(count):
    for _ in range(5):
        pipeline = Pipeline()
        batcher = Batcher(pipeline)
        batcher.together([partial(ask, batcher, seed) for seed in range(count)])
        assert pipeline.calls == [list(range(count))]


def test_ctrl_c_lets_no_thread_wait():
    class Stopped(Pipeline):
        def edit(self, *arguments, **options):
            raise KeyboardInterrupt

    batcher = Batcher(Stopped())
    with pytest.raises(KeyboardInterrupt):
        batcher.together([partial(ask, batcher, 1), partial(ask, batcher, 2, steps=9)])
