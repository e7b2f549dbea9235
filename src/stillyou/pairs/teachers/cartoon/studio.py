"""The cartoon studio: exact pairs of vector characters, each from (effect, seed) and nothing else.

A pair is drawn in three steps: a scene (who, where, before what), two drawings of it that differ in one edit,
and the same augmentation for both. Every random choice has its own generator, keyed by seed, effect and purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stillyou.drafts.draw import EXPRESSIONS as FACES
from stillyou.drafts.draw import draw_face
from stillyou.drafts.vector.costumes import CostumeLayers, dress
from stillyou.draws import generator
from stillyou.effects.designs import Design, with_design
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.degrade.chains import DRAWING
from stillyou.pairs.degrade.lens import warp
from stillyou.pairs.degrade.scene import Scene, degrade
from stillyou.pairs.pair import Attribute, Pair, Pixels
from stillyou.pairs.teachers.cartoon.backdrop import Backdrop, draw_backdrop
from stillyou.pairs.teachers.cartoon.character import (
    Character,
    draw_character,
    drifted,
    show,
)
from stillyou.pairs.teachers.cartoon.licences import attribution
from stillyou.pairs.teachers.cartoon.pose import canonical_pose, draw_pose
from stillyou.pairs.teachers.cartoon.raster import Pose, document, rasterise
from stillyou.pairs.teachers.cartoon.spec import COSTUMES, EXPRESSIONS, StyleSpec
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.pairs.teachers.cartoon.true_fit import true_fit
from stillyou.pairs.teachers.drawn_strengths import drawn_strength
from stillyou.pairs.teachers.named_designs import drawn_design
from stillyou.pairs.teachers.protocol import OneByOne
from stillyou.pairs.truth import change_mask, exact_outside

SUBJECTS = ("cartoon character", "cartoon portrait", "character", "person", "portrait")
_SUBJECT_SHARES = (0.6, 0.1, 0.1, 0.1, 0.1)
_CALM, _CALM_COSTUMED = 0.7, 0.6
"""Shares of neutral faces among the sources of expressions and of costumes."""
_COSTUMED = 0.15
"""Share of expression edits on costumed characters."""
_WARPED = 0.4
"""Share of scenes that are bent."""
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
    worn: Mapping[str, CostumeLayers]
    subject: str
    design: Design | None = None

    @property
    def style(self) -> StyleSpec:
        """The character's style."""
        return self.character.style


@dataclass(frozen=True)
class _Draws:
    """The random choices of one attempt at one pair, a generator for each purpose."""

    effect: str
    seed: int
    attempt: int

    def of(self, *purpose: str) -> np.random.Generator:
        """Return the generator of a purpose."""
        return generator("cartoon", self.effect, self.seed, self.attempt, *purpose)


