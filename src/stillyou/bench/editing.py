"""Seconds an edit, images a second and memory, side by side with the released path.

Compared are 20 steps of four branches with the autoencoder's encode and decode, without a mask: what the released demo
does. It is timed through `diffusion.official`: fp32 weights under fp16 autocast on a GPU, eager, one picture's four
branches in a batch, all conditions encoded anew for every picture. A whole edit of ours adds a mask from ten maps and
the reconstruction for the composite; it is a task of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from stillyou.bench.rows import Bench, Row, Unit
from stillyou.bench.sizes import PROMPTS
from stillyou.bench.timing import allocated, in_turn, peak_memory
from stillyou.config import MaskSettings, SamplingSettings
from stillyou.diffusion.official import released
from stillyou.diffusion.official.demo import DemoSettings, OfficialEdit, draws_of, edit_as_released
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.diffusion.sampling import sample
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.images.tensors import to_pictures
from stillyou.machine import pick_dtype
from stillyou.models.place import compile_seconds, speed_up

STEPS, QUICK_STEPS = 20, 10
MANY = 8
RELEASED = "released"
_MOST_BATCH_RUNS = 3
_TIME_TO_COMPILE = 100.0
"""Seconds that must be left for compiling to begin."""

Edit = Callable[[torch.Tensor], object]
Settings = dict[str, str | int | float | bool]


@dataclass
class Subject:
    """A path that is ready: how it edits a batch of pictures, and what is known about it."""

    path: str
    edit: Edit
    settings: Settings
    whole: Edit | None = None
    one_by_one: bool = False
    compile_seconds: float | None = None
    peak: float | None = None


@dataclass
class Variant:
    """One of our ways to run: its name, settings, and the precision of the denoiser and of the autoencoder."""

    path: str
    speed: SpeedSettings
    dtypes: tuple[torch.dtype, torch.dtype]
    settings: Settings = field(default_factory=dict)


def rows(bench: Bench) -> Iterator[Row]:
    """Measure edits one at a time, several at a time, and whole; a `rows.Part`."""
    subjects = []
    for path, build in _builders(bench):
        subject = _ready(bench, path, build)
        if isinstance(subject, Row):
            yield subject
        else:
            subjects.append(subject)
    yield from _compare(bench, "edit, batch 1", "seconds an edit", subjects, _pictures(bench, 1), bench.runs)
    whole = [Subject(s.path, s.whole, s.settings) for s in subjects[-1:] if s.whole is not None]
    yield from _compare(bench, "edit with mask, batch 1", "seconds an edit", whole, _pictures(bench, 1), bench.runs)
    ends = subjects[:1] + subjects[-1:] if len(subjects) > 1 else subjects
    count = 2 if bench.quick else MANY
    times = min(bench.runs, _MOST_BATCH_RUNS)
    yield from _compare(bench, f"edit, batch {count}", "images a second", ends, _pictures(bench, count), times)


def variants(bench: Bench) -> list[Variant]:
    """Return our ways to run, the fastest that gives the same results last."""
    fp32, bf16, fp16 = torch.float32, torch.bfloat16, torch.float16
    if bench.device.type == "cpu":
        fast = pick_dtype("auto", bench.device)
        about: Settings = {"precision": "fp32" if fast is fp32 else "bf16", "autoencoder": "fp32"}
        late = SpeedSettings(guidance_share=0.5)
        return [
            Variant("stillyou, half the steps guided", late, (fast, fp32), {**about, "guidance_share": 0.5}),
            Variant("stillyou", SpeedSettings(), (fast, fp32), about),
        ]
    plain, compiled = SpeedSettings(), SpeedSettings(compile=True)
    layout: Settings = {"channels_last": True, "fused_qkv": True, "autoencoder": "fp16"}
    return [
        Variant("stillyou, fp16", plain, (fp16, fp16), {"precision": "fp16", **layout}),
        Variant("stillyou, bf16", plain, (bf16, fp16), {"precision": "bf16", **layout}),
        Variant("stillyou, bf16, compiled", compiled, (bf16, fp16), {"precision": "bf16", **layout, "compiled": True}),
    ]


def _builders(bench: Bench) -> list[tuple[str, Callable[[], Subject]]]:
    builders: list[tuple[str, Callable[[], Subject]]] = [(RELEASED, lambda: _released(bench))]
    for variant in variants(bench):
        builders.append((variant.path, lambda variant=variant: _ours(bench, variant)))  # type: ignore[misc]
    return builders


def _ready(bench: Bench, path: str, build: Callable[[], Subject]) -> Subject | Row:
    """Build a path and run it once, warm; its peak of memory counts its own weights and no other path's."""
    bench.say(f"preparing: {path}")
    try:
        before = allocated(bench.device)
        subject = build()
        pictures = _pictures(bench, 1)
        subject.edit(pictures)
        if bench.device.type == "cuda":
            with peak_memory(bench.device, before, whole_pool=subject.compile_seconds is not None) as peak:
                subject.edit(pictures)
            subject.peak = peak.gigabytes
        return subject
    except Exception as error:  # one path that fails must not cost the others their figures
        allocated(bench.device)
        return _failed("edit, batch 1", path, "seconds an edit", error)


