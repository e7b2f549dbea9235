"""The training stream: a function of seed and position alone, with the shares that were asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.diffusion.conditions import Branch
from stillyou.training.config import BranchShares
from stillyou.training.data.stream import BatchStream, Draws, Levels, Pool, SampleDraws, Share, drawn_batches

SHAPE = (2, 3, 3)
POOLS = [Pool(np.arange(0, 50), 0.25), Pool(np.arange(50, 53), 0.75)]


UNIFORM = Levels(1000)


def draws(
    seed: int = 0, reconstruction: float = 0.08, branches: BranchShares | None = None, levels: Levels = UNIFORM
) -> SampleDraws:
    return SampleDraws(seed, POOLS, 3, levels, SHAPE, branches or BranchShares(), reconstruction)


def joined(batches: list[Draws]) -> Draws:
    return Draws(*(torch.cat(parts) for parts in zip(*batches, strict=True)))


def equal(one: Draws, other: Draws) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, 50), batch=st.integers(1, 9), count=st.integers(1, 4))
def test_batches_cut_one_stream_of_samples(first: int, batch: int, count: int) -> None:
    batches = list(itertools.islice(BatchStream(draws(), batch, first), count))
    whole = draws().batch(range(first * batch, (first + count) * batch))
    assert equal(joined(batches), whole)


@pytest.mark.parametrize("workers", [0, 2])
def test_loader_workers_change_nothing(workers: int) -> None:
    loaded = list(itertools.islice(drawn_batches(draws(), 4, 5, Share(workers=workers), torch.device("cpu")), 5))
    assert equal(joined(loaded), draws().batch(range(20, 40)))


def test_processes_share_a_batch_without_overlap() -> None:
    parts = [next(iter(BatchStream(draws(), 8, 3, rank, 2))) for rank in range(2)]
    whole = draws().batch(range(24, 32))
    for rank, part in enumerate(parts):
        assert equal(part, Draws(*(tensor[rank::2] for tensor in whole)))


def test_samples_differ_by_position_and_by_seed() -> None:
    a, b, c = (d.draw(p)[7] for d, p in ((draws(), 0), (draws(), 1), (draws(seed=1), 0)))
    assert not np.array_equal(a, b) and not np.array_equal(a, c)


def test_shares_of_branches_pools_and_reconstructions() -> None:
    n = 6000
    branches = BranchShares(none=0.1, text=0.2, image=0.0, image_source=0.3, full=0.4)
    drawn = draws(reconstruction=0.25, branches=branches).batch(range(n))
    edits = ~drawn.reconstruction
    tolerance = 4 * 0.5 / n**0.5
    assert drawn.reconstruction.float().mean().item() == pytest.approx(0.25, abs=tolerance)
    assert (drawn.branch[drawn.reconstruction] == Branch.FULL).all()
    for branch, share in branches.by_branch().items():
        measured = (drawn.branch[edits] == branch).float().mean().item()
        assert measured == pytest.approx(share, abs=tolerance * 1.2)
    assert not (drawn.branch == Branch.IMAGE).any()
    assert (drawn.row >= 50).float().mean().item() == pytest.approx(0.75, abs=tolerance)


def test_levels_lean_to_the_top_and_start_from_answers_a_step_earlier() -> None:
    plain = draws().batch(range(3000))
    drawn = draws(levels=Levels(1000, top=0.2, own_answers=0.5)).batch(range(3000))
    assert torch.equal(plain.noise, drawn.noise) and torch.equal(plain.row, drawn.row)
    assert (plain.earlier == -1).all()
    top = drawn.timestep == 999
    assert top.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert (drawn.earlier[top] == -1).all()
    own = drawn.earlier >= 0
    assert own.float().mean().item() == pytest.approx(0.8 * 0.5, abs=0.04)
    gaps = (drawn.earlier - drawn.timestep)[own & (drawn.earlier < 999)]
    assert set(gaps.tolist()) == {125, 250, 500}
    assert (drawn.earlier[own] > drawn.timestep[own]).all()


def test_drafts_take_a_share_of_whole_edits_below_the_top() -> None:
    plain = draws(levels=Levels(1000, top=0.2, own_answers=0.5)).batch(range(3000))
    drawn = draws(levels=Levels(1000, top=0.2, own_answers=0.5, drafts=0.4)).batch(range(3000))
    assert torch.equal(plain.noise, drawn.noise) and torch.equal(plain.row, drawn.row)
    assert not plain.drafted.any()
    whole = (drawn.branch == Branch.FULL) & ~drawn.reconstruction
    assert not drawn.drafted[~whole].any()
    assert drawn.drafted[whole].float().mean().item() == pytest.approx(0.8 * 0.4, abs=0.04)
    assert int(drawn.timestep[drawn.drafted].max()) < 700 and int(drawn.timestep[drawn.drafted].min()) < 10
    assert torch.equal(plain.timestep[~drawn.drafted], drawn.timestep[~drawn.drafted])
    assert 0.4 < (drawn.earlier[drawn.drafted] >= 0).float().mean().item() < 0.6


def test_every_row_copy_and_timestep_range_is_reached() -> None:
    drawn = draws().batch(range(3000))
    assert set(drawn.row.tolist()) == set(range(53))
    assert set(drawn.copy.tolist()) == {0, 1, 2}
    assert 0 <= int(drawn.timestep.min()) < 5 and 994 < int(drawn.timestep.max()) <= 999
    assert abs(drawn.noise.mean().item()) < 0.02 and drawn.noise.std().item() == pytest.approx(1, abs=0.02)
