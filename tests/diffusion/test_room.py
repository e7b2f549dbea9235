"""A resolution is refused before its memory is spent."""

from types import SimpleNamespace

import pytest
import torch

from stillyou.diffusion.speed import memory
from stillyou.diffusion.speed.memory import check_room
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.errors import StillYouError


def loaded(device, channels=320):
    """A loaded model of Stable Diffusion 1.5's widths in 16 bits."""
    return SimpleNamespace(
        _execution_device=torch.device(device),
        vae=SimpleNamespace(config={"block_out_channels": (128, 256)}),
        unet=SimpleNamespace(config=SimpleNamespace(block_out_channels=(channels, 640)), dtype=torch.float16),
        speed=SpeedSettings(),
    )


def test_a_resolution_that_does_not_fit_is_refused_with_what_would(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda _: 6e9)
    check_room(loaded("cuda"), 512)
    with pytest.raises(StillYouError, match=r"an edit needs about 1\d\.\d GB on cuda, and 6.0 GB are free"):
        check_room(loaded("cuda"), 2048)
    check_room(loaded("cuda", channels=32), 1024)


def test_a_cpu_is_not_counted():
    check_room(loaded("cpu"), 2048)
