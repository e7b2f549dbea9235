"""What an editor does wrong is counted and named, and the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from stillyou.effects.spec import EffectSpec
from stillyou.evaluation.figures import Answer, Failed
from stillyou.metrics import Picture
from stillyou.untrusted.rules import told

if TYPE_CHECKING:
    from stillyou.evaluation.known_truth.benchmark import PictureEditor
    from stillyou.evaluation.known_truth.settings import Batch

Seen = Callable[[EffectSpec, Picture, "Answer | Failed"], None]
"""Called with the effect, the source and what came back."""


class Guarded:
    """An editor whose mistakes cost the picture they happen on, and no other.

    Args:
        editor: The editor.
        seen: Called for every picture.

    Attributes:
        failures: How often each thing went wrong, by what it was.
        evaluations: Evaluations of the UNet, of the answers that tell.
    """

    def __init__(self, editor: PictureEditor, seen: Seen = lambda effect, source, answer: None) -> None:
        self._editor, self._seen = editor, seen
        self.failures: Counter[str] = Counter()
        self.evaluations: list[int] = []

    @property
    def resolution(self) -> int:
        """Side of the pictures that the editor edits, in pixels."""
        return self._editor.resolution

    def answer(self, batch: Batch) -> list[Answer | Failed]:
        """Answer a batch; where it fails as a whole, its pictures are tried one by one."""
        found: list[Answer | Failed]
        try:
            made: Sequence[Any] = self._editor.answer(batch)
            found = [checked(answer, picture) for answer, picture in zip(made, batch.pictures, strict=True)]
        except Exception as error:  # anybody's editor: of any kind
            if len(batch.pictures) > 1:
                return [self.answer(batch.only([i]))[0] for i in range(len(batch.pictures))]
            found = [Failed(f"raised {type(error).__name__}: {told(error)}")]
        for picture, answer in zip(batch.pictures, found, strict=True):
            self._count(answer)
            self._seen(batch.effect, picture, answer)
        return found

    def _count(self, answer: Answer | Failed) -> None:
        if isinstance(answer, Failed):
            self.failures[answer.reason] += 1
        elif answer.evaluations is not None:
            self.evaluations.append(answer.evaluations)


def checked(answer: Any, picture: Picture) -> Answer | Failed:
    """Return an answer that can be measured, or what is wrong with it.

    Args:
        answer: What an editor returned: an `Answer`, whatever is in it.
        picture: The source, uint8 (H, W, 3).
    """
    if isinstance(answer, Failed):
        return answer
    if not isinstance(answer, Answer):
        return Failed("returned nothing" if answer is None else f"returned a {type(answer).__name__}")
    edit, mask = _array(answer.edit), _array(answer.mask)
    wrong = _wrong(edit, picture.shape, "a picture") or _wrong(mask, picture.shape[:2], "a mask")
    return Failed(wrong) if wrong else Answer(edit, mask, answer.evaluations)


def _array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, Image.Image) else value


def _wrong(value: Any, shape: tuple[int, ...], name: str) -> str:
    """Return what keeps an array from being an 8-bit picture of a shape; nothing if it is one."""
    if value is None:
        return f"returned nothing for {name}"
    if not isinstance(value, np.ndarray):
        return f"returned a {type(value).__name__} for {name}"
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return f"returned {name} with NaN or infinite values"
    if value.shape != shape:
        return f"returned {name} of {_sides(value.shape)} instead of {_sides(shape)}"
    return "" if value.dtype == np.uint8 else f"returned {name} of {value.dtype} instead of uint8"


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "no size"
