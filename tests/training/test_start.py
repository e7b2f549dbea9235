"""Starting from a model's weights instead of random ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillyou.diffusion.card import read_card
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.errors import UsageError
from stillyou.models.compact import save_compact
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


def test_edits_go_as_with_the_model_that_training_started_from(
    trained: Path, painted_folder: Path, tmp_path: Path
) -> None:
    before = load_pipeline(str(trained), "cpu")
    ways = {"sampler": "ddpm", "few_steps": True, "drafts": True}
    before.card = before.card.model_copy(update={**ways, "strengths": ("laughing",)})
    save_compact(before, tmp_path / "start")
    request = Request(
        tmp_path / "run", tiny_config(start=str(tmp_path / "start")), ("autoencoder", "editor"), painted_folder, "cpu"
    )
    run_training(request, lambda *_: {})
    card = read_card(tmp_path / "run" / "compact")
    assert card is not None and {name: getattr(card, name) for name in ways} == ways
    assert card.strengths == (), "what was not trained on is not promised"


def test_another_autoencoder_is_new_and_the_rest_is_the_models(trained: Path) -> None:
    before = load_pipeline(str(trained), "cpu", torch.float32)
    other = tiny_config().architecture.model_copy(update={"autoencoder": "folded", "latent_channels": 6})
    after, again = load_start(str(trained), other, 3), load_start(str(trained), other, 3)
    assert isinstance(after.vae, FoldedAutoencoder) and after.vae.config.latent_channels == 6
    assert after.unet.config.in_channels == 12 and after.unet.config.out_channels == 6
    new = {"conv_in.weight", "conv_out.weight", "conv_out.bias"}
    for key, tensor in after.unet.state_dict().items():
        assert torch.equal(tensor, again.unet.state_dict()[key])
        assert (key in new) or torch.equal(tensor, before.unet.state_dict()[key])
    tokens = after.adapter.config.image_tokens
    mixing = after.adapter.linear1.weight
    assert torch.equal(mixing[:, :tokens], before.adapter.linear1.weight[:, :tokens])
    assert not mixing[:, tokens:].any()


def test_details_are_not_begun_anew(trained: Path) -> None:
    other = tiny_config().architecture.model_copy(update={"autoencoder": "folded", "detail_channels": 4})
    with pytest.raises(UsageError, match="the vae of .* differs from the architecture's, which has details"):
        load_start(str(trained), other, 0)


def test_a_model_of_other_sizes_is_refused(trained: Path) -> None:
    config = tiny_config()
    other = config.architecture.model_copy(update={"unet_layers": config.architecture.unet_layers + 1})
    with pytest.raises(UsageError, match="the unet of .* differs"):
        load_start(str(trained), other, 0)
