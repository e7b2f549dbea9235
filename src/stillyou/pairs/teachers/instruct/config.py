"""The teacher `instruct`: its options and what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from stillyou.errors import UsageError
from stillyou.pairs.teachers.contents import describe_pictures
from stillyou.pairs.teachers.kinds import register
from stillyou.pairs.teachers.protocol import Needs, Teacher, TeacherConfig
from stillyou.pairs.teachers.sources.files import check_sources, told


@register
class InstructConfig(TeacherConfig):
    """The user's own portraits, before and after an instruction editor followed the effect's instruction."""

    kind: Literal["instruct"] = "instruct"
    domain: Literal["people"] = "people"
    base: str | None = None
    """The editor: a folder or hub id of InstructPix2Pix, FLUX Kontext or Qwen-Image-Edit, in diffusers layout."""
    sources: Path | None = None
    """Folder of portraits."""
    steps: int | None = Field(None, ge=1, le=1000)
    """Steps of the sampler; None is the family's usual number."""
    guidance: float | None = Field(None, ge=1, le=30)
    """Scale of the instruction; None is the family's usual one."""
    resolution: int | None = Field(None, ge=32, le=2048, multiple_of=16)
    """Side at which is edited; None is the family's own. Pictures are stored at `size`."""
    batch: int = Field(4, ge=1, le=64)
    """Pairs that are edited at a time, where the family can."""

    needs: ClassVar[Needs] = Needs("portraits", ("dlib", "scipy", "pyvips"), gpu=True)

    def contents(self) -> dict[str, str]:
        """Say which portraits lie in the folder."""
        return {"sources": describe_pictures(check_sources(self.sources, self.kind))}

    def prepare(self) -> str:
        """Find the editor and say what was found; see `TeacherConfig.prepare`."""
        self.needs.check()
        from stillyou.pairs.teachers.instruct.families import find_family

        family, _ = find_family(self.named())
        return f"{family.title}; {told(self.sources, self.kind)}"

    def named(self) -> str:
        """Return the editor's name; raises UsageError where there is none."""
        if self.base is None:
            raise UsageError("the teacher 'instruct' needs an editor", "Give --base FOLDER or a hub id OWNER/NAME.")
        return self.base

    def build(self, device: str = "auto") -> Teacher:
        """Load the editor and build the teacher; see `TeacherConfig.build`."""
        self.needs.check()
        from stillyou.pairs.teachers.instruct.families import load_editor
        from stillyou.pairs.teachers.instruct.teacher import InstructTeacher

        editor = load_editor(self.named(), device, self.steps, self.guidance, self.resolution)
        return InstructTeacher(editor, check_sources(self.sources, self.kind), self.size, self.batch)
