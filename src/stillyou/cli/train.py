"""``stillyou train``: pairs in, a model folder out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stillyou.console import console
from stillyou.errors import StillYouError, UsageError, nearest, requires
from stillyou.untrusted.model_folder import read_index

if TYPE_CHECKING:
    from stillyou.training.config import Stage, TrainingConfig
    from stillyou.training.run import Request


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("train")(_train)


def _train(
    out: Path = typer.Option(..., "-o", "--out", metavar="FOLDER", help="The run's folder; the same command resumes."),
    recipe: str = typer.Option(
        "",
        "--recipe",
        metavar="NAME",
        help="Shipped settings: embedded, embedded-designs, embedded-folded, embedded-cpu, embedded-128, finetune, "
        "sd15, instruct-pix2pix.",
    ),
    config: Path | None = typer.Option(None, "--config", metavar="FILE.toml", help="Your own settings."),
    pairs: Path | None = typer.Option(None, "--pairs", metavar="FOLDER", help="Pairs to learn; else the studio's."),
    stage: str = typer.Option("all", "--stage", help="render, autoencoder, editor or all."),
    init: str = typer.Option("", "--init", metavar="MODEL", help="Fine-tune this model on --pairs."),
    base: str = typer.Option(
        "", "--base", metavar="FOLDER|HUB-ID", help="Start from this text-to-image Stable Diffusion 1.x or 2.x."
    ),
    image_encoder: str = typer.Option(
        "", "--image-encoder", metavar="FOLDER|HUB-ID", help="CLIP beside --base. (default: ViT-B/32)"
    ),
    lora: int | None = typer.Option(None, "--lora", metavar="RANK", help="Train low-rank updates, not all weights."),
    merge: bool = typer.Option(False, "--merge", help="With --lora: write the whole model too."),
    effects: str = typer.Option(
        "", "-e", "--effects", metavar="NAMES", help="Effects of --pairs, ids and .yaml files."
    ),
    budget_minutes: float | None = typer.Option(None, "--budget-minutes", help="For all stages asked for, together."),
    pause_after_minutes: float | None = typer.Option(
        None, "--pause-after-minutes", help="Save and stop after this long."
    ),
    steps: int | None = typer.Option(None, "--steps", help="Steps of each trained stage."),
    batch: int | None = typer.Option(None, "--batch", help="Samples a step, in each trained stage."),
    accumulation: int | None = typer.Option(None, "--accumulation", help="Work through a step's batch in parts."),
    gradient_checkpointing: bool = typer.Option(
        False, "--gradient-checkpointing", help="Less memory, one forward pass more."
    ),
    eight_bit: bool = typer.Option(False, "--eight-bit", help="Moments of AdamW in 8 bits: less memory."),
    compile_unet: bool = typer.Option(False, "--compile", help="Compile the UNet: minutes first, then faster."),
    shard: bool = typer.Option(False, "--shard", help="Share all weights among the processes of accelerate launch."),
    seed: int | None = typer.Option(None, "--seed", help="Everything random follows from it."),
    device: str = typer.Option("auto", "--device", help="auto, cpu or cuda."),
    precision: str = typer.Option("", "--precision", help="fp32, bf16 or fp16.", show_default="from the recipe"),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print settings, sizes and plan, and do nothing."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train a model: render pairs, train the autoencoder, train the editor. Run it again to resume."""
    requires("train", "accelerate", "pyarrow", "pyvips", "tensorboard")
    _check_together(base, init, image_encoder)
    _check_minutes(budget_minutes=budget_minutes, pause_after_minutes=pause_after_minutes)
    if eight_bit:
        requires("eight-bit", "bitsandbytes")
    settings = _settings(recipe, config, base, init)
    flags = {
        "accumulation": accumulation,
        "gradient_checkpointing": gradient_checkpointing or None,
        "eight_bit": eight_bit or None,
        "compile": compile_unet or None,
        "shard": shard or None,
        "lora": _lora(settings, lora, merge),
    }
    settings = _override(settings, budget_minutes, steps, batch, seed, precision, flags)
    from stillyou.effects.lookup import load_effects
    from stillyou.training.run import Request

    request = Request(
        folder=out,
        config=settings,
        stages=_stages(stage, settings, own_pairs=pairs is not None, tune=bool(init or base)),
        pairs=pairs,
        device=device,
        pause_minutes=pause_after_minutes,
        init=init or None,
        base=base or None,
        image_encoder=image_encoder or None,
        effects=tuple(load_effects(effects)) if effects else (),
    )
    (_print_plan if dry_run else _run)(request, as_json)


def _check_together(base: str, init: str, image_encoder: str) -> None:
    """Refuse starting points that exclude each other."""
    if base and init:
        raise UsageError("--base and --init exclude each other", "A model that was trained by stillyou is an --init.")
    if image_encoder and not base:
        raise UsageError("--image-encoder belongs to --base", "A trained model has its own.")


