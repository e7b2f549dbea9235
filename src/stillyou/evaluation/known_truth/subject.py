"""A model as the benchmark's subject: pictures on the same road as users' edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from stillyou.diffusion.autoencoder import copied
from stillyou.diffusion.speed.precision import safely
from stillyou.editing.composite.composite import composite
from stillyou.editing.editor import Editor
from stillyou.editing.effect_lookup import resolve_effect, unusual
from stillyou.editing.request import EditRequest
from stillyou.editing.result import EditResult
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.domain import subject
from stillyou.editing.scene.resample import view
from stillyou.effects.domains import Domain
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import LeftAlone, UsageError
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.settings import Batch
from stillyou.images import Picture as Whole
from stillyou.images.tensors import to_levels, to_pixels
from stillyou.metrics import Picture
from stillyou.pairs.pair import Pair


class ModelSubject:
    """Answers with a model's edits.

    Args:
        editor: The editor, its model loaded.
        domain: What the pictures show: prompts name it, and effects have defaults for it.
    """

    def __init__(self, editor: Editor, domain: Domain = "cartoon") -> None:
        self.editor = editor
        self.domain = domain

    @classmethod
    def from_pretrained(cls, model: str = "embedded", device: str = "auto", domain: Domain = "cartoon") -> ModelSubject:
        """Load a model by name, folder or hub id; raises as `Editor.from_pretrained` does."""
        return cls(Editor.from_pretrained(model, device), domain)

    @property
    def resolution(self) -> int:
        """Side of the pictures that the model edits, in pixels."""
        return int(self.editor.pipeline.resolution)

    def effects(self) -> list[EffectSpec]:
        """Return the effects of the catalogue that the model knows, with the model's own scales and mask settings.

        They have the word and the defaults that edits of the domain's pictures get.

        Raises:
            UsageError: It knows none of them, so there is nothing to measure against known truth.
        """
        card, name = self.editor.pipeline.card, self.editor.model
        known = [effect for effect in catalogue() if not card.effects or effect in card.effect_ids]
        if not known:
            raise UsageError(
                f"the model '{name}' was trained for none of the effects that the studio can draw",
                f"Evaluate a model that knows one of: {', '.join(catalogue())}.",
            )
        return [self._for_domain(resolve_effect(effect, card, name)) for effect in known]

    def notes(self) -> list[str]:
        """Return what users should know about the model and such pictures."""
        return unusual(self.editor.pipeline, self.editor.model, self.domain, self.resolution)

    def answer(self, batch: Batch) -> list[Answer]:
        """Edit a batch."""
        return [Answer(r.picture.rgb, np.asarray(r.mask), r.report.evaluations) for r in self.edit(batch)]

    def edit(self, batch: Batch) -> list[EditResult]:
        """Edit a batch, each picture as a whole; what is left alone comes back as it is."""
        requests, pictures = [], [Whole(picture) for picture in batch.pictures]
        for picture, seed, costume in zip(batch.pictures, batch.seeds, batch.costumes, strict=True):
            options = batch.settings.options(batch.effect)
            options |= {"seed": seed, "domain": self.domain, "crop": Crop(0, 0, len(picture))}
            options |= {"design": costume.design, "wear": costume.wear}
            if not batch.settings.masked:
                options |= {"mask": np.full(picture.shape[:2], 255, np.uint8), "mask_strategy": "none"}
            requests.append(EditRequest.read(batch.effect, **options))
        return [
            self._checked(*each)
            for each in zip(requests, pictures, self.editor.run_all(requests, pictures), strict=True)
        ]

    def _checked(self, request: EditRequest, picture: Whole, result: EditResult | Exception) -> EditResult:
        """Return a result; a picture that was left alone counts as it is."""
        if isinstance(result, LeftAlone):
            result = self.editor.run_all([replace(request, strength=0.0)], [picture])[0]
        if isinstance(result, Exception):
            raise result
        return result

    def copies(self, pairs: Sequence[Pair]) -> list[Picture]:
        """Return the true targets as the model's autoencoder copies them, put into the sources by the true masks."""
        edits, reconstructions = (
            self._copied([pair.target for pair in pairs]),
            self._copied([pair.source for pair in pairs]),
        )
        return [
            composite(Whole(pair.source), edit, copy, pair.mask, Crop(0, 0, len(pair.source)))
            for pair, edit, copy in zip(pairs, edits, reconstructions, strict=True)
        ]

    @torch.inference_mode()
    def _copied(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the autoencoder's copies (B, R, R, 3) in 0..255."""
        pipeline, side = self.editor.pipeline, self.resolution
        seen = [view(Whole(picture), Crop(0, 0, len(picture)), side) for picture in pictures]
        pixels = to_pixels(seen).to(pipeline.vae.device)
        copies = safely("the autoencoder", [pipeline.vae], lambda: copied(pipeline.vae, pixels), [])
        levels: NDArray[np.float32] = to_levels(copies.cpu()).permute(0, 2, 3, 1).numpy()
        return levels

    def _for_domain(self, effect: EffectSpec) -> EffectSpec:
        tuned = effect.for_domain(self.domain)
        word = subject(effect, self.domain, self.editor.pipeline.card.domains)
        return tuned.with_variables(word)
