"""A text-to-image base becomes a multi-conditioned model: what it predicted it still predicts, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from stillyou.errors import StillYouError, UsageError
from stillyou.models.from_base import load_base, sketch_base
from stillyou.models.load import load_pipeline
from tests.sd_tiny import build_base, build_clip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_clip(tmp_path_factory.mktemp("clip") / "clip")


def test_the_widened_unet_predicts_what_the_base_did_whatever_the_source(base: Path, clip: Path) -> None:
    before = UNet2DConditionModel.from_pretrained(base / "unet")
    after = load_base(str(base), str(clip)).unet
    assert after.config.in_channels == 8 and after.conv_in.weight.shape[1] == 8
    z, source, tokens = torch.randn(2, 4, 8, 8), 9 * torch.randn(2, 4, 8, 8), torch.randn(2, 77, 64)
    with torch.no_grad():
        expected = before(z, 300, tokens).sample
        assert torch.allclose(after(torch.cat([z, source], 1), 300, tokens).sample, expected, atol=1e-6)


def test_the_adapter_starts_as_the_image_encoders_tokens_in_the_released_layout(base: Path, clip: Path) -> None:
    adapter = load_base(str(base), str(clip)).adapter
    assert {name: tuple(tensor.shape) for name, tensor in adapter.state_dict().items()} == {
        "vae2clip.weight": (64, 16),
        "vae2clip.bias": (64,),
        "linear1.weight": (5, 9),
        "linear1.bias": (5,),
    }
    hidden = torch.randn(2, 5, 64)
    assert torch.allclose(adapter(hidden, torch.randn(2, 4, 8, 8)), hidden, atol=1e-6)


def test_the_seed_fixes_the_fresh_weights(base: Path, clip: Path) -> None:
    first, again, other = (load_base(str(base), str(clip), seed=seed).adapter for seed in (0, 0, 1))
    assert torch.equal(first.vae2clip.weight, again.vae2clip.weight)
    assert not torch.equal(first.vae2clip.weight, other.vae2clip.weight)


def test_a_base_with_velocity_and_wider_text_gets_a_map_between_the_widths(tmp_path: Path, clip: Path) -> None:
    wide = build_base(tmp_path / "wide", cross_dim=128, prediction_type="v_prediction")
    pipeline = load_base(str(wide), str(clip))
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert pipeline.adapter(torch.randn(1, 5, 64), torch.randn(1, 4, 8, 8)).shape == (1, 5, 128)


def test_resolution_moves_the_adapters_grid(base: Path, clip: Path) -> None:
    pipeline = load_base(str(base), str(clip), resolution=128)
    assert pipeline.resolution == 128 and pipeline.adapter.vae2clip.in_features == 64


def test_a_sketch_has_the_shapes_of_the_model_and_no_contents(base: Path, clip: Path) -> None:
    networks, side = sketch_base(str(base), str(clip))
    pipeline = load_base(str(base), str(clip))
    assert side == 64
    for name, network in networks.items():
        whole = {key: tensor.shape for key, tensor in getattr(pipeline, name).state_dict().items()}
        assert {key: tensor.shape for key, tensor in network.state_dict().items()} == whole
        assert all(tensor.is_meta for tensor in network.parameters())


@pytest.mark.parametrize(("channels", "word"), [(9, "inpainting"), (8, "editing")])
def test_other_numbers_of_channels_are_refused(tmp_path: Path, clip: Path, channels: int, word: str) -> None:
    other = build_base(tmp_path / "other", in_channels=channels)
    with pytest.raises(UsageError, match=f"takes {channels} channels .*{word}"):
        load_base(str(other), str(clip))


def test_other_kinds_of_models_are_named(base: Path, clip: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    index = json.loads((copy / "model_index.json").read_text())
    for part, kind in (("text_encoder_2", "XL"), ("transformer", "transformer")):
        (copy / "model_index.json").write_text(json.dumps({**index, part: ["diffusers", "Something"]}))
        with pytest.raises(UsageError, match=kind):
            load_base(str(copy), str(clip))


def test_incomplete_and_damaged_folders_say_so(base: Path, clip: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    weights = next((copy / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(StillYouError, match="damaged or incomplete"):
        load_base(str(copy), str(clip))
    shutil.rmtree(copy / "vae")
    with pytest.raises(StillYouError, match="lacks vae"):
        load_base(str(copy), str(clip))
    (copy / "model_index.json").unlink()
    with pytest.raises(UsageError, match="no model_index.json"):
        load_base(str(copy), str(clip))
    with pytest.raises(UsageError, match="there is no base"):
        load_base(str(tmp_path / "nowhere"), str(clip))
    with pytest.raises(UsageError, match="there is no image encoder"):
        load_base(str(base), str(tmp_path / "nowhere"))


def test_pickled_weights_are_not_read(tmp_path: Path, clip: Path) -> None:
    pickled = build_base(tmp_path / "pickled", safetensors=False)
    with pytest.raises(StillYouError, match="with safetensors"):
        load_base(str(pickled), str(clip))


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_weights_that_are_missing_are_never_made_up(base: Path, clip: Path, tmp_path: Path, part: str) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    (path,) = (copy / part).glob("*.safetensors")
    kept = dict(list(load_file(path).items())[3:])
    save_file(kept, path, metadata={"format": "pt"})
    with pytest.raises(StillYouError, match="3 weights are missing"):
        load_base(str(copy), str(clip))


def test_a_base_that_predicts_neither_noise_nor_velocity_is_refused(base: Path, clip: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    path = copy / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "prediction_type": "sample"}))
    with pytest.raises(UsageError, match="predicts 'sample'"):
        sketch_base(str(copy), str(clip))
    (copy / "model_index.json").write_text("[]")
    with pytest.raises(StillYouError, match=r"model_index.json is damaged"):
        load_base(str(copy), str(clip))


def test_weights_that_are_not_finite_are_named_before_training(base: Path, clip: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    (path,) = (copy / "unet").glob("*.safetensors")
    state = load_file(path)
    state["mid_block.resnets.0.conv1.weight"][0] = float("nan")
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(StillYouError, match=r"'mid_block.resnets.0.conv1.weight' holds numbers that are not finite"):
        load_base(str(copy), str(clip))


def test_other_networks_are_no_image_encoders(base: Path) -> None:
    for other in (base, base / "text_encoder"):
        with pytest.raises(UsageError, match="is no CLIP image encoder"):
            sketch_base(str(base), str(other))


def test_a_base_cannot_edit(base: Path) -> None:
    with pytest.raises(UsageError, match="text-to-image model, which cannot edit"):
        load_pipeline(str(base), "cpu")
