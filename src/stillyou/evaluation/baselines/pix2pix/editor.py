"""The generator of pix2pix as an editor of pictures: one evaluation an edit, whole pictures, no mask, no dial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file

from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.baselines.latent import resized
from stillyou.evaluation.baselines.pix2pix.network import Generator, Pix2PixConfig
from stillyou.evaluation.baselines.pix2pix.training import CONFIG, WEIGHTS
from stillyou.evaluation.figures import Answer
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import Rules

if TYPE_CHECKING:
    from stillyou.evaluation.known_truth.settings import Batch

_RULES = Rules("Train it again.", bytes=1 << 20)


class Pix2PixEditor:
    """Answers with a generator's pictures.

    Args:
        config: Its sizes and effects.
        network: It, trained.
    """

    def __init__(self, config: Pix2PixConfig, network: Generator) -> None:
        self.config, self.network = config, network.eval().requires_grad_(False)

    @classmethod
    def from_folder(cls, folder: Path) -> Pix2PixEditor:
        """Load what `training` has written.

        Raises:
            StillYouError: A file is missing or damaged.
        """
        try:
            config = Pix2PixConfig(**read_object(folder / CONFIG, _RULES))
            network = Generator(config)
            network.load_state_dict(load_file(str(folder / WEIGHTS)))
        except StillYouError:
            raise
        except Exception as error:  # of safetensors, pydantic and PyTorch
            raise StillYouError(f"the pix2pix model {folder} is damaged", _RULES.remedy) from error
        return cls(config, network)

    @property
    def resolution(self) -> int:
        """Side of the pictures that it edits, in pixels."""
        return self.config.side

    @torch.inference_mode()
    def answer(self, batch: Batch) -> list[Answer]:
        """Edit a batch of square pictures uint8 (N, N, 3); raises UsageError for an effect that it does not know."""
        if batch.effect.id not in self.config.effects:
            known = ", ".join(self.config.effects)
            raise UsageError(f"this pix2pix was not trained for '{batch.effect.id}'", f"It knows: {known}.")
        side = len(batch.pictures[0])
        pixels = resized(to_pixels(list(batch.pictures)), self.resolution)
        number = torch.full((len(pixels),), self.config.effects.index(batch.effect.id))
        edits = to_pictures(resized(self.network(pixels, number), side))
        return [Answer(edit, np.full((side, side), 255, np.uint8), 1) for edit in edits]
