"""One edit as somebody asked for it; `plan` has it as it is carried out.

Command line, Python, folders, the evaluation and an app all build an `EditRequest`: every option that they did not
name is None there. Its options are checked when it is built, before anything heavy is loaded.

A new option is a line in `EditOptions`, a field of `EditRequest` with its reader, and what `EditPlan` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from stillyou.config import GuidanceScales
from stillyou.drafts.draw import Wear
from stillyou.drafts.nudge import Nudges
from stillyou.editing import options
from stillyou.editing.options import DraftLike
from stillyou.editing.scene.crop import Crop, parse_crop
from stillyou.editing.scene.domain import parse_domain
from stillyou.editing.scene.face_choice import FaceChoice, parse_face
from stillyou.editing.supplied_mask import MaskLike
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest

if TYPE_CHECKING:
    from typing_extensions import Unpack


_NOT_RELEASED = (
    *("mask", "crop", "face", "domain", "resolution"),
    *("design", "wear", "nudge", "draft", "refine", "close_up", "retry"),
)
"""Options that the released demo has no counterpart of."""


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
    nudge: Nudges | str | None
    draft: DraftLike | None
    refine: float | None
    close_up: bool | None
    retry: bool | None
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
        nudge: How its hat and coat are moved from where the fit puts them: ``hat:DX,DY,SCALE,TURN/coat:...``.
        draft: ``auto`` starts from the effect's own art where it has some, ``none`` from noise, a file or image from
            that: at the picture's size, with alpha or drawn over it. Where nothing is said, the model's card decides.
        refine: How far sampling goes back from the draft: 0 = the draft as it is, 1 = from noise.
        close_up: Whether the edit is drawn in a square of its own around the estimated mask; not said, it is the
            effect's own way. A supplied mask asks for none.
        retry: Whether an edit whose scores are out of band (`editing.check`) is tried once more, with another seed and,
            where too little changed, more text guidance; the better one is kept. Not said, it is not.
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
    nudge: Nudges | None = _option(options.nudge)
    draft: DraftLike | None = field(default=None, compare=False, repr=False, metadata={"reader": options.draft})
    refine: float | None = _option(options.refine)
    close_up: bool | None = _option(options.close_up)
    retry: bool | None = _option(options.retry)
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

    @property
    def own_draft(self) -> DraftLike | None:
        """A draft that the user made; None where the draft is a word."""
        return None if isinstance(self.draft, str) and self.draft in ("auto", "none") else self.draft

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and "reader" in each.metadata:
                object.__setattr__(self, each.name, each.metadata["reader"](value))
        if self.crop is not None and self.face is not None:
            raise UsageError("a crop and a face exclude each other", "Give --crop or --face.")
        if self.nudge is not None and self.draft not in (None, "auto"):
            raise UsageError("only the effect's own art can be nudged", "Leave --nudge out, or --draft.")
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
    for name in _NOT_RELEASED:
        if getattr(request, name) is not None:
            raise UsageError(
                f"official mode does as the released demo, which has no {name}",
                f"Leave --{name.replace('_', '-')} out.",
            )
