"""The model card, `stillyou.json`: what a model folder was trained for, by whom, under which licence."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from stillyou.config import SchedulerName, Strict, explain, validate
from stillyou.diffusion import card_version_1
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError
from stillyou.files import write_json, write_text
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import MODEL_FILE

CARD_NAME = "stillyou.json"
FORMAT_VERSION = 2


class ModelCard(Strict):
    """Contents of `stillyou.json`."""

    format_version: int = FORMAT_VERSION
    name: str = "unnamed"
    resolution: int = Field(512, ge=32, multiple_of=16)
    storage: str = "diffusers"
    """`diffusers` for the plain layout, `int8` for the compact form of `models.compact`."""
    effects: tuple[EffectSpec, ...] = ()
    """The specs that it was trained with, as they were then."""
    domains: tuple[str, ...] = ("cartoon",)
    """What the model was trained on: `cartoon`, `people` or both (`effects.domains`)."""
    sampler: SchedulerName | None = None
    """The sampler that measured best with this model; None is the scheduler as stored."""
    few_steps: bool = False
    """Whether few steps suffice it: from drafts, and from noise where effects say how many (`EffectSpec.few_steps`)."""
    named_designs: bool = False
    """Whether it learned costumes by prompts that name their designs (`effects.designs.with_design`)."""
    strengths: tuple[str, ...] = ()
    """Effects whose weaker forms it learned, by text tokens between those of both prompts (`conditions.between`)."""
    drafts: bool = False
    """Whether edits start from the effects' own art unless something else is asked for."""
    licence: str = "unknown"
    training: dict[str, str | int | float] = Field(default_factory=dict)

    @property
    def effect_ids(self) -> tuple[str, ...]:
        """Names of the effects that the model was trained for."""
        return tuple(effect.id for effect in self.effects)


def read_card(folder: Path) -> ModelCard | None:
    """Read a model folder's card, of this format or of format 1; None if it has none (a plain diffusers folder).

    Raises:
        StillYouError: The card is damaged or from a newer version.
    """
    path = folder / CARD_NAME
    if not path.exists():
        return None
    data = read_object(path, MODEL_FILE)
    version = data.get("format_version")
    try:
        if version == 1:
            data, version = card_version_1.converted(data), FORMAT_VERSION
    except ValidationError as error:
        raise MODEL_FILE.refuse(path, f"does not hold what it should: {explain(error)[0]}") from error
    if version != FORMAT_VERSION:
        raise StillYouError(
            f"{path} has format {version!r:.40}, this stillyou reads {FORMAT_VERSION}", "Update stillyou or the model."
        )
    return validate(ModelCard, data, str(path), MODEL_FILE)


def write_card(folder: Path, card: ModelCard) -> None:
    """Write a model folder's card atomically."""
    write_text(folder / CARD_NAME, card.model_dump_json(indent=2, exclude_none=True) + "\n")


def forget_places(folder: Path) -> None:
    """Drop the libraries' notes of the folders that a model's parts were loaded from: paths of somebody's machine."""
    for path in [*folder.glob("model_index.json"), *folder.glob("*/config.json")]:
        config = read_object(path, MODEL_FILE)
        if config.pop("_name_or_path", None) is not None:
            write_json(path, config)
