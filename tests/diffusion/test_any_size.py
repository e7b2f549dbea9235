"""Stable Diffusion 1.x and 2.x bases at sizes other than their own, through the pipeline and the editor."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import UniPCMultistepScheduler
from PIL import Image

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings
from stillyou.diffusion.conditions import EncodedSource
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import sample
from stillyou.editing.editor import Editor
from stillyou.editing.scene.crop import Crop
from stillyou.effects.spec import Prompts
from stillyou.errors import UsageError
from stillyou.models.from_base import load_base
from tests.sd_tiny import build_base, build_clip

SCALES = GuidanceScales(image=1.3, source=1.5, text=3)
KINDS = {
    "sd1": {"cross_dim": 64, "prediction_type": "epsilon"},
    "sd2": {"cross_dim": 128, "prediction_type": "v_prediction"},
}


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    """One multi-conditioned model on each kind of base; CLIP is 64 wide, so that sd2's adapter maps it to 128."""
    folder, made = tmp_path_factory.mktemp("bases"), {}
    clip = build_clip(folder / "clip")
    for kind, sizes in KINDS.items():
        pipeline = load_base(str(build_base(folder / kind, **sizes)), str(clip))
        with torch.no_grad():  # so that the source's channels say something
            torch.manual_seed(4)
            pipeline.unet.conv_in.weight[:, 4:] = 0.1 * torch.randn(16, 4, 3, 3)
        for name in ("vae", "unet", "adapter", "text_encoder", "image_encoder"):
            getattr(pipeline, name).eval().requires_grad_(False)
        made[kind] = pipeline
    return made


def edit(pipeline, pixels, seeds, **options):
    mask = MaskSettings(maps=1, strategy=options.pop("strategy", "noise"))
    settings = SamplingSettings(guidance=SCALES, mask=mask, steps=2)
    prompts = [Prompts("a woman", "a woman, santa claus costume")] * len(pixels)
    return pipeline.edit(pixels, prompts, settings, seeds, **options)


def pictures(count, height, width):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(64, 64), (128, 128), (192, 192), (128, 64)])
def test_edits_at_any_multiple_of_64(pipelines, kind, size):
    edits = edit(pipelines[kind], pictures(1, *size), [3])
    assert edits.pixels.shape == edits.reconstruction.shape == (1, 3, *size)
    assert edits.mask.shape == (1, 1, *size)
    assert edits.pixels.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_batches_agree_at_another_size(pipelines, kind):
    pixels = pictures(2, 128, 128)
    both = edit(pipelines[kind], pixels, [3, 4]).pixels
    alone = edit(pipelines[kind], pixels[1:], [4]).pixels
    torch.testing.assert_close(both[1:], alone, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_edits_the_same(pipelines, kind, tmp_path):
    pipelines[kind].save_pretrained(tmp_path)
    again = MultiConditionedPipeline.from_pretrained(tmp_path)
    assert again.scheduler.config.prediction_type == KINDS[kind]["prediction_type"]
    pixels = pictures(1, 128, 128)
    assert torch.equal(edit(again, pixels, [3]).pixels, edit(pipelines[kind], pixels, [3]).pixels)


class Knowing:
    """A denoiser that knows the answer z_0 and states it as the schedule asks: as noise or as velocity."""

    def __init__(self, answer, scheduler):
        self.answer, self.kind = answer, scheduler.config.prediction_type
        self.alphas = scheduler.alphas_cumprod

    def predict(self, noisy, t, conditions):
        a, s = self.alphas[t].sqrt(), (1 - self.alphas[t]).sqrt()
        noise = (noisy - a * self.answer) / s
        return noise if self.kind == "epsilon" else a * noise - s * self.answer


@pytest.mark.parametrize("kind", KINDS)
def test_both_kinds_of_prediction_reach_a_known_answer(pipelines, kind):
    pipeline = pipelines[kind]
    answer = torch.randn(1, 4, 12, 12, generator=torch.Generator().manual_seed(9))
    source = pipeline.encode(pictures(1, 96, 96), [Prompts("a woman", "a woman")])
    encoded = EncodedSource(**{**source.__dict__, "latents": torch.zeros_like(answer)})
    settings = SamplingSettings(guidance=SCALES, steps=8)
    found, _ = sample(Knowing(answer, pipeline.scheduler), pipeline.scheduler, encoded, settings, [1])
    torch.testing.assert_close(found, answer, atol=1e-3, rtol=0)
    assert isinstance(pipeline.scheduler, UniPCMultistepScheduler)


@pytest.fixture(scope="module")
def portrait():
    y, x = np.mgrid[0:200, 0:260] / 260
    return Image.fromarray((np.stack([x, y, 1 - x], axis=-1) * 255).astype(np.uint8))


@pytest.mark.parametrize("resolution", [None, 128, 192])
def test_the_editor_pastes_back_whatever_the_resolution(pipelines, portrait, resolution):
    mask = np.zeros((200, 260), np.uint8)
    mask[60:140, 80:160] = 255
    result = Editor(pipelines["sd1"]).edit(
        portrait,
        "santa",
        steps=2,
        mask=mask,
        crop=Crop(50, 20, 160),
        resolution=resolution,
        domain="people",
        mask_strategy="none",
    )
    before, after = np.asarray(portrait), np.asarray(result.image)
    assert after.shape == before.shape
    assert np.array_equal(after[mask == 0], before[mask == 0])
    assert (after[mask == 255] != before[mask == 255]).mean() > 0.5
    told = any("trained on squares of 64 pixels" in note for note in result.report.notes)
    assert told == (resolution is not None)


@pytest.mark.parametrize(
    ("resolution", "match"),
    [
        (100, "resolution 100 is not a multiple of 64. The nearest is 128"),
        (0, "resolution 0 is not a whole number from 64 to 2048"),
        (4096, "from 64 to 2048"),
        (64.0, "is not a whole number"),
    ],
)
def test_resolutions_that_networks_cannot_work_at_are_refused(pipelines, portrait, resolution, match):
    with pytest.raises(UsageError, match=match):
        Editor(pipelines["sd1"]).edit(portrait, "santa", resolution=resolution)
