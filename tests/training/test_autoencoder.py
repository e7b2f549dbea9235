"""The autoencoder stage's loss and statistics against plain formulas, and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.network import build_autoencoder
from stillyou.draws import generator
from stillyou.images.tensors import to_signed
from stillyou.training.autoencoder.learn import (
    DrawPictures,
    measure_latents,
    reconstruction_errors,
    reconstruction_psnr,
    statistics_penalty,
)
from stillyou.training.data.augment import augment, draw_augmentation, no_augmentation
from stillyou.training.device import fast_precision
from tests.tiny import tiny_architecture


def pictures(count: int, side: int = 64) -> torch.Tensor:
    drawn = generator("pictures").integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    return torch.from_numpy(drawn)


def test_reconstruction_error_by_hand() -> None:
    x = torch.zeros(1, 1, 2, 2)
    y = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    # mean magnitude 1/4; row differences (1, 0), column differences (1, 0); half the mean square 1/8
    assert reconstruction_errors(x, y, torch.ones(1, 1, 1, 1)).tolist() == pytest.approx([0.25 + 0.5 + 0.5 + 0.125])


def test_statistics_penalty_vanishes_for_standard_latents() -> None:
    z = torch.randn(4, 3, 16, 16)
    z = (z - z.mean((0, 2, 3), keepdim=True)) / z.std((0, 2, 3), keepdim=True)
    assert statistics_penalty(z).item() == pytest.approx(0, abs=1e-6)
    assert statistics_penalty(z * 3 + 2).item() == pytest.approx(2**2 + 2**2, rel=1e-4)


def test_measured_latents_have_unit_variance() -> None:
    torch.manual_seed(0)
    vae = build_autoencoder(tiny_architecture()).eval()
    seen = pictures(24)
    measure_latents(vae, seen, torch.device("cpu"), batch=7)
    with torch.no_grad(), fast_precision(seen.device):  # as pairs are encoded
        z = to_latents(vae, to_signed(seen))
    assert z.mean((0, 2, 3)).abs().max().item() < 1e-3
    assert (z.std((0, 2, 3)) - 1).abs().max().item() < 1e-3


def test_psnr_of_a_known_error() -> None:
    class Shifted(torch.nn.Module):
        def encoder(self, x: torch.Tensor) -> torch.Tensor:
            return x

        def decoder(self, z: torch.Tensor) -> torch.Tensor:
            return z + 0.2

    grey = torch.full((2, 3, 8, 8), 128, dtype=torch.uint8)
    assert reconstruction_psnr(Shifted(), grey, torch.device("cpu")) == pytest.approx(20.0, abs=1e-3)  # type: ignore[arg-type]


def test_draws_follow_from_the_position() -> None:
    draws = DrawPictures(3, 10, (2, 4, 4))
    whole = draws.batch(range(6))
    parts = [draws.batch([position]) for position in range(6)]
    for name in whole._fields:
        assert torch.equal(getattr(whole, name), torch.cat([getattr(part, name) for part in parts]))


def test_no_augmentation_changes_nothing() -> None:
    x = to_signed(pictures(2))[:, None]
    same = augment(x, torch.from_numpy(np.stack([no_augmentation()] * 2)))
    assert torch.allclose(same, x, atol=1e-5)


def test_a_group_is_changed_alike() -> None:
    x = to_signed(pictures(3))[:, None].expand(-1, 2, -1, -1, -1)
    drawn = torch.from_numpy(np.stack([draw_augmentation(generator("a", i)) for i in range(3)]))
    changed = augment(x, drawn)
    assert torch.equal(changed[:, 0], changed[:, 1])
    assert not torch.allclose(changed[0], x[0], atol=0.05)
    assert changed.abs().max() <= 1
