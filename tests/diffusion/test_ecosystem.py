"""The pipeline among diffusers' own: save and load, devices and dtypes, callbacks, batches, offload, samplers, hub."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import get_args

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings, SchedulerName
from stillyou.diffusion.autoencoder import to_pixels
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import draw_noise
from stillyou.diffusion.schedule import make_scheduler, noise_levels, start
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.effects.spec import Prompts
from stillyou.models.load import load_pipeline
from tests.conftest import build_tiny_pipeline

PROMPTS = Prompts("a cartoon character", "a cartoon character, santa claus costume")
CLASSES = {
    "unipc": UniPCMultistepScheduler,
    "ddim": DDIMScheduler,
    "dpm++": DPMSolverMultistepScheduler,
    "euler": EulerDiscreteScheduler,
    "ddpm": DDIMScheduler,
    "sde-dpm++": DPMSolverMultistepScheduler,
}


def pictures(count: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(5)) * 2 - 1


def edit(pipeline, pixels=None, seeds=(1,), strategy="latent", **options):
    pixels = pictures() if pixels is None else pixels
    settings = SamplingSettings(
        guidance=GuidanceScales(image=1.2, source=1.4, text=2.5),
        mask=MaskSettings(maps=2, strategy=strategy),
        steps=options.pop("steps", 4),
        strength=options.pop("strength", 1.0),
    )
    return pipeline(pixels, [PROMPTS] * len(pixels), settings, list(seeds), **options)


@pytest.fixture
def pipeline():
    return build_tiny_pipeline()


def test_save_and_load_give_the_same_bits(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path)
    loaded = MultiConditionedPipeline.from_pretrained(tmp_path)
    assert {name for name in loaded.components} == {name for name in pipeline.components}
    assert torch.equal(edit(loaded).pixels, edit(pipeline).pixels)
    assert not list(tmp_path.rglob("*.bin"))


def test_fused_attention_is_saved_split(pipeline, tmp_path):
    from stillyou.diffusion.speed.attention import fuse_attention

    names = set(pipeline.unet.state_dict())
    before = edit(pipeline).pixels
    fuse_attention(pipeline.unet)
    torch.testing.assert_close(edit(pipeline).pixels, before, atol=1e-5, rtol=0)
    pipeline.save_pretrained(tmp_path)
    assert set(load_pipeline(str(tmp_path), "cpu").unet.state_dict()) == names
    assert set(pipeline.unet.state_dict()) > names  # and goes on fused


def test_dtypes_move_with_the_pipeline(pipeline):
    before = edit(pipeline).pixels
    pipeline.to(torch.bfloat16)
    assert pipeline.dtype is torch.bfloat16
    half = edit(pipeline)
    assert half.pixels.dtype is torch.float32 and bool(half.pixels.isfinite().all())
    pipeline.to(torch.float32)
    assert (edit(pipeline).pixels - before).abs().mean() < 0.1  # weights were rounded, the edit is the same
    assert pipeline.to("cpu").device.type == "cpu"


def test_dtypes_of_a_loaded_folder(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path)
    loaded = load_pipeline(str(tmp_path), "cpu", torch.bfloat16)
    assert loaded.unet.dtype is loaded.text_encoder.dtype is torch.bfloat16
    assert torch.equal(next(loaded.vae.parameters()), next(pipeline.vae.parameters()))  # not rounded on the way


@pytest.mark.parametrize("strategy", ["noise", "latent"])
@pytest.mark.parametrize("name", get_args(SchedulerName))
def test_a_batch_gives_what_single_edits_give(pipeline, name, strategy):
    pipeline.scheduler = make_scheduler(name, pipeline.scheduler)
    batch = edit(pipeline, pictures(3), (7, 8, 9), strategy)
    alone = edit(pipeline, pictures(3)[1:2], (8,), strategy)
    torch.testing.assert_close(alone.pixels, batch.pixels[1:2], atol=1e-4, rtol=0)


def test_callbacks_see_every_step_and_may_change_the_latents(pipeline):
    seen = []

    def watch(given, step, timestep, tensors):
        assert given is pipeline
        seen.append((step, int(timestep), tuple(tensors["latents"].shape)))
        return {}

    before = edit(pipeline).pixels
    watched = edit(pipeline, callback_on_step_end=watch).pixels
    assert torch.equal(watched, before)
    assert [step for step, *_ in seen] == [0, 1, 2, 3] and all(shape == (1, 4, 8, 8) for *_, shape in seen)
    assert [t for _, t, _ in seen] == sorted((t for _, t, _ in seen), reverse=True)

    def end_at_zero(given, step, timestep, tensors):
        return {"latents": torch.zeros_like(tensors["latents"])} if step == 3 else {}

    zeroed = edit(pipeline, callback_on_step_end=end_at_zero).pixels
    expected = to_pixels(pipeline.vae, torch.zeros(1, 4, 8, 8))
    torch.testing.assert_close(zeroed, expected, atol=1e-6, rtol=0)


def test_offload_moves_networks_and_changes_nothing(pipeline):
    pytest.importorskip("accelerate")
    before = edit(pipeline).pixels
    pipeline.enable_model_cpu_offload(device="cpu")
    assert all(hasattr(getattr(pipeline, name), "_hf_hook") for name in ("unet", "vae", "text_encoder", "adapter"))
    assert torch.equal(edit(pipeline).pixels, before)
    assert torch.equal(edit(pipeline).pixels, before)  # the hooks are there again for a second edit
    pipeline.remove_all_hooks()
    assert torch.equal(edit(pipeline).pixels, before)


def test_every_component_is_offloaded(pipeline):
    networks = {name for name, part in pipeline.components.items() if isinstance(part, torch.nn.Module)}
    assert set(pipeline.model_cpu_offload_seq.split("->")) == networks


def test_no_component_is_optional_and_a_missing_one_is_named(pipeline, tmp_path):
    assert MultiConditionedPipeline._optional_components == []
    pipeline.save_pretrained(tmp_path)
    shutil.rmtree(tmp_path / "adapter")
    from stillyou.errors import StillYouError

    with pytest.raises(StillYouError, match="damaged or incomplete"):
        load_pipeline(str(tmp_path), "cpu")


def test_components_make_another_pipeline_without_copies(pipeline):
    other = MultiConditionedPipeline(**pipeline.components)
    assert other.unet is pipeline.unet
    assert torch.equal(edit(other).pixels, edit(pipeline).pixels)


def test_an_edit_leaves_the_scheduler_as_it_was(pipeline):
    before = copy.deepcopy(pipeline.scheduler.__dict__)
    edit(pipeline)
    after = pipeline.scheduler.__dict__
    assert after["config"] == before["config"] if "config" in after else True
    assert pipeline.scheduler.num_inference_steps == before.get("num_inference_steps")


@pytest.mark.parametrize("name", get_args(SchedulerName))
class TestSamplers:
    def test_takes_over_the_noise_schedule(self, pipeline, name):
        made = make_scheduler(name, pipeline.scheduler)
        assert isinstance(made, CLASSES[name])
        torch.testing.assert_close(made.alphas_cumprod, pipeline.scheduler.alphas_cumprod)
        assert made.config.prediction_type == "v_prediction"

    def test_noise_at_a_level_is_what_the_network_should_see(self, pipeline, name):
        """Scaled for the network, z at timestep t is sqrt(a_t) z + sqrt(1 - a_t) n, whatever the convention."""
        z, n = (torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(i)) for i in (1, 2))
        scheduler, timesteps = start(make_scheduler(name, pipeline.scheduler), 10, torch.device("cpu"), 0.5)
        for t, (keep, add) in zip(timesteps, noise_levels(scheduler, timesteps), strict=True):
            seen = scheduler.scale_model_input(keep * z + add * n, t)
            scheduler.step(torch.zeros_like(z), t, z)
            a = scheduler.alphas_cumprod[int(t)]
            torch.testing.assert_close(seen.float(), a.sqrt() * z + (1 - a).sqrt() * n, atol=3e-3, rtol=0)

    def test_pure_noise_is_seen_at_unit_variance(self, pipeline, name):
        scheduler, timesteps = start(make_scheduler(name, pipeline.scheduler), 10, torch.device("cpu"), 1.0)
        n = torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(1))
        seen = scheduler.scale_model_input(n * scheduler.init_noise_sigma, timesteps[0])
        assert abs(float(seen.std()) - 1) < 0.05

    @pytest.mark.parametrize("strength", [1.0, 0.5])
    def test_a_perfect_denoiser_arrives_at_the_answer(self, name, strength, pipeline):
        """With predictions that always point to one answer, every sampler ends there, from either start."""
        answer = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))
        z, n = torch.zeros_like(answer), torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(4))
        scheduler, timesteps = start(make_scheduler(name, pipeline.scheduler), 20, torch.device("cpu"), strength)
        keep, add = noise_levels(scheduler, timesteps)[0]
        z_t = n * scheduler.init_noise_sigma if strength == 1 else keep * z + add * n
        for t in timesteps:
            seen = scheduler.scale_model_input(z_t, t)
            a = scheduler.alphas_cumprod[int(t)]
            noise = (seen - a.sqrt() * answer) / (1 - a).sqrt()
            velocity = a.sqrt() * noise - (1 - a).sqrt() * answer
            z_t = scheduler.step(velocity, t, z_t, return_dict=False)[0]
        torch.testing.assert_close(z_t, answer, atol=0.05, rtol=0)

    def test_latent_strategy_keeps_the_source_where_the_mask_is_zero(self, pipeline, name):
        pipeline.scheduler = make_scheduler(name, pipeline.scheduler)
        seen = []
        edits = edit(
            pipeline,
            mask=torch.zeros(1, 1, 64, 64),
            callback_on_step_end=lambda *given: seen.append(given[-1]["latents"]) or {},
        )
        torch.testing.assert_close(edits.pixels, edits.reconstruction, atol=1e-5, rtol=0)
        z_s, n = pipeline.encode(pictures(), [PROMPTS]).latents, draw_noise([1], (4, 8, 8), 0)
        levels = noise_levels(*start(pipeline.scheduler, 4, torch.device("cpu"), 1.0))
        for latents, (keep, add) in zip(seen, [*levels[1:], (1.0, 0.0)], strict=True):
            torch.testing.assert_close(latents, keep * z_s + add * n, atol=1e-4, rtol=0)
        noise = [add / keep for keep, add in levels]
        assert all(after < before for before, after in zip(noise, noise[1:], strict=False))

    def test_a_model_is_loaded_with_it(self, pipeline, name, tmp_path):
        pipeline.save_pretrained(tmp_path)
        loaded = load_pipeline(str(tmp_path), "cpu", speed=SpeedSettings(scheduler=name))
        assert isinstance(loaded.scheduler, CLASSES[name])


def test_pushing_uploads_everything_but_what_could_hold_code(pipeline, tmp_path, monkeypatch):
    """`push_to_hub` on a hub that is a folder; what was pushed can be pulled and edits the same."""
    from diffusers.utils import hub_utils

    from stillyou.models.pull import pull

    hub = tmp_path / "hub"

    def upload(self, folder, repository, **_):
        shutil.copytree(folder, hub / repository)

    monkeypatch.setattr(MultiConditionedPipeline, "_upload_folder", upload)
    monkeypatch.setattr("diffusers.utils.hub_utils.load_or_create_model_card", lambda *_, **__: Card())
    monkeypatch.setattr("diffusers.utils.hub_utils.populate_model_card", lambda card: card)
    monkeypatch.setattr(hub_utils, "create_repo", lambda name, **_: type("Repository", (), {"repo_id": name}))
    pipeline.push_to_hub("me/mine")
    pushed = {path.suffix for path in (hub / "me/mine").rglob("*") if path.is_file()}
    assert pushed <= {".json", ".txt", ".safetensors", ".md"}
    pull(str(hub / "me/mine"), tmp_path / "pulled")
    loaded = load_pipeline(str(tmp_path / "pulled"), "cpu", torch.float32)
    assert torch.equal(edit(loaded).pixels, edit(pipeline).pixels)


class Card:
    def save(self, path):
        Path(path).write_text("# a model")


def test_saving_with_a_push_uploads_what_is_complete(pipeline, tmp_path, monkeypatch):
    pushed = []
    monkeypatch.setattr(MultiConditionedPipeline, "push_to_hub", lambda self, name: pushed.append(name))
    pipeline.save_pretrained(tmp_path / "mine", push_to_hub=True, repo_id="me/mine")
    assert pushed == ["me/mine"] and (tmp_path / "mine" / "checksums.json").exists()


def test_it_is_a_diffusers_pipeline(pipeline):
    assert isinstance(pipeline, DiffusionPipeline)
    assert pipeline.__call__.__func__ is MultiConditionedPipeline.edit
