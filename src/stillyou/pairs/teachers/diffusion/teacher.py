"""Requests in, pairs out: sources are drawn once for all effects of a number, then the targets of each effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from stillyou.diffusion.schedule import make_scheduler
from stillyou.drafts import network
from stillyou.drafts.fit import Fit
from stillyou.drafts.plausible import objection
from stillyou.draws import stable_seed
from stillyou.effects.conditions import Conditions, RegionSettings
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.pairs.pair import Attribute, Pair
from stillyou.pairs.teachers.conditioning.base import Base, Family
from stillyou.pairs.teachers.conditioning.build import build, chosen, told
from stillyou.pairs.teachers.conditioning.identity import Person, described, draw_person
from stillyou.pairs.teachers.conditioning.protocol import Condition, Job, Path
from stillyou.pairs.teachers.conditioning.region import Region
from stillyou.pairs.teachers.diffusion.choose import Worth, best, changes, gains
from stillyou.pairs.teachers.diffusion.config import DiffusionConfig
from stillyou.pairs.teachers.diffusion.sampling import draw_sources, draw_targets, make_schedule, path_of
from stillyou.pairs.teachers.diffusion.sources import Portrait, Portraits
from stillyou.pairs.teachers.protocol import PairRequest
from stillyou.pairs.teachers.sources.files import check_sources
from stillyou.pairs.teachers.sources.refused import refused
from stillyou.pairs.teachers.sources.sitter import Unusable
from stillyou.pairs.truth import change_mask, exact_outside

STEPS: Mapping[Family, int] = {"embedded": 20, "sd1": 30, "sd2": 30, "sdxl": 30}
GUIDANCE: Mapping[Family, float] = {"embedded": 2.0, "sd1": 7.5, "sd2": 7.5, "sdxl": 6.0}
Portraying = Callable[[PairRequest], Portrait | Unusable]
"""Gives a request its source, a square of the base's side, or says why there is none."""
_LOOSEST = 0.4
"""The hold of the last candidate; the first one's is 1, the effect's settings."""
_CALM = ", neutral expression"
"""What the source's prompt says to models of stillyou's own, whose bare subject may wear or show any effect."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch of sources.

    Attributes:
        path: On their way.
        pictures: (B, H, W, 3) uint8 at the base's size.
        fits: None where it could not be told.
        copies: What the autoencoder makes of them; of drawn sources the same.
    """

    path: Path
    pictures: NDArray[np.uint8]
    fits: Sequence[Fit | None]
    copies: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Ask:
    """A request with what is drawn for it.

    Attributes:
        request: What was asked.
        prompts: What the model reads.
        person: Who is drawn, where the prompts say it.
        portrait: The user's own source; None where it is drawn.
    """

    request: PairRequest
    prompts: Prompts
    person: Person | None
    portrait: Portrait | None = None


