"""Training on a Stable Diffusion base: exact resume, equal results however a step is shared out, and what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from stillyou.diffusion.card import read_card
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.errors import UsageError
from stillyou.models.from_base import load_base
from stillyou.models.load import load_pipeline
from stillyou.models.lora_choice import LoraChoice
from stillyou.models.with_lora import load_with_lora
from stillyou.training.config import EditorSettings, LoraSettings
from stillyou.training.loop.checkpoint import latest_checkpoint
from stillyou.training.loop.trainer import Trainer
from stillyou.training.run import Request
from stillyou.training.stages import run_training
from tests.training.fakes import tiny_config
from tests.training.losses import losses

Base = tuple[Path, Path]


def settings(**changes: Any) -> EditorSettings:
    common: dict[str, Any] = {"batch": 4, "warmup_steps": 2, "learning_rate": 1e-3, "min_snr": 5.0, "studio_share": 0.0}
    return EditorSettings(**{**common, "frozen_encoders": True, "posterior": "sample", **changes})


def request(folder: Path, base: Base, pairs: Path, editor: EditorSettings, **changes: Any) -> Request:
    config = tiny_config(editor=editor, **changes)
    return Request(folder, config, ("editor",), pairs, "cpu", base=str(base[0]), image_encoder=str(base[1]))


def no_validation(pipeline: MultiConditionedPipeline, step: int) -> Mapping[str, float | Path]:
    return {}


def trained(folder: Path) -> dict[str, torch.Tensor]:
    """Return everything that the newest checkpoint holds."""
    state = latest_checkpoint(folder / "editor")
    assert state is not None and state.step == 4
    parts = {"model": state.model, "average": state.average, "optimizer": state.optimizer}
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


KINDS = {"full": {}, "lora": {"lora": LoraSettings(rank=4)}}


@pytest.fixture(scope="module", params=list(KINDS))
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sd_base: Base, painted_folder: Path
) -> tuple[str, Path]:
    """A run of four steps that was never interrupted, of each kind."""
    folder = tmp_path_factory.mktemp(request.param) / "run"
    run_training(globals()["request"](folder, sd_base, painted_folder, settings(**KINDS[request.param])), no_validation)
    return request.param, folder


def test_a_killed_run_ends_bit_identical(
    whole: tuple[str, Path], tmp_path: Path, sd_base: Base, painted_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, folder = whole
    asked = request(tmp_path / "run", sd_base, painted_folder, settings(**KINDS[kind]), checkpoint_steps=2)
    step = Trainer.train_step

    def killed(trainer: Trainer, *arguments: Any) -> None:
        if trainer.step == 3:
            raise RuntimeError("killed")
        step(trainer, *arguments)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(Trainer, "train_step", killed)
        run_training(asked, no_validation)
    run_training(asked, no_validation)
    one, other = trained(folder), trained(tmp_path / "run")
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("changes", [{"accumulation": 2}, {"gradient_checkpointing": True}])
def test_less_memory_gives_the_same_weights(
    whole: tuple[str, Path], tmp_path: Path, sd_base: Base, painted_folder: Path, changes: dict[str, Any]
) -> None:
    kind, folder = whole
    run_training(request(tmp_path / "run", sd_base, painted_folder, settings(**KINDS[kind], **changes)), no_validation)
    one, other = trained(folder), trained(tmp_path / "run")
    for name in one:
        if name.startswith("model."):
            assert torch.allclose(one[name], other[name], atol=2e-4), name


def launch(folder: Path, base: Base, pairs: Path, steps: str, kind: str) -> list[float]:
    """Train in two real processes over gloo, started by accelerate's launcher; return each step's loss.

    With `steps` 2,4 the run ends after two steps, and begins again from its checkpoint.
    """
    out = folder.with_suffix(".json")
    launcher = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    launcher += ["--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", "1"]
    arguments = [Path(__file__).with_name("losses.py"), out, folder, *base, pairs, steps, kind]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    subprocess.run([sys.executable, *launcher, *map(str, arguments)], check=True, env=environment, timeout=240)
    found: list[float] = json.loads(out.read_text())
    return found


@pytest.fixture(scope="module")
def alone(
    tmp_path_factory: pytest.TempPathFactory, sd_base: Base, painted_folder: Path
) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Losses and final state of one process with the whole batch."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    return losses(folder, sd_base, painted_folder), trained(folder)


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.allclose(one[name], other[name], atol=2e-4) for name in one)


def test_two_processes_see_the_losses_of_one_with_twice_the_batch(
    tmp_path: Path, sd_base: Base, painted_folder: Path, alone: tuple[list[float], dict[str, torch.Tensor]]
) -> None:
    found = launch(tmp_path / "run", sd_base, painted_folder, "4", "repeated")
    assert len(found) == 4 and found == pytest.approx(alone[0], rel=1e-4)
    assert close(trained(tmp_path / "run"), alone[1])


def test_processes_that_share_weights_do_too_and_resume(
    tmp_path: Path, sd_base: Base, painted_folder: Path, alone: tuple[list[float], dict[str, torch.Tensor]]
) -> None:
    """FSDP: two steps, then two more from the checkpoint, which holds whole tensors."""
    found = launch(tmp_path / "run", sd_base, painted_folder, "2,4", "shared")
    assert found == pytest.approx(alone[0], rel=1e-4)
    assert close(trained(tmp_path / "run"), alone[1])
    state = load_pipeline(str(tmp_path / "run" / "model"), "cpu", torch.float32).unet.state_dict()
    average = latest_checkpoint(tmp_path / "run" / "editor")
    assert average is not None
    assert all(torch.equal(state[name], average.average[f"unet.{name}"]) for name in state)


def test_full_training_leaves_a_model_with_the_bases_encoders(
    whole: tuple[str, Path], sd_base: Base, tmp_path: Path
) -> None:
    kind, folder = whole
    card = read_card(folder / ("lora" if kind == "lora" else "model"))
    assert card is not None and "OpenRAIL" in card.licence and set(card.effect_ids) == {"santa", "laughing"}
    assert card.training["base"] == str(sd_base[0]) and card.training["image_encoder"] == str(sd_base[1])
    if kind == "lora":
        assert card.training["lora_rank"] == 4 and not (folder / "model").exists()
        return
    pipeline, base = load_pipeline(str(folder / "model"), "cpu", torch.float32), load_base(*map(str, sd_base))
    assert pipeline.unet.config.in_channels == 8 and pipeline.resolution == 64
    for part in ("vae", "text_encoder", "image_encoder"):
        before = getattr(base, part).state_dict()
        assert all(torch.equal(before[name], value) for name, value in getattr(pipeline, part).state_dict().items())
    assert not torch.equal(pipeline.unet.conv_in.weight[:, 4:], torch.zeros_like(pipeline.unet.conv_in.weight[:, 4:]))


def test_a_merged_lora_is_the_trained_model(tmp_path: Path, sd_base: Base, painted_folder: Path) -> None:
    editor = settings(lora=LoraSettings(rank=4, merge=True))
    report = run_training(request(tmp_path / "run", sd_base, painted_folder, editor), no_validation)
    assert report.model == tmp_path / "run" / "model"
    merged = load_pipeline(str(report.model), "cpu", torch.float32)
    loaded = load_with_lora(LoraChoice.parse(str(tmp_path / "run" / "lora")), None, "cpu", torch.float32)
    for part in ("unet", "adapter"):
        one, other = getattr(merged, part).state_dict(), getattr(loaded, part).state_dict()
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    low_rank = load_file(tmp_path / "run" / "lora" / "pytorch_lora_weights.safetensors")
    assert any(tensor.abs().sum() > 0 for name, tensor in low_rank.items() if "lora_B" in name)


def test_the_cache_follows_the_encoders(tmp_path: Path, sd_base: Base, painted_folder: Path) -> None:
    """What frozen encoders say is reused until an encoder changes."""
    run_training(request(tmp_path / "run", sd_base, painted_folder, settings()), no_validation)
    (cache,) = (tmp_path / "run" / "cache").iterdir()
    assert {path.stem for path in cache.glob("*.npy")} == {"source", "source_std", "target", "target_std", "hidden"}
    from tests.sd_tiny import build_clip

    other = (sd_base[0], build_clip(tmp_path / "clip", seed=9))
    with pytest.raises(UsageError, match="image_encoder"):  # its weights belong to the old latents
        run_training(request(tmp_path / "run", other, painted_folder, settings(), steps=6), no_validation)
    run_training(request(tmp_path / "other", other, painted_folder, settings()), no_validation)
    (renewed,) = (tmp_path / "other" / "cache").iterdir()
    assert renewed.name != cache.name


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path, sd_base: Base, painted_folder: Path) -> None:
    with pytest.raises(UsageError, match="multiple of 3"):
        run_training(request(tmp_path / "run", sd_base, painted_folder, settings(accumulation=3)), no_validation)


def test_a_base_needs_pairs(tmp_path: Path, sd_base: Base) -> None:
    asked = Request(tmp_path / "run", tiny_config(editor=settings()), ("editor",), None, "cpu", base=str(sd_base[0]))
    with pytest.raises(UsageError, match="training on a base needs pairs"):
        run_training(asked, no_validation)
