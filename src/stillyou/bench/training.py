"""Training images a second and memory, side by side with the loop as released.

Compared at one effective batch are whole steps: what a step reads, forward, backward, clipping, AdamW, and in ours the
average of the weights. The released loop trains in fp32 and encodes pictures and prompts anew in every step; ours is
timed with and without the cache. Paths of full size do not fit on a device side by side, so they run one after the
other.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stillyou.bench.released_training import ReleasedLoop, encode_online
from stillyou.bench.rows import Bench, Row
from stillyou.bench.timing import peak_memory, seconds_of
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.machine import pick_dtype
from stillyou.training.config import EditorSettings, LoraSettings
from stillyou.training.data.cache import LatentCache
from stillyou.training.data.pair_encoder import CacheRow
from stillyou.training.data.stream import Levels, SampleDraws, Share
from stillyou.training.device import make_accelerator
from stillyou.training.editor.frozen import ENCODERS, FrozenBatch, FrozenBatches, frozen_objective
from stillyou.training.editor.task import LABELS, encode_words, pools
from stillyou.training.loop.clock import Clock, Limits
from stillyou.training.loop.progress import StageReporter
from stillyou.training.loop.trainer import Intervals, Task, Trainer

RELEASED_BATCH, RECIPE_BATCH = 4, 16
_STEPS, _WARM_UP = 4, 3
_PAIRS = 64
_TIME_TO_COMPILE = 120.0
"""Seconds that must be left for compiling to begin."""

Step = Callable[[], object]


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to train: its name, batch, settings, and whether what frozen encoders say is cached."""

    name: str
    batch: int
    settings: EditorSettings
    cached: bool = True

    @property
    def task(self) -> str:
        """What is compared: full training and LoRA apart, each at its batch."""
        return f"{'LoRA training' if self.settings.lora else 'training'}, batch {self.batch}"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure the released loop and ours; a `rows.Part`."""
    batch = 2 if bench.quick else RELEASED_BATCH
    released = _released_settings(batch)
    yield _measured(bench, f"training, batch {batch}", "released", released, partial(_released, bench, batch))
    for path in paths(bench):
        slow = path.settings.compile and bench.seconds_left() < _TIME_TO_COMPILE
        if bench.seconds_left() <= 0 or slow:
            yield Row(task=path.task, path=path.name, unit="training images a second", error="no time was left for it")
            continue
        yield _measured(bench, path.task, path.name, _settings(bench, path), partial(_ours, bench, path))


def paths(bench: Bench) -> list[Way]:
    """Return our ways to train; at full size also one picture at a time, for its memory."""

    def editor(batch: int, **changes: Any) -> EditorSettings:
        return EditorSettings(frozen_encoders=True, posterior="sample", min_snr=5.0, batch=batch, **changes)

    batch, low_rank = (2 if bench.quick else RELEASED_BATCH), LoraSettings(rank=4 if bench.quick else 64)
    found = [
        Way("stillyou, without the cache", batch, editor(batch), cached=False),
        Way("stillyou", batch, editor(batch)),
        Way("stillyou", batch, editor(batch, lora=low_rank)),
    ]
    if bench.quick:
        return found
    found += [
        Way("stillyou, channels last", batch, editor(batch, channels_last=True)),
        Way("stillyou, compiled", batch, editor(batch, compile=True)),
        Way("stillyou, compiled", RECIPE_BATCH, editor(RECIPE_BATCH, compile=True)),
        Way("stillyou", RECIPE_BATCH, editor(RECIPE_BATCH)),
    ]
    alone: list[tuple[str, dict[str, Any]]] = [
        ("stillyou", {}),
        ("stillyou, checkpointing", {"gradient_checkpointing": True}),
        ("stillyou, checkpointing, 8-bit", {"gradient_checkpointing": True, "eight_bit": True}),
    ]
    for name, changes in alone:
        if not changes.get("eight_bit") or importlib.util.find_spec("bitsandbytes"):
            found.append(Way(name, 1, editor(1, **changes)))
        if not changes.get("eight_bit"):
            found.append(Way(name, 1, editor(1, lora=low_rank, **changes)))
    return found


def _measured(bench: Bench, task: str, name: str, settings: Mapping[str, Any], build: Callable[[], Step]) -> Row:
    """Build a path, warm it up, time it, and let go of it."""
    row = Row(task=task, path=name, unit="training images a second", settings=dict(settings))
    bench.say(f"{task}: {name}")
    try:
        with _fresh(bench.device):
            step = build()
            start = time.perf_counter()
            step()
            first = time.perf_counter() - start
            for _ in range(1 if bench.quick else _WARM_UP):
                step()
            with peak_memory(bench.device) as peak:
                timed = [seconds_of(partial(_several, step, bench), bench.device) for _ in range(bench.runs)]
            del step
    except Exception as error:  # memory may run out, or a compiler be missing: the other paths still count
        return row.model_copy(update={"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]})
    images = int(settings["batch"]) * (1 if bench.quick else _STEPS)
    update: dict[str, Any] = {
        "runs": tuple(round(images / seconds, 4) for seconds in timed),
        "peak_memory_gb": peak.gigabytes,
    }
    if settings.get("compiled"):
        update["compile_seconds"] = round(first, 1)
    return row.model_copy(update=update)


def _several(step: Step, bench: Bench) -> None:
    for _ in range(1 if bench.quick else _STEPS):
        step()


@contextmanager
def _fresh(device: torch.device) -> Iterator[None]:
    """Begin with an empty device and PyTorch's own settings; leave it the same way."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.benchmark = before[1]
        torch.compiler.reset()
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _released_settings(batch: int) -> dict[str, Any]:
    return {"batch": batch, "precision": "fp32", "cached": False, "average": False}


