"""Drives the editor stage: pairs and an autoencoder in, `run/model` and `run/compact` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from PIL import Image

from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.store import PairDataset
from stillyou.training.cache import CacheSettings, LatentCache, cache_key, open_or_build
from stillyou.training.checkpoint import newest_state
from stillyou.training.device import describe_device, stream_workers
from stillyou.training.editor import LABELS, EditorBatches, editor_objective, encode_words, pools
from stillyou.training.loop import Intervals, Outcome, Task, Trainer
from stillyou.training.model import (
    LICENCE,
    fresh_pipeline,
    load_autoencoder,
    load_init,
    merge_effects,
    save_model,
    trained_effects,
)
from stillyou.training.progress import StageReporter, duration
from stillyou.training.runs import Run, stage_reporter
from stillyou.training.schedule import Clock, Limits
from stillyou.training.selection import held_back
from stillyou.training.stream import SampleDraws
from stillyou.training.validation import SampleGrid, Validation, pick_samples

_SAMPLES = 8


def train_editor(
    run: Run, accelerator: Accelerator, datasets: Sequence[PairDataset], validation: Validation | None
) -> tuple[Outcome, Mapping[str, Any]]:
    """Train or go on training the editor.

    Args:
        run: The run.
        accelerator: Device, precision, processes.
        datasets: Pairs; in fine-tuning the user's, then the studio's.
        validation: Replaces the default sample grids.

    Raises:
        StillYouError: No pairs, no autoencoder, no time, or a loss that is no number.
    """
    with stage_reporter("editor", run, accelerator) as reporter:
        if _complete(run, run.limits("editor")):
            reporter.say(f"{run.model} is complete")
            return Outcome.FINISHED, {"skipped": True}
        preparation = Clock(Limits())
        specs = effect_specs(datasets, run.request.effects)
        pipeline = _pipeline(run, datasets, specs)
        cache = _cache(run, accelerator, pipeline, datasets, reporter)
        hidden = held_back([row.key for row in cache.rows], run.request.config.seed, run.request.config.held_back)
        validation = validation or _grid(run, datasets, hidden, specs)
        task = _task(run, accelerator, pipeline, cache, specs, hidden, partial(_validate, pipeline, validation))
        config = run.request.config
        intervals = Intervals(config.checkpoint_minutes, config.checkpoint_steps, config.validate_minutes)
        limits = run.limits("editor")  # again: preparing took part of this session
        trainer = Trainer(
            accelerator, task, config.editor, limits, intervals, run.folder / "editor", reporter, preparation.elapsed
        )
        outcome = trainer.run()
        figures: dict[str, Any] = {"steps": trainer.step, "seconds": round(trainer.clock.elapsed, 1)}
        if outcome is Outcome.FINISHED:
            figures |= _finish(run, accelerator, pipeline, trainer, specs, datasets)
        if accelerator.is_main_process:
            run.record("editor", trainer.clock.elapsed)
        accelerator.wait_for_everyone()
        reporter.say(f"{outcome.value} at step {trainer.step} after {duration(trainer.clock.elapsed)}")
        return outcome, figures


def effect_specs(datasets: Sequence[PairDataset], extra: Sequence[EffectSpec]) -> dict[str, EffectSpec]:
    """Return the specs of all effects in the datasets; specs named on the command line win."""
    found = {spec.id: spec for data in reversed(datasets) for spec in data.meta.effects}
    return found | {spec.id: spec for spec in extra if spec.id in found}


def _complete(run: Run, limits: Limits) -> bool:
    """Whether the model exists and was trained as long as is asked for now."""
    state = newest_state(run.folder / "editor")
    if not (run.model / "model_index.json").is_file():
        return False
    return state is None or Clock(limits, state.elapsed).finished(state.step)


def _pipeline(run: Run, datasets: Sequence[PairDataset], specs: Mapping[str, EffectSpec]) -> MultiConditionedPipeline:
    """Build fresh networks around the trained autoencoder, or load the model to fine-tune."""
    config = run.request.config
    if run.request.init is not None:
        return load_init(run.request.init)
    if not (run.vae / "config.json").is_file():
        raise UsageError(f"{run.vae} does not exist yet", "Run the autoencoder stage first.")
    prompts = sorted({text for spec in specs.values() for text in vars(spec.prompts()).values()})
    return fresh_pipeline(config.architecture, prompts, load_autoencoder(run.vae), config.seed)


def _cache(
    run: Run,
    accelerator: Accelerator,
    pipeline: MultiConditionedPipeline,
    datasets: Sequence[PairDataset],
    reporter: StageReporter,
) -> LatentCache:
    """Open or make the latent cache; the first process makes it."""
    config, folder = run.request.config, run.folder / "cache"
    settings = CacheSettings(
        resolution=pipeline.resolution,
        vision_size=pipeline.image_encoder.config.image_size,
        copies=config.editor.copies,
        seed=config.seed,
    )
    vae = pipeline.vae.float().eval().requires_grad_(False)
    if not (folder / cache_key(datasets, vae, settings)).is_dir():
        reporter.say(f"encoding {sum(map(len, datasets))} pairs, {settings.copies} copies each")
    clock = Clock(Limits())
    with accelerator.main_process_first():
        cache = open_or_build(
            folder,
            datasets,
            vae.to(accelerator.device),
            settings,
            device=accelerator.device,
            advance=lambda done, total: reporter.update(0.0, f"encoded {done} of {total} pairs"),
        )
    reporter.say(f"latents ready after {duration(clock.elapsed)} ({cache.bytes / 2**20:.0f} MiB)")
    return cache.placed(accelerator.device)


def _task(
    run: Run,
    accelerator: Accelerator,
    pipeline: MultiConditionedPipeline,
    cache: LatentCache,
    specs: Mapping[str, EffectSpec],
    hidden: Sequence[int],
    validate: Callable[[int, StageReporter], Mapping[str, float]],
) -> Task:
    config, settings = run.request.config, run.request.config.editor
    device = accelerator.device
    origins = 1 + max(row.origin for row in cache.rows)
    shares = [1.0] if origins == 1 else [1 - settings.studio_share, settings.studio_share]
    channels, height, width = cache.source.shape[2:]
    draws = SampleDraws(
        config.seed,
        pools(cache.rows, shares, hidden),
        cache.copies,
        int(pipeline.scheduler.config.num_train_timesteps),
        (channels, height, width),
        settings.branches,
        settings.reconstruction,
    )
    groups = {name: spec.group for name, spec in specs.items()}
    batches = EditorBatches(
        cache,
        encode_words(cache.rows, groups, settings.edit_weights, pipeline.token_ids, device),
        draws,
        settings.batch,
        pipeline.image_encoder.config.image_size,
        device,
        rank=accelerator.process_index,
        world=accelerator.num_processes,
        workers=stream_workers(accelerator, 4 * settings.batch * channels * height * width),
    )
    return Task(
        name="editor",
        model=editor_objective(pipeline, settings),
        labels=LABELS,
        batches=batches,
        identity={
            "seed": config.seed,
            "batch": settings.batch,
            "copies": settings.copies,
            "architecture": config.architecture.model_dump(mode="json"),
            "init": run.request.init,
            "latents": cache.name,
        },
        validate=validate,
    )


def _grid(
    run: Run, datasets: Sequence[PairDataset], hidden: Sequence[int], specs: Mapping[str, EffectSpec]
) -> SampleGrid:
    """Make the default validation over held-back pairs (or trained ones, if the set is too small to hold any back)."""
    pairs = [pair for data, chosen in _split(datasets, hidden or [0]) for pair in pick_samples(data, chosen, _SAMPLES)]
    return SampleGrid(pairs[:_SAMPLES], specs, run.folder / "samples")


def _split(datasets: Sequence[PairDataset], rows: Sequence[int]) -> list[tuple[PairDataset, list[int]]]:
    """Tell rows of the cache apart by dataset, as indices into each."""
    parts, start = [], 0
    for data in datasets:
        parts.append((data, [row - start for row in rows if start <= row < start + len(data)]))
        start += len(data)
    return parts


def _validate(
    pipeline: MultiConditionedPipeline, validation: Validation, step: int, reporter: StageReporter
) -> Mapping[str, float]:
    """Call the validation and pass on its pictures."""
    figures: dict[str, float] = {}
    for name, value in validation(pipeline, step).items():
        if isinstance(value, Path):
            with Image.open(value) as picture:
                reporter.picture(step, name, np.asarray(picture.convert("RGB")))
        else:
            figures[name] = value
    shown = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
    reporter.say(f"step {step}: {shown}")
    return figures


def _finish(
    run: Run,
    accelerator: Accelerator,
    pipeline: MultiConditionedPipeline,
    trainer: Trainer,
    specs: Mapping[str, EffectSpec],
    datasets: Sequence[PairDataset],
) -> Mapping[str, Any]:
    """Write the averaged weights with their card."""
    if not trainer.step:
        raise StillYouError("the budget left no time to train the editor", "Give more --budget-minutes.")
    trainer.average.apply()
    config = run.request.config
    samples = trainer.step * config.editor.batch
    training: dict[str, str | int | float] = {
        "recipe": config.name,
        "seed": config.seed,
        "steps": trainer.step,
        "samples": samples,
        "minutes": round(trainer.clock.elapsed / 60, 2),
        "device": describe_device(accelerator),
        "precision": accelerator.mixed_precision.replace("no", "fp32"),
        "pairs": sum(map(len, datasets)),
        "pairs_fingerprint": "+".join(data.fingerprint() for data in datasets),
        "teachers": ", ".join(sorted({data.meta.teacher for data in datasets})),
    }
    if run.request.init is not None:
        training["init"] = run.request.init
    card = pipeline.card
    effects = merge_effects(card.effects, trained_effects(list(specs.values())))
    pipeline.card = card.model_copy(
        update={"name": config.name, "effects": effects, "licence": LICENCE, "training": training}
    )
    if not accelerator.is_main_process:
        return {}
    sizes = save_model(pipeline, run.folder)
    return {"samples": samples, **{f"{name}_bytes": size for name, size in sizes.items()}}
