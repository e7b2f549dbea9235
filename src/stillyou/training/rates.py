"""How fast this machine renders, encodes and trains, and what memory that takes: estimates, for plans.

Small networks are tried for a moment, on made-up pictures. For large ones, arithmetic is counted on PyTorch's meta
device and divided by what a convolution reaches here. What the studios draw a second is recorded
(docs/reference/training.md, How long).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from stillyou.diffusion.network import build_autoencoder
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.models.from_base import IMAGE_ENCODER, sketch_base
from stillyou.training.autoencoder.learn import AutoencoderObjective, PictureBatch
from stillyou.training.config import EditorSettings, Optimisation, TrainingConfig
from stillyou.training.data.pair_encoder import CacheRow
from stillyou.training.editor.encoding import encoder_settings, make_encoder
from stillyou.training.editor.memory import at_a_time, count_memory, sketch_unet, subject
from stillyou.training.editor.objective import EditorBatch
from stillyou.training.editor.task import editor_objective
from stillyou.training.loop.optimiser import make_optimizer
from stillyou.training.model import fresh_pipeline, load_init
from stillyou.training.run import Request

PAIRS_A_SECOND_A_CORE = {"people": 1.8, "cartoon": 14.0}
"""Recorded on two cores without a GPU: 4,046 pairs of people in 19 minutes, 3,596 cartoons in 2."""
_UNKNOWN_TEACHER = 1.0
SECONDS_A_PICTURE = 0.004
"""To read and decode a stored picture of 256 px on one core, recorded."""
_TRIED = 4
"""Samples of a trial step on a CPU, where time grows with them."""


@dataclass(frozen=True)
class Rates:
    """Estimates for one request on one machine.

    Attributes:
        how: Where they come from, in words.
        encode: Seconds to encode a pair, all copies.
        steps: Seconds a step, by trained stage.
        peaks: Most bytes in use, by trained stage and `encoding`; on the device, or of the process on a CPU.
    """

    how: str
    encode: float
    steps: Mapping[str, float]
    peaks: Mapping[str, float]


@dataclass(frozen=True)
class Hardware:
    """Where a run computes: device, precision of its steps, processes."""

    device: torch.device
    dtype: torch.dtype
    processes: int = 1

    @staticmethod
    def of(accelerator: Accelerator) -> Hardware:
        """Return what a run's accelerator stands for."""
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(accelerator.mixed_precision, torch.float32)
        return Hardware(accelerator.device, dtype, accelerator.num_processes)

    def autocast(self) -> torch.autocast:
        """Return the autocast of a step."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not torch.float32)


def pairs_a_second(teacher: str, workers: int) -> float:
    """Return what a teacher makes with so many worker processes."""
    return workers * PAIRS_A_SECOND_A_CORE.get(teacher, _UNKNOWN_TEACHER)


def estimate(request: Request, hardware: Hardware) -> Rates:
    """Estimate the trained stages of a request.

    Raises:
        UsageError: The model to start from is not there.
    """
    if request.base is not None:
        side = request.config.resolution
        return _counted(
            *sketch_base(request.base, request.image_encoder or IMAGE_ENCODER, resolution=side), request, hardware
        )
    if request.init is not None:
        pipeline = load_init(request.init)
        if request.config.editor.frozen_encoders:
            return _counted(dict(pipeline.components), pipeline.resolution, request, hardware)
    else:
        architecture = request.config.architecture
        pipeline = fresh_pipeline(architecture, [], build_autoencoder(architecture), 0)
    with torch.random.fork_rng(devices=[]):
        return _tried(pipeline, request, hardware)


def _tried(pipeline: MultiConditionedPipeline, request: Request, hardware: Hardware) -> Rates:
    """Encode a batch, and take a step of each trained stage."""
    config, steps, peaks = request.config, dict[str, float](), dict[str, float]()
    pipeline.vae.to(hardware.device)
    encode = _try_encoding(pipeline, config, hardware)
    peaks["encoding"] = _peak(hardware.device)
    if "autoencoder" in request.stages:
        vae = build_autoencoder(config.architecture).to(memory_format=torch.channels_last)
        model = AutoencoderObjective(vae, config.autoencoder.latent_noise)
        side = config.autoencoder.crop or pipeline.resolution
        steps["autoencoder"], peaks["autoencoder"] = _try_step(
            model, lambda count: _pictures(pipeline, count, side, hardware), config.autoencoder, hardware
        )
    steps["editor"], peaks["editor"] = _try_step(
        editor_objective(pipeline, config.editor.model_copy(update={"compile": False})),
        lambda count: _latents(pipeline, count, hardware, config.editor),
        config.editor,
        hardware,
    )
    return Rates("a trial of a few seconds on this machine", encode, steps, peaks)


def _try_encoding(pipeline: MultiConditionedPipeline, config: TrainingConfig, hardware: Hardware) -> float:
    settings = encoder_settings(pipeline, config.editor, config.seed)
    encoder = make_encoder(pipeline, settings, config.editor, hardware.device)
    frames = (
        torch.rand(encoder.at_a_time, 2, 3, settings.resolution, settings.resolution, device=hardware.device) * 2 - 1
    )
    rows = [CacheRow(str(index), "", "", "", 0) for index in range(len(frames))]

    def encode(pairs: int) -> None:  # the last copy stands for all
        encoder.encode(frames[:pairs], rows[:pairs], settings.copies - 1)

    encode(len(frames))  # warms up, and takes the memory that a batch takes
    pairs = len(frames) if hardware.device.type == "cuda" else 1  # on a CPU more are no faster
    seconds = _time(lambda: encode(pairs), hardware.device)
    return settings.copies * seconds / pairs + 2 * SECONDS_A_PICTURE


def _try_step(
    model: nn.Module, make: Callable[[int], Any], settings: Optimisation, hardware: Hardware
) -> tuple[float, float]:
    """Return the seconds of a step and its peak memory, from steps with a part of the batch on a CPU."""
    whole = max(1, settings.batch // (hardware.processes * settings.accumulation))
    count = whole if hardware.device.type == "cuda" else min(whole, _TRIED)
    model.to(hardware.device).train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, batch = make_optimizer(trained, settings, hardware.device), make(count)
    kept = _Kept({parameter.data_ptr() for parameter in model.parameters()})

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        kept.clear()
        with hardware.autocast(), saved_tensors_hooks(kept.add, lambda tensor: tensor):
            loss = model(batch)[0]
        loss.backward()
        optimizer.step()

    seconds = _second_time(step, hardware.device) * settings.accumulation * whole / count
    average = 4 * sum(parameter.numel() for parameter in trained) if settings.ema_decay else 0
    return seconds, _peak(hardware.device) + average + kept.bytes * (whole / count - 1)


class _Kept:
    """Counts what autograd saves in a step, each storage once, weights apart."""

    def __init__(self, weights: set[int]) -> None:
        self._weights = weights
        self._seen: dict[int, int] = {}

    def add(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._weights:
            self._seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    def clear(self) -> None:
        self._seen.clear()

    @property
    def bytes(self) -> int:
        return sum(self._seen.values())


def _pictures(pipeline: MultiConditionedPipeline, count: int, side: int, hardware: Hardware) -> PictureBatch:
    channels = pipeline.vae.config.latent_channels
    pixels = torch.rand(count, 3, side, side, device=hardware.device) * 2 - 1
    return PictureBatch(
        pixels.contiguous(memory_format=torch.channels_last),
        torch.randn(count, channels, side // 8, side // 8, device=hardware.device),
        torch.zeros(count, dtype=torch.long, device=hardware.device),
        torch.ones(count, 1, 1, 1, device=hardware.device),
    )


def _latents(
    pipeline: MultiConditionedPipeline, count: int, hardware: Hardware, settings: EditorSettings
) -> EditorBatch:
    device, side, vision = hardware.device, pipeline.resolution // 8, pipeline.image_encoder.config.image_size
    shape = (count, pipeline.vae.config.latent_channels, side, side)
    zeros, earlier = torch.zeros(count, dtype=torch.long), torch.full((count,), -1)
    earlier[: round(count * settings.own_answers * (1 - settings.top))] = 1
    target = torch.randn(shape, device=device)
    empty = pipeline.token_ids([""]).expand(count, -1).to(device)
    return EditorBatch(
        source=torch.randn(shape, device=device),
        target=target,
        begun=target,
        drafted=zeros.bool(),
        branch=zeros,
        timestep=zeros.to(device),
        noise=torch.randn(shape, device=device),
        earlier=earlier,
        edit_weight=torch.ones(count, device=device),
        group=zeros.to(device),
        vision=torch.randn(count, 3, vision, vision, device=device),
        prompt_strength=torch.ones(count, 1, 1, device=device) if settings.strengths else None,
        token_ids=empty,
        source_ids=empty,
    )


def _counted(networks: Mapping[str, Any], resolution: int, request: Request, hardware: Hardware) -> Rates:
    """Count the arithmetic of large networks, and divide it by what this device reaches."""
    settings, what = request.config.editor, subject(networks, resolution)
    half = hardware.dtype is not torch.float32
    with torch.device("meta"), FlopCounterMode(display=False) as editing:
        unet = sketch_unet(what, settings, hardware.dtype)
        side = what.latent_size
        noisy = torch.empty(1, what.unet["in_channels"], side, side, dtype=hardware.dtype)
        tokens = torch.empty(1, what.tokens, what.unet["cross_attention_dim"], dtype=hardware.dtype)
        unet(noisy, torch.zeros(1), encoder_hidden_states=tokens)
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as encoding:
        vae = type(networks["vae"]).from_config(dict(networks["vae"].config))
        vae.encode(torch.empty(1, 3, resolution, resolution))
    passes = 4 if settings.gradient_checkpointing else 3  # backward takes twice a forward pass
    samples = settings.batch / hardware.processes
    memory = count_memory(what, settings, at_a_time(settings, hardware.processes), half, hardware.processes)
    speed = {dtype: _arithmetic_a_second(hardware.device, dtype) for dtype in {torch.float32, hardware.dtype}}
    return Rates(
        "arithmetic counted, and a convolution timed on this machine",
        encode=2 * settings.copies * encoding.get_total_flops() / speed[torch.float32],
        steps={"editor": passes * samples * editing.get_total_flops() / speed[hardware.dtype]},
        peaks={"editor": sum(memory.values())},
    )


def _arithmetic_a_second(device: torch.device, dtype: torch.dtype) -> float:
    """Return the operations a second (2 a multiplication and addition) of a large convolution."""
    convolution = nn.Conv2d(128, 128, 3, padding=1, device=device, dtype=dtype)
    x = torch.randn(1, 128, 128, 128, device=device, dtype=dtype)
    with torch.no_grad():
        return 2 * 9 * 128**2 * 128**2 / _second_time(lambda: convolution(x), device)


def _second_time(work: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of a second call; the first one warms up."""
    work()
    return _time(work, device)


def _time(work: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return max(time.perf_counter() - start, 1e-6)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak(device: torch.device) -> float:
    """Return the most bytes in use so far, on a GPU by tensors, else by the process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    return peak_process_bytes()


def peak_process_bytes() -> float:
    """Return the most memory that this process has held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
