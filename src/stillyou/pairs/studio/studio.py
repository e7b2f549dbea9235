"""The cartoon studio: exact pairs of vector characters, each from (effect, seed) and nothing else.

A pair is drawn in three steps: a scene (who, where, before what), two drawings of it that differ in one edit,
and the same augmentation for both. Every random choice has its own generator, keyed by seed, effect and purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stillyou.draws import generator
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.pair import Attribute, Pair, Pixels
from stillyou.pairs.studio.backdrop import Backdrop, draw_backdrop
from stillyou.pairs.studio.character import (
    Character,
    draw_character,
    show,
)
from stillyou.pairs.studio.costumes import CostumeLayers, dress
from stillyou.pairs.studio.degrade import Scene, degrade, warp
from stillyou.pairs.studio.licences import attribution
from stillyou.pairs.studio.mask import change_mask, exact_outside
from stillyou.pairs.studio.pose import canonical_pose, draw_pose
from stillyou.pairs.studio.raster import Pose, document, rasterise
from stillyou.pairs.studio.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.studio.styles import TRAIN_STYLES

SUBJECTS = ("cartoon character", "cartoon portrait", "character", "person", "avatar")
_SUBJECT_SHARES = (0.6, 0.1, 0.1, 0.1, 0.1)
_LEAST_CHANGE = 0.0008
"""Share of the picture that an edit must change to be worth learning."""
_ATTEMPTS = 8


@dataclass(frozen=True)
class _State:
    """What one of the two drawings shows."""

    expression: str
    costume: str


@dataclass(frozen=True)
class _Plan:
    """Everything of a pair but its pixels."""

    character: Character
    source: _State
    target: _State
    subject: str


class CartoonStudio:
    """The teacher `cartoon`.

    Args:
        styles: Drawing styles to choose from.
        size: Side of the square pictures in pixels.
        augment: Whether geometry, colours and image quality vary, and the subject's word with them.
        neutral_sources: Whether every source is calm and plain (evaluation).
        costumed_sources: Whether some expression edits show costumed characters.
    """

    name = "cartoon"

    def __init__(
        self,
        styles: Sequence[StyleSpec] = TRAIN_STYLES,
        *,
        size: int = 256,
        augment: bool = True,
        neutral_sources: bool = False,
        costumed_sources: bool = True,
    ) -> None:
        if not 32 <= size <= 2048:
            raise UsageError(f"picture size {size} is out of range", "Choose 32 to 2048 pixels.")
        self.styles = tuple(styles)
        self.size = size
        self.augment = augment
        self.neutral_sources = neutral_sources
        self.costumed_sources = costumed_sources

    @property
    def licences(self) -> Mapping[str, str]:
        """Licence and author of each style's art."""
        return {style.name: attribution(style).line() for style in self.styles}

    def make(self, effect: EffectSpec, seed: int) -> Pair:
        """Draw one pair.

        Args:
            effect: One of the studio's expressions or costumes.
            seed: 0 to 2**63 - 1.

        Raises:
            UsageError: An effect that the studio cannot draw.
        """
        if effect.id not in (*EXPRESSIONS, *COSTUMES):
            known = ", ".join((*COSTUMES, *EXPRESSIONS))
            raise UsageError(f"the cartoon studio cannot draw effect '{effect.id}'", f"It draws: {known}.")
        for attempt in range(_ATTEMPTS):
            pair = self._attempt(effect, seed, attempt)
            if (pair.mask > 0).mean() >= _LEAST_CHANGE:
                break
        return pair

    def _attempt(self, effect: EffectSpec, seed: int, attempt: int) -> Pair:
        def rng(purpose: str) -> np.random.Generator:
            return generator("cartoon", effect.id, seed, attempt, purpose)

        plan = self._plan(effect.id, rng("plan"), rng("character"))
        backdrop, pose = self._place(plan, effect.id, rng("place"))
        clean = self._draw(plan, backdrop, pose, seed, attempt)
        scene = clean
        if self.augment:
            augmentation = rng("augmentation")
            clean = warp(clean, augmentation) if augmentation.random() < 0.4 else clean
            scene = degrade(clean, augmentation)
        mask = change_mask(clean, scene)
        prompts = effect.prompts({"subject": plan.subject} if "subject" in effect.variables else {})
        return Pair(
            source=scene[0],
            target=exact_outside(*scene, mask),
            mask=mask,
            source_prompt=prompts.source,
            target_prompt=prompts.target,
            effect=effect.id,
            teacher=self.name,
            seed=seed,
            attributes=_attributes(plan),
        )

    def _plan(self, effect: str, rng: np.random.Generator, identity: np.random.Generator) -> _Plan:
        """Choose style, character, and what each of the two drawings shows."""
        able = [s for s in self.styles if (s.costume if effect in COSTUMES else s.can_show(effect))]
        if not able:
            raise UsageError(f"no style of this studio can show '{effect}'", "Choose another effect.")
        style = able[int(rng.integers(len(able)))]
        donors = [donor for donor in self.styles if donor.can_show(effect)] if self.augment else []
        character = draw_character(style, identity, varied=self.augment, donors=donors)
        source, target = self._states(character, effect, rng)
        subject = SUBJECTS[int(rng.choice(len(SUBJECTS), p=_SUBJECT_SHARES))] if self.augment else SUBJECTS[0]
        return _Plan(character, source, target, subject)

    def _states(self, character: Character, effect: str, rng: np.random.Generator) -> tuple[_State, _State]:
        shown = [e for e in EXPRESSIONS if character.face.can_show(e) and e != effect]
        costume, calm = "none", rng.random() < (0.6 if effect in COSTUMES else 0.7)
        other = shown[int(rng.integers(len(shown)))]
        expression = "neutral" if effect != "neutral" and (calm or self.neutral_sources) else other
        if effect in COSTUMES:
            return _State(expression, costume), _State(expression, effect)
        if character.style.costume and self.costumed_sources and not self.neutral_sources and rng.random() < 0.15:
            costume = COSTUMES[int(rng.integers(len(COSTUMES)))]
        return _State(expression, costume), _State(effect, costume)

    def _place(self, plan: _Plan, effect: str, rng: np.random.Generator) -> tuple[Backdrop, Pose]:
        style, options = plan.character.style, plan.character.options
        colours = [str(options[f"{name}Color"]) for name in style.colours]
        backdrop = draw_backdrop(rng, colours, varied=self.augment)
        if not self.augment:
            return backdrop, canonical_pose(style)
        return backdrop, draw_pose(style, rng, closer=effect in EXPRESSIONS)

    def _draw(self, plan: _Plan, backdrop: Backdrop, pose: Pose, seed: int, attempt: int) -> Scene:
        """Draw both states; generators are keyed by state, so what both show is the same in both."""
        style = plan.character.style

        def costume(name: str) -> CostumeLayers | None:
            if name == "none" or not style.costume:
                return None
            fit = style.costume.shifted(plan.character.variants.get(style.costume.anchor))
            return dress(fit, name, generator("cartoon", "costume", seed, attempt, name))

        def pixels(state: _State) -> Pixels:
            rng = generator("cartoon", "look", seed, attempt, state.expression)
            drawing = show(plan.character, state.expression, rng, costume(state.costume))
            svg = document(drawing, pose=pose, backdrop=backdrop.body, backdrop_defs=backdrop.defs)
            return rasterise(svg, drawing.side, self.size)

        return pixels(plan.source), pixels(plan.target)


def _attributes(plan: _Plan) -> dict[str, Attribute]:
    return {
        "style": plan.character.style.name,
        "face": plan.character.face.name,
        "source_expression": plan.source.expression,
        "source_costume": plan.source.costume,
        "target_expression": plan.target.expression,
        "target_costume": plan.target.costume,
        "subject": plan.subject,
    }
