"""Ways to be faster or smaller: what must not change does not, and what is traded is what is said."""

from __future__ import annotations

import pytest
import torch
from diffusers import UNet2DConditionModel
from pydantic import ValidationError
from torch import nn

from stillyou.config import GuidanceScales, MaskSettings, SamplingSettings
from stillyou.diffusion import pipeline as pipeline_module
from stillyou.diffusion.conditions import Branch, Conditions
from stillyou.diffusion.guidance import guide, needed_branches
from stillyou.diffusion.sampling import GuidedPrediction
from stillyou.diffusion.speed.attention import fuse_attention, split_attention
from stillyou.diffusion.speed.feature_cache import FeatureCache, shallow, whole
from stillyou.diffusion.speed.memory import Sizes, bytes_needed, check_memory, read_sizes
from stillyou.diffusion.speed.precision import safely
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.effects.spec import Prompts
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import pick_dtype
from stillyou.models import load as models
from stillyou.models import place as speed
from stillyou.models.find import find_model
from stillyou.models.from_base import load_base
from stillyou.models.load import autoencoder_dtype, load_pipeline
from tests.conftest import build_tiny_pipeline
from tests.sd_tiny import build_base, build_clip

CPU = torch.device("cpu")
SCALES = GuidanceScales(image=1.2, source=1.4, text=2.5)


def pictures(count: int = 1, side: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(5)) * 2 - 1


def edit(pipeline, prompt="a santa", steps=8, strategy="none", side=64, **options):
    settings = SamplingSettings(guidance=SCALES, mask=MaskSettings(maps=3, strategy=strategy), steps=steps)
    return pipeline.edit(pictures(side=side), [Prompts("a", prompt)], settings, [1], **options)


@pytest.fixture
def pipeline():
    made = build_tiny_pipeline()
    speed.speed_up(made, SpeedSettings(), CPU)
    return made


def count_calls(module: nn.Module) -> list[int]:
    """Return a list that gets the batch size of each call."""
    calls: list[int] = []

    def count(_, inputs, named):
        calls.append(len(inputs[0] if inputs else named["hidden_states"]))

    module.register_forward_pre_hook(count, with_kwargs=True)
    return calls


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [{"guidance_share": 0}, {"feature_interval": 0}, {"scheduler": "magic"}, {"precision": "int8"}, {"batch": 0}],
    )
    def test_nonsense_is_refused(self, wrong):
        with pytest.raises(ValidationError):
            SpeedSettings(**wrong)

    def test_compile_and_offload_exclude_each_other(self):
        with pytest.raises(ValidationError, match="choose compile or offload"):
            SpeedSettings(compile=True, offload=True)


class TestTokens:
    def test_a_second_edit_encodes_no_text_anew(self, pipeline):
        calls, seeing = count_calls(pipeline.text_encoder), count_calls(pipeline.image_encoder)
        first = edit(pipeline)
        assert len(calls) == 3 and len(seeing) == 2  # target, source, empty; picture, black
        again = edit(pipeline)
        assert len(calls) == 3 and len(seeing) == 3
        assert torch.equal(first.pixels, again.pixels)
        edit(pipeline, prompt="a sheep")
        assert len(calls) == 4

    def test_kept_tokens_are_those_of_a_fresh_pipeline(self, pipeline):
        edit(pipeline, prompt="a sheep")
        assert torch.equal(edit(pipeline).pixels, edit(build_tiny_pipeline()).pixels)

    def test_other_weights_make_other_tokens(self, pipeline):
        before = edit(pipeline).pixels
        with torch.no_grad():
            pipeline.text_encoder.get_input_embeddings().weight.mul_(3)
        assert not torch.equal(edit(pipeline).pixels, before)

    def test_a_pipeline_that_is_trained_keeps_none(self):
        trained = build_tiny_pipeline()
        calls = count_calls(trained.text_encoder)
        edit(trained)
        edit(trained)
        assert trained.tokens is None and len(calls) == 6


