"""What a Stable Diffusion base draws is what diffusers' own pipelines draw, with and without what conditions add."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image

from stillyou.diffusion.sampling import draw_noise
from stillyou.diffusion.schedule import make_scheduler
from stillyou.effects.conditions import Conditions
from stillyou.pairs.teachers.conditioning.inputs import Branches, Control
from stillyou.pairs.teachers.conditioning.structure import edges
from stillyou.pairs.teachers.diffusion.bases.stable import StableBase, load_stable
from stillyou.pairs.teachers.diffusion.sampling import draw_sources, make_schedule
from tests.pairs.diffusion.tiny_bases import build_controlnet, build_ip_adapter, build_xl
from tests.sd_tiny import build_base

PROMPTS = ["a woman, santa claus costume", "a man, cute flower costume"]
SEEDS, STEPS, GUIDANCE = [3, 4], 3, 5.0


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_base(tmp_path_factory.mktemp("sd1"))


def drawn(base: StableBase, branches: Branches) -> torch.Tensor:
    schedule = make_schedule(make_scheduler("ddim", base.scheduler), STEPS, base.device)
    return draw_sources(base, schedule, branches, SEEDS).latents[-1]


def by_diffusers(pipeline: Any, base: StableBase, **options: Any) -> torch.Tensor:
    """Draw the same with a pipeline of diffusers, which has networks of its own."""
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    noise = draw_noise(SEEDS, base.latent_shape, 0)
    options |= {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE, "latents": noise, "output_type": "latent"}
    images: torch.Tensor = pipeline(PROMPTS, **options).images
    return images


def test_stable_diffusion_1(sd1: Path) -> None:
    base = load_stable(str(sd1), "people", "cpu", None)
    pipeline = StableDiffusionPipeline.from_pretrained(sd1, safety_checker=None)
    assert torch.allclose(
        drawn(base, base.branches(PROMPTS, GUIDANCE)), by_diffusers(pipeline, base), atol=1e-4, rtol=1e-4
    )


def test_stable_diffusion_xl(tmp_path: Path) -> None:
    folder = build_xl(tmp_path)
    base = load_stable(str(folder), "people", "cpu", None)
    assert base.family == "sdxl"
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder, add_watermarker=False)
    ours, theirs = drawn(base, base.branches(PROMPTS, GUIDANCE)), by_diffusers(pipeline, base)
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)


def test_a_controlnet(sd1: Path, tmp_path: Path) -> None:
    folder = build_controlnet(tmp_path, sd1)
    base = load_stable(str(sd1), "people", "cpu", None)
    plain = drawn(base, base.branches(PROMPTS, GUIDANCE))
    base.load_for(Conditions.model_validate({"structure": {"model": str(folder)}}))
    pictures = np.stack([edges(picture) for picture in _pictures()])
    control = Control(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255, 0.7)
    branches = tuple(
        replace(each, inputs=replace(each.inputs, control=control)) for each in base.branches(PROMPTS, GUIDANCE)
    )
    ours = drawn(base, branches)
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        sd1, controlnet=ControlNetModel.from_pretrained(folder), safety_checker=None
    )
    shown = [Image.fromarray(picture) for picture in pictures]
    theirs = by_diffusers(pipeline, base, image=shown, controlnet_conditioning_scale=0.7)
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)
    assert (ours - plain).abs().mean() > 0.01


def test_an_ip_adapter(sd1: Path, tmp_path: Path) -> None:
    folder = build_ip_adapter(tmp_path, sd1)
    base = load_stable(str(sd1), "people", "cpu", None)
    plain = drawn(base, base.branches(PROMPTS, GUIDANCE))
    base.load_for(Conditions.model_validate({"appearance": {"model": str(folder)}}))
    unseen = drawn(base, base.branches(PROMPTS, GUIDANCE))
    assert torch.allclose(unseen, plain, atol=1e-5)  # rows without looks are as before
    seen = _pictures()[:1]  # diffusers shows one picture to all prompts
    pixels = torch.from_numpy(seen).permute(0, 3, 1, 2).float().repeat(2, 1, 1, 1) / 127.5 - 1
    ours = drawn(base, base.with_looks(base.branches(PROMPTS, GUIDANCE), pixels, 0.6))
    pipeline = StableDiffusionPipeline.from_pretrained(sd1, safety_checker=None)
    pipeline.load_ip_adapter(str(folder), "", "ip-adapter_sd15.safetensors", low_cpu_mem_usage=False)
    pipeline.set_ip_adapter_scale(0.6)
    embeds = [torch.cat([torch.zeros(1, 1, 32), base.extras.look(seen)])]
    theirs = by_diffusers(pipeline, base, ip_adapter_image_embeds=embeds)
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)
    assert (ours - plain).abs().mean() > 0.01


def _pictures() -> np.ndarray:
    pictures = np.full((2, 64, 64, 3), 30, np.uint8)
    pictures[0, 20:50, 10:40] = (200, 90, 40)
    pictures[1, 5:30, 25:60] = (40, 180, 220)
    return pictures
