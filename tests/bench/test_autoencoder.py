"""What autoencoders lose and take, where the answers are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch

from stillyou.bench.autoencoder import costs, figures_of, lines, rows_of
from stillyou.bench.autoencoder_sheet import TILE, save_sheet
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.pairs.pair import Pair


class Darker(torch.nn.Module):
    """Copies everything 2 levels of 255 darker, where it is not black."""

    dtype = torch.float32
    config: ClassVar = {"latents_mean": [0.0] * 3, "latents_std": [1.0] * 3}

    def encode(self, x: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(latents=x)

    def decode(self, z: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(sample=z - 4 / 255 * (z > -0.9))


def pair() -> Pair:
    target, mask = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    target[10:20, 10:20], mask[10:20, 10:20] = 200, 255
    return Pair(np.zeros_like(target), target, mask, "a", "b", "santa", "painter", 0)


def test_decibels_inside_and_in_all():
    found = figures_of(Darker(), [pair()])
    assert found["inside"] == pytest.approx(20 * np.log10(255 / 2), abs=1e-3)
    assert found["whole"] == pytest.approx(found["inside"] + 10 * np.log10(64 * 64 / 100), abs=1e-3)
    assert found["high_pass"] == pytest.approx((198 / 200) ** 2, abs=1e-3)


def test_rows_and_tables():
    pairs = {("people", "santa"): [pair()], ("people", "royal"): [pair(), pair()]}
    rows = rows_of("dark", Darker(), pairs)
    assert [(row["effect"], row["pictures"]) for row in rows] == [("santa", 1), ("royal", 2), ("all", 3)]
    taken = {"small": costs(FoldedAutoencoder(4, 4, (8, 8), (8, 8)), 64)}
    assert taken["small"]["encode_gmac"] > 0 and taken["small"]["decode_seconds"] > 0
    table = list(lines(rows, taken))
    assert any("| all | 3 | dark |" in line for line in table) and "1.0 x faster" in table[-1]


def test_the_sheet_shows_target_and_copies(tmp_path):
    from PIL import Image

    path = tmp_path / "sheet.png"
    save_sheet([pair()], {"dark": [pair().target]}, path)
    with Image.open(path) as sheet:
        assert sheet.width > 2 * TILE and sheet.height > TILE
