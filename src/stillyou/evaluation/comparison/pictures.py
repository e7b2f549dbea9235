"""Every answer of a comparison as a file, for eyes, for ready answers (`baselines.foreign`) and for the study.

pictures/EFFECT/0000/{source,target,mask}.png, and NAME.png of every editor that answered
pictures/comparison.json: the editors, the effects and their words
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stillyou.config import Strict
from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.baselines.truth import Truth
from stillyou.evaluation.figures import Answer, Failed
from stillyou.files import write_json
from stillyou.images import Picture, write_mask, write_picture
from stillyou.metrics import Picture as Pixels
from stillyou.pairs.pair import Pair

FOLDER, INDEX = "pictures", "comparison.json"
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
"""Of a folder or file: an index that somebody else wrote must not lead out of its own folder."""


class ShownEffect(Strict):
    """An effect of a comparison: its id and the prompt that says it in words."""

    id: Name
    words: str = Field(max_length=2000)


class PictureIndex(Strict):
    """What lies in a folder of pictures."""

    version: Literal[1] = 1
    split: str = Field(max_length=100)
    editors: tuple[Name, ...]
    effects: tuple[ShownEffect, ...]
    n: int = Field(ge=1, le=100_000)


class PictureFolder:
    """Writes the pictures of a comparison.

    Args:
        folder: The report's.
        truth: Tells the number of a source within its effect.
    """

    def __init__(self, folder: Path, truth: Truth) -> None:
        self._root, self._truth = folder / FOLDER, truth

    def pairs(self, effect: EffectSpec, pairs: Sequence[Pair]) -> None:
        """Write source, target and mask of an effect's pairs."""
        for index, pair in enumerate(pairs):
            place = self._place(effect, index)
            write_picture(place / "source.png", Picture(pair.source))
            write_picture(place / "target.png", Picture(pair.target))
            write_mask(place / "mask.png", pair.mask)

    def answer(self, name: str, effect: EffectSpec, source: Pixels, answer: Answer | Failed) -> None:
        """Write one answer; nothing for one that failed."""
        if isinstance(answer, Answer):
            index = self._truth.find(effect, source)[0]
            write_picture(self._place(effect, index) / f"{name}.png", Picture(answer.edit))

    def index(self, split: str, editors: Sequence[str], effects: Sequence[EffectSpec], n: int) -> None:
        """Write what there is; last, so that a folder with an index is whole."""
        shown = tuple(ShownEffect(id=effect.id, words=effect.prompts().target) for effect in effects)
        index = PictureIndex(split=split, editors=tuple(editors), effects=shown, n=n)
        write_json(self._root / INDEX, index.model_dump(mode="json"))

    def _place(self, effect: EffectSpec, index: int) -> Path:
        return self._root / effect.id / f"{index:04d}"
