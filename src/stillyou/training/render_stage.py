"""Drives the render stage: studio pairs in `run/pairs`, made by the first process while the others wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from stillyou.diffusion.card import ModelCard, read_card
from stillyou.diffusion.models import find_model
from stillyou.effects.catalogue import auxiliary, catalogue, load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.store import DESCRIPTION
from stillyou.training.loop import Outcome
from stillyou.training.progress import StageReporter, duration
from stillyou.training.render import render
from stillyou.training.runs import Request, Run


def render_pairs(run: Run, accelerator: Accelerator) -> tuple[Outcome, Mapping[str, Any]]:
    """Make pairs, or what is missing of them.

    Raises:
        StillYouError: The pairs cannot be made or written; finished shards stay.
    """
    answer: list[Any] = [None, None]
    if accelerator.is_main_process:
        answer = list(_render(run))
    if accelerator.num_processes > 1:
        broadcast_object_list(answer)
    return answer[0], answer[1]


def _render(run: Run) -> tuple[Outcome, Mapping[str, Any]]:
    config, spent, limits = run.request.config, run.spent().get("render", 0.0), run.limits("render")
    with StageReporter("render") as reporter:
        if run.rendered and (run.pairs / DESCRIPTION).is_file():
            reporter.say(f"{run.pairs} is complete")
            return Outcome.FINISHED, {"skipped": True}
        size, effects = _what_to_show(run.request)
        reporter.say(f"making pairs of {len(effects)} effects in {run.pairs}")
        budget = None if limits.budget is None else limits.budget - spent
        made = render(run.pairs, effects, config.render, size=size, seed=config.seed, budget=budget, pause=limits.pause)
        run.record("render", spent + made.seconds)
        if made.complete:
            run.mark_rendered()
        speed = made.accepted / max(made.seconds, 1e-9)
        reporter.say(f"{made.accepted} pairs after {duration(made.seconds)}, {speed:.0f} pairs/s")
    figures = {"pairs": made.accepted, "candidates": made.candidates, "seconds": round(made.seconds, 1)}
    return (Outcome.FINISHED if made.complete else Outcome.PAUSED), figures


def _what_to_show(request: Request) -> tuple[int, list[EffectSpec]]:
    """Return size and effects: the recipe's or, for fine-tuning, what the model knows and the studio can draw."""
    if request.init is None:
        return request.config.architecture.resolution, load_effects(request.config.render.effects)
    card = read_card(find_model(request.init)) or ModelCard()
    built_in = {**catalogue(), **auxiliary()}
    effects = [spec for name, spec in built_in.items() if name in card.effect_ids]
    if not effects:
        raise UsageError(f"the model '{request.init}' knows no effect of the studio", "Set studio_share = 0.")
    return card.resolution, effects
