"""One edit as somebody asked for it, and as it is carried out.

Command line, Python, folders, the evaluation and an app all build an `EditRequest`: every option that they did not
name is None there. Its options are checked when it is built, before anything heavy is loaded. `resolve` makes an
`EditPlan` of it for one model; what is not said then comes from the effect, as it is tuned for what a picture shows:

    effect -> domain -> request        the last one that says something counts

A new option is a line in `EditOptions`, a field of `EditRequest` with its reader, and what `EditPlan` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from stillyou.config import UNGUIDED, GuidanceScales, MaskSettings, SamplingSettings
from stillyou.drafts.draw import Wear
from stillyou.editing import options
from stillyou.editing.effect_lookup import needs_draft, resolve_effect
from stillyou.editing.options import DraftLike
from stillyou.editing.scene.crop import Crop, parse_crop
from stillyou.editing.scene.domain import parse_domain, subject
from stillyou.editing.scene.face_choice import FaceChoice, parse_face
from stillyou.editing.supplied_mask import MaskLike
from stillyou.effects.designs import find_design
from stillyou.effects.domains import Domain
from stillyou.effects.own import OwnEffect, check_wear
from stillyou.effects.settings import Defaults
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import UsageError, nearest

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stillyou.diffusion.card import ModelCard

DEFAULT_STEPS, DRAFT_STEPS = 20, 8
"""Steps from noise, and from a draft."""
GLANCE_MAPS = 4
"""Maps of the mask that says where a close-up goes."""
OWN_DRAFT_REFINE = 0.4
"""How far a user's own draft is refined: it is a sketch."""
OFFICIAL_SEED = 3407
"""What the released demo seeds its global generators with."""


class EditOptions(TypedDict, total=False):
    """The options of an edit as people may write them; None and a missing key both mean "not said"."""

    strength: float | None
    seed: int | None
    steps: int | None
    guidance: GuidanceScales | Sequence[float] | str | None
    mask: MaskLike | None
    variables: Mapping[str, str] | None
    crop: Crop | str | None
    face: str | int | FaceChoice | None
    domain: str | None
    mask_strategy: str | None
    resolution: int | None
    design: str | None
    wear: str | None
    draft: DraftLike | None
    refine: float | None
    close_up: bool | None
    official: bool | None


def _option(reader: Callable[[Any], Any]) -> Any:
    """Declare an option that need not be said; `reader` checks it and brings it into its own type."""
    return field(default=None, metadata={"reader": reader})


@dataclass(frozen=True, kw_only=True)
class EditRequest:
    """What somebody wants done to a picture; None = not said.

    Attributes:
        effect: A name, a YAML file, a folder with art, or a spec.
        strength: 0 = the input, bit for bit, with an empty mask; 1 = the effect's default (also where nothing is said).
        seed: The same seed gives the same edit; not said it is 0, and the release's 3407 in official mode.
        steps: Steps of the sampler; 20.
        guidance: Scales (image, source, text) that replace the effect's.
        mask: Where to edit, at the picture's size, instead of the estimated mask: a file, image or array.
        variables: Values for the prompt's placeholders, such as ``{"subject": "woman"}``.
        crop: The square to work on, instead of the one found around the character or the face.
        face: Which face of a photograph: ``largest`` (the default), ``all``, a number from the left, or ``X,Y``.
        domain: ``cartoon`` or ``people``, where it should not be recognised (``auto``).
        mask_strategy: `noise`, `latent` or `none`, instead of the effect's.
        resolution: Side of the square that the model works on, instead of its own: a multiple of 64.
        design: A named look of the effect; its first one where nothing is said.
        wear: What of a costume: `hat`, `coat` or `both`.
        draft: ``auto`` starts from the effect's own art where it has some, ``none`` from noise, a file or image from
            that: at the picture's size, with alpha or drawn over it. Where nothing is said, the model's card decides.
        refine: How far sampling goes back from the draft: 0 = the draft as it is, 1 = from noise.
        close_up: Whether the edit is drawn in a square of its own around the estimated mask; not said, it is the
            effect's own way. A supplied mask asks for none.
        official: Do what the released demo does (docs/reference/official.md): the result is the squashed square, all of
            it from the model; `mask_strategy="latent"` adds the released mask functions.

    Raises:
        UsageError: An option that makes no sense, or two that exclude each other.
    """

    effect: str | Path | EffectSpec
    strength: float | None = _option(options.strength)
    seed: int | None = _option(options.seed)
    steps: int | None = _option(options.steps)
    guidance: GuidanceScales | None = _option(options.guidance)
    mask: MaskLike | None = field(default=None, compare=False, repr=False)
    variables: Mapping[str, str] | None = _option(options.variables)
    crop: Crop | None = _option(parse_crop)
    face: FaceChoice | None = _option(parse_face)
    domain: Domain | None = _option(parse_domain)
    mask_strategy: str | None = _option(options.mask_strategy)
    resolution: int | None = _option(options.resolution)
    design: str | None = _option(options.design)
    wear: Wear | None = _option(options.wear)
    draft: DraftLike | None = field(default=None, compare=False, repr=False, metadata={"reader": options.draft})
    refine: float | None = _option(options.refine)
    close_up: bool | None = _option(options.close_up)
    official: bool | None = None

    @classmethod
    def read(cls, effect: str | Path | EffectSpec, **said: Unpack[EditOptions]) -> EditRequest:
        """Build a request of options as people write them: text, numbers, sequences.

        Raises:
            UsageError: As the class does, or an option that there is not.
        """
        known = EditOptions.__annotations__
        for name in said:
            if name not in known:
                raise UsageError(f"an edit has no option '{name}'", nearest(name, known))
        values: dict[str, Any] = dict(said)
        return cls(effect=effect, **values)

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and "reader" in each.metadata:
                object.__setattr__(self, each.name, each.metadata["reader"](value))
        if self.crop is not None and self.face is not None:
            raise UsageError("a crop and a face exclude each other", "Give --crop or --face.")
        if self.official:
            _check_official(self)


