"""Runs with the folded autoencoder: crops that resume, a start that keeps its details, and what is no run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.models.load import load_pipeline
from stillyou.training.autoencoder.trained import load_trained
from stillyou.training.config import AutoencoderSettings
from stillyou.training.loop.checkpoint import checkpoint_folders
from stillyou.training.loop.trainer import Outcome
from stillyou.training.run import Request
from stillyou.training.stages import run_training
from tests.tiny import tiny_architecture
from tests.training.fakes import tiny_config

FOLDED = tiny_architecture().model_copy(update={"autoencoder": "folded", "folded_channels": 8})
DETAILED = FOLDED.model_copy(update={"detail_channels": 4})


def test_crops_resume_bit_identically(painted_folder: Path, tmp_path: Path) -> None:
    settings = AutoencoderSettings(batch=2, warmup_steps=2, crop=32)
    config = tiny_config(architecture=FOLDED, autoencoder=settings, checkpoint_steps=1)
    request = Request(tmp_path, config, ("autoencoder",), painted_folder, "cpu")
    run_training(request, lambda *_: {})
    whole = load_trained(tmp_path)[0].state_dict()
    # As if it had been stopped before its last step: the checkpoint before the last goes on.
    shutil.rmtree(tmp_path / "autoencoder" / "vae")
    shutil.rmtree(checkpoint_folders(tmp_path / "autoencoder")[-1])
    assert load_trained(tmp_path)[1] == 3
    run_training(request, lambda *_: {})
    again = load_trained(tmp_path)[0].state_dict()
    assert all(torch.equal(tensor, again[key]) for key, tensor in whole.items())


def test_a_start_with_details_keeps_its_autoencoder(painted_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = MultiConditionedPipeline(**build_components(DETAILED, ["a person"]))  # type: ignore[arg-type]
    first.save_pretrained(tmp_path / "first" / "model")
    config = tiny_config(start=str(tmp_path / "first" / "model"), architecture=DETAILED)
    request = Request(tmp_path / "run", config, ("autoencoder", "editor"), painted_folder, "cpu")
    report = run_training(request, lambda *_: {})
    assert report.outcome is Outcome.FINISHED and report.stages["autoencoder"] == {"skipped": True}
    before, after = (load_pipeline(str(tmp_path / name / "model"), "cpu", torch.float32) for name in ("first", "run"))
    assert isinstance(after.vae, FoldedAutoencoder) and after.vae.details is not None
    theirs = after.vae.state_dict()
    assert all(torch.equal(tensor, theirs[key]) for key, tensor in before.vae.state_dict().items())
    assert not torch.equal(before.unet.conv_in.weight, after.unet.conv_in.weight)


def test_details_from_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"stillyou\.training\.details"):
        tiny_config(architecture=DETAILED)


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a run nor an autoencoder"):
        load_trained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises((UsageError, StillYouError), match="neither a run nor an autoencoder"):
        load_trained(tmp_path)
