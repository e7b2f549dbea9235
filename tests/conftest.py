"""Shared fixtures: a tiny model of the embedded kind, with random weights."""

from __future__ import annotations

import pytest
import torch

from stillyou.diffusion.network import build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from tests.tiny import tiny_architecture


@pytest.fixture(autouse=True)
def _one_torch_thread() -> None:
    torch.set_num_threads(1)


def build_tiny_pipeline(seed: int = 0) -> MultiConditionedPipeline:
    torch.manual_seed(seed)
    components = build_components(tiny_architecture(), ["a cartoon character, santa claus costume"])
    pipeline = MultiConditionedPipeline(**components)
    for name in ("vae", "text_encoder", "image_encoder", "adapter", "unet"):
        getattr(pipeline, name).eval().requires_grad_(False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="session")
def tiny_pipeline() -> MultiConditionedPipeline:
    """A random tiny pipeline; tests must not change it."""
    return build_tiny_pipeline()
