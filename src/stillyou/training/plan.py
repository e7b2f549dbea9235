"""The plan of a run, made from its request: `--dry-run` prints it, and the run carries it out.

A budget that no trained stage can take a step in is refused from the plan, before anything is made.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillyou.diffusion.speed.memory import GIGABYTE
from stillyou.errors import UsageError, nearest
from stillyou.models.from_base import IMAGE_ENCODER, find_base, find_image_encoder
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.begun import BegunRun, is_complete
from stillyou.training.config import Stage
from stillyou.training.data.cache import encoded_pairs
from stillyou.training.data.strengths import strengths
from stillyou.training.expected import drafting, expected_pairs, own_pairs, rendered_pairs, shortest_rendering
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.loop.progress import duration
from stillyou.training.rates import SECONDS_A_PICTURE, Hardware, Rates, estimate
from stillyou.training.rendering.stage import RenderWork, render_work
from stillyou.training.run import Request, Run
from stillyou.training.sizes import describe_sizes

_LONGEST = 60 * 24 * 365.0
"""Minutes; no budget beyond a year is proposed."""


@dataclass(frozen=True)
class StagePlan:
    """What a stage is to do, and what that is estimated to take.

    Attributes:
        stage: Its name.
        work: What it does before its first step, in words.
        seconds: Its part of the budget, what it has taken included; None without a budget.
        taken: Seconds that it has taken.
        preparation: Estimated seconds before its first step, of what is left of it.
        held: Bytes that it holds beside what a step takes.
        step: Estimated seconds a step; None if it takes no steps or none was estimated.
        steps: Steps asked for, or None.
        begun_at: Step of its newest checkpoint, or None.
    """

    stage: Stage
    work: str
    seconds: float | None
    taken: float
    preparation: float
    held: int
    step: float | None
    steps: int | None
    begun_at: int | None

    @property
    def too_short(self) -> bool:
        """Whether its part of the budget ends before a first step."""
        if self.seconds is None or self.step is None or self.begun_at:
            return False
        return self.taken + self.preparation + self.step > self.seconds

    @property
    def expected_steps(self) -> int | None:
        """Estimate of the steps that it will have taken at its end."""
        if self.seconds is None or not self.step:
            return self.steps
        left = max(0.0, self.seconds - self.taken - self.preparation)
        count = (self.begun_at or 0) + int(left / self.step)
        return count if self.steps is None else min(count, self.steps)

    def describe(self) -> dict[str, Any]:
        """Return it as plain data."""
        minutes = {"minutes": self.seconds, "estimated_minutes_before_the_first_step": self.preparation or None}
        found: dict[str, Any] = {"work": self.work, "steps": self.steps, "resuming_at_step": self.begun_at}
        found |= {name: None if value is None else round(value / 60, 1) for name, value in minutes.items()}
        found["estimated_seconds_a_step"] = None if self.step is None else round(self.step, 3)
        found["estimated_steps"] = self.expected_steps if self.step is not None else None
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """A checked request, with everything that its stages are to do.

    Attributes:
        run: The request and its folder.
        begun: What the folder holds beside it.
        render: What the render stage makes, if it is asked for.
        own: The user's accepted pairs.
        made: Pairs that are rendered already, by teacher.
        rates: Estimates, once they are made.
    """

    run: Run
    begun: BegunRun
    render: RenderWork | None
    own: int
    made: Mapping[str, int]
    rates: Rates | None = None

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.run.request

    @property
    def needs_estimates(self) -> bool:
        """Whether a trained stage must fit a budget and has taken no step yet."""
        new = any(
            stage.stage != "render" and not stage.begun_at and stage.work != "is complete" for stage in self.stages()
        )
        return new and self.request.config.budget_minutes is not None

    def estimated(self, hardware: Hardware) -> Plan:
        """Return the plan with estimates of what its stages take."""
        return dataclasses.replace(self, rates=estimate(self.request, hardware))

    def stages(self, minutes: float | None = None) -> list[StagePlan]:
        """Return what each stage is to do, in order.

        Args:
            minutes: A budget other than the request's.
        """
        run = self.run if minutes is None else Run(_with_budget(self.request, minutes))
        shortest = {} if self.render is None else {"render": shortest_rendering(run, self.render)}
        spent, expected = run.spent(), run.expected_seconds(shortest)
        pairs = expected_pairs(run, self.render, self.made, expected.get("render"))
        return [self._stage(stage, expected.get(stage), spent.get(stage, 0.0), pairs) for stage in self.request.stages]

    def _stage(self, stage: Stage, seconds: float | None, taken: float, pairs: Mapping[str, int]) -> StagePlan:
        if is_complete(self.run, stage):
            return StagePlan(stage, "is complete", seconds, taken, 0.0, 0, None, None, None)
        state = newest_state(self.run.folder / stage)
        work, preparation, held = self._work(stage, pairs, begun=state is not None)
        return StagePlan(
            stage,
            work,
            seconds,
            taken,
            preparation,
            held,
            step=self.rates.steps.get(stage) if self.rates else None,
            steps=None if stage == "render" else self.request.config.steps,
            begun_at=None if state is None else state.step,
        )

    def _work(self, stage: Stage, pairs: Mapping[str, int], *, begun: bool) -> tuple[str, float, int]:
        """Return what a stage does before its first step, in words, its seconds, and the bytes that it then holds."""
        config, total = self.request.config, self.own + sum(pairs.values())
        if self.render is not None and stage == "render":
            asked = [f"{self.render.settings.goal(name)} of {name}" for name in self.render.settings.teachers]
            likely = [f"{pairs.get(name, 0)} of {name}" for name in self.render.settings.teachers]
            return (
                (
                    f"makes up to {' and '.join(asked)} candidates of each of {len(self.render.effects)} effects; "
                    f"about {' and '.join(likely)} in all"
                ),
                0.0,
                0,
            )
        if stage == "autoencoder":
            pictures = min(2 * total, config.autoencoder.pictures)
            size = 3 * config.architecture.resolution**2
            return f"reads {pictures} pictures", pictures * SECONDS_A_PICTURE, pictures * size
        done = encoded_pairs(self.run.folder / "cache")
        left = 0 if begun or done is None else max(0, total - done)
        seconds = left * self.rates.encode if self.rates else 0.0
        drawn = ""
        if config.editor.drafts and left:
            drawn, seconds = ", with drafts", seconds + drafting(pairs) * left / total
        return f"encodes {left} pairs in {config.editor.copies} copies{drawn}", seconds, 0

    def problem(self) -> UsageError | None:
        """Return what is wrong with a budget that some trained stage cannot take a step in: what that needs."""
        short = next((stage for stage in self.stages() if stage.too_short), None)
        if short is None or short.step is None or short.seconds is None:
            return None
        return UsageError(
            f"--budget-minutes {self.request.config.budget_minutes:g} reaches no step of the {short.stage}: "
            f"{duration(max(0.0, short.seconds - short.taken))} of it are left for that stage, which "
            f"{short.work} in about {duration(short.preparation)}, then takes {short.step:.1f} s a step (estimated)",
            self._remedy(),
        )

    def _remedy(self) -> str:
        minutes = self.request.config.budget_minutes or 1.0
        while any(stage.too_short for stage in self.stages(minutes)):
            minutes *= 1.1
            if minutes > _LONGEST:
                return "Give fewer pairs or copies, or smaller networks."
        return f"Give --budget-minutes {math.ceil(minutes)} or more, or fewer pairs or copies."

    def describe(self) -> dict[str, Any]:
        """Return the whole plan as plain data."""
        request = self.request
        planned = {
            "run": str(request.folder),
            "pairs": str(request.pairs or self.run.folder / "pairs"),
            "init": request.init,
            "base": request.base,
            "changed": [str(change) for change in self.begun.changes],
            "stages": {stage.stage: stage.describe() for stage in self.stages()},
            **describe_sizes(request),
            "config": request.config.model_dump(mode="json"),
        }
        if self.rates is not None:
            planned["problem"] = None if (problem := self.problem()) is None else str(problem)
            planned["estimates"] = f"{self.rates.how}; rendering as recorded on two cores"
            planned.setdefault("memory", self._peaks(self.rates))
        return planned

    def _peaks(self, rates: Rates) -> dict[str, Any]:
        held = {stage.stage: stage.held for stage in self.stages()}
        peaks = {
            f"{name}_gb": round((peak + (held[name] if name in held else 0)) / GIGABYTE, 1)
            for name, peak in rates.peaks.items()
        }
        return {"how": "most in use, estimated", **peaks}


def make_plan(request: Request) -> Plan:
    """Check a request against its folder, and lay out its stages; nothing is written.

    Raises:
        UsageError: The request cannot be run, or does not fit the run in its folder.
        StillYouError: A damaged input or record.
    """
    run = Run(request)
    for stage in request.stages:
        run.limits(stage)  # a run without an end is refused
    check_inputs(request)
    begun = BegunRun(run)
    begun.refuse()
    work = render_work(request) if "render" in request.stages else None
    return Plan(run, begun, work, own_pairs(request), rendered_pairs(run))


def check_inputs(request: Request) -> None:
    """Refuse a request that names no pairs where they are needed, or none that say what is to be learned.

    Raises:
        UsageError: Fine-tuning without own pairs, a folder that is no pair dataset, effects that it does not have, or
            strengths that no pair says.
    """
    if request.pairs is None:
        if request.init is not None:
            raise UsageError("fine-tuning needs pairs of the new effect", "Name their folder with --pairs.")
        if request.base is not None:
            raise UsageError("training on a base needs pairs", "Name their folder with --pairs.")
        if request.effects:
            raise UsageError("-e describes the effects of own pairs, and there are none", "Name their folder: --pairs")
        _check_strengths(request)
        return
    if request.base is not None:
        find_base(request.base)
        find_image_encoder(request.image_encoder or IMAGE_ENCODER)
    known = [spec.id for spec in read_info(request.pairs).effects]
    for spec in request.effects:
        if spec.id not in known:
            raise UsageError(f"{request.pairs} has no pairs of effect '{spec.id}'", nearest(spec.id, known))
    _check_strengths(request)


def _check_strengths(request: Request) -> None:
    config = request.config
    if not config.editor.strengths or "editor" not in request.stages:
        return
    rendered = request.pairs is None or request.init is not None
    if rendered and any(teacher.options.get("strengths") for teacher in config.render.teachers.values()):
        return
    if request.pairs is not None:
        strengths([PairDataset(request.pairs)])
    else:
        raise UsageError(
            "strengths = true, and all expressions that are rendered are whole ones",
            "Give a teacher under [render.teachers] options = { strengths = true }, or leave strengths out.",
        )


def _with_budget(request: Request, minutes: float) -> Request:
    return dataclasses.replace(request, config=request.config.model_copy(update={"budget_minutes": minutes}))