class CartoonStudio(OneByOne):
    """Draws pairs of vector characters.

    Args:
        styles: Drawing styles to choose from.
        size: Side of the square pictures in pixels.
        augment: Whether geometry, colours and image quality vary, and the subject's word with them.
        neutral_sources: Whether every source is calm and plain (evaluation).
        costumed_sources: Whether some expression edits show costumed characters.
        designs: Whether the costume of every costume pair is one of its named designs.
        strengths: Whether expressions are drawn as edits draw them, with the face's own features and at a strength that
            the pair says; the style's own drawing where a mouth cannot be told.
        drift: Share of what a target should keep that it draws anew (parts and colours of the character, its look, the
            backdrop), as text-to-image models do: pairs that are wrong on purpose. Sources stay the same.
    """

    shares_sources = False

    def __init__(
        self,
        styles: Sequence[StyleSpec] = TRAIN_STYLES,
        *,
        size: int = 256,
        augment: bool = True,
        neutral_sources: bool = False,
        costumed_sources: bool = True,
        designs: bool = False,
        strengths: bool = False,
        drift: float = 0.0,
    ) -> None:
        if not 32 <= size <= 2048:
            raise UsageError(f"picture size {size} is out of range", "Choose 32 to 2048 pixels.")
        self.styles = tuple(styles)
        self.size = size
        self.augment = augment
        self.neutral_sources = neutral_sources
        self.costumed_sources = costumed_sources
        self.designs, self.strengths = designs, strengths
        self.drift = drift

    @property
    def licences(self) -> Mapping[str, str]:
        """Licence and author of each style's art."""
        return {style.name: attribution(style).line() for style in self.styles}

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
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
            pair = self._attempt(effect, seed, attempt, drift=0)
            if (pair.mask > 0).mean() >= _LEAST_CHANGE:
                break
        return self._attempt(effect, seed, attempt, self.drift) if self.drift else pair

    def _attempt(self, effect: EffectSpec, seed: int, attempt: int, drift: float) -> Pair:
        draws = _Draws(effect.id, seed, attempt)
        plan = self._plan(effect.id, draws)
        backdrop, pose = self._place(plan, effect.id, draws.of("place", plan.style.name))
        clean = self._draw(plan, backdrop, pose, draws, drift)
        told: dict[str, Attribute] = {}
        if self.strengths and effect.id in FACES:
            clean, strength = _weaker(clean, plan, pose, effect.id, draws.seed)
            told = {"strength": strength}
        scene = clean
        if self.augment:
            rng = draws.of("augmentation")
            clean = warp(clean, rng) if rng.random() < _WARPED else clean
            scene = degrade(clean, rng, DRAWING)
        mask = change_mask(clean, scene) if scene is not clean else change_mask(clean)
        prompts = effect.prompts({"subject": plan.subject} if "subject" in effect.variables else {})
        return Pair(
            source=scene[0],
            target=exact_outside(*scene, mask),
            mask=mask,
            source_prompt=prompts.source,
            target_prompt=with_design(prompts.target, plan.design),
            effect=effect.id,
            teacher="cartoon",
            seed=seed,
            attributes=_attributes(plan) | told,
            domain="cartoon",
        )

    def _plan(self, effect: str, draws: _Draws) -> _Plan:
        """Choose style, character, what each of the two drawings shows, and the costumes in them."""
        able = [s for s in self.styles if (s.costume if effect in COSTUMES else s.can_show(effect))]
        if not able:
            raise UsageError(f"no style of this studio can show '{effect}'", "Choose another effect.")
        rng = draws.of("plan")
        style = able[int(rng.integers(len(able)))]
        donors = [s for s in self.styles if all(map(s.can_show, EXPRESSIONS))] if self.augment else []
        character = draw_character(style, draws.of("identity", style.name), varied=self.augment, donors=donors)
        source, target = self._states(character, effect, rng)
        design = drawn_design("cartoon", effect, draws.seed) if self.designs else None
        names = [name for name in (source.costume, target.costume) if name != "none"]
        worn = {name: _dress(character, name, draws, design) for name in names}
        subject = SUBJECTS[int(rng.choice(len(SUBJECTS), p=_SUBJECT_SHARES))] if self.augment else SUBJECTS[0]
        return _Plan(character, source, target, worn, subject, design)

    def _states(self, character: Character, effect: str, rng: np.random.Generator) -> tuple[_State, _State]:
        shown = [e for e in EXPRESSIONS if character.face.can_show(e) and e != effect]
        calm = rng.random() < (_CALM_COSTUMED if effect in COSTUMES else _CALM)
        other = shown[int(rng.integers(len(shown)))]
        expression = "neutral" if effect != "neutral" and (calm or self.neutral_sources) else other
        if effect in COSTUMES:
            return _State(expression, "none"), _State(expression, effect)
        costume = "none"
        dressable = character.style.costume and self.costumed_sources and not self.neutral_sources
        if dressable and rng.random() < _COSTUMED:
            costume = COSTUMES[int(rng.integers(len(COSTUMES)))]
        return _State(expression, costume), _State(effect, costume)

    def _place(self, plan: _Plan, effect: str, rng: np.random.Generator) -> tuple[Backdrop, Pose]:
        backdrop = self._backdrop(plan.character, rng)
        if not self.augment:
            return backdrop, canonical_pose(plan.style)
        return backdrop, draw_pose(plan.style, rng, closer=effect in EXPRESSIONS)

    def _backdrop(self, character: Character, rng: np.random.Generator) -> Backdrop:
        colours = [str(character.options[f"{name}Color"]) for name in character.style.colours]
        return draw_backdrop(rng, colours, varied=self.augment)

    def _draw(self, plan: _Plan, backdrop: Backdrop, pose: Pose, draws: _Draws, drift: float) -> Scene:
        """Draw both states; looks are keyed by expression, so an expression that stays is the same in both."""

        def pixels(character: Character, state: _State, backdrop: Backdrop, *look: str) -> Pixels:
            rng = draws.of("look", plan.style.name, state.expression, *look)
            drawing = show(character, state.expression, rng, plan.worn.get(state.costume))
            svg = document(drawing, pose=pose, backdrop=backdrop.body, backdrop_defs=backdrop.defs)
            return rasterise(svg, drawing.side, self.size)

        source = pixels(plan.character, plan.source, backdrop)
        if not drift:
            return source, pixels(plan.character, plan.target, backdrop)
        rng = draws.of("drift")
        character = drifted(plan.character, drift, rng)
        look = ("drift",) if rng.random() < drift else ()
        behind = self._backdrop(character, rng) if rng.random() < drift else backdrop
        return source, pixels(character, plan.target, behind, *look)


def _weaker(clean: Scene, plan: _Plan, pose: Pose, effect: str, seed: int) -> tuple[Scene, float]:
    """Return the source with the expression drawn on it as edits do, and how strong it is; 1 for the style's own."""
    if plan.style.costume is None:
        return clean, 1.0
    strength = drawn_strength("cartoon", effect, seed)
    drawn = draw_face(clean[0], true_fit(plan.character, pose), "cartoon", effect, strength)
    return (clean, 1.0) if drawn is None else ((clean[0], drawn.over(clean[0])), strength)


def _dress(character: Character, costume: str, draws: _Draws, design: Design | None) -> CostumeLayers:
    """Draw a costume that fits the character: of a named design, or with colours and cut of its own."""
    fit = character.style.costume
    assert fit is not None, "only styles with a costume fit are dressed"
    shifted = fit.shifted(character.variants.get(fit.anchor)) if fit.anchor else fit
    if design is not None:
        return dress(shifted, costume, design=design.name)
    return dress(shifted, costume, draws.of("costume", character.style.name, costume))


def _attributes(plan: _Plan) -> dict[str, Attribute]:
    worn = plan.worn.get(plan.target.costume)
    return {
        "style": plan.style.name,
        "face": plan.character.face.name,
        "source_expression": plan.source.expression,
        "source_costume": plan.source.costume,
        "target_expression": plan.target.expression,
        "target_costume": plan.target.costume,
        "subject": plan.subject,
        **({} if plan.design is None else {"design": plan.design.name}),
        **{f"costume_{name}": value for name, value in (worn.attributes if worn else {}).items()},
    }
