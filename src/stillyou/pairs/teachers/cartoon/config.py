"""The teacher `cartoon`: its options and what it needs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from stillyou.pairs.teachers.kinds import register
from stillyou.pairs.teachers.protocol import Needs, Teacher, TeacherConfig


@register
class CartoonConfig(TeacherConfig):
    """Vector characters, drawn by the cartoon studio."""

    kind: Literal["cartoon"] = "cartoon"
    domain: Literal["cartoon"] = "cartoon"
    styles: tuple[str, ...] | None = None
    """Names of the drawing styles to choose from; None is all training styles."""
    augment: bool = True
    """Whether geometry, colours and image quality vary, and the subject's word with them."""
    neutral_sources: bool = False
    """Whether every source is calm and plain."""
    costumed_sources: bool = True
    """Whether some expression edits show costumed characters."""
    designs: bool = False
    """Whether every costume is one of its named designs, which the target prompt then names; see `named_designs`."""
    strengths: bool = False
    """Whether expressions are weaker ones too, which the pair then says; see `drawn_strengths`."""
    drift: float = Field(0.0, ge=0, le=1)
    """Share of what targets should keep that they draw anew: pairs that are wrong on purpose, for experiments."""

    @model_validator(mode="after")
    def _drift_is_shown(self) -> CartoonConfig:
        if self.strengths and self.drift:
            raise ValueError("strengths lays expressions on the source, so that drift would show nothing")
        return self

    later: ClassVar[frozenset[str]] = TeacherConfig.later | {"drift"}
    needs: ClassVar[Needs] = Needs("pairs", ("dicebear", "dicebear_styles", "pyvips"), memory=80)
    studio: ClassVar[bool] = True

    def build(self, device: str = "auto") -> Teacher:
        """Build the cartoon studio; see `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
        from stillyou.pairs.teachers.cartoon.styles import named_styles

        return CartoonStudio(
            named_styles(self.styles),
            size=self.size,
            augment=self.augment,
            neutral_sources=self.neutral_sources,
            costumed_sources=self.costumed_sources,
            designs=self.designs,
            strengths=self.strengths,
            drift=self.drift,
        )
