"""Fixtures of the training tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillyou.pairs.dataset.store import PairDataset
from tests.sd_tiny import build_base, build_clip
from tests.training.fakes import paint_pairs


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> PairDataset:
    """Twenty-four painted pairs of two effects at 64 px; tests must not change the folder."""
    return paint_pairs(tmp_path_factory.mktemp("painted") / "pairs")


@pytest.fixture(scope="session")
def painted_folder(painted: PairDataset) -> Path:
    return painted.path


@pytest.fixture(autouse=True)
def _single_torch_thread(_one_torch_thread: None) -> None:
    """On networks this small threads cost more than they save, and far more on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sd_base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny text-to-image Stable Diffusion and a tiny CLIP image encoder; tests must not change them."""
    folder = tmp_path_factory.mktemp("sd")
    return build_base(folder / "base"), build_clip(folder / "clip")
