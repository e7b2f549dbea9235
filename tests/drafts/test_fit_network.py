"""The fit network: how votes count, what predictions promise, and what the shipped weights reach."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from stillyou.drafts.fit import POINTS
from stillyou.drafts.network import FitConfig, FitNetwork, counted, load, predict, read, shipped
from stillyou.errors import StillYouError
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.training.fit.portraits import draw_cartoon
from stillyou.training.fit.shards import Portraits, stacked

K = len(POINTS)
TRAIN_BOUND, HELD_OUT_BOUND = 0.04, 0.065


@lru_cache(maxsize=2)
def cartoons(held_out: bool) -> Portraits:
    styles = HELD_OUT_STYLES if held_out else TRAIN_STYLES
    return stacked([draw_cartoon(styles, 7_000 + seed, 128) for seed in range(32)])


def mean_error(portraits: Portraits) -> float:
    found = np.stack([fit.points for fit in predict(portraits.pixels)])
    return float(np.linalg.norm(found - portraits.points, axis=-1).mean())


def test_one_cell_with_all_the_weight_places_its_point() -> None:
    votes = torch.zeros(1, 4, K, 4, 4)
    votes[0, 0, 5, 2, 1] = 60.0  # point 5: the cell in row 2, column 1 of a 4x4 grid
    votes[0, 1, 5, 2, 1], votes[0, 2, 5, 2, 1] = 1.0, -2.5  # one cell to the right, two and a half up
    votes[0, 3, 5, 2, 1] = -3.0
    points, scale = counted(votes.flatten(1, 2))
    assert points[0, 5].tolist() == pytest.approx([2.5 / 4, 0.0])
    assert float(scale[0, 5]) == pytest.approx(-3.0)


def test_equal_votes_meet_in_the_middle() -> None:
    points, _ = counted(torch.zeros(2, 4 * K, 6, 6))
    np.testing.assert_allclose(points.numpy(), 0.5, atol=1e-6)


def test_predictions_are_the_same_again_alone_and_in_a_batch() -> None:
    squares = cartoons(False).pixels[:4]
    together, again = predict(squares), predict(squares)
    alone = [predict(square[None])[0] for square in squares]
    for one, two, three in zip(together, again, alone, strict=True):
        assert np.array_equal(one.points, two.points) and np.array_equal(one.points, three.points)
        assert one.doubt is not None and two.doubt is not None and np.array_equal(one.doubt, two.doubt)
        assert one.turn == two.turn == three.turn


def test_the_mirror_image_has_the_mirrored_fit() -> None:
    squares = cartoons(False).pixels[:6]
    for plain, mirrored in zip(predict(squares), predict(squares[:, :, ::-1]), strict=True):
        np.testing.assert_allclose(mirrored.points, plain.mirrored().points, atol=1e-5)
        np.testing.assert_allclose(mirrored.turn, plain.mirrored().turn, atol=1e-5)


@pytest.mark.parametrize("side", [40, 96, 333])
def test_squares_of_any_side_are_read(side: int) -> None:
    (fit,) = predict(np.full((1, side, side, 3), 200, np.uint8))
    assert fit.points.shape == (K, 2) and np.isfinite(fit.points).all()
    assert fit.doubt is not None and (fit.doubt > 0).all()


def test_a_picture_without_anybody_is_doubted_more_than_any_character() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    nobody = min(fit.unsure for fit in predict(noise))
    assert nobody > np.median([fit.unsure for fit in predict(cartoons(False).pixels)])


def test_shipped_weights_find_new_characters() -> None:
    assert mean_error(cartoons(False)) < TRAIN_BOUND


def test_shipped_weights_find_characters_of_held_out_styles() -> None:
    assert mean_error(cartoons(True)) < HELD_OUT_BOUND


def test_shipped_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in shipped().iterdir()) < 3_000_000
    assert load() is load()


def test_a_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="holds no fit network"):
        read(tmp_path)


def test_the_network_takes_any_side_that_its_grid_divides() -> None:
    network = FitNetwork(FitConfig(widths=(8, 8, 8, 8))).eval()
    for side in (64, 96):
        votes = network(torch.zeros(2, 3, side, side))
        assert votes.points.shape == (2, K, 2) and votes.log_scale.shape == (2, K) and votes.turn.shape == (2, 3)
