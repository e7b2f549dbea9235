"""The teacher `people`: its options and what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from stillyou.pairs.teachers.contents import describe_pictures
from stillyou.pairs.teachers.kinds import register
from stillyou.pairs.teachers.protocol import Needs, Teacher, TeacherConfig


@register
class PeopleConfig(TeacherConfig):
    """Synthetic people in 3D, drawn by the people studio and degraded as photographs are."""

    kind: Literal["people"] = "people"
    domain: Literal["people"] = "people"
    backgrounds: Path | None = None
    """Folder of photographs to stand people before; None is the studio's own backdrops."""
    degrade: bool = True
    """Whether pictures go through light, lens, sensor and file."""
    designs: bool = False
    """Whether every costume is one of its named designs, which the target prompt then names; see `named_designs`."""
    strengths: bool = False
    """Whether expressions are weaker ones too, which the pair then says; see `drawn_strengths`."""

    needs: ClassVar[Needs] = Needs("people", ("moderngl", "scipy", "pyvips"), egl=True, memory=430)
    studio: ClassVar[bool] = True

    def contents(self) -> dict[str, str]:
        """Say which photographs lie in the folder of backgrounds."""
        if self.backgrounds is None:
            return {}
        from stillyou.pairs.teachers.people.backdrop import check_folder

        return {"backgrounds": describe_pictures(check_folder(self.backgrounds))}

    def prepare(self) -> str:
        """Open the renderer and say what it draws with."""
        self.needs.check()
        from stillyou.pairs.teachers.people.gl.context import open_device

        device = open_device()
        where = "on the CPU" if device.software else "on the graphics card"
        return f"people are drawn {where}: {device.renderer}"

    def build(self, device: str = "auto") -> Teacher:
        """Build the people studio; EGL chooses the device. See `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.teachers.degraded import Degraded
        from stillyou.pairs.teachers.people.studio import PeopleStudio

        studio = PeopleStudio(
            size=self.size, backgrounds=self.backgrounds, designs=self.designs, strengths=self.strengths
        )
        return Degraded(studio) if self.degrade else studio
