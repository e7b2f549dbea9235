"""What ties a generated target to its source: the settings of each condition, as an effect's spec holds them.

The teacher `diffusion` makes a source and a target with a text-to-image model (docs/reference/diffusion-teacher.md).
Whatever the effect keeps must be shared by the two, and each condition shares something: a spec names those it wants,
with settings where they differ from the defaults. ``noise: true`` stands for the defaults.

    conditions:
      noise: true
      renoise: {level: 0.7}
      attention: {first: 0.2, layers: [up]}

The classes that act on these settings are in `pairs.teachers.conditioning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from stillyou.config import Strict
from stillyou.errors import UsageError, nearest

Share = Annotated[float, Field(ge=0, le=1)]
Part = Literal["down", "mid", "up"]
"""Parts of a UNet, in the order of their layers."""


class NoiseSettings(Strict):
    """Shared noise: the target starts from the source's noise, and stochastic samplers draw the same at every step."""

    share: Share = 1.0
    """Share of the noise's variance that is the source's; the rest is the target's own."""


class RenoiseSettings(Strict):
    """Partial renoising: the target starts from the source, noised to a level of the schedule."""

    level: float = Field(0.8, gt=0, le=1)
    """Share of the schedule's steps that are left; 1 is the whole schedule."""


class DraftSettings(Strict):
    """Start from a draft: the effect's own art on the source, noised to a level of the schedule."""

    level: float = Field(0.5, gt=0, le=1)
    """Share of the schedule's steps that are left."""


class IdentitySettings(Strict):
    """Shared identity text: both prompts describe one person, drawn from typed lists."""

    name: bool = True
    """Whether the person has an invented name, which holds the face better than a description alone."""


class PromptSettings(Strict):
    """Prompt-to-prompt: the target attends to the words of the source's prompt where the source does."""

    cross: Share = 0.6
    """Share of the steps, from the first, in which attention to shared words is the source's."""
    own: Share = 0.3
    """Share of the steps in which the coarse maps of self-attention are the source's."""


class AttentionSettings(Strict):
    """Shared self-attention: the target reads keys and values of the source's layers."""

    first: Share = 0.3
    """Share of the steps after which it begins: earlier ones lay out what the effect changes."""
    last: Share = 1.0
    """Share of the steps at which it ends."""
    layers: tuple[Part, ...] = ("up",)
    """Parts of the UNet whose layers read the source."""


class RegionSettings(Strict):
    """Regeneration inside a region: outside it the target is the source at every step."""

    by: Literal["auto", "face", "outfit", "draft", "mask"] = "auto"
    """Where the region comes from: the fit's ellipse of the face, what lies around it, the draft's art, or the editing
    mask of an editor; auto takes the face for expressions, the draft for effects with art, else the outfit."""
    grow: float = Field(0.03, ge=0, le=0.5)
    """Width by which it grows, in shares of the picture's side; half of it is soft."""


class StructureSettings(Strict):
    """Shared structure: a ControlNet reads edges, depth or pose of the source."""

    by: Literal["edges", "depth", "pose"] = "edges"
    """What is read off the source."""
    model: str = Field(min_length=1)
    """The ControlNet for it and for the base: a hub id or a folder."""
    depth_model: str | None = None
    """Of depth: the estimator, a hub id or a folder (Depth Anything and DPT have the layout that is read)."""
    scale: float = Field(0.7, gt=0, le=2)
    """Weight of its residuals."""
    until: Share = 0.8
    """Share of the steps, from the first, in which it acts."""

    @model_validator(mode="after")
    def _depth_has_an_estimator(self) -> StructureSettings:
        if self.by == "depth" and self.depth_model is None:
            raise ValueError("depth needs depth_model, an estimator's hub id or folder")
        return self


class AppearanceSettings(Strict):
    """Shared appearance: image tokens of the source, by an IP-Adapter, or the embedded model's own."""

    model: str | None = None
    """The IP-Adapter: a hub id or a folder; the embedded base needs none."""
    subfolder: str = ""
    """Where its weights lie in it, for example models or sdxl_models."""
    weights: str = "ip-adapter_sd15.safetensors"
    """Their file, safetensors."""
    scale: float = Field(0.5, gt=0, le=5)
    """Weight of the image tokens."""


class Conditions(Strict):
    """What ties target to source; None leaves a condition out."""

    noise: NoiseSettings | None = None
    renoise: RenoiseSettings | None = None
    draft: DraftSettings | None = None
    identity: IdentitySettings | None = None
    prompts: PromptSettings | None = None
    attention: AttentionSettings | None = None
    region: RegionSettings | None = None
    structure: StructureSettings | None = None
    appearance: AppearanceSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _true_stands_for_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: {} if value is True else None if value is False else value for name, value in data.items()}

    @model_validator(mode="after")
    def _one_start(self) -> Conditions:
        if self.renoise is not None and self.draft is not None:
            raise ValueError("renoise and draft both say where the target starts; choose one")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the conditions that are wanted, in the order of `CONDITIONS`."""
        return tuple(name for name in CONDITIONS if getattr(self, name) is not None)

    def only(self, names: Sequence[str]) -> Conditions:
        """Return the conditions of these names as they are set here, with default settings where they are not.

        Raises:
            UsageError: A name that is none, or a condition whose settings have no default.
        """
        chosen: dict[str, Any] = {}
        for name in names:
            if name not in CONDITIONS:
                raise UsageError(f"unknown condition '{name}'", nearest(name, CONDITIONS))
            own = getattr(self, name)
            if own is None and name == "structure":
                raise UsageError("the condition 'structure' needs a ControlNet", f"Name it in the spec: {STRUCTURE}")
            chosen[name] = True if own is None else own
        try:
            return Conditions(**chosen)
        except ValueError as error:
            raise UsageError(
                "the conditions renoise and draft both say where the target starts", "Choose one."
            ) from error


CONDITIONS: Final[tuple[str, ...]] = tuple(Conditions.model_fields)
"""Names of all conditions."""
STRUCTURE: Final = "conditions: {structure: {by: edges, model: OWNER/NAME}}"
