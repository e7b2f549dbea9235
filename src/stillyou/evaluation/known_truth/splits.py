"""The splits: which pictures a model is measured on, and the pairs of those that a studio draws.

Pair seeds are keyed by "evaluation": no training or judge picture has one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stillyou.draws import stable_seed
from stillyou.editing.scene.domain import subject
from stillyou.effects.domains import DOMAINS, Domain
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest, requires
from stillyou.pairs.pair import Pair

SPLITS = ("unseen-characters", "unseen-styles", "people")
"""New characters of the training styles; characters of styles that training never saw; new people."""
PHOTOGRAPHS = "photos"
"""A user's folder of photographs, whose edits have no known truth."""
ALL_SPLITS = (*SPLITS, PHOTOGRAPHS)

_DOMAINS: dict[str, Domain] = dict(zip(ALL_SPLITS, ("cartoon", "cartoon", "people", "people"), strict=True))


@dataclass(frozen=True)
class PairSample:
    """The pairs that an evaluation is about.

    Attributes:
        split: One of `SPLITS`.
        n: Pairs an effect.
        seed: Benchmark seed: pairs and the noise of their edits follow from it.
        effects: The effects; None takes the eight of the catalogue.
        size: Side of the pictures in pixels; None takes the editor's own resolution.
        designs: Whether costumes are of named designs, and edits are asked for the same ones.
        drift: Of targets of cartoons that are wrong on purpose (`CartoonStudio`).
        pairs: The pairs of each effect by its id, where they are made already.
    """

    split: str
    n: int
    seed: int = 0
    effects: Sequence[EffectSpec] | None = None
    size: int | None = None
    designs: bool = False
    drift: float = 0.0
    pairs: Mapping[str, Sequence[Pair]] | None = None

    def shown(self) -> list[EffectSpec]:
        """Return the effects."""
        return list(catalogue().values()) if self.effects is None else list(self.effects)

    def of(self, effect: EffectSpec, resolution: int) -> Sequence[Pair]:
        """Return an effect's pairs, made for an editor of a resolution unless they are there; raises as `cases`."""
        if self.pairs is not None:
            return self.pairs[effect.id]
        size = self.size or resolution
        made = cases(effect, self.split, self.n, size=size, seed=self.seed, designs=self.designs, drift=self.drift)
        return list(made)

    def made(self, resolution: int) -> PairSample:
        """Return the same with all pairs made, for more than one evaluation of them."""
        return replace(self, pairs={effect.id: self.of(effect, resolution) for effect in self.shown()})


def check_split(split: str, known: Sequence[str] = SPLITS) -> None:
    """Refuse an unknown split; raises UsageError with the names there are."""
    if split not in known:
        hint = nearest(split, known)
        names = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(f"unknown split '{split}'", f"{'' if hint.startswith('There') else f'{hint} '}Choose {names}.")


def domain_of(split: str) -> Domain:
    """Return what the pictures of a split show."""
    return _DOMAINS[split]


def in_domain(effect: EffectSpec, split: str) -> EffectSpec:
    """Return an effect with the words and defaults that pictures of a split have."""
    domain = domain_of(split)
    return effect.for_domain(domain).with_variables(subject(effect, domain, DOMAINS))


def evaluation_seed(split: str, seed: int, effect: str, index: int) -> int:
    """Return the studio seed of a pair of the benchmark; the key's domain is the evaluation's alone."""
    return stable_seed("evaluation", split, seed, effect, index)


def cases(
    effect: EffectSpec, split: str, n: int, *, size: int, seed: int = 0, designs: bool = False, drift: float = 0.0
) -> Iterator[Pair]:
    """Make an effect's pairs: of cartoons neutral plain sources, styles taking turns; of people one person each.

    Args:
        effect: One of the eight.
        split: One of `SPLITS`.
        n: Number of pairs.
        size: Side of the pictures in pixels.
        seed: Benchmark seed.
        designs: Whether costumes are of named designs; the sources are the same either way.
        drift: Of targets of cartoons that are wrong on purpose (`CartoonStudio`); the sources are the same.

    Raises:
        UsageError: An unknown split, or nothing of it can show the effect.
        StillYouError: A studio's libraries are missing, or there is nothing to draw with.
    """
    check_split(split)
    if split != "people":
        yield from _cartoons(effect, split, n, seed, size=size, designs=designs, drift=drift)
    elif drift:
        raise UsageError("the studio of people draws no targets that drift", "Take a split of cartoons.")
    else:
        yield from _people(effect, n, size, seed, designs)


def _people(effect: EffectSpec, n: int, size: int, seed: int, designs: bool) -> Iterator[Pair]:
    """Make people, degraded as in training; everyone appears once, so that edits are independent."""
    from stillyou.pairs.teachers.people.config import PeopleConfig
    from stillyou.pairs.teachers.protocol import PairRequest

    studio = PeopleConfig(size=size, designs=designs).build()
    for index in range(n):
        yield from studio.make([PairRequest(effect, evaluation_seed("people", seed, effect.id, index), index)])


def _cartoons(effect: EffectSpec, split: str, n: int, seed: int, **drawn: Any) -> Iterator[Pair]:
    requires("pairs", "dicebear", "dicebear_styles", "pyvips")
    from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
    from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
    from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES

    styles = TRAIN_STYLES if split == SPLITS[0] else HELD_OUT_STYLES
    able = [style for style in styles if _can_show(style, effect)]
    if not able:
        raise UsageError(f"no drawing style of {split} can show '{effect.id}'", "Evaluate another effect.")
    plain = {"augment": False, "neutral_sources": True, "costumed_sources": False}
    studios = [CartoonStudio([style], **plain, **drawn) for style in able]
    first = list(catalogue()).index(effect.id) if effect.id in catalogue() else 0
    for index in range(n):
        # Effects begin with different styles, so that a few pairs an effect still show many styles.
        yield studios[(first + index) % len(studios)].pair(effect, evaluation_seed(split, seed, effect.id, index))


def _can_show(style: Any, effect: EffectSpec) -> bool:
    return style.costume is not None if effect.group == "costume" else style.can_show(effect.id)
