"""The teacher `diffusion`: its options and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from stillyou.config import SchedulerName
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import requires
from stillyou.pairs.teachers.contents import describe_pictures
from stillyou.pairs.teachers.kinds import register
from stillyou.pairs.teachers.protocol import Needs, Teacher, TeacherConfig
from stillyou.pairs.teachers.sources.files import check_sources, told


@register
class DiffusionConfig(TeacherConfig):
    """A text-to-image model draws source and target, tied together by conditions."""

    kind: Literal["diffusion"] = "diffusion"
    domain: Domain = "people"
    base: str = "embedded"
    """The model: a hub id or folder of Stable Diffusion 1.x, 2.x or XL, or a model of stillyou's own."""
    sources: Path | None = None
    """Folder of portraits to draw targets beside; None draws sources too."""
    conditions: tuple[str, ...] | None = None
    """Conditions to use instead of those of the effects; see `effects.conditions`."""
    candidates: int = Field(2, ge=1, le=16)
    """Targets that are drawn for each source, each with a looser hold; the best is kept."""
    steps: int | None = Field(None, ge=1, le=1000)
    """Steps of the sampler; None is 20 for models of stillyou's own and 30 for others."""
    guidance: float | None = Field(None, ge=1, le=30)
    """Scale of the text; None is 2 for models of stillyou's own, 7.5 for Stable Diffusion, 6 for XL."""
    sampler: SchedulerName | None = None
    """Sampler; None is the model's best for models of stillyou's own, DDIM for others."""
    resolution: int | None = Field(None, ge=32, le=2048, multiple_of=8)
    """Side at which is drawn; None is the model's own. Pictures are stored at `size`."""
    batch: int = Field(4, ge=1, le=256)
    """Pairs that are drawn at a time."""

    needs: ClassVar[Needs] = Needs("pairs", ("scipy", "pyvips"), gpu=True, memory=1500)

    def contents(self) -> dict[str, str]:
        """Say which portraits lie in the folder of sources."""
        if self.sources is None:
            return {}
        return {"sources": describe_pictures(check_sources(self.sources, self.kind))}

    def prepare(self) -> str:
        """Say what was found of sources, and which base nobody has asked for; see `TeacherConfig.prepare`."""
        self.needs.check()
        said = [] if "base" in self.model_fields_set else ["drawn by the embedded base, coarsely: --base names others"]
        if self.sources is not None:
            requires("portraits", "dlib")
            said.append(told(self.sources, self.kind))
        return "\n".join(said)

    def check_effects(self, effects: Sequence[EffectSpec]) -> None:
        """Refuse effects whose conditions the base cannot do; see `TeacherConfig.check_effects`."""
        from stillyou.pairs.teachers.conditioning.build import chosen
        from stillyou.pairs.teachers.diffusion.bases.find import find_family

        super().check_effects(effects)
        family = find_family(self.base)
        for effect in effects:
            chosen(effect, family, self.conditions)

    def build(self, device: str = "auto") -> Teacher:
        """Load the base and build the teacher; see `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.teachers.diffusion.bases.find import load_base
        from stillyou.pairs.teachers.diffusion.teacher import DiffusionTeacher

        return DiffusionTeacher(self, load_base(self.base, self.domain, device, self.resolution))