def _check_minutes(**options: float | None) -> None:
    """Refuse times that are none."""
    for name, value in options.items():
        if value is not None and (not math.isfinite(value) or value <= 0):
            raise UsageError(f"--{name.replace('_', '-')} is {value}", "Give a positive number of minutes.")


def _settings(recipe: str, config: Path | None, base: str, init: str) -> TrainingConfig:
    """Load the settings named, or those that fit what is trained."""
    from stillyou.config import load_toml
    from stillyou.training.config import TrainingConfig, load_recipe

    if recipe and config is not None:
        raise UsageError("--recipe and --config exclude each other", "Give one of them.")
    if config is not None:
        settings = load_toml(config, TrainingConfig)
    elif recipe or base or init:
        settings = load_recipe(recipe or ("sd15" if base or _is_large(init) else "finetune"))
    else:
        raise UsageError("no settings are named", "Give --recipe embedded or --config my.toml.")
    if base and not settings.editor.frozen_encoders:
        raise UsageError("--base needs settings with frozen_encoders = true", "Give --recipe sd15, or none.")
    return settings


def _is_large(model: str) -> bool:
    """Whether a model has the autoencoder of Stable Diffusion, and with it its encoders and size."""
    from stillyou.models.find import find_model

    path = find_model(model) / "model_index.json"
    try:
        return bool(read_index(path)["vae"][1] == "AutoencoderKL")
    except (KeyError, TypeError, IndexError) as error:
        raise StillYouError(f"{path} is damaged", "Copy or download the model again.") from error


def _lora(settings: TrainingConfig, rank: int | None, merge: bool) -> dict[str, Any] | None:
    """Return the low-rank settings that the command line asks for; None leaves them as they are."""
    known = settings.editor.lora
    if rank is None and known is None:
        if merge:
            raise UsageError("--merge belongs to --lora", "Without it, the result is a whole model anyway.")
        return None
    data = {} if known is None else known.model_dump()
    return data | ({} if rank is None else {"rank": rank}) | ({"merge": True} if merge else {})


def _override(
    settings: TrainingConfig,
    budget_minutes: float | None,
    steps: int | None,
    batch: int | None,
    seed: int | None,
    precision: str,
    flags: dict[str, Any],
) -> TrainingConfig:
    """Apply the command line's values; a limit given there replaces the recipe's."""
    from stillyou.config import validate
    from stillyou.training.config import TrainingConfig

    data: dict[str, Any] = settings.model_dump()
    if budget_minutes is not None or steps is not None:
        data |= {"budget_minutes": budget_minutes, "steps": steps}
    if seed is not None:
        data["seed"] = seed
    if precision:
        data["precision"] = precision
    if batch is not None:
        for name in ("autoencoder", "editor"):
            data[name] = data[name] | {"batch": batch}
    data["editor"] = data["editor"] | {name: value for name, value in flags.items() if value is not None}
    return validate(TrainingConfig, data, "the command line")


def _stages(name: str, settings: TrainingConfig, *, own_pairs: bool, tune: bool) -> tuple[Stage, ...]:
    """Choose stages: own pairs replace rendered ones; fine-tuning mixes both and keeps the model's autoencoder."""
    from stillyou.training.config import STAGES

    if name != "all":
        if name not in STAGES:
            raise UsageError(f"there is no stage '{name}'", nearest(name, (*STAGES, "all")))
        if tune and name == "autoencoder":
            raise UsageError("fine-tuning keeps the model's autoencoder", "Leave out --stage.")
        return tuple(stage for stage in STAGES if stage == name)
    renders = settings.editor.studio_share > 0 if tune else not own_pairs
    wanted = {"render": renders, "autoencoder": not tune, "editor": True}
    return tuple(stage for stage in STAGES if wanted[stage])


def _print_plan(request: Request, as_json: bool) -> None:
    from stillyou.training.stages import describe_plan

    planned = describe_plan(request)
    if as_json:
        typer.echo(json.dumps(planned))
        return
    for name, part in planned.items():
        typer.echo(f"{name}:" if isinstance(part, dict) else f"{name}: {part}")
        if isinstance(part, dict):
            for key, value in part.items():
                typer.echo(f"  {key}: {json.dumps(value)}")


def _run(request: Request, as_json: bool) -> None:
    from stillyou.training.stages import run_training

    report = run_training(request)
    if not report.speaks:
        return
    model = None if report.model is None else str(report.model)
    if as_json:
        figures = {"run": str(request.folder), "outcome": report.outcome.value, "stages": report.stages, "model": model}
        typer.echo(json.dumps(figures))
    elif model is not None:
        typer.echo(model)
    if report.outcome.value in ("paused", "terminated"):
        console.print(f"Saved in {request.folder}; the same command goes on.", markup=False)
    if report.outcome.value == "interrupted":
        raise KeyboardInterrupt
