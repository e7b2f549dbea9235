"""What a finished editor leaves: a model, or a LoRA beside the name of its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator

from stillyou.diffusion.card import ModelCard, read_card
from stillyou.diffusion.lora import save_lora
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.designs import designs, with_design
from stillyou.effects.spec import EffectSpec
from stillyou.models.from_base import IMAGE_ENCODER
from stillyou.models.lora_choice import WEIGHTS_NAME, LoraChoice
from stillyou.models.with_lora import load_with_lora
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.data.mixture import domains_of
from stillyou.training.data.strengths import graded
from stillyou.training.device import describe_device
from stillyou.training.model import (
    LICENCE,
    merge_effects,
    replace_folder,
    save_model,
    save_plain,
)
from stillyou.training.run import Request, Run

_BASE_LICENCE = "CreativeML OpenRAIL-M, as its base's"


def result_folder(run: Run) -> Path:
    """Return the folder that a run is for: the model's, or the LoRA's if it is not merged."""
    lora = run.request.config.editor.lora
    return run.model if lora is None or lora.merge else run.lora


def is_complete(run: Run, step: int | None) -> bool:
    """Whether all that the run is for exists.

    Args:
        run: The run.
        step: Of the newest checkpoint: results of another one are an earlier training's. None if no checkpoint is left.
    """
    editor = run.request.config.editor
    lora, model = run.lora / WEIGHTS_NAME, run.model / "model_index.json"
    if editor.lora is not None:
        files = [lora, model] if editor.lora.merge else [lora]
    elif step is None or editor.frozen_encoders:
        files = [model]
    else:  # a run that was killed between the two writes the second one when it is repeated
        files = [model, run.compact / "model_index.json"]
    return all(file.is_file() and (step is None or _steps(file.parent) == step) for file in files)


def _steps(folder: Path) -> object:
    """Return how many steps a result was trained for, as its card says."""
    card = read_card(folder)
    return None if card is None else card.training.get("steps")


def describe(
    run: Run,
    accelerator: Accelerator,
    card: ModelCard,
    specs: Mapping[str, EffectSpec],
    datasets: Sequence[PairDataset],
    steps: int,
    seconds: float,
) -> ModelCard:
    """Return the card of a trained model: effects old and new, and where it comes from."""
    request, config = run.request, run.request.config
    training: dict[str, str | int | float] = {
        "recipe": config.name,
        "seed": config.seed,
        "steps": steps,
        "samples": steps * config.editor.batch,
        "minutes": round(seconds / 60, 2),
        "device": describe_device(accelerator),
        "precision": accelerator.mixed_precision.replace("no", "fp32"),
        "pairs": sum(map(len, datasets)),
        "pairs_fingerprint": "+".join(data.fingerprint() for data in datasets),
        "teachers": ", ".join(sorted({data.meta.teacher for data in datasets})),
        **_origin(request),
    }
    if config.editor.lora is not None:
        training["lora_rank"] = config.editor.lora.rank
    effects = merge_effects(card.effects, specs.values())
    licence = LICENCE if request.base is None else _BASE_LICENCE
    if request.init is not None and card.licence != "unknown":
        licence = card.licence
    known = card.domains if request.init is not None else ()
    shown = tuple(dict.fromkeys((*known, *domains_of(datasets)))) or card.domains
    facts = {
        "name": config.name,
        "effects": effects,
        "domains": shown,
        "named_designs": card.named_designs or names_designs(datasets),
        "strengths": _strengths(card, specs, datasets, config.editor.strengths),
        "licence": licence,
        "training": training,
    }
    return card.model_copy(update=facts)


def _strengths(
    card: ModelCard, specs: Mapping[str, EffectSpec], datasets: Sequence[PairDataset], told: bool
) -> tuple[str, ...]:
    """Return the effects whose weaker forms a model knows: those of before that were not trained on, and new ones."""
    kept = {effect for effect in card.strengths if effect not in specs}
    return tuple(sorted(kept | set(graded(datasets) if told else ())))


def names_designs(datasets: Sequence[PairDataset]) -> bool:
    """Whether the target prompts of all costumes that have designs name one of them."""
    told = [
        any(row["target_prompt"] == with_design(row["target_prompt"].rsplit(", ", 1)[0], design) for design in known)
        for data in datasets
        for row in data.rows(("effect", "target_prompt"))
        if (known := designs(row["effect"]))
    ]
    return bool(told) and all(told)


def _origin(request: Request) -> dict[str, str]:
    if request.init is not None:
        return {"init": request.init}
    if request.base is not None:
        return {"base": request.base, "image_encoder": request.image_encoder or IMAGE_ENCODER}
    if request.config.start is not None:
        return {"start": request.config.start}
    return {}


def write_results(run: Run, pipeline: MultiConditionedPipeline) -> Mapping[str, int]:
    """Write what the run is for, each folder whole or not at all.

    Args:
        run: The run.
        pipeline: With the weights to keep in place, and its card.

    Returns:
        Bytes of weights by folder name.
    """
    config = run.request.config.editor
    if config.lora is None:
        return save_plain(pipeline, run.folder) if config.frozen_encoders else save_model(pipeline, run.folder)
    replace_folder(run.lora, lambda folder: save_lora(pipeline, folder, pipeline.card))
    sizes = {"lora": _bytes(run.lora)}
    if config.lora.merge:
        merged = load_with_lora(LoraChoice(run.lora), None, "cpu", torch.float32)
        sizes |= save_plain(merged, run.folder)
    return sizes


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
