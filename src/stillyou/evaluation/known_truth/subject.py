"""A model as the benchmark's subject: pictures of its own resolution on the same road as users' edits."""

from __future__ import annotations

from collections.abc import Sequence

from stillyou.editing.editor import Editor
from stillyou.editing.effect_lookup import resolve_effect, unusual
from stillyou.editing.scene.domain import subject
from stillyou.effects.domains import Domain
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.benchmark import Settings
from stillyou.metrics import Picture


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

    def answer(
        self, pictures: Sequence[Picture], effect: EffectSpec, seeds: Sequence[int], settings: Settings
    ) -> list[Answer]:
        """Edit a batch of (R, R, 3) uint8 pictures with one effect and a seed each."""
        edits = self.editor.edit_batch(
            pictures,
            [effect] * len(pictures),
            seeds,
            strength=settings.strength,
            steps=settings.steps,
            guidance=settings.scales(effect),
            domain=self.domain,
        )
        return [Answer(edit, mask) for edit, mask in edits]

    def _for_domain(self, effect: EffectSpec) -> EffectSpec:
        tuned = effect.for_domain(self.domain)
        word = subject(effect, self.domain, self.editor.pipeline.card.domains)
        return tuned.with_variables(word)
