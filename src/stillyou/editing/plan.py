"""One edit as it is carried out: `resolve` makes an `EditPlan` of a request for one model.

What the request does not say comes from the effect, as it is tuned for what a picture shows:

    effect -> domain -> request        the last one that says something counts
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from stillyou.config import UNGUIDED, GuidanceScales, MaskSettings, SamplingSettings
from stillyou.drafts.draw import EXPRESSIONS, Wear
from stillyou.editing.effect_lookup import needs_draft, resolve_effect
from stillyou.editing.options import DraftLike
from stillyou.editing.request import EditRequest
from stillyou.editing.scene.domain import subject
from stillyou.effects.designs import find_design, with_design
from stillyou.effects.domains import Domain
from stillyou.effects.own import OwnEffect, check_wear
from stillyou.effects.settings import Defaults
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import UsageError

if TYPE_CHECKING:
    from stillyou.diffusion.card import ModelCard

DEFAULT_STEPS, DRAFT_STEPS = 20, 8
"""Steps from noise, where neither the model nor the effect needs fewer, and from a draft."""
FEW_DRAFT_STEPS = 2
"""Steps from a draft, of models whose card says that they need few (docs/results/drafts.md)."""
GLANCE_MAPS = 2
"""Maps of the mask that says where a close-up goes."""
OWN_DRAFT_REFINE = 0.4
"""How far a user's own draft is refined: it is a sketch."""
OFFICIAL_SEED = 3407
"""What the released demo seeds its global generators with."""


@dataclass(frozen=True)
class ModelTraits:
    """What an edit must know of a model before it runs.

    Attributes:
        name: How the user named it.
        card: What it was trained for.
        resolution: Side of the squares that it was trained on, in pixels.
    """

    name: str
    card: ModelCard
    resolution: int