class TestLateGuidance:
    def test_share_one_changes_nothing_and_less_costs_less(self, pipeline):
        mask = torch.ones(1, 1, 64, 64)
        full = edit(pipeline, mask=mask)
        pipeline.speed = SpeedSettings(guidance_share=0.5)
        half = edit(pipeline, mask=mask)
        assert (full.evaluations, half.evaluations) == (8 * 4, 4 * 4 + 4)
        assert not torch.equal(full.pixels, half.pixels)

    def test_the_noise_strategy_keeps_both_prompts_late(self, pipeline):
        pipeline.speed = SpeedSettings(guidance_share=0.25)
        assert edit(pipeline, mask=torch.ones(1, 1, 64, 64), strategy="noise").evaluations == 2 * 5 + 6 * 2

    def test_late_steps_add_what_guidance_added_last(self):
        def rows(count):
            return Conditions(torch.zeros(count, 1, 2, 2), torch.zeros(count, 1, 1))

        answers = iter([torch.tensor([1.0, 2.0, 4.0, 7.0]), torch.tensor([8.0])])
        shared = {branch: rows(1) for branch in (Branch.NONE, Branch.IMAGE, Branch.IMAGE_SOURCE)}
        predict = GuidedPrediction(lambda *_: next(answers).view(-1, 1, 1, 1), shared, rows(1), SCALES)
        z, t = torch.zeros(1, 1, 1, 1), torch.tensor(1)
        guided = float(predict(z, t))
        assert guided == pytest.approx(float(guide(*(torch.tensor(v) for v in (1.0, 2.0, 4.0, 7.0)), SCALES)))
        assert float(predict(z, t, late=True)) == pytest.approx(8.0 + guided - 7.0)
        assert predict.evaluations == 5

    @pytest.mark.parametrize(
        ("scales", "evaluations"),
        [((1, 1, 1), 1), ((1, 1, 3), 2), ((2, 2, 2), 2), ((1, 3, 3), 2), ((1.5, 1, 3), 4), ((1.5, 1.5, 3), 3)],
    )
    def test_branches_whose_weights_cancel_are_not_evaluated(self, scales, evaluations):
        """Each branch predicts a number of its own, by which the stand-in knows it."""
        own = {Branch.NONE: 1.0, Branch.IMAGE: 2.0, Branch.IMAGE_SOURCE: 4.0, Branch.FULL: 7.0}
        parts = {b: Conditions(torch.zeros(1, 1, 1, 1), torch.full((1, 1, 1), value)) for b, value in own.items()}
        g = GuidanceScales(**dict(zip(("image", "source", "text"), scales, strict=True)))
        shared = {branch: parts[branch] for branch in needed_branches(g)}
        predict = GuidedPrediction(lambda z, t, seen: seen.tokens.view(-1, 1, 1, 1), shared, parts[Branch.FULL], g)
        guided = float(predict(torch.zeros(1, 1, 1, 1), torch.tensor(1)))
        assert guided == pytest.approx(float(guide(*(torch.tensor(value) for value in own.values()), g)))
        assert predict.evaluations == evaluations