def _settings(bench: Bench, path: Way) -> dict[str, Any]:
    lora = path.settings.lora
    return {
        "batch": path.batch,
        "precision": _precision(bench.device),
        "cached": path.cached,
        "average": True,
        "compiled": path.settings.compile,
        "channels_last": path.settings.channels_last,
        "gradient_checkpointing": path.settings.gradient_checkpointing,
        "eight_bit": path.settings.eight_bit,
        "lora_rank": 0 if lora is None else lora.rank,
    }


def _precision(device: torch.device) -> str:
    return "bf16" if pick_dtype("auto", device) is torch.bfloat16 else "fp32"


def _released(bench: Bench, batch: int) -> Step:
    return ReleasedLoop(MultiConditionedPipeline(**bench.build()), batch, bench.resolution, bench.device).step


def _ours(bench: Bench, path: Way) -> Step:
    """Set up the real trainer on made-up pairs; return its step."""
    accelerator = make_accelerator(str(bench.device), _precision(bench.device))  # type: ignore[arg-type]
    pipeline = MultiConditionedPipeline(**bench.build())
    cache = _cache(pipeline, bench)
    if path.cached:
        for name in ENCODERS:
            getattr(pipeline, name).to("cpu")
        if bench.device.type == "cuda":
            torch.cuda.empty_cache()
    dtype = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    model = frozen_objective(pipeline, path.settings, cache, 0, dtype)
    batches = _batches(cache, path, pipeline, bench, dtype)
    task = Task("bench", model, LABELS, lambda step: batches, {})
    trainer = Trainer(
        accelerator,
        task,
        path.settings,
        Clock(Limits()),
        Intervals(),
        Path("nowhere"),
        StageReporter("bench", quiet=True),
    )
    model.train()
    return lambda: trainer.train_step(next(batches), 0.0)


def _cache(pipeline: MultiConditionedPipeline, bench: Bench) -> LatentCache:
    """Make up what encoders would say of some pairs; speed does not depend on it."""
    side, channels = bench.resolution // 8, int(pipeline.unet.config.out_channels)
    vision, text = pipeline.image_encoder.config, pipeline.text_encoder.config
    tokens = (vision.image_size // vision.patch_size) ** 2 + 1

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, device=bench.device).half()

    latents = {name: noise(_PAIRS, 1, channels, side, side) for name in ("source", "target")}
    latents |= {f"{name}_std": 0.01 * latents[name] for name in ("source", "target")}
    return LatentCache(
        "made up",
        tuple(CacheRow(str(index), "santa", "a", "b", 0) for index in range(_PAIRS)),
        {**latents, "hidden": noise(_PAIRS, 1, tokens, vision.hidden_size)},
        {
            "text": noise(3, text.max_position_embeddings, text.hidden_size),
            "black": noise(1, tokens, vision.hidden_size),
        },
    )


def _batches(
    cache: LatentCache, path: Way, pipeline: MultiConditionedPipeline, bench: Bench, dtype: torch.dtype
) -> Iterator[FrozenBatch]:
    """Yield batches as training does; without the cache, each with its pictures encoded on the way."""
    settings, device = path.settings, bench.device
    shape: Any = tuple(cache.source.shape[2:])
    levels = Levels(int(pipeline.scheduler.config.num_train_timesteps))
    draws = SampleDraws(
        0, pools(cache.rows, [1.0], []), 1, levels, shape, settings.branches, settings.reconstruction, posterior=True
    )
    words = encode_words(cache.rows, {}, settings.edit_weights, lambda prompts: cache.constants["text"][:-1], device)
    share = Share(workers=2 if device.type == "cuda" else 0)
    batches = FrozenBatches(cache, words, draws, path.batch, device, share)(0)
    if path.cached:
        return batches
    pixels = torch.rand(path.batch, 2, 3, bench.resolution, bench.resolution, device=device) * 2 - 1
    return (encode_online(pipeline, pixels, batch, dtype) for batch in batches)
