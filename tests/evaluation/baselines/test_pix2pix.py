"""pix2pix: its objective against a straight-line version, its sizes against the paper's, training that goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.baselines.candidates import parse_names
from stillyou.evaluation.baselines.pix2pix.editor import Pix2PixEditor
from stillyou.evaluation.baselines.pix2pix.network import Discriminator, Generator, Pix2PixConfig, config_near
from stillyou.evaluation.baselines.pix2pix.objective import discriminator_loss, generator_loss
from stillyou.evaluation.baselines.pix2pix.training import STATE, GanSettings, Pix2PixTrainer
from stillyou.evaluation.known_truth.settings import Batch, Settings, Worn
from stillyou.pairs.dataset.store import PairDataset
from tests.training.fakes import paint_pairs


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> PairDataset:
    return paint_pairs(tmp_path_factory.mktemp("painted") / "pairs")


def test_the_objective_is_the_papers() -> None:
    rng = np.random.default_rng(0)
    true, made = rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(2, 1, 3, 3))
    edit, target = rng.uniform(-1, 1, (2, 2, 3, 8, 8))

    def s(logits: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-logits))

    wanted_d = 0.5 * -np.log(s(true)).mean() + 0.5 * -np.log(1 - s(made)).mean()
    wanted_g = -np.log(s(made)).mean() + 100 * np.abs(target - edit).mean()
    found_d = discriminator_loss(torch.from_numpy(true), torch.from_numpy(made))
    found_g = generator_loss(torch.from_numpy(made), torch.from_numpy(edit), torch.from_numpy(target))
    assert float(found_d) == pytest.approx(wanted_d) and float(found_g) == pytest.approx(wanted_g)


def test_at_the_papers_size_the_networks_are_the_papers() -> None:
    with torch.device("meta"):
        config = Pix2PixConfig(side=256, effects=("santa",))
        generator, discriminator = Generator(config), Discriminator(config)
    assert config.widths == [64, 128, 256, 512, 512, 512, 512, 512]
    filters = [layer.out_channels for layer in generator.modules() if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert filters == [512, 512, 512, 512, 256, 128, 64, 3]
    assert sum(isinstance(layer, torch.nn.Dropout) for layer in generator.modules()) == 3
    encoder = zip([4, 64, 128, 256, 512, 512, 512, 512], [64, 128, 256, 512, 512, 512, 512, 512], strict=True)
    decoder = zip([512, 1024, 1024, 1024, 1024, 512, 256, 128], filters, strict=True)
    kernels = sum(16 * before * after + after for before, after in (*encoder, *decoder))
    norms = sum(2 * width for width in (128, 256, 512, 512, 512, 512, *filters[:-1]))
    assert sum(p.numel() for p in generator.parameters()) == kernels + norms
    x = torch.zeros(1, 3, 256, 256, device="meta")
    assert discriminator(x, x, torch.zeros(1, dtype=torch.long, device="meta")).shape == (1, 1, 30, 30)


@pytest.mark.parametrize("wanted", [200_000, 3_000_000])
def test_the_width_comes_nearest_to_the_parameters_wanted(wanted: int) -> None:
    found = config_near(wanted, 128, ("santa", "royal"))

    def size(width: int) -> int:
        network = Generator(Pix2PixConfig(side=128, effects=("santa", "royal"), width=width))
        return sum(p.numel() for p in network.parameters())

    apart = [abs(size(found.width + step) - wanted) for step in (-1, 0, 1)]
    assert min(apart) == apart[1]


def trainer(data: PairDataset, steps: int) -> Pix2PixTrainer:
    effects = tuple(effect.id for effect in data.meta.effects)
    return Pix2PixTrainer(Pix2PixConfig(side=64, effects=effects, width=2), GanSettings(steps, 2), data, "cpu")


def test_training_goes_on_exactly_and_edits_follow(painted: PairDataset, tmp_path: Path) -> None:
    whole, first = trainer(painted, 4), trainer(painted, 2)
    whole.run(tmp_path / "whole")
    first.run(tmp_path / "parts")
    trainer(painted, 4).run(tmp_path / "parts")
    one, other = (Pix2PixEditor.from_folder(tmp_path / name) for name in ("whole", "parts"))
    for name, tensor in one.network.state_dict().items():
        torch.testing.assert_close(tensor, other.network.state_dict()[name], rtol=0, atol=0)
    effect = painted.meta.effects[0]
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    alone = one.answer(Batch(effect, [picture], [0], [Worn()], Settings()))
    company = one.answer(Batch(effect, [picture, picture[::-1].copy()], [5, 6], [Worn()] * 2, Settings()))
    assert np.abs(alone[0].edit.astype(int) - company[0].edit).max() <= 1
    assert (alone[0].mask == 255).all() and alone[0].evaluations == 1
    with pytest.raises(UsageError, match="was not trained for"):
        one.answer(Batch(load_effect("shocked"), [picture], [0], [Worn()], Settings()))


def test_damaged_files_are_told(painted: PairDataset, tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="pix2pix"):
        Pix2PixEditor.from_folder(tmp_path)
    (tmp_path / STATE).write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    with pytest.raises(StillYouError, match="is damaged"):
        trainer(painted, 1).run(tmp_path)
    with pytest.raises(UsageError, match="pix2pix needs a model"):
        parse_names("lazy,pix2pix")
    assert parse_names("pix2pix:run/gan,lazy") == ["pix2pix:run/gan", "lazy"]
