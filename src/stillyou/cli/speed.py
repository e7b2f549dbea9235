"""The options about speed and memory that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillyou.config import validate
from stillyou.console import console
from stillyou.diffusion.speed.settings import SpeedSettings

if TYPE_CHECKING:
    from stillyou.editing.editor import Editor


def speed_settings(**options: Any) -> SpeedSettings:
    """Check the options of a command, by the names of `SpeedSettings`.

    Raises:
        UsageError: A value that there is not, or options that exclude each other.
    """
    return validate(SpeedSettings, options, "speed options")


def compile_now(editor: Editor, speed: SpeedSettings) -> None:
    """Compile if that is wanted, and tell how long it took."""
    if not speed.compile:
        return
    from stillyou.models.place import compile_seconds

    with console.status("compiling the UNet, which takes a minute or so"):
        seconds = compile_seconds(editor.pipeline, speed.batch)
    console.print(f"compiled the UNet in {seconds:.0f} s")