class TestFeatureCache:
    @pytest.fixture(params=["embedded kind", "Stable Diffusion kind"])
    def unet(self, request, pipeline):
        if request.param == "embedded kind":
            return pipeline.unet
        torch.manual_seed(0)
        return UNet2DConditionModel(
            sample_size=8,
            in_channels=8,
            block_out_channels=(16, 32, 32),
            layers_per_block=2,
            cross_attention_dim=32,
            norm_num_groups=8,
            attention_head_dim=2,
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        ).eval()

    @pytest.mark.parametrize("side", [8, 10])  # 10 is not divisible by the downsampling
    @torch.inference_mode()
    def test_the_parts_together_are_the_unet(self, unet, side):
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(2, 8, side, side, generator=generator)
        tokens, t = torch.randn(2, 5, 32, generator=generator), torch.tensor(300)
        expected = unet(x, t, tokens).sample
        prediction, features = whole(unet, x, t, tokens)
        torch.testing.assert_close(prediction, expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(shallow(unet, x, t, tokens, features), expected, atol=1e-5, rtol=0)

    def test_deep_levels_run_every_interval(self, pipeline):
        calls = count_calls(pipeline.unet.mid_block)
        pipeline.speed = SpeedSettings(feature_interval=3)
        edit(pipeline, mask=torch.ones(1, 1, 64, 64))
        assert calls == [4, 4, 4]  # of 8 steps: 0, 3, 6

    def test_another_batch_computes_anew(self, pipeline):
        """Late guidance makes the batch smaller in the middle."""
        calls = count_calls(pipeline.unet.mid_block)
        pipeline.speed = SpeedSettings(feature_interval=4, guidance_share=0.25)
        edit(pipeline, mask=torch.ones(1, 1, 64, 64))
        assert calls == [4, 1, 1]  # steps 0, 2, 6

    def test_interval_one_runs_the_unet_itself(self, pipeline):
        before = edit(pipeline).pixels
        cache = FeatureCache(pipeline.unet, 1)
        assert torch.equal(edit(pipeline).pixels, before) and cache._features is None


class TestAttention:
    def test_splitting_again_leaves_nothing_behind(self, pipeline):
        names = set(pipeline.unet.state_dict())
        fuse_attention(pipeline.unet)
        assert set(pipeline.unet.state_dict()) != names
        assert split_attention(pipeline.unet) and not split_attention(pipeline.unet)
        assert set(pipeline.unet.state_dict()) == names

    def test_lora_is_seen_though_attention_was_fused(self, pipeline, tmp_path):
        pytest.importorskip("peft")
        from stillyou.diffusion.card import ModelCard
        from stillyou.diffusion.lora import add_lora, lora_parameters, save_lora

        trained = build_tiny_pipeline()
        add_lora(trained.unet, rank=2, alpha=2, seed=0)
        for parameter in lora_parameters(trained.unet).values():
            nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(1))
        save_lora(trained, tmp_path, ModelCard(resolution=64))
        expected = edit(trained).pixels
        fuse_attention(pipeline.unet)
        pipeline.load_lora_weights(tmp_path)
        torch.testing.assert_close(edit(pipeline).pixels, expected, atol=1e-5, rtol=0)


class TestPrecision:
    def test_a_network_that_overflows_runs_in_fp32(self):
        network, notes = nn.Linear(1, 1, dtype=torch.float16), []
        made = []

        def make():
            made.append(network.weight.dtype)
            return torch.tensor([float("inf") if network.weight.dtype is torch.float16 else 1.0])

        assert float(safely("the autoencoder", [network], make, notes)) == 1
        assert made == [torch.float16, torch.float32]
        assert notes == ["the autoencoder overflowed in fp16 and ran in fp32 instead"]

    def test_an_autoencoder_that_overflows_is_told_with_the_edit(self, pipeline):
        pipeline.vae.half()
        convolutions = [module for module in pipeline.vae.decoder.modules() if isinstance(module, nn.Conv2d)]
        with torch.no_grad():
            for convolution in convolutions[:3]:
                convolution.weight.mul_(2000)
        edits = edit(pipeline)
        assert bool(edits.pixels.isfinite().all())
        assert edits.notes == ("the autoencoder overflowed in fp16 and ran in fp32 instead",)

    def test_a_unet_that_overflows_is_named(self, pipeline):
        pipeline.unet.half()
        with torch.no_grad():
            pipeline.unet.conv_out.bias.fill_(float("inf"))
        with pytest.raises(StillYouError, match="the UNet overflowed in fp16.*bf16"):
            edit(pipeline)

    def test_precisions_by_name(self):
        assert pick_dtype("bf16", CPU) is torch.bfloat16
        assert pick_dtype("fp16", torch.device("cuda")) is torch.float16
        with pytest.raises(UsageError, match="fp16 needs a GPU"):
            pick_dtype("fp16", CPU)

    def test_the_autoencoder_never_runs_in_bf16(self, tmp_path):
        gpu = torch.device("cuda")
        assert autoencoder_dtype(tmp_path, torch.bfloat16, gpu) is torch.float16
        assert autoencoder_dtype(tmp_path, torch.float32, gpu) is torch.float32
        assert autoencoder_dtype(tmp_path, torch.bfloat16, CPU) is torch.float32
        assert autoencoder_dtype(find_model("embedded"), torch.bfloat16, gpu) is torch.float32  # the tiny kind


SIZES = Sizes({"unet": 860_000_000, "vae": 84_000_000, "text_encoder": 123_000_000}, 320, 128, 512)


