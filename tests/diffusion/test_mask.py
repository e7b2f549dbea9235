from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.config import MaskSettings
from stillyou.diffusion.mask import difference_map, editing_mask, feather, grow, latent_mask, smooth, soft_map


def test_difference_map_by_hand():
    target = torch.tensor([[[[[1.0]], [[3.0]]]], [[[[0.0]], [[-4.0]]]]])  # 2 maps, 1 image, 2 channels, 1x1
    source = torch.zeros_like(target)
    assert difference_map(target, source).item() == (1 + 3 + 0 + 4) / 4


def test_soft_map_by_hand():
    d = torch.tensor([[[[0.0, 1.0], [1.0, 6.0]]]])  # mean 2, ratio 1.5 -> ceiling 3
    torch.testing.assert_close(soft_map(d, 1.5), torch.tensor([[[[0.0, 1 / 3], [1 / 3, 1.0]]]]))


def test_soft_map_scales_each_image_by_its_own_mean():
    d = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    both = soft_map(torch.cat([d, 7 * d]), 3.0)
    torch.testing.assert_close(both[0], both[1])


def test_soft_map_of_no_difference_is_empty():
    assert soft_map(torch.zeros(2, 1, 4, 4), 3.0).abs().max() == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_grow_covers_what_a_disc_covers(seed, radius):
    """Reference: distances computed in full. The approximation may miss no more than a pixel of the disc's rim."""
    core = np.random.default_rng(seed).random((24, 24)) < 0.01
    grown = grow(torch.from_numpy(core)[None, None].float(), radius)[0, 0].numpy() > 0
    ys, xs = np.nonzero(core)
    if len(ys) == 0:
        assert not grown.any()
        return
    y, x = np.mgrid[:24, :24]
    distance = np.sqrt((y[..., None] - ys) ** 2 + (x[..., None] - xs) ** 2).min(-1)
    assert grown[distance <= radius - 1].all()
    assert not grown[distance > radius * 2**0.5 + 1].any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8))
def test_feather_keeps_the_inside_and_is_zero_far_away(seed, width):
    core = torch.from_numpy(np.random.default_rng(seed).random((1, 1, 32, 32)) < 0.01).float()
    soft = feather(core, width)
    assert torch.all(soft[core > 0] == 1)
    assert torch.all(soft[grow(core, width) == 0] == 0)
    assert soft.min() >= 0 and soft.max() <= 1


def test_editing_mask_marks_the_hot_spot_only():
    s = torch.zeros(1, 1, 8, 8)
    s[0, 0, 2:4, 2:4] = 1
    mask = editing_mask(s, (64, 64), MaskSettings(threshold=0.5, grow=0.0, feather=0.0))
    assert mask[0, 0, 18:30, 18:30].min() == 1
    assert mask[0, 0, 40:, :].max() == 0 and mask[0, 0, :, 40:].max() == 0


def test_latent_mask_frees_a_latent_if_any_pixel_is_free():
    mask = torch.zeros(1, 1, 16, 16)
    mask[0, 0, 0, 15] = 0.25
    assert latent_mask(mask, (2, 2)).tolist() == [[[[0.0, 0.25], [0.0, 0.0]]]]


def test_smooth_by_hand():
    spike = torch.zeros(1, 1, 3, 3)
    spike[0, 0, 1, 1] = 16
    assert smooth(spike, 1)[0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert torch.equal(smooth(spike, 0), spike)
    torch.testing.assert_close(smooth(torch.full((1, 1, 4, 4), 3.0), 5), torch.full((1, 1, 4, 4), 3.0))