class DiffusionTeacher:
    """Draws pairs with a text-to-image model.

    Args:
        config: Its options.
        base: The model.
        portraits: Gives the source of a request, in place of the folder's; with neither, sources are drawn.
    """

    shares_sources = True

    def __init__(self, config: DiffusionConfig, base: Base, portraits: Portraying | None = None) -> None:
        self.config, self.base = config, base
        self.batch_size = config.batch
        sampler = config.sampler or (None if base.family == "embedded" else "ddim")
        if sampler:
            base.scheduler = make_scheduler(sampler, base.scheduler)
        self.schedule = make_schedule(base.scheduler, config.steps or STEPS[base.family], base.device)
        self.guidance = config.guidance or GUIDANCE[base.family]
        files = None if config.sources is None else check_sources(config.sources, config.kind)
        self._portraits = portraits
        if files is not None:
            folder = Portraits(files, base.side)
            self._portraits = lambda request: folder.get(request.index)

    @property
    def licences(self) -> Mapping[str, str]:
        """The base's, and the sources'."""
        given = self.config.sources is not None
        own = {"sources": "those of the pictures that the user gave"} if given else {}
        return {self.config.base: self.base.licence, **own}

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make one pair for each request; see `Teacher.make`."""
        made: dict[int, Pair] = {}
        for effect, places in _by_effect(requests):
            conditions, asks = chosen(effect, self.base.family, self.config.conditions), {}
            for place in places:
                portrait = None if self._portraits is None else self._portraits(requests[place])
                if isinstance(portrait, Unusable):
                    made[place] = self._refused(portrait, requests[place])
                else:
                    asks[place] = self._ask(requests[place], conditions, portrait)
            if asks:
                made.update(zip(asks, self._pairs(effect, conditions, list(asks.values())), strict=True))
        return [made[place] for place in range(len(requests))]

    def job(self, requests: Sequence[PairRequest]) -> Job:
        """Draw the sources of requests for one effect, for targets of one's own (`targets`)."""
        effect = requests[0].effect
        asks = [
            self._ask(request, chosen(effect, self.base.family, self.config.conditions), None) for request in requests
        ]
        return self._job(effect, self._sources(asks), asks, 0)

    def targets(self, job: Job, conditions: Sequence[Condition], hold: float = 1.0) -> NDArray[np.uint8]:
        """Draw targets beside a job's sources with these conditions, (B, H, W, 3)."""
        return to_pictures(draw_targets(job, [each.eased(hold) for each in conditions], self.guidance))

    def _refused(self, portrait: Unusable, request: PairRequest) -> Pair:
        shown = replace(portrait, pixels=_sized(portrait.pixels, self.config.size))
        effect = request.effect.for_domain(self.config.domain)
        return refused(shown, effect, request.seed, self.config.kind, self.config.domain)

    def _ask(self, request: PairRequest, conditions: Conditions, portrait: Portrait | None) -> Ask:
        """Draw the person of a request, and say it in both prompts; of a portrait nobody says who it is."""
        effect = request.effect.for_domain(self.config.domain)
        if portrait is not None:
            return Ask(request, effect.prompts(), None, portrait)
        if conditions.identity is not None:
            person = draw_person(request.index, self.config.domain)
            return Ask(request, described(effect, person, conditions.identity.name), person)
        prompts = effect.prompts()
        if self.base.family == "embedded":
            prompts = replace(prompts, source=prompts.source + _CALM)
        return Ask(request, prompts, None)

    def _pairs(self, effect: EffectSpec, conditions: Conditions, asks: Sequence[Ask]) -> Iterator[Pair]:
        """Draw the pairs of one effect."""
        self.base.load_for(conditions)
        drawn = self._sources(asks)
        job = self._job(effect, drawn, asks, 0)
        tied, regions = build(conditions, self.base.depth), self._regions(conditions, job)
        tries, worths = [], []
        for number in range(self.config.candidates):
            hold = 1 - (1 - _LOOSEST) * number / max(1, self.config.candidates - 1)
            job = self._job(effect, drawn, asks, number)
            pixels = draw_targets(job, [each.eased(hold) for each in tied], self.guidance)
            tries.append(to_pictures(pixels))
            worths.append(self._worth(job, pixels, tries[-1], regions))
        for row, ask in enumerate(asks):
            number = best([worth[row] for worth in worths])
            told_of = {"candidate": number, **self._provenance(conditions, ask)}
            if self.config.candidates > 1:
                worth = worths[number][row]
                told_of |= {"gain": round(worth.gain, 4), "outside": round(worth.outside, 2)}
            yield self._pair(ask, (drawn.pictures[row], drawn.copies[row], tries[number][row]), told_of)

    def _sources(self, asks: Sequence[Ask]) -> Drawn:
        """Draw sources from noise, or take the user's."""
        branches = self.base.branches([ask.prompts.source for ask in asks], self.guidance)
        seeds, own = [ask.request.seed for ask in asks], [ask.portrait for ask in asks if ask.portrait is not None]
        if own:
            pictures = np.stack([each.pixels for each in own])
            path = path_of(self.base, self.schedule, branches, to_pixels(list(pictures)), seeds)
            return Drawn(path, pictures, [each.fit for each in own], to_pictures(self.base.decode(path.latents[-1])))
        path = draw_sources(self.base, self.schedule, branches, seeds)
        pictures = to_pictures(self.base.decode(path.latents[-1]))
        return Drawn(path, pictures, [_plausible(fit) for fit in network.predict(pictures)], pictures)

    def _job(self, effect: EffectSpec, drawn: Drawn, asks: Sequence[Ask], candidate: int) -> Job:
        seeds = [ask.request.seed for ask in asks]
        own = [stable_seed("target of a pair", effect.id, candidate, seed) for seed in seeds]
        prompts = [ask.prompts for ask in asks]
        return Job(self.base, self.schedule, drawn.path, drawn.pictures, drawn.fits, effect, prompts, seeds, own)

    def _regions(self, conditions: Conditions, job: Job) -> NDArray[np.bool_]:
        """Return where the effect is expected (B, H, W): the region that is drawn anew, or the usual one."""
        masks: NDArray[np.bool_] = Region(conditions.region or RegionSettings()).masks(job)[:, 0].numpy() > 0
        return masks

    def _worth(
        self, job: Job, pixels: torch.Tensor, pictures: NDArray[np.uint8], regions: NDArray[np.bool_]
    ) -> list[Worth]:
        """Say what candidates are worth; a single one is not asked."""
        if self.config.candidates == 1:
            return [Worth(0.0, 0.0)] * len(pictures)
        outside = changes(job.pictures, pictures, regions)
        return [Worth(*each) for each in zip(gains(job, pixels), outside, strict=True)]

    def _provenance(self, conditions: Conditions, ask: Ask) -> dict[str, Attribute]:
        traits = {} if ask.person is None else dict(ask.person.traits)
        words = {"drawn_source": ask.prompts.source, "drawn_target": ask.prompts.target}
        own = {} if ask.portrait is None else {"portrait": ask.portrait.name}
        return {"base": self.config.base, "conditions": told(conditions), **words, **traits, **own}

    def _pair(self, ask: Ask, pictures: tuple[NDArray[np.uint8], ...], told_of: Mapping[str, Attribute]) -> Pair:
        """Put a pair together from source, its copy and target, at the size that is wanted.

        The mask is where the target differs from the source and from the autoencoder's copy of it.
        """
        before, copy, after = (_sized(picture, self.config.size) for picture in pictures)
        mask = np.minimum(change_mask((before, after)), change_mask((copy, after)))
        effect = ask.request.effect.for_domain(self.config.domain)
        who = (
            {} if ask.person is None or "subject" not in effect.variables else {"subject": ask.person.traits["gender"]}
        )
        prompts = effect.prompts(who)
        return Pair(
            source=before,
            target=exact_outside(before, after, mask),
            mask=mask,
            source_prompt=prompts.source,
            target_prompt=prompts.target,
            effect=effect.id,
            teacher=self.config.kind,
            seed=ask.request.seed,
            attributes=told_of,
            domain=self.config.domain,
        )


def _by_effect(requests: Sequence[PairRequest]) -> Iterator[tuple[EffectSpec, list[int]]]:
    """Return each effect with the places of its requests."""
    places: dict[str, list[int]] = {}
    for place, request in enumerate(requests):
        places.setdefault(request.effect.id, []).append(place)
    for found in places.values():
        yield requests[found[0]].effect, found


def _plausible(fit: Fit) -> Fit | None:
    return None if objection(fit, network.load().config.sure_below) else fit


def _sized(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if len(picture) == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS))