class TestMemory:
    def test_every_remedy_needs_less(self):
        plain = bytes_needed(SIZES, SpeedSettings(batch=8), half=False)
        assert bytes_needed(SIZES, SpeedSettings(batch=8), half=True) < plain
        assert bytes_needed(SIZES, SpeedSettings(batch=1), half=False) < plain
        assert bytes_needed(SIZES, SpeedSettings(batch=8, offload=True), half=False) < plain

    def test_too_little_is_told_with_what_fits(self):
        needed = bytes_needed(SIZES, SpeedSettings(), half=True)
        check_memory(SIZES, SpeedSettings(), True, needed, "cuda:0")
        with pytest.raises(StillYouError) as refused:
            check_memory(SIZES, SpeedSettings(batch=4), False, needed, "cuda:0")
        told = str(refused.value)
        assert "cuda:0" in told and f"{needed / 1e9:.1f} GB are free" in told
        assert f"--batch 1 --precision fp16 ({needed / 1e9:.1f} GB)" in told and "--batch 1 (" not in told
        with pytest.raises(StillYouError, match="--device cpu"):
            check_memory(SIZES, SpeedSettings(), False, 1e8, "cuda:0")

    def test_sizes_come_from_headers(self):
        sizes, loaded = read_sizes(find_model("embedded"), 256), load_pipeline("embedded", "cpu")
        for name, count in sizes.parameters.items():
            assert count == sum(t.numel() for t in getattr(loaded, name).state_dict().values()), name
        assert sizes.tiny_autoencoder and sizes.resolution == 256

    def test_nothing_is_loaded_that_would_not_fit(self, monkeypatch):
        monkeypatch.setattr(models, "free_memory", lambda device: 1e6)
        monkeypatch.setattr(models, "load_compact", lambda *_: pytest.fail("loaded"))
        with pytest.raises(StillYouError, match="an edit needs about .* GB on cuda:0, and 0.0 GB are free"):
            load_pipeline("embedded", torch.device("cuda:0"))

    def test_memory_that_runs_out_after_all_is_one_line(self, pipeline, monkeypatch):
        def exhausted(*_, **__):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

        monkeypatch.setattr(pipeline_module, "sample", exhausted)
        with pytest.raises(StillYouError, match="memory ran out during the edit.*--offload"):
            edit(pipeline)


class TestTiles:
    def test_tiles_change_little(self, tmp_path):
        base, clip = str(build_base(tmp_path / "base")), str(build_clip(tmp_path / "clip"))
        plain, tiled = load_base(base, clip), load_base(base, clip)
        tiled.card = tiled.card.model_copy(update={"resolution": 128})
        speed.speed_up(tiled, SpeedSettings(tile_vae=True), CPU)
        assert tiled.vae.tile_sample_min_size == 64 and tiled.vae.tile_latent_min_size == 8
        z = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(2))
        whole_picture, tiles = plain.decode(z), tiled.decode(z)
        assert not torch.equal(whole_picture, tiles)
        # Each tile is normalised by itself, which random weights feel most.
        assert (whole_picture - tiles).abs().mean() < 0.5 * whole_picture.std()

    def test_the_tiny_autoencoder_works_on_whole_pictures(self):
        plain, tiled = build_tiny_pipeline(), build_tiny_pipeline()
        speed.speed_up(tiled, SpeedSettings(tile_vae=True), CPU)
        assert torch.equal(edit(plain).pixels, edit(tiled).pixels)


class TestCompile:
    def test_compiling_ahead_serves_the_edit(self, pipeline):
        """Every graph that an edit needs was made before it: the same shapes, strides and kinds of tensors."""
        graphs = []

        def backend(graph, inputs):
            graphs.append(len(inputs))
            return graph.forward

        pipeline.unet.compile(backend=backend, dynamic=False)
        speed.compile_seconds(pipeline)
        made = len(graphs)
        settings = SamplingSettings(guidance=SCALES, mask=MaskSettings(maps=4, strategy="latent"), steps=3)
        pipeline.edit(pictures(), [Prompts("a", "a santa")], settings, [1])
        assert made > 0 and len(graphs) == made

    def test_a_missing_compiler_is_one_line(self, pipeline, monkeypatch):
        def fail(*_):
            raise RuntimeError("Failed to find C compiler.\nPlease specify via CC")

        monkeypatch.setattr(speed, "_rehearse", fail)
        with pytest.raises(StillYouError, match="torch.compile does not work here .Failed to find C compiler.*gcc"):
            speed.compile_seconds(pipeline)
