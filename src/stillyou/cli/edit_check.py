"""What `stillyou edit` was asked for, and what of it is refused before the model's libraries are imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stillyou.errors import UsageError, requires

if TYPE_CHECKING:  # what is imported inside functions would slow down every other command
    from stillyou.diffusion.speed.settings import SpeedSettings
    from stillyou.editing.request import EditRequest


@dataclass(frozen=True)
class Command:
    """A request, and what the command line adds to it: files, and the model."""

    request: EditRequest
    source: str
    output: str
    mask_out: str | None
    sheet: str | None
    faces_out: str | None
    draft_out: str | None
    model: str
    lora: str | None
    device: str
    speed: SpeedSettings


def check(command: Command) -> None:
    """Refuse, before the model's libraries are imported, what the request cannot know to be wrong."""
    from stillyou.editing.effect_lookup import check_effect
    from stillyou.images import check_writable
    from stillyou.models.lora_choice import LoraChoice

    request = command.request
    if request.official:
        _check_official(command)
    if request.face is not None:
        requires("faces", "dlib")
    for picture in (command.sheet, command.faces_out):
        if picture is not None:
            check_writable(picture)
    _check_draft_out(command)
    if Path(command.source).is_dir():
        _check_folder(command)
    # What a LoRA was trained for stands in its own card.
    model = command.model if command.lora is None else str(LoraChoice.parse(command.lora).folder)
    check_effect(str(request.effect), model, request.variables or {})


def _check_draft_out(command: Command) -> None:
    """Refuse to write a draft that there will not be, or to a file without alpha."""
    if command.draft_out is None:
        return
    if Path(command.draft_out).suffix.lower() != ".png" or Path(command.draft_out).is_dir():
        raise UsageError(f"--draft-out {command.draft_out} is not a .png file", "Drafts go to a .png file.")
    if command.request.draft == "none" or command.request.refine == 1:
        raise UsageError("an edit from noise has no draft to write", "Leave --draft-out out.")
    if command.request.strength == 0:
        raise UsageError("an edit of strength 0 has no draft to write", "Leave --draft-out out.")


def _check_official(command: Command) -> None:
    """Refuse what would change the released demo's numbers."""
    from stillyou.diffusion.speed.settings import SpeedSettings

    plain = SpeedSettings()
    lossy = ("scheduler", "guidance_share", "feature_interval")
    changed = [name.replace("_", "-") for name in lossy if getattr(command.speed, name) != getattr(plain, name)]
    given = {"faces-out": command.faces_out, "draft-out": command.draft_out}
    changed += [name for name, path in given.items() if path is not None]
    if changed:
        raise UsageError(
            f"official mode does as the released demo, which has no {changed[0]}", f"Leave --{changed[0]} out."
        )


def _check_folder(command: Command) -> None:
    """Refuse for a folder what is about one picture."""
    request = command.request
    point = request.face is not None and request.face.kind == "point"
    given = {
        "mask": request.mask,
        "crop": request.crop,
        "nudge": request.nudge,
        "faces-out": command.faces_out,
        "face X,Y": point or None,
        "draft-out": command.draft_out,
        "draft FILE": request.own_draft,
    }
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"--{name} is for one picture, {command.source} is a folder", "Edit the picture alone.")
