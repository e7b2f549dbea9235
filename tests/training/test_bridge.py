"""A denoiser that crosses to other latents, and a run on the folded autoencoder from a model on the tiny one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import Architecture, build_autoencoder, build_components
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.models.load import load_pipeline
from stillyou.training.autoencoder.trained import load_trained
from stillyou.training.bridge import Bridge, cross, measure_bridge
from stillyou.training.config import AutoencoderSettings
from stillyou.training.loop.checkpoint import checkpoint_folders
from stillyou.training.loop.trainer import Outcome
from stillyou.training.run import Request
from stillyou.training.stages import run_training
from tests.tiny import tiny_architecture
from tests.training.fakes import tiny_config
from tests.training.test_folded import pictures

OTHER = tiny_architecture().model_copy(
    update={"autoencoder": "folded", "folded_channels": 8, "latent_channels": tiny_architecture().latent_channels + 2}
)


def pipeline(architecture: Architecture) -> MultiConditionedPipeline:
    torch.manual_seed(0)
    return MultiConditionedPipeline(**build_components(architecture, ["a person"]))  # type: ignore[arg-type]


def test_a_bridge_between_latents_that_are_linear_in_one_another() -> None:
    torch.manual_seed(0)
    one, other = (build_autoencoder(OTHER).eval() for _ in range(2))
    bridge = measure_bridge(one, other, pictures(8, 64))
    again = measure_bridge(one, one, pictures(8, 64))
    count = OTHER.latent_channels
    assert bridge.to_old.shape == bridge.to_new.shape == (count, count)
    assert torch.allclose(again.to_old, torch.eye(count), atol=1e-3)


def test_a_unet_that_crosses_answers_as_before() -> None:
    """New latents are a mixture of the old ones: what the old UNet said of them, the new one says in the new words."""
    old = pipeline(tiny_architecture())
    before, count = old.unet, tiny_architecture().latent_channels
    mixture = torch.linalg.qr(torch.randn(count, count)).Q  # z_new = mixture z_old
    noisy, source = torch.randn(2, 1, count, 8, 8).unbind(0)
    tokens = torch.randn(1, 5, old.unet.config.cross_attention_dim)
    expected = before(torch.cat([noisy, source], 1), torch.tensor([7]), encoder_hidden_states=tokens).sample
    cross(old, build_autoencoder(tiny_architecture()), Bridge(mixture.T.contiguous(), mixture))
    moved = [torch.einsum("no,bohw->bnhw", mixture, z) for z in (noisy, source)]
    answer = old.unet(torch.cat(moved, 1), torch.tensor([7]), encoder_hidden_states=tokens).sample
    assert torch.allclose(answer, torch.einsum("no,bohw->bnhw", mixture, expected), atol=1e-4)


def test_a_run_crosses_from_a_model_on_the_tiny_autoencoder(painted_folder: Path, tmp_path: Path) -> None:
    stages = ("autoencoder", "editor")
    run_training(Request(tmp_path / "first", tiny_config(), stages, painted_folder, "cpu"), lambda *_: {})
    settings = AutoencoderSettings(batch=4, warmup_steps=2, crop=32, edit_weight=2.0)
    config = tiny_config(start=str(tmp_path / "first" / "model"), architecture=OTHER, autoencoder=settings)
    report = run_training(Request(tmp_path / "run", config, stages, painted_folder, "cpu"), lambda *_: {})
    assert report.outcome is Outcome.FINISHED
    for form in ("model", "compact"):
        made = load_pipeline(str(tmp_path / "run" / form), "cpu", torch.float32)
        assert isinstance(made.vae, FoldedAutoencoder) and made.unet.config.in_channels == 2 * OTHER.latent_channels
    assert (tmp_path / "run" / "autoencoder" / "validation.json").is_file()
    vae, step = load_trained(tmp_path / "run")
    assert step is None and isinstance(vae, FoldedAutoencoder)


def test_crops_resume_bit_identically(painted_folder: Path, tmp_path: Path) -> None:
    settings = AutoencoderSettings(batch=2, warmup_steps=2, crop=32)
    config = tiny_config(architecture=OTHER, autoencoder=settings, checkpoint_steps=1)
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


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a run nor an autoencoder"):
        load_trained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises((UsageError, StillYouError), match="neither a run nor an autoencoder"):
        load_trained(tmp_path)
