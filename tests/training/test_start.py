"""Starting from a model's weights instead of random ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillyou.diffusion.card import read_card
from stillyou.errors import UsageError
from stillyou.models.load import load_pipeline
from stillyou.training.loop.trainer import Outcome
from stillyou.training.run import Request
from stillyou.training.stages import run_training
from stillyou.training.start import first_autoencoder, load_start
from tests.training.fakes import tiny_config


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, painted_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("first") / "run"
    run_training(Request(folder, tiny_config(), ("autoencoder", "editor"), painted_folder, "cpu"), lambda *_: {})
    return folder / "model"


def test_the_autoencoder_starts_from_the_models(trained: Path) -> None:
    config = tiny_config(start=str(trained))
    theirs = load_pipeline(str(trained), "cpu", torch.float32).vae.state_dict()
    for name, tensor in first_autoencoder(config).state_dict().items():
        assert torch.equal(tensor, theirs[name])


def test_both_stages_go_on_from_the_model(trained: Path, painted_folder: Path, tmp_path: Path) -> None:
    """With a learning rate next to nothing, what comes out is what went in."""
    still = {"learning_rate": 1e-12, "weight_decay": 0.0, "ema_decay": 0.0}
    config = tiny_config(start=str(trained))
    config = config.model_copy(
        update={name: getattr(config, name).model_copy(update=still) for name in ("autoencoder", "editor")}
    )
    request = Request(tmp_path / "run", config, ("autoencoder", "editor"), painted_folder, "cpu")
    report = run_training(request, lambda *_: {})
    assert report.outcome is Outcome.FINISHED
    card = read_card(tmp_path / "run" / "compact")
    assert card is not None and card.training["start"] == str(trained)
    before, after = (load_pipeline(str(path), "cpu", torch.float32) for path in (trained, tmp_path / "run" / "model"))
    for name in ("vae", "unet", "text_encoder", "adapter"):
        for key, tensor in getattr(after, name).state_dict().items():
            torch.testing.assert_close(tensor, getattr(before, name).state_dict()[key], rtol=0, atol=1e-6)


def test_a_model_of_other_sizes_is_refused(trained: Path) -> None:
    config = tiny_config()
    other = config.architecture.model_copy(
        update={"autoencoder_channels": 2 * config.architecture.autoencoder_channels}
    )
    with pytest.raises(UsageError, match="the vae of .* differs"):
        load_start(str(trained), other, 0)
