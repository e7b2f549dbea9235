"""LoRA: the usual layout, the same predictions by every way of loading, scales, and misfits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file

from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.lora import add_lora, lora_parameters, save_lora
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import StillYouError, UsageError
from stillyou.models.from_base import load_base
from stillyou.models.lora_choice import LoraChoice
from stillyou.models.verify import verify_model
from stillyou.models.with_lora import load_with_lora
from tests.sd_tiny import build_base, build_clip


@pytest.fixture(scope="module")
def sd(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("sd")
    return str(build_base(folder / "base")), str(build_clip(folder / "clip"))


@pytest.fixture(scope="module")
def tuned(sd: tuple[str, str]) -> MultiConditionedPipeline:
    """A pipeline with an adapter and updates of the UNet that were "trained" by chance."""
    pipeline = load_base(*sd)
    add_lora(pipeline.unet, 4, 8.0, seed=0)
    draws = torch.Generator().manual_seed(0)
    for parameter in [*lora_parameters(pipeline.unet).values(), *pipeline.adapter.parameters()]:
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=draws)
    return pipeline


@pytest.fixture(scope="module")
def folder(tuned: MultiConditionedPipeline, sd: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lora")
    save_lora(tuned, folder, ModelCard(resolution=64, training={"base": sd[0], "image_encoder": sd[1]}))
    return folder


@torch.no_grad()
def predict(unet: UNet2DConditionModel) -> torch.Tensor:
    draws = torch.Generator().manual_seed(1)
    x, tokens = torch.randn(2, 8, 8, 8, generator=draws), torch.randn(2, 82, 64, generator=draws)
    result: torch.Tensor = unet(x, 300, tokens).sample
    return result


def same_adapter(one: MultiConditionedPipeline, other: MultiConditionedPipeline) -> bool:
    state = other.adapter.state_dict()
    return all(torch.equal(tensor, state[name]) for name, tensor in one.adapter.state_dict().items())


def test_a_fresh_lora_changes_nothing_and_trains_only_itself(sd: tuple[str, str]) -> None:
    pipeline = load_base(*sd)
    before = predict(pipeline.unet)
    add_lora(pipeline.unet, 4, 4.0, seed=0)
    assert torch.equal(predict(pipeline.unet), before)
    trained = {name for name, parameter in pipeline.unet.named_parameters() if parameter.requires_grad}
    assert trained == set(lora_parameters(pipeline.unet)) and any("conv_in" in name for name in trained)


def test_the_file_has_the_usual_keys(folder: Path) -> None:
    keys = set(load_file(folder / "pytorch_lora_weights.safetensors"))
    assert all(key.startswith("unet.") and (".lora_A." in key or ".lora_B." in key) for key in keys)
    assert all(key.startswith("adapter.") for key in load_file(folder / "adapter.safetensors"))


def test_diffusers_own_loader_reads_it(folder: Path, sd: tuple[str, str], tuned: MultiConditionedPipeline) -> None:
    """Without a line of ours: the loader of the model class, into a UNet whose `conv_in` is widened."""
    unet = load_base(*sd).unet
    unet.load_lora_adapter(str(folder), weight_name="pytorch_lora_weights.safetensors", prefix="unet")
    assert torch.allclose(predict(unet), predict(tuned.unet), atol=1e-6)


def test_loading_and_unloading(folder: Path, sd: tuple[str, str], tuned: MultiConditionedPipeline) -> None:
    pipeline, plain = load_base(*sd), load_base(*sd)
    pipeline.load_lora_weights(str(folder))
    assert torch.allclose(predict(pipeline.unet), predict(tuned.unet), atol=1e-6) and same_adapter(pipeline, tuned)
    pipeline.unload_lora_weights()
    assert torch.equal(predict(pipeline.unet), predict(plain.unet)) and same_adapter(pipeline, plain)


def test_merging_gives_the_same_predictions_from_plain_weights(folder: Path, tuned: MultiConditionedPipeline) -> None:
    merged = load_with_lora(LoraChoice(folder), None, "cpu", torch.float32)
    assert not lora_parameters(merged.unet) and merged.resolution == 64
    assert torch.allclose(predict(merged.unet), predict(tuned.unet), atol=2e-5) and same_adapter(merged, tuned)


def test_scale_is_a_straight_line_from_the_base_to_the_lora(folder: Path, sd: tuple[str, str]) -> None:
    """W' = W + scale (alpha / rank) B A, by hand, and the adapter's weights alike."""
    plain = load_base(*sd)
    half = load_with_lora(LoraChoice(folder, 0.5), None, "cpu", torch.float32)
    none = load_with_lora(LoraChoice(folder, 0.0), None, "cpu", torch.float32)
    assert torch.equal(predict(none.unet), predict(plain.unet)) and same_adapter(none, plain)
    updates = load_file(folder / "pytorch_lora_weights.safetensors")
    name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    product = updates[f"unet.{name}.lora_B.weight"] @ updates[f"unet.{name}.lora_A.weight"]
    expected = plain.unet.get_submodule(name).weight + 0.5 * (8 / 4) * product
    assert torch.allclose(half.unet.get_submodule(name).weight, expected, atol=1e-6)
    whole = load_file(folder / "adapter.safetensors")["adapter.linear1.weight"]
    middle = (plain.adapter.linear1.weight + whole) / 2
    assert torch.allclose(half.adapter.linear1.weight, middle, atol=1e-6)


def test_a_lora_of_another_model_is_refused(folder: Path, tiny_pipeline: MultiConditionedPipeline) -> None:
    from tests.conftest import build_tiny_pipeline

    with pytest.raises(StillYouError, match="does not fit this model"):
        build_tiny_pipeline().load_lora_weights(str(folder))


def test_a_damaged_lora_is_refused(folder: Path, sd: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(StillYouError, match="damaged"):
        load_base(*sd).load_lora_weights(str(tmp_path))
    with pytest.raises(UsageError, match="does not say which model"):
        load_with_lora(LoraChoice(tmp_path), None, "cpu")


@pytest.mark.parametrize(
    ("text", "message"),
    [("nowhere", "no LoRA folder"), ("{}:-1", "from 0 to 4"), ("{}:nan", "from 0 to 4"), ("{}:much", "from 0 to 4")],
)
def test_wrong_choices_are_named(folder: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LoraChoice.parse(text.format(folder))


def test_choices_read(folder: Path) -> None:
    assert LoraChoice.parse(str(folder)) == LoraChoice(folder, 1.0)
    assert LoraChoice.parse(f"{folder}:0.7") == LoraChoice(folder, 0.7)


def test_too_little_memory_is_told_before_anything_is_moved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillyou.models.with_lora.free_memory", lambda _: 1e6)
    with pytest.raises(StillYouError, match=r"an edit needs about 0\.\d GB on cuda"):
        load_with_lora(LoraChoice(folder), None, torch.device("cuda"), torch.float32)


def test_a_lora_folder_verifies_and_a_damaged_one_does_not(folder: Path, tmp_path: Path) -> None:
    found = verify_model(folder)
    assert not found.problems and found.files == 2
    part = tmp_path / "lora"
    shutil.copytree(folder, part)
    weights = part / "pytorch_lora_weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (part / "adapter.safetensors").unlink()
    damaged, missing = sorted(verify_model(part).problems, key=lambda line: "missing" in line)
    assert "damaged or only partly there" in damaged
    assert missing == "adapter.safetensors is missing"
