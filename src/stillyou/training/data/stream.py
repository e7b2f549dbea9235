"""The training stream: a pure function of (seed, position).

Sample p of a run draws everything it needs from ``draws.generator(seed, "train", p)``: its pair, the pair's copy,
branch, timestep, whether it becomes a reconstruction, and its noise. So nothing depends on batch size, loader workers,
processes or restarts, and to resume is to know the position. Of w processes, process r takes the positions p ≡ r mod w.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from stillyou.diffusion.conditions import Branch
from stillyou.draws import generator
from stillyou.training.config import BranchShares


class Draws(NamedTuple):
    """The random choices of a batch; all tensors have B rows.

    Attributes:
        row: Row of the cache, (B,).
        copy: Copy of that pair, (B,).
        branch: `Branch`, (B,).
        timestep: 0 to T - 1, (B,).
        earlier: Timestep (B,) of the answer that the sample is made of, one step of a sampler before its own and no
            further than the last; -1 for samples that are made of the truth.
        drafted: Whether the draft takes the truth's place, of pairs that have one, (B,) bool.
        reconstruction: Whether source prompt -> source replaces the edit, (B,) bool.
        noise: Standard normal (B, C, h, w), fp32.
        posterior: Standard normal (B, 2, C, h, w) for samples of both pictures' latents; (B, 1) if means are used.
    """

    row: torch.Tensor
    copy: torch.Tensor
    branch: torch.Tensor
    timestep: torch.Tensor
    earlier: torch.Tensor
    drafted: torch.Tensor
    reconstruction: torch.Tensor
    noise: torch.Tensor
    posterior: torch.Tensor


@dataclass(frozen=True)
class Pool:
    """Rows that share a fixed part of the samples, for example all pairs of one effect.

    Attributes:
        rows: Rows of the cache.
        share: Part of all samples; shares are normalised.
    """

    rows: npt.NDArray[np.int64]
    share: float


@dataclass(frozen=True)
class Levels:
    """Which noise levels samples are drawn at, and what they are made of.

    Attributes:
        timesteps: T, length of the schedule.
        top: Share of samples at the last timestep; the others are uniform over all.
        own_answers: Share of those others that are made of the model's own answer at an earlier timestep.
        drafts: Share of those others, with all conditions, that are made of the pair's draft.
    """

    timesteps: int
    top: float = 0.0
    own_answers: float = 0.0
    drafts: float = 0.0


_SAMPLER_STEPS = (2, 4, 8)
"""Steps of the samplers whose states are learned."""
_DRAFTED = 0.7
"""Part of the schedule, from its lower end, at which drafts are learned: above it little of them is left."""


class SampleDraws:
    """Draws single samples.

    Args:
        seed: Seed of the run.
        pools: What to sample from; balanced by their shares whatever their sizes.
        copies: K, copies of each pair.
        levels: Which noise levels are learned, and from what.
        latent_shape: (C, h, w).
        branches: Shares of the branches.
        reconstruction: Share of reconstruction samples; these see the branch `full`.
        posterior: Whether latents are sampled from an autoencoder's posterior.
    """

    def __init__(
        self,
        seed: int,
        pools: Sequence[Pool],
        copies: int,
        levels: Levels,
        latent_shape: tuple[int, int, int],
        branches: BranchShares,
        reconstruction: float,
        posterior: bool = False,
    ) -> None:
        assert all(len(pool.rows) for pool in pools), "an empty pool"
        self._seed, self._pools, self._copies, self._levels = seed, list(pools), copies, levels
        self._shape, self._reconstruction = latent_shape, reconstruction
        self._posterior = posterior
        self._pool_bounds = _bounds([pool.share for pool in pools])
        self._branch_bounds = _bounds([branches.by_branch()[branch] for branch in Branch])

    def draw(self, position: int) -> tuple[int | bool | npt.NDArray[np.float32], ...]:
        """Draw the sample at a global position; see `Draws` for the fields."""
        source = generator(self._seed, "train", position)
        u = source.random(6)
        rows = self._pools[_choose(self._pool_bounds, u[0])].rows
        reconstruction = bool(u[5] < self._reconstruction)
        branch = int(Branch.FULL) if reconstruction else _choose(self._branch_bounds, u[3])
        whole = branch == Branch.FULL and not reconstruction
        return (
            int(rows[int(u[1] * len(rows))]),
            int(u[2] * self._copies),
            branch,
            *self._draw_levels(position, u[4], whole),
            reconstruction,
            source.standard_normal(self._shape, dtype=np.float32),
            self._draw_posterior(position),
        )

    def _draw_levels(self, position: int, u: float, whole: bool) -> tuple[int, int, bool]:
        """Return the timestep, the earlier one, and whether a draft takes the truth's place; `whole` if it may."""
        levels, last = self._levels, self._levels.timesteps - 1
        if u < levels.top:
            return last, -1, False
        timestep = int((u - levels.top) / (1 - levels.top) * levels.timesteps)
        drafted = whole and levels.drafts > 0 and generator(self._seed, "drafts", position).random() < levels.drafts
        if drafted:
            timestep = int(timestep * _DRAFTED)
        if not levels.own_answers:
            return timestep, -1, drafted
        source = generator(self._seed, "own answers", position)
        if source.random() >= levels.own_answers or timestep == last:
            return timestep, -1, drafted
        steps = _SAMPLER_STEPS[int(source.integers(len(_SAMPLER_STEPS)))]
        return timestep, min(last, timestep + levels.timesteps // steps), drafted

    def _draw_posterior(self, position: int) -> npt.NDArray[np.float32]:
        if not self._posterior:
            return np.zeros(1, dtype=np.float32)
        source = generator(self._seed, "posterior", position)
        return source.standard_normal((2, *self._shape), dtype=np.float32)

    def batch(self, positions: Sequence[int]) -> Draws:
        """Draw the samples at some positions."""
        drawn = zip(*map(self.draw, positions), strict=True)
        row, copy, branch, timestep, earlier, drafted, reconstruction, noise, posterior = drawn
        return Draws(
            row=torch.tensor(row),
            copy=torch.tensor(copy),
            branch=torch.tensor(branch),
            timestep=torch.tensor(timestep),
            earlier=torch.tensor(earlier),
            drafted=torch.tensor(drafted),
            reconstruction=torch.tensor(reconstruction),
            noise=torch.from_numpy(np.stack(noise)),
            posterior=torch.from_numpy(np.stack(posterior)),
        )


def _bounds(shares: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the upper ends of adjacent intervals of [0, 1), one for each share."""
    total = np.cumsum(shares)
    return np.asarray(total / total[-1], dtype=np.float64)


def _choose(bounds: npt.NDArray[np.float64], u: float) -> int:
    """Return the interval that u lies in; empty intervals are never chosen."""
    return min(int(np.searchsorted(bounds, u, side="right")), len(bounds) - 1)


Drawn = TypeVar("Drawn", covariant=True)


class DrawsBatches(Protocol[Drawn]):
    """Draws the samples at global positions, each from its position alone."""

    def batch(self, positions: Sequence[int]) -> Drawn:
        """Return the samples of a batch."""
        ...


class BatchStream(IterableDataset[Drawn], Generic[Drawn]):
    """Batches of one process from a step on, without end; loader workers take turns.

    Args:
        draws: Draws single samples.
        batch: B, samples a step over all processes.
        first_step: Step to begin with.
        rank: Index of this process.
        world: Number of processes; divides B.
    """

    def __init__(
        self, draws: DrawsBatches[Drawn], batch: int, first_step: int = 0, rank: int = 0, world: int = 1
    ) -> None:
        assert batch % world == 0, "processes must share a batch evenly"
        self._draws, self._batch, self._first = draws, batch, first_step
        self._rank, self._world = rank, world

    def __iter__(self) -> Iterator[Drawn]:
        worker = get_worker_info()
        step, stride = (self._first, 1) if worker is None else (self._first + worker.id, worker.num_workers)
        while True:
            start = step * self._batch
            yield self._draws.batch(range(start + self._rank, start + self._batch, self._world))
            step += stride


@dataclass(frozen=True)
class Share:
    """What a process does of every batch.

    Attributes:
        rank: Index of this process.
        world: Number of processes; divides the batch.
        workers: Processes that draw ahead for it.
    """

    rank: int = 0
    world: int = 1
    workers: int = 0


WHOLE = Share()
"""Of a process that is alone."""


def drawn_batches(
    draws: DrawsBatches[Drawn], batch: int, first_step: int, share: Share, device: torch.device
) -> Iterator[Drawn]:
    """Return a process's part of the batches from a step on, without end; the same for any number of workers."""
    ahead = 4 if share.workers else None
    return iter(
        DataLoader(
            BatchStream(draws, batch, first_step, share.rank, share.world),
            batch_size=None,
            num_workers=share.workers,
            pin_memory=device.type == "cuda",
            prefetch_factor=ahead,
        )
    )
