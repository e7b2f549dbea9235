"""A disk that is full: one clear line, and nothing half-written."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.models.compact import save_compact


def test_an_edit_that_does_not_fit_on_the_disk(
    tiny_pipeline: MultiConditionedPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_compact(tiny_pipeline, tmp_path / "model")
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    command = ["edit", str(tmp_path / "in.png"), "-e", "santa", "-o", str(tmp_path / "out" / "a.png"), "--steps", "1"]
    command += ["--model", str(tmp_path / "model"), "--device", "cpu", "--domain", "cartoon"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(SystemExit) as stop:
            main(command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr().err
    assert stop.value.code == 1 and "cannot write" in told and "Traceback" not in told
    assert not (tmp_path / "out").is_dir() or list((tmp_path / "out").iterdir()) == []