@dataclass(frozen=True)
class EditPlan:
    """A request for one model, with every open question answered: all about an edit but the picture.

    Attributes:
        request: What was asked for.
        effect: Its spec, with the model's own defaults.
        model: Whom it is asked of.
        side: Side of the square that the model works on, in pixels.
        domain: What the picture shows; None before somebody has looked at one.
        from_draft: Whether sampling starts from a draft.
    """

    request: EditRequest
    effect: EffectSpec
    model: ModelTraits
    side: int
    domain: Domain | None = None
    from_draft: bool = False

    def for_domain(self, domain: Domain) -> EditPlan:
        """Return the plan for a picture of a domain: with its word for the subject, and what is tuned for it."""
        return replace(self, domain=domain)

    @cached_property
    def _defaults(self) -> Defaults:
        return self.effect.defaults(self.domain)

    @cached_property
    def prompts(self) -> Prompts:
        """The prompts, every placeholder filled, with the design's name for a model that learned costumes by it."""
        word = {} if self.domain is None else subject(self.effect, self.domain, self.model.card.domains)
        prompts = self.effect.prompts({**word, **(self.request.variables or {})})
        if self.design is None or not self._tells_design:
            return prompts
        named = find_design(self.effect.id, self.design, self.effect.looks)
        return Prompts(prompts.source, with_design(prompts.target, named))

    @property
    def _tells_design(self) -> bool:
        """Whether the model learned the effect's designs by name, and is told one."""
        return self.model.card.named_designs and self.effect.names_designs and self.own_draft is None

    @property
    def design(self) -> str | None:
        """The look of the effect's art; None for effects without art."""
        known = self.effect.looks
        if self.request.design is not None:
            return find_design(self.effect.id, self.request.design, known).name
        return known[0].name if known else None

    @property
    def art_alone(self) -> bool:
        """Whether the model was not trained for the effect, so that its art is all that there is."""
        return needs_draft(self.effect, self.model.card)

    @property
    def draws_face(self) -> bool:
        """Whether the draft is an expression, drawn with the face's own features."""
        expression = self.effect.group == "expression" and self.effect.id in EXPRESSIONS
        return expression and self.domain is not None and self.own_draft is None

    @property
    def draft_alone(self) -> bool:
        """Whether a square without a draft is left as it is: what a model would draw there is not known, or not fit."""
        return self.art_alone or (self.domain == "people" and self.wants_draft)

    @property
    def wear(self) -> Wear:
        """What of a costume is worn."""
        return "both" if self.request.wear is None else self.request.wear

    @property
    def own_draft(self) -> DraftLike | None:
        """A draft that the user made."""
        return self.request.own_draft

    @property
    def wants_draft(self) -> bool:
        """Whether the edit starts from a draft wherever one can be made."""
        said = self.request
        if said.official or said.draft == "none" or self.refine == 1:
            return False
        asked = any(option is not None for option in (said.draft, said.design, said.wear, said.nudge, said.refine))
        asked = asked or isinstance(self.effect, OwnEffect)
        has_art = self.design is not None or self.draws_face
        return self.own_draft is not None or (has_art and (asked or self.model.card.drafts))

    @property
    def ignored(self) -> list[str]:
        """Notes on options about the effect's own art, where none of it is drawn."""
        said, own = self.request, self.own_draft is not None
        if said.official or (self.wants_draft and not own and not self.draws_face):
            return []
        options: dict[str, object] = {"wear": said.wear, "nudge": said.nudge}
        if not self._tells_design:
            options = {"design": said.design, **options}
        if not own and not self.wants_draft and said.refine != 1:
            options["refine"] = said.refine
        named = [name for name, value in options.items() if value is not None]
        why = "the draft is your own" if own else "the edit starts from noise"
        why = "an expression is no costume" if self.wants_draft and not own else why
        return [f"{' and '.join(named)} changed nothing: {why}"] if named else []

    @property
    def unasked(self) -> list[str]:
        """Notes on options of the sampler, where drafts are laid on as they are and no model is called."""
        said = self.request
        options = {"steps": said.steps, "guidance": said.guidance, "close-up": said.close_up}
        named = [name for name, value in options.items() if value is not None]
        why = "the draft is laid on as it is; refine above 0 lets the model go over it"
        return [f"{' and '.join(named)} changed nothing: {why}"] if named and self.refine == 0 else []

    @property
    def refine(self) -> float:
        """How far sampling goes back from a draft: 0 = the draft as it is, 1 = from noise."""
        if self.request.refine is not None:
            return self.request.refine
        if self.art_alone:
            return 0.0
        return OWN_DRAFT_REFINE if self.own_draft is not None else self._defaults.refine

    @property
    def close_up(self) -> bool:
        """Whether the edit is drawn in a square of its own around the estimated mask."""
        if self.request.official or self.request.mask is not None:
            return False
        return self._defaults.close_up if self.request.close_up is None else self.request.close_up

    def drafted(self) -> EditPlan:
        """Return the plan for a square that has a draft: fewer steps, and the full branch alone."""
        return replace(self, from_draft=True)

    @property
    def guidance(self) -> GuidanceScales:
        """Scales of the three guidance terms."""
        if self.request.guidance is not None:
            return self.request.guidance
        return UNGUIDED if self.from_draft else self._defaults.guidance

    @cached_property
    def mask(self) -> MaskSettings:
        """How the editing mask is estimated and used."""
        said = self.request.mask_strategy
        return self._defaults.mask if said is None else self._defaults.mask.model_copy(update={"strategy": said})

    @property
    def first_glance(self) -> MaskSettings:
        """How the mask is estimated that says where a close-up goes: from few maps."""
        return self.mask.model_copy(update={"maps": min(self.mask.maps, GLANCE_MAPS)})

    @property
    def asked_strength(self) -> float:
        """The strength that the user means: 1 is the effect's default."""
        return 1.0 if self.request.strength is None else self.request.strength

    @property
    def opacity(self) -> float:
        """How opaque a draft is laid on: a weaker costume is a fainter one, a weaker expression is drawn milder."""
        return 1.0 if self.draws_face else self.strength

    @property
    def strength(self) -> float:
        """What the sampler gets: the user's strength times the effect's default."""
        return self.asked_strength * self._defaults.strength

    @property
    def sampling(self) -> SamplingSettings:
        """What the model is run with: edits that agree in it may share a batch."""
        learned = self.effect.id in self.model.card.strengths
        refine, strength = 1.0, 1.0 if learned else self.strength
        if self.from_draft:  # a weaker costume is a fainter one, see `road.lay`
            refine, strength = self.refine or 1.0, 1.0
        return SamplingSettings(
            guidance=self.guidance,
            mask=self.mask,
            steps=self.steps,
            strength=strength,
            prompt_strength=self.strength if learned and self.strength else 1.0,
            refine=refine,
        )

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        if self.request.steps is not None:
            return self.request.steps
        needs_few = self.model.card.few_steps and not self.request.official
        if self.from_draft:
            return FEW_DRAFT_STEPS if needs_few else DRAFT_STEPS
        return (self._defaults.few_steps if needs_few else None) or DEFAULT_STEPS

    @property
    def seed(self) -> int:
        """What the noise follows from."""
        default = OFFICIAL_SEED if self.request.official else 0
        return default if self.request.seed is None else self.request.seed


def resolve(request: EditRequest, model: ModelTraits) -> EditPlan:
    """Plan a request for a model.

    Raises:
        UsageError: An effect that the model was not trained for, or a variable, a design or a part that the effect does
            not have.
    """
    effect = resolve_effect(request.effect, model.card, model.name)
    plan = EditPlan(request, effect, model, request.resolution or model.resolution)
    plan.prompts, plan.design  # noqa: B018 - wrong names are refused here, before a picture is opened
    if isinstance(effect, OwnEffect):
        check_wear(effect, plan.wear)
    if plan.art_alone and (request.official or request.draft == "none" or plan.refine > 0):
        raise UsageError(
            f"the model '{model.name}' was not trained for the effect '{effect.id}', so it can only lay its art on",
            "Leave --official, --draft none and --refine out, or train it (docs/reference/own-effects.md).",
        )
    return plan
