"""A tiny release: base, CLIP, checkpoint, and the model folder that the importer makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stillyou.models.load import load_pipeline
from stillyou.models.official.importer import import_official
from tests.diffusion.official.reference import Reference
from tests.sd_tiny import build_base, build_clip, build_released


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """The files that a user would have."""
    folder = tmp_path_factory.mktemp("release")
    base = build_base(folder / "base")
    checkpoint = folder / "portrait_editing_models" / "outfit" / "checkpoint-200000"
    build_released(checkpoint, base, prefix="module.")
    return SimpleNamespace(folder=folder, base=base, clip=build_clip(folder / "clip"), checkpoint=checkpoint)


@pytest.fixture(scope="session")
def model_folder(release, tmp_path_factory):
    output = tmp_path_factory.mktemp("imported") / "model"
    import_official(str(release.folder), output, base=str(release.base), image_encoder=str(release.clip))
    return output


@pytest.fixture(scope="session")
def imported(model_folder):
    """The imported model in fp32; tests must not change it."""
    return load_pipeline(str(model_folder), "cpu", torch.float32)


@pytest.fixture(scope="session")
def reference(release):
    return Reference(release.base, release.clip, release.checkpoint)


@pytest.fixture(scope="session")
def square():
    """A picture of 64 x 64 pixels with smooth parts and edges."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:64, 0:64] / 63
    smooth = np.stack([x, y, 1 - x], axis=-1) * 200
    smooth[20:44, 16:40] = rng.integers(0, 256, 3)
    return (smooth + rng.integers(0, 50, (64, 64, 3))).astype(np.uint8)


@pytest.fixture
def parts(release):
    """Options of the import."""
    return {"base": str(release.base), "image_encoder": str(release.clip)}


@pytest.fixture
def checkpoint(release, tmp_path):
    """A copy of the two files that a test may spoil."""
    return Path(shutil.copytree(release.checkpoint, tmp_path / "outfit"))
