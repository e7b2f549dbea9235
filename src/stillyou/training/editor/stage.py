"""Drives the editor stage: pairs and a model to start from in; `run/model` and `run/compact`, or `run/lora`, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import EditorSettings
from stillyou.training.data.cache import LatentCache
from stillyou.training.data.held_out import held_back
from stillyou.training.data.mixture import Part
from stillyou.training.data.stream import Levels, SampleDraws
from stillyou.training.data.strengths import strengths
from stillyou.training.device import stream_share
from stillyou.training.editor.encoding import encode_pairs, encoders_on
from stillyou.training.editor.frozen import FrozenBatches, frozen_objective
from stillyou.training.editor.memory import check_memory, remedies
from stillyou.training.editor.results import describe, is_complete, result_folder, write_results
from stillyou.training.editor.task import LABELS, EditorBatches, Words, editor_objective, pools, spoken
from stillyou.training.editor.validation import SampleGrid, Validation, pick_samples
from stillyou.training.editor.warnings import EarlyWarnings
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.loop.clock import Clock, Limits
from stillyou.training.loop.progress import StageReporter, duration
from stillyou.training.loop.sharding import settle, shard, wholes
from stillyou.training.loop.trainer import Intervals, Outcome, Task, Trainer
from stillyou.training.run import Run, stage_reporter
from stillyou.training.start import first_pipeline

_SAMPLES = 8
_PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


def train_editor(
    run: Run, accelerator: Accelerator, parts: Sequence[Part], validation: Validation | None
) -> tuple[Outcome, Mapping[str, Any]]:
    """Train or go on training the editor.

    Args:
        run: The run.
        accelerator: Device, precision, processes.
        parts: Pairs with their shares; in fine-tuning the user's, then the studios'.
        validation: Replaces the default sample grids.

    Raises:
        StillYouError: No pairs, no autoencoder, no time, or a loss that is no number.
    """
    with stage_reporter("editor", accelerator) as reporter:
        config = run.request.config
        check_batch(config.editor, accelerator.num_processes)
        if _complete(run, run.limits("editor")):
            reporter.say(f"{result_folder(run)} is complete")
            return Outcome.FINISHED, {"skipped": True}
        clock = run.clock("editor")
        datasets = [part.data for part in parts]
        specs = effect_specs(datasets, run.request.effects)
        pipeline = first_pipeline(run, specs)
        if pipeline.scheduler.config.prediction_type != "v_prediction":
            for name in ("own_answers", "drafts"):
                if getattr(config.editor, name):
                    raise UsageError(
                        f"{name} needs a model that predicts velocity, and this one predicts noise", f"Set {name} = 0."
                    )
        if config.editor.frozen_encoders:
            check_memory(pipeline, config.editor, accelerator)
        told = strengths(datasets) if config.editor.strengths else None
        cache = encode_pairs(run, accelerator, pipeline, datasets, reporter, clock)
        if isinstance(cache, Outcome):
            return cache, _ended(run, accelerator, reporter, cache, clock, 0)
        hidden = held_back([row.key for row in cache.rows], config.seed, config.held_back)
        validation = validation or _grid(run, datasets, hidden, specs)
        validate = partial(_validate, run, pipeline, validation, accelerator)
        draws = _draws(run, pipeline, cache, [part.share for part in parts], hidden)
        words = spoken(pipeline, cache, specs, config.editor, accelerator.device, told)
        task = _task(run, accelerator, pipeline, cache, words, draws, validate)
        intervals = Intervals(config.checkpoint_minutes, config.checkpoint_steps, config.validate_minutes)
        trainer = Trainer(accelerator, task, config.editor, clock, intervals, run.folder / "editor", reporter)
        try:
            outcome = trainer.run()
        except torch.cuda.OutOfMemoryError as error:
            raise StillYouError("the GPU's memory ran out while training", _thrift(config.editor)) from error
        figures = _finish(run, accelerator, pipeline, trainer, specs, datasets) if outcome is Outcome.FINISHED else {}
        return outcome, {**_ended(run, accelerator, reporter, outcome, clock, trainer.step), **figures}


def _ended(
    run: Run, accelerator: Accelerator, reporter: StageReporter, outcome: Outcome, clock: Clock, step: int
) -> Mapping[str, Any]:
    """Note what the session took, and say how it ended."""
    if accelerator.is_main_process:
        run.record("editor", clock.elapsed)
    accelerator.wait_for_everyone()
    reporter.say(f"{outcome.value} at step {step} after {duration(clock.elapsed)}")
    return {"steps": step, "seconds": round(clock.elapsed, 1)}


def _thrift(settings: EditorSettings) -> str:
    """Return what helps where memory ran out."""
    if not settings.frozen_encoders:
        return "Give a smaller --batch or more --accumulation."
    at_hand = [flags for flags, _, _ in remedies(settings, settings.batch // settings.accumulation)]
    return f"Try {at_hand[0]}, or at most {at_hand[-1]}." if at_hand else "Give a smaller --batch."


def effect_specs(datasets: Sequence[PairDataset], extra: Sequence[EffectSpec]) -> dict[str, EffectSpec]:
    """Return the specs of all effects in the datasets; specs named on the command line win."""
    found = {spec.id: spec for data in reversed(datasets) for spec in data.meta.effects}
    return found | {spec.id: spec for spec in extra if spec.id in found}


def check_batch(settings: EditorSettings, processes: int) -> None:
    """Refuse a batch that processes and parts cannot share evenly.

    Raises:
        UsageError: With the numbers.
    """
    if settings.batch % (processes * settings.accumulation):
        raise UsageError(
            f"a batch of {settings.batch} cannot be shared by {processes} processes in {settings.accumulation} parts",
            f"Give --batch a multiple of {processes * settings.accumulation}.",
        )


def _complete(run: Run, limits: Limits) -> bool:
    """Whether the result exists and was trained as long as is asked for now."""
    state = newest_state(run.folder / "editor")
    if not is_complete(run, None if state is None else state.step):
        return False
    return state is None or Clock(limits, state.elapsed).finished(state.step)


def _draws(
    run: Run, pipeline: MultiConditionedPipeline, cache: LatentCache, shares: Sequence[float], hidden: Sequence[int]
) -> SampleDraws:
    """Sample datasets by their shares and their effects evenly, but for the rows that are held back."""
    config, settings = run.request.config, run.request.config.editor
    channels, height, width = cache.source.shape[2:]
    timesteps = int(pipeline.scheduler.config.num_train_timesteps)
    return SampleDraws(
        config.seed,
        pools(cache.rows, shares, hidden),
        cache.copies,
        Levels(timesteps, settings.top, settings.own_answers, settings.drafts),
        (channels, height, width),
        settings.branches,
        settings.reconstruction,
        posterior="source_std" in cache.arrays,
    )


def _task(
    run: Run,
    accelerator: Accelerator,
    pipeline: MultiConditionedPipeline,
    cache: LatentCache,
    words: Words,
    draws: SampleDraws,
    validate: Callable[[int, StageReporter], Mapping[str, float]],
) -> Task:
    config, settings = run.request.config, run.request.config.editor
    device = accelerator.device
    channels, height, width = cache.source.shape[2:]
    frozen = settings.frozen_encoders
    share = stream_share(accelerator, 4 * settings.batch * channels * height * width)
    common: Any = (cache, words, draws, settings.batch, device, share)
    batches: Any = FrozenBatches(*common)
    if not frozen:
        batches = EditorBatches(pipeline.image_encoder.config.image_size, *common)
    weights = _PRECISIONS.get(accelerator.mixed_precision, torch.float32)
    model: Any = frozen_objective(pipeline, settings, cache, config.seed, weights) if frozen else None
    return Task(
        name="editor",
        model=model or editor_objective(pipeline, settings),
        labels=LABELS,
        batches=batches,
        identity=_identity(run, cache),
        validate=validate,
        shard=partial(shard, pipeline.unet, pipeline.adapter)
        if settings.shard and accelerator.num_processes > 1
        else None,
    )


def _identity(run: Run, cache: LatentCache) -> dict[str, Any]:
    """Return what a checkpoint must share with this run to be resumed."""
    request, config = run.request, run.request.config
    settings = config.editor
    identity = {
        "seed": config.seed,
        "batch": settings.batch,
        "copies": settings.copies,
        "architecture": config.architecture.recorded(),
        "init": request.init,
        "start": config.start,
        "latents": cache.name,
    }
    if settings.frozen_encoders:
        lora = None if settings.lora is None else settings.lora.model_dump(mode="json", exclude={"merge"})
        identity |= {"base": request.base, "lora": lora, "eight_bit": settings.eight_bit, "ema": settings.ema_decay}
    return identity


def _grid(
    run: Run, datasets: Sequence[PairDataset], hidden: Sequence[int], specs: Mapping[str, EffectSpec]
) -> SampleGrid:
    """Make the default validation over held-back pairs (or trained ones, if the set is too small to hold any back)."""
    each = -(-_SAMPLES // len(datasets))
    pairs = [pair for data, chosen in _split(datasets, hidden or [0]) for pair in pick_samples(data, chosen, each)]
    settings = run.request.config.editor
    at_a_time = 1 if settings.frozen_encoders else len(pairs)
    folder = run.folder / "samples"
    return SampleGrid(pairs[:_SAMPLES], specs, folder, at_a_time=at_a_time, strengths=settings.strengths)


def _split(datasets: Sequence[PairDataset], rows: Sequence[int]) -> list[tuple[PairDataset, list[int]]]:
    """Tell rows of the cache apart by dataset, as indices into each."""
    parts, start = [], 0
    for data in datasets:
        parts.append((data, [row - start for row in rows if start <= row < start + len(data)]))
        start += len(data)
    return parts


def _validate(
    run: Run,
    pipeline: MultiConditionedPipeline,
    validation: Validation,
    accelerator: Accelerator,
    step: int,
    reporter: StageReporter,
) -> Mapping[str, float]:
    """Call the validation, pass on its pictures, and warn early."""
    figures: dict[str, float] = {}
    with ExitStack() as stack:
        # Edits have other shapes than training, and compiling for them would take longer than they do.
        stack.enter_context(torch.compiler.set_stance("force_eager"))
        if run.request.config.editor.frozen_encoders:
            stack.enter_context(encoders_on(pipeline, accelerator.device))
            stack.enter_context(accelerator.autocast())
        found = validation(pipeline, step)
    for name, value in found.items():
        if isinstance(value, Path):
            with Image.open(value) as picture:
                reporter.picture(step, name, np.asarray(picture.convert("RGB")))
        else:
            figures[name] = value
    shown = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
    reporter.say(f"step {step}: {shown}")
    for warning in EarlyWarnings(run.folder / "validation.json").look(step, figures):
        reporter.say(f"warning at step {step}: {warning}")
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
    if trainer.task.shard is not None:
        pipeline = _brought_together(run, pipeline, specs)
    card = describe(run, accelerator, pipeline.card, specs, datasets, trainer.step, trainer.clock.elapsed)
    pipeline.card = card
    if not accelerator.is_main_process:
        return {}
    sizes = write_results(run, pipeline)
    return {"samples": card.training["samples"], **{f"{name}_bytes": size for name, size in sizes.items()}}


def _brought_together(
    run: Run, shared: MultiConditionedPipeline, specs: Mapping[str, EffectSpec]
) -> MultiConditionedPipeline:
    """Return the model anew, with the weights that processes have shared; all of them call this."""
    settle(shared.unet)
    settle(shared.adapter)
    pipeline = first_pipeline(run, specs)
    for name in ("unet", "adapter"):
        getattr(pipeline, name).load_state_dict(wholes(getattr(shared, name).state_dict()))
    return pipeline