def _released(bench: Bench) -> Subject:
    pipeline, steps = MultiConditionedPipeline(**bench.build()), _steps(bench)
    half = bench.device.type == "cuda"
    precision = "fp32 weights, fp16 autocast" if half else "fp32"
    settings: Settings = {"precision": precision, "steps": steps, "branches": 4}
    return Subject(RELEASED, lambda pictures: edit_released(pipeline, pictures, steps), settings, one_by_one=True)


def edit_released(pipeline: MultiConditionedPipeline, pictures: torch.Tensor, steps: int) -> list[OfficialEdit]:
    """Edit pictures (B, 3, H, W) in [-1, 1] one after the other as the released demo does.

    Any autoencoder will do here: one without a posterior takes no less time.
    """
    squares = to_pictures(pictures)
    channels, side = int(pipeline.unet.config.out_channels), pictures.shape[-1] // 8
    draws = draws_of((1, channels, side, side), released.SEED, pipeline.device)
    with torch.autocast(pipeline.device.type, torch.float16, enabled=pipeline.device.type == "cuda"):
        return [edit_as_released(pipeline, s, PROMPTS, DemoSettings(steps=steps), draws=draws) for s in squares]


def _ours(bench: Bench, variant: Variant) -> Subject:
    if variant.speed.compile and bench.seconds_left() < _TIME_TO_COMPILE:
        raise TimeoutError("the time budget left no time to compile")
    denoiser, autoencoder = variant.dtypes
    components = bench.build()
    for name in ("unet", "text_encoder", "image_encoder", "adapter"):
        components[name].to(denoiser)
    components["vae"].to(autoencoder)
    pipeline = MultiConditionedPipeline(**components)
    speed_up(pipeline, variant.speed, bench.device)
    seconds = round(compile_seconds(pipeline), 1) if variant.speed.compile else None
    steps = _steps(bench)
    settings = {**variant.settings, "steps": steps, "branches": 4}
    whole = _whole(pipeline, steps)
    return Subject(
        variant.path, lambda pictures: _edit(pipeline, pictures, steps), settings, whole, compile_seconds=seconds
    )


@torch.inference_mode()
def _edit(pipeline: MultiConditionedPipeline, pictures: torch.Tensor, steps: int) -> torch.Tensor:
    """Do what the released path does, our way."""
    count = len(pictures)
    encoded = pipeline.encode(pictures, [PROMPTS] * count)
    settings = SamplingSettings(guidance=released.GUIDANCE, steps=steps)
    latents, _ = sample(pipeline.denoiser, pipeline.scheduler, encoded, settings, range(count), speed=pipeline.speed)
    return pipeline.decode(latents)


def _whole(pipeline: MultiConditionedPipeline, steps: int) -> Edit:
    mask = MaskSettings(strategy="latent", maps=10)
    settings = SamplingSettings(guidance=released.GUIDANCE, mask=mask, steps=steps)
    return lambda pictures: pipeline.edit(pictures, [PROMPTS] * len(pictures), settings, range(len(pictures)))


def _steps(bench: Bench) -> int:
    return QUICK_STEPS if bench.quick else STEPS


def _compare(
    bench: Bench, task: str, unit: Unit, subjects: Sequence[Subject], pictures: torch.Tensor, times: int
) -> Iterator[Row]:
    """Time paths in turn on the same pictures; yield a row each."""
    bench.say(f"measuring: {task}")
    ready, peaks = {}, {}
    for subject in subjects:
        if bench.seconds_left() <= 0:
            yield _failed(task, subject.path, unit, TimeoutError("the time budget was spent"))
            continue
        try:
            if len(pictures) > 1 and not subject.one_by_one:
                subject.edit(pictures)  # warm for this batch; compiles where there is something to compile
            peaks[subject.path] = _peak(bench, subject, pictures)
            ready[subject.path] = subject
        except Exception as error:  # see `_ready`
            yield _failed(task, subject.path, unit, error)
    runs = {path: (lambda subject=subject: subject.edit(pictures)) for path, subject in ready.items()}
    seconds = in_turn(runs, times, bench.device, bench.deadline)
    for path, subject in ready.items():
        values = [s if unit == "seconds an edit" else len(pictures) / s for s in seconds[path]]
        yield Row(
            task=task,
            path=path,
            unit=unit,
            runs=tuple(round(value, 5) for value in values),
            peak_memory_gb=peaks[path],
            compile_seconds=subject.compile_seconds,
            settings={**subject.settings, "batch": len(pictures)},
            error="" if values else "the time budget was spent",
        )


def _peak(bench: Bench, subject: Subject, pictures: torch.Tensor) -> float | None:
    """Return the peak of memory: for one picture that of `_ready`; for a batch, what that needs on top."""
    if subject.peak is None or len(pictures) == 1 or subject.one_by_one:
        return subject.peak
    resident = allocated(bench.device)
    with peak_memory(bench.device, resident) as one:
        subject.edit(pictures[:1])
    with peak_memory(bench.device, resident) as many:
        subject.edit(pictures)
    return round(subject.peak + (many.gigabytes or 0.0) - (one.gigabytes or 0.0), 3)


def _pictures(bench: Bench, count: int) -> torch.Tensor:
    """Draw pictures (count, 3, H, W) in [-1, 1]: what they show takes no time."""
    size = (count, 3, bench.resolution, bench.resolution)
    return torch.rand(size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def _failed(task: str, path: str, unit: Unit, error: Exception) -> Row:
    line = " ".join(str(error).split()) or type(error).__name__
    return Row(task=task, path=path, unit=unit, error=line[:300])
