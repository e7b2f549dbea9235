"""Naming a LoRA on the command line; imports nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from stillyou.errors import UsageError

WEIGHTS_NAME = "pytorch_lora_weights.safetensors"
_GREATEST_SCALE = 4.0


@dataclass(frozen=True)
class LoraChoice:
    """A LoRA folder and how strongly it acts."""

    folder: Path
    scale: float = 1.0

    @classmethod
    def parse(cls, text: str) -> LoraChoice:
        """Read ``FOLDER`` or ``FOLDER:SCALE`` from the command line.

        Raises:
            UsageError: No such folder, no LoRA in it, or a scale that is no number from 0 to 4.
        """
        folder, colon, number = text.rpartition(":")
        if not colon or Path(text).is_dir():
            folder, number = text, "1"
        try:
            scale = float(number)
        except ValueError:
            scale = math.nan
        if not 0 <= scale <= _GREATEST_SCALE:
            raise UsageError(f"the LoRA's scale '{number}' is no number from 0 to 4", "Write FOLDER:0.8, for example.")
        if not (Path(folder) / WEIGHTS_NAME).is_file():
            raise UsageError(f"{folder} is no LoRA folder: it has no {WEIGHTS_NAME}", "Name the folder that has one.")
        return cls(Path(folder), scale)
