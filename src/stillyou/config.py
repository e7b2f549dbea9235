"""Typed settings shared by all stages; unknown keys and bad values are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stillyou.errors import UsageError
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import Rules
from stillyou.untrusted.settings import read_toml, read_yaml


class Strict(BaseModel):
    """Base of all settings: frozen, no unknown keys, no NaN or infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


Scale = Annotated[float, Field(ge=0, le=30)]
Strategy = Literal["noise", "latent", "none"]
Level = Annotated[float, Field(gt=0, lt=1)]
Maps = Annotated[int, Field(ge=1, le=64)]
Passes = Annotated[int, Field(ge=0, le=8)]
Multiple = Annotated[float, Field(gt=0)]
Width = Annotated[float, Field(ge=0, le=0.5)]


SchedulerName = Literal["unipc", "ddim", "dpm++", "euler", "ddpm", "sde-dpm++"]
"""Samplers by name (`diffusion.schedule`); the last two add fresh noise at every step."""


class GuidanceScales(Strict):
    """Weights of the three guidance terms (docs/reference/model.md; s1, s2, s3 in the released code)."""

    image: Scale = 1.3
    source: Scale = 1.5
    text: Scale = 3.0

    @classmethod
    def parse(cls, text: str) -> GuidanceScales:
        """Read ``IMAGE,SOURCE,TEXT`` from the command line.

        Raises:
            UsageError: Not three finite numbers from 0 to 30.
        """
        try:
            image, source, text_scale = (float(part) for part in text.split(","))
            return cls(image=image, source=source, text=text_scale)
        except ValueError as error:
            raise UsageError(
                f"guidance '{text}' is not three numbers from 0 to 30",
                "Write IMAGE,SOURCE,TEXT, for example 1.5,1.5,3.",
            ) from error


UNGUIDED = GuidanceScales(image=1, source=1, text=1)
"""Scales with which guidance changes nothing: all terms but the full branch cancel."""


class MaskSettings(Strict):
    """How the editing mask is estimated and used (docs/reference/model.md, The editing mask).

    The defaults are those calibrated for costumes; they suit edits that are large. The paper's release has 0.5 for
    `encode_strength` and 3 for `ratio`, without threshold, growth or feather.
    """

    strategy: Strategy = "latent"
    """How the mask guides sampling: mixed predictions, mixed latents, or not at all."""
    encode_strength: Level = 0.9
    """Noise level of the maps, as a fraction of the schedule."""
    maps: Maps = 10
    """How many independent noises are averaged."""
    smooth: Passes = 1
    """Passes of a 3x3 binomial blur over the averaged differences."""
    ratio: Multiple = 1.4
    """Differences are clamped at this multiple of their mean."""
    threshold: Level = 0.5
    """Level of the soft map that becomes the border of the mask."""
    grow: Width = 0.0
    """Dilation of the thresholded map, as a fraction of the picture's side."""
    feather: Width = 0.02
    """Width of the soft border outside the grown map, as a fraction of the picture's side."""


class SamplingSettings(Strict):
    """How a batch of edits is sampled."""

    guidance: GuidanceScales = GuidanceScales()
    """Scales of the three guidance terms."""
    mask: MaskSettings = MaskSettings()
    """How the editing mask is estimated and used."""
    steps: int = Field(20, ge=1)
    """Scheduler steps of the whole schedule."""
    strength: float = Field(1.0, gt=0, le=1)
    """Where in the schedule sampling starts, see `diffusion.schedule.first_step`; 1 starts from pure noise."""
    prompt_strength: float = Field(1.0, gt=0, le=1)
    """How far the text tokens lie on the way from the source prompt's to the target prompt's, see `conditions.between`;
    for models that learned expressions so (`ModelCard.strengths`)."""
    refine: float = Field(1.0, gt=0, le=1)
    """The level that a draft is noised to, as a share of the schedule; `steps` are then those that are taken."""


def explain(error: ValidationError) -> tuple[str, str]:
    """Turn the first of pydantic's complaints into a few words that name the key, and a remedy."""
    first = error.errors(include_url=False)[0]
    key = " ".join(".".join(str(part) for part in first["loc"]).split())[:120]
    if first["type"] == "extra_forbidden":
        return f"unknown key '{key}'", "Remove it or check its spelling."
    named = f"'{key}': " if key else ""
    said = named + " ".join(first["msg"].removeprefix("Value error, ").split())
    if first["type"] == "value_error" and isinstance(first["input"], dict):  # values that do not go together
        return said, "Correct one of them."
    return f"{said} (got {first['input']!r:.80})", "Correct the value."


def validate(model: type[Model], data: Any, where: str, rules: Rules | None = None) -> Model:
    """Build a settings object from plain data.

    Args:
        model: The settings class.
        data: Parsed TOML, YAML or JSON.
        where: What the message names, usually a file.
        rules: Of a file that no person wrote: its error class and remedy are used.

    Raises:
        UsageError: An unknown key or a bad value, named; with `rules`, the class that it has.
    """
    if not isinstance(data, dict):
        raise UsageError(f"{where} holds no settings", "It should be a list of 'key: value' lines.")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problem, remedy = explain(error)
        if rules:
            raise rules.refuse(where, f"does not hold what it should: {problem}") from error
        raise UsageError(f"{where}: {problem}", remedy) from error


def load_toml(path: str | Path, model: type[Model]) -> Model:
    """Read settings from a TOML file; raises UsageError naming the file and the key."""
    return validate(model, read_toml(path), str(path))


def load_yaml(path: str | Path, model: type[Model]) -> Model:
    """Read settings from a YAML file of plain values; raises UsageError naming the file, the line or the key."""
    return validate(model, read_yaml(path), str(path))


def load_json(path: str | Path, model: type[Model], rules: Rules) -> Model:
    """Read what a program wrote as JSON; raises the class that `rules` has, naming the file and the key."""
    return validate(model, read_object(path, rules), str(path), rules)
