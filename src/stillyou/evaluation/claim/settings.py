"""What a run of the claim is made of, and the sizes there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from stillyou.config import Strict
from stillyou.diffusion.network import Architecture
from stillyou.effects.conditions import Conditions
from stillyou.effects.lookup import catalogue
from stillyou.errors import UsageError, nearest
from stillyou.evaluation.claim.variants import VARIANTS
from stillyou.files import write_json
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import Rules

SETTINGS = "settings.json"
_RULES = Rules("Delete it, or choose another folder.")


class ClaimSettings(Strict):
    """A run: the pairs, the editors and the pictures they are tested on."""

    seed: int = Field(0, ge=0, lt=2**31)
    split: Literal["unseen-characters", "people"] = "unseen-characters"
    """What is drawn: cartoon characters or people. Training and test pictures have other seeds, of one kind."""
    effects: tuple[str, ...] = ("santa",)
    base: str = "embedded"
    """The text-to-image model that draws targets."""
    pairs: int = Field(48, ge=2)
    """Candidates an effect."""
    teacher_steps: int = Field(8, ge=1)
    candidates: int = Field(1, ge=1)
    """Targets drawn for each source; the best is kept."""
    conditions: tuple[str, ...] | None = None
    """Of the factory; None is each effect's own."""
    drift: float | None = Field(None, gt=0, le=1)
    """Pairs of the cartoon studio instead, whose targets draw this share of the person anew; None is the factory's."""
    teacher_guidance: tuple[float, ...] = (1.0, 4.0)
    """The teacher's dial on the test pictures; the pairs have the base's own scale."""
    side: int = Field(128, ge=32, multiple_of=32)
    """Of all pictures, in pixels."""
    architecture: Architecture | None = None
    """Networks of random weights for the editors; None starts them from the base (`start`)."""
    steps: int = Field(200, ge=1)
    batch: int = Field(8, ge=1)
    learning_rate: float = Field(3e-4, gt=0)
    gan_steps: int = Field(400, ge=1)
    """Steps of pix2pix, of `gan_batch` pairs each."""
    gan_batch: int = Field(4, ge=1)
    variants: tuple[str, ...] = tuple(VARIANTS)
    """The editors; the first is the whole method."""
    tests: int = Field(12, ge=1)
    """Test pictures an effect."""
    edit_steps: int = Field(8, ge=1)
    text_scales: tuple[float, ...] = (1.0, 4.0)
    """The editors' dial."""
    budget: int = Field(42, ge=3)
    """Evaluations of the UNet that baselines may use an edit."""
    sheet: int = Field(6, ge=1)
    """Pictures an effect on the sheet."""

    @field_validator("variants")
    @classmethod
    def _variants_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in VARIANTS]
        if unknown or names[:1] != ("editor",):
            raise ValueError(f"variants begin with 'editor' and are of: {', '.join(VARIANTS)}")
        return names

    @field_validator("effects")
    @classmethod
    def _effects_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in catalogue():
                raise UsageError(f"no studio knows the truth of effect '{name}'", nearest(name, catalogue()))
        return names

    @field_validator("conditions")
    @classmethod
    def _conditions_are_known(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        Conditions().only(names or ())
        return names

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.drift is not None and (self.conditions is not None or self.split == "people"):
            raise ValueError("drift is for pairs of the cartoon studio: without conditions, and not of people")
        if self.architecture is not None and self.architecture.resolution != self.side:
            raise ValueError("architecture.resolution and side differ")
        return self


_TINY = Architecture(
    resolution=64,
    unet_channels=(16, 32),
    unet_layers=1,
    width=32,
    feed_forward=32,
    text_layers=1,
    image_layers=1,
    heads=2,
    vision_size=32,
    vision_patch=16,
)
SIZES: Mapping[str, ClaimSettings] = {
    "smoke": ClaimSettings(
        pairs=4,
        teacher_steps=8,  # with fewer hardly a pair passes curation
        teacher_guidance=(),
        side=64,
        architecture=_TINY,
        steps=3,
        batch=2,
        gan_steps=2,
        gan_batch=2,
        variants=("editor", "no-curation", "no-image-tokens", "ip2p"),
        tests=2,
        edit_steps=2,
        text_scales=(2.0,),
        budget=6,
        sheet=1,
    ),
    "small": ClaimSettings(),
    "drift": ClaimSettings(drift=0.4, pairs=384, steps=1500, tests=32, variants=("editor", "no-curation", "ip2p")),
    "full": ClaimSettings(
        effects=("santa", "royal", "laughing", "crying"),
        pairs=1000,
        teacher_steps=20,
        candidates=2,
        teacher_guidance=(1.5, 3.0, 4.5, 6.0),
        side=256,
        steps=6_000,
        batch=64,
        learning_rate=2e-4,
        gan_steps=40_000,
        tests=64,
        edit_steps=20,
        text_scales=(1.0, 1.5, 2.0, 3.0, 4.5, 6.0),
        budget=100,
    ),
}
"""Smoke shows that everything runs, and nothing else; small and drift take hours of a CPU; full is for a GPU."""


def begin(folder: Path, settings: ClaimSettings) -> None:
    """Keep the settings of a new run, or make sure that the folder's are the same.

    Raises:
        UsageError: The folder holds a run with other settings, or something else.
        StillYouError: Its record is damaged.
    """
    path, wanted = folder / SETTINGS, settings.model_dump(mode="json")
    if path.is_file():
        found = read_object(path, _RULES)
        if differing := sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key)):
            raise UsageError(f"{folder} was begun with other {', '.join(differing)}", "Choose another folder with -o.")
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} holds something else", "Choose a new folder with -o.")
    write_json(path, wanted)
