"""The teacher `portraits`: its options and what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

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

    needs: ClassVar[Needs] = Needs("portraits", ("dlib", "scipy", "pyvips"), memory=700)

    def contents(self) -> dict[str, str]:
        """Say which portraits lie in the folder."""
        return {"sources": describe_pictures(check_sources(self.sources, self.kind))}

    def prepare(self) -> str:
        """Say what was found; see `TeacherConfig.prepare`."""
        self.needs.check()
        return told(self.sources, self.kind)

    def build(self, device: str = "auto") -> Teacher:
        """Build the teacher, on the CPU; see `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.degrade.chains import PORTRAIT
        from stillyou.pairs.teachers.degraded import Degraded
        from stillyou.pairs.teachers.portraits.teacher import PortraitsTeacher

        teacher = PortraitsTeacher(check_sources(self.sources, self.kind), self.size)
        return Degraded(teacher, PORTRAIT) if self.degrade else teacher
