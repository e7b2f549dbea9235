from __future__ import annotations

import numpy as np
import torch

from stillyou.images.tensors import to_levels, to_pictures, to_pixels, to_signed, to_uint8


def test_every_level_survives_the_way_there_and_back():
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(to_signed(levels)), levels)
    assert to_signed(levels)[[0, 255]].tolist() == [-1, 1]


def test_pictures_and_pixels_differ_in_layout_alone():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
    pixels = to_pixels(list(pictures))
    assert pixels.shape == (2, 3, 4, 6) and pixels.dtype == torch.float32
    assert float(pixels[1, 2, 3, 5]) == pictures[1, 3, 5, 2] / np.float32(127.5) - 1
    assert np.array_equal(to_pictures(pixels), pictures)


def test_what_lies_outside_is_clipped():
    assert to_levels(torch.tensor([-3.0, 0.0, 2.0])).tolist() == [0, 127.5, 255]
