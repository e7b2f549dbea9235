"""Training the fit network: augmentation moves points with pixels, shards are kept, a stopped run goes on the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stillyou.drafts.fit import POINTS
from stillyou.drafts.network import read
from stillyou.errors import StillYouError
from stillyou.training.fit.augment import Batch, augmented, moved
from stillyou.training.fit.export import export
from stillyou.training.fit.learn import Data, Learner, Recipe
from stillyou.training.fit.shards import read_shards, render_shard, shard_path

K = len(POINTS)
SMALL = Recipe(portraits=24, batch=4, small=0.5, warm=2)


def write_shards(folder: Path) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for kind in ("cartoon", "people"):
        for number in range(2):
            np.savez(
                shard_path(folder, kind, number),
                pixels=rng.integers(0, 256, (6, 128, 128, 3), dtype=np.uint8),
                points=rng.random((6, K, 2), dtype=np.float32),
                turns=np.zeros((6, 3), np.float32),
            )


def test_a_dot_stays_under_its_point() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0.35, 0.65, (40, 1, 2)).astype(np.float32)
    pixels = torch.zeros(40, 3, 128, 128)
    axis = (torch.arange(128) + 0.5) / 128
    for picture, (x, y) in zip(pixels, points[:, 0].tolist(), strict=True):
        picture[:] = torch.exp(-((axis[None] - x) ** 2 + (axis[:, None] - y) ** 2) / 0.02**2)
    batch = Batch(pixels, torch.from_numpy(points), torch.zeros(40, 3))
    after = moved(batch, 96, torch.Generator().manual_seed(3))
    places = (torch.arange(96) + 0.5) / 96
    weight = after.pixels[:, 0] ** 2
    total = weight.sum((1, 2))
    assert (total > 1).all()
    found = torch.stack([(weight.sum(1) * places).sum(1), (weight.sum(2) * places).sum(1)], 1) / total[:, None]
    assert float((found - after.points[:, 0]).norm(dim=1).max()) < 0.012
    assert float((after.points - batch.points).norm(dim=-1).mean()) > 0.02


def test_augmentation_follows_from_its_generator() -> None:
    batch = Batch(torch.rand(6, 3, 128, 128), torch.rand(6, K, 2), torch.zeros(6, 3))
    one, two = (augmented(batch, 64, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one.pixels, two.pixels) and torch.equal(one.points, two.points)
    assert one.pixels.shape == (6, 3, 64, 64) and float(one.pixels.abs().max()) <= 1


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    write_shards(tmp_path / "data")
    data = Data(tmp_path / "data")
    straight, first = Learner(SMALL, data), Learner(SMALL, data)
    losses = [straight.advance() for _ in range(6)]
    for _ in range(3):
        first.advance()
    first.save(tmp_path / "checkpoint.pt")
    second = Learner(SMALL, data)
    second.restore(tmp_path / "checkpoint.pt")
    assert [second.advance() for _ in range(3)] == losses[3:]
    export(second, tmp_path / "model")
    assert read(tmp_path / "model").config.doubt_factor > 0


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    write_shards(tmp_path / "data")
    data = Data(tmp_path / "data")
    Learner(SMALL, data).save(tmp_path / "checkpoint.pt")
    with pytest.raises(StillYouError, match="other settings"):
        Learner(Recipe(portraits=48, batch=4), data).restore(tmp_path / "checkpoint.pt")
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(StillYouError, match="no checkpoint"):
        Learner(SMALL, data).restore(tmp_path / "checkpoint.pt")


def test_a_shard_that_is_there_is_not_rendered_again(tmp_path: Path) -> None:
    write_shards(tmp_path)
    before = shard_path(tmp_path, "cartoon", 0).read_bytes()
    assert render_shard((tmp_path, "cartoon", 0)) > 0
    assert shard_path(tmp_path, "cartoon", 0).read_bytes() == before


def test_too_few_or_damaged_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="too few"):
        read_shards(tmp_path, "people")
    write_shards(tmp_path)
    shard_path(tmp_path, "people", 1).write_bytes(b"no archive")
    with pytest.raises(StillYouError, match="no shard"):
        read_shards(tmp_path, "people")
