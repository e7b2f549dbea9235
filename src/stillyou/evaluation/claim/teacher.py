"""The teachers of a run, whose sources are a studio's, so that what they should have drawn is known.

The text-to-image teacher beside studio pictures: as a maker of pairs, and as an editor of the test pictures; its
targets are the model's alone. And the studio itself, whose targets drift on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from stillyou.drafts import network
from stillyou.drafts.plausible import objection
from stillyou.evaluation.claim.settings import ClaimSettings
from stillyou.evaluation.claim.truth import StudioPairs, training_seed
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.settings import Batch
from stillyou.evaluation.known_truth.splits import domain_of, in_domain
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.conditioning.base import Base
from stillyou.pairs.teachers.diffusion.bases.find import load_base
from stillyou.pairs.teachers.diffusion.config import DiffusionConfig
from stillyou.pairs.teachers.diffusion.sources import Portrait
from stillyou.pairs.teachers.diffusion.teacher import DiffusionTeacher
from stillyou.pairs.teachers.protocol import PairRequest, Teacher, TeacherConfig
from stillyou.pairs.teachers.sources.sitter import NO_FACE, Unusable

_CANDIDATE_EVALUATIONS = 12
"""Evaluations of the UNet that comparing candidates takes for each (`choose.gains`)."""


class StudioSources(DiffusionConfig):
    """The teacher `diffusion` with a studio's pictures as its sources."""

    split: str
    studio_seed: int

    def build(self, device: str = "auto") -> Teacher:
        """Load the base; see `TeacherConfig.build`."""
        base = load_base(self.base, self.domain, device, self.resolution)
        studio = StudioPairs(self.split, self.studio_seed, base.side)
        return DiffusionTeacher(self, base, lambda request: studio_portrait(studio, request))


class DriftingStudio(CartoonConfig):
    """The cartoon studio as a teacher whose pairs are those of `StudioPairs`, with targets that drift."""

    split: str
    studio_seed: int

    def build(self, device: str = "auto") -> Teacher:
        """Build the studio; see `TeacherConfig.build`."""
        self.needs.check()
        return _Drifting(StudioPairs(self.split, self.studio_seed, self.size, self.drift), self.split)


class _Drifting:
    """Hands out a studio's pairs by their numbers, with prompts that name no design: those of edits name none."""

    licences: Mapping[str, str] = {}
    shares_sources = False
    batch_size = 1

    def __init__(self, studio: StudioPairs, split: str) -> None:
        self._studio, self._split = studio, split

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """See `Teacher.make`."""
        return [self._pair(request) for request in requests]

    def _pair(self, request: PairRequest) -> Pair:
        prompts = in_domain(request.effect, self._split).prompts()
        pair = self._studio.get(request.effect, request.index)
        return replace(pair, seed=request.seed, source_prompt=prompts.source, target_prompt=prompts.target)


def pair_teacher(settings: ClaimSettings) -> TeacherConfig:
    """Return what makes the pairs of a run."""
    if settings.drift is None:
        return teacher_config(settings)
    seed = training_seed(settings)
    return DriftingStudio(size=settings.side, drift=settings.drift, split=settings.split, studio_seed=seed)


def teacher_config(settings: ClaimSettings) -> StudioSources:
    """Return the text-to-image teacher of a run."""
    return StudioSources(
        domain=domain_of(settings.split),
        base=settings.base,
        size=settings.side,
        steps=settings.teacher_steps,
        candidates=settings.candidates,
        conditions=settings.conditions,
        split=settings.split,
        studio_seed=training_seed(settings),
    )


def studio_portrait(studio: StudioPairs, request: PairRequest) -> Portrait | Unusable:
    """Return the source of a request, with the fit that the network sees on it."""
    return portrait(f"{request.effect.id} {request.index}", studio.get(request.effect, request.index).source)


def portrait(name: str, pixels: Picture) -> Portrait | Unusable:
    """Return a square picture as a source, unless no head is found on it."""
    fit = network.predict(pixels[None])[0]
    if objection(fit, network.load().config.sure_below):
        return Unusable(name, NO_FACE, pixels)
    return Portrait(name, pixels, fit)


class TeacherEditor:
    """Answers with the targets that the teacher draws beside pictures.

    Args:
        config: The teacher.
        base: Its model.
        side: Of the pictures, in pixels; they are enlarged to the base's side, and what it has changed is shrunk.
    """

    def __init__(self, config: DiffusionConfig, base: Base, side: int) -> None:
        self.config, self.base, self.resolution = config, base, side
        self._sources: list[Picture] = []
        self._teacher = DiffusionTeacher(config, base, self._portrait)

    def answer(self, batch: Batch) -> list[Answer]:
        """Draw beside a batch of square pictures uint8 (N, N, 3); one without a head stays as it is."""
        self._sources = [_resized(picture, self.base.side) for picture in batch.pictures]
        columns = enumerate(batch.seeds)
        requests = [PairRequest(batch.effect, seed, number) for number, seed in columns]
        return [
            self._answer(picture, pair)
            for picture, pair in zip(batch.pictures, self._teacher.make(requests), strict=True)
        ]

    def _portrait(self, request: PairRequest) -> Portrait | Unusable:
        return portrait(str(request.index), self._sources[request.index])

    def _answer(self, picture: Picture, pair: Pair) -> Answer:
        """Lay what the teacher has changed over the picture; the rest of its copy has only been resized twice."""
        edit = np.where(pair.mask[..., None] > 0, pair.target, picture)
        each = 2 * self.config.candidates * len(self._teacher.schedule)
        extra = _CANDIDATE_EVALUATIONS * self.config.candidates if self.config.candidates > 1 else 0
        return Answer(edit, pair.mask, each + extra)


def teacher_at(settings: ClaimSettings, device: str) -> Callable[[float | None], TeacherEditor]:
    """Return the teacher as an editor by its scale of the text; None is the scale that pairs are made with."""
    config = teacher_config(settings)
    base = load_base(settings.base, config.domain, device)
    return lambda scale: TeacherEditor(config.model_copy(update={"guidance": scale}), base, settings.side)


def _resized(picture: Picture, side: int) -> Picture:
    if len(picture) == side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