def _check_official(request: EditRequest) -> None:
    """Refuse what the released demo has no counterpart of."""
    if request.strength not in (None, 1):
        raise UsageError(
            "official mode has no strength (the release's is a noise level, with pure noise as its start)",
            "Leave --strength out.",
        )
    if request.mask_strategy not in (None, "none", "latent"):
        raise UsageError(
            f"the release has no mask strategy '{request.mask_strategy}'",
            "Use --mask-strategy latent, or none without a mask.",
        )
    for name in ("mask", "crop", "face", "domain", "resolution", "design", "wear", "draft", "refine", "close_up"):
        if getattr(request, name) is not None:
            raise UsageError(
                f"official mode does as the released demo, which has no {name}",
                f"Leave --{name.replace('_', '-')} out.",
            )


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
        """The prompts, every placeholder filled."""
        word = {} if self.domain is None else subject(self.effect, self.domain, self.model.card.domains)
        return self.effect.prompts({**word, **(self.request.variables or {})})

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
    def wear(self) -> Wear:
        """What of a costume is worn."""
        return "both" if self.request.wear is None else self.request.wear

    @property
    def own_draft(self) -> DraftLike | None:
        """A draft that the user made."""
        given = self.request.draft
        return None if given is None or (isinstance(given, str) and given in ("auto", "none")) else given

    @property
    def wants_draft(self) -> bool:
        """Whether the edit starts from a draft wherever one can be made."""
        said = self.request
        if said.official or said.draft == "none" or self.refine == 1:
            return False
        asked = any(option is not None for option in (said.draft, said.design, said.wear, said.refine))
        asked = asked or isinstance(self.effect, OwnEffect)
        return self.own_draft is not None or (self.design is not None and (asked or self.model.card.drafts))

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
    def strength(self) -> float:
        """What the sampler gets: the user's strength times the effect's default."""
        return self.asked_strength * self._defaults.strength

    @property
    def sampling(self) -> SamplingSettings:
        """What the model is run with: edits that agree in it may share a batch."""
        refine, strength = 1.0, self.strength
        if self.from_draft:  # a weaker costume is a fainter one, see `road.lay`
            refine, strength = self.refine or 1.0, 1.0
        return SamplingSettings(
            guidance=self.guidance, mask=self.mask, steps=self.steps, strength=strength, refine=refine
        )

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        usual = DRAFT_STEPS if self.from_draft else DEFAULT_STEPS
        return usual if self.request.steps is None else self.request.steps

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
