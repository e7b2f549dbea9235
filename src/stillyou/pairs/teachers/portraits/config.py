"""The teacher `portraits`: its options and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.teachers.contents import describe_pictures
from stillyou.pairs.teachers.kinds import register
from stillyou.pairs.teachers.protocol import Needs, Teacher, TeacherConfig
from stillyou.pairs.teachers.sources.files import check_sources, told


@register
class PortraitsConfig(TeacherConfig):
    """The user's own portraits, before and after the effect's art is put on them."""

    kind: Literal["portraits"] = "portraits"
    domain: Literal["people"] = "people"
    sources: Path | None = None
    """Folder of portraits."""
    degrade: bool = True
    """Whether pictures go through light, lens, sensor and file."""
    refine: float = Field(0.0, ge=0, le=1)
    """How far an editor samples back from the art: 0 is the art as it is drawn, 1 starts from noise."""
    base: str = "embedded"
    """That editor: a model of stillyou's own."""

    later: ClassVar[frozenset[str]] = frozenset({"refine", "base"})
    needs: ClassVar[Needs] = Needs("portraits", ("dlib", "scipy", "pyvips"), memory=700)

    def contents(self) -> dict[str, str]:
        """Say which portraits lie in the folder."""
        return {"sources": describe_pictures(check_sources(self.sources, self.kind))}

    def prepare(self) -> str:
        """Say what was found; see `TeacherConfig.prepare`."""
        self.needs.check()
        return told(self.sources, self.kind)

    def check_effects(self, effects: Sequence[EffectSpec]) -> None:
        """Refuse effects that the editor cannot refine; see `TeacherConfig.check_effects`."""
        super().check_effects(effects)
        if self.refine == 0:
            if "base" in self.model_fields_set:
                raise UsageError(f"--base {self.base} would change nothing: art is put on as it is", "Give --refine.")
            return
        from stillyou.pairs.teachers.portraits.refined import check_editor

        for effect in effects:
            check_editor(self.base, effect)

    def build(self, device: str = "auto") -> Teacher:
        """Build the teacher; drafts are refined on the device. See `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.degrade.chains import PORTRAIT
        from stillyou.pairs.teachers.degraded import Degraded
        from stillyou.pairs.teachers.portraits.teacher import PortraitsTeacher

        refiner = None
        if self.refine > 0:
            from stillyou.pairs.teachers.portraits.refined import Refiner

            refiner = Refiner(self.base, self.refine, device)
        teacher = PortraitsTeacher(check_sources(self.sources, self.kind), self.size, refiner)
        return Degraded(teacher, PORTRAIT) if self.degrade else teacher
