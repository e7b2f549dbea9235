"""Anybody's editor: a Python object, or a folder of ready pictures."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.evaluation.baselines.truth import Truth
from stillyou.evaluation.figures import Answer, Failed
from stillyou.images import read_mask, read_picture
from stillyou.metrics import Picture
from stillyou.untrusted.rules import told

if TYPE_CHECKING:
    from stillyou.evaluation.known_truth.settings import Batch

RESOLUTION = 256
"""Side of the pictures that an editor gets which does not say its own, in pixels."""


class ForeignEditor:
    """Answers with the edits of an object that knows nothing of us.

    Args:
        editor: Has `edit(picture, effect, seed)`: uint8 (N, N, 3), an `EffectSpec` and a number in; out comes the
            edited picture, or a tuple of it and its editing mask uint8 (N, N). Without a mask everything counts as
            marked. It may have `resolution`, the side of the pictures it wants.
    """

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        self.resolution = int(getattr(editor, "resolution", RESOLUTION))

    def answer(self, batch: Batch) -> list[Answer | Failed]:
        """Ask for one picture after the other; what is raised belongs to its picture (`guard`)."""
        columns = zip(batch.pictures, batch.seeds, strict=True)
        return [self._one(picture, batch.effect, seed) for picture, seed in columns]

    def _one(self, picture: Picture, effect: EffectSpec, seed: int) -> Answer | Failed:
        try:
            made = self.editor.edit(picture.copy(), effect, seed)
        except Exception as error:  # anybody's editor: of any kind
            return Failed(f"raised {type(error).__name__}: {told(error)}")
        edit, mask = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
        return Answer(edit, np.full(picture.shape[:2], 255, np.uint8) if mask is None else mask)


class FolderAnswers:
    """Answers with pictures that lie ready: EFFECT/0000.png and so on, with EFFECT/0000.mask.png if there are masks.

    Args:
        folder: Where they lie.
        truth: Tells the number of a source within its effect.
        resolution: Side of the pictures.
    """

    def __init__(self, folder: Path, truth: Truth, resolution: int) -> None:
        self._folder, self._truth, self.resolution = folder, truth, resolution

    def answer(self, batch: Batch) -> list[Answer | Failed]:
        """Read a batch."""
        return [self._one(batch.effect, picture) for picture in batch.pictures]

    def _one(self, effect: EffectSpec, picture: Picture) -> Answer | Failed:
        number = f"{self._truth.find(effect, picture)[0]:04d}"
        path = self._folder / effect.id / f"{number}.png"
        mask = path.with_name(f"{number}.mask.png")
        if not path.is_file():
            return Failed("has no such picture")
        try:
            edit = read_picture(path).rgb
            whole = np.full(edit.shape[:2], 255, np.uint8)
            return Answer(edit, read_mask(mask, (edit.shape[1], edit.shape[0])) if mask.is_file() else whole)
        except StillYouError as error:
            return Failed(f"has a picture that cannot be read: {told(error)}")


def load_editor(name: str) -> ForeignEditor:
    """Import an editor: MODULE:NAME, a class that needs no arguments or an object; the working folder comes first.

    Raises:
        UsageError: No such module or name, or it has no `edit`.
        StillYouError: It fails while it is loaded.
    """
    module, separator, attribute = name.partition(":")
    if not separator or not module or not attribute:
        raise UsageError(f"--editor '{name}' is not MODULE:NAME", "For example: --editor my_module:MyEditor")
    found = _imported(module, attribute)
    try:
        editor = found() if isinstance(found, type) else found
    except Exception as error:
        raise StillYouError(f"{name} fails when it is made: {type(error).__name__}: {told(error)}", "") from error
    if not callable(getattr(editor, "edit", None)):
        raise UsageError(f"{name} has no method edit(picture, effect, seed)", "See docs/reference/baselines.md.")
    return ForeignEditor(editor)


def _imported(module: str, attribute: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        remedy = f"Run the command where {module}.py lies, or install it."
        raise UsageError(f"there is no module '{error.name}'", remedy) from error
    except AttributeError as error:
        raise UsageError(f"module '{module}' has no '{attribute}'", "Check its spelling.") from error
    except Exception as error:
        raise StillYouError(f"module '{module}' cannot be imported: {type(error).__name__}: {told(error)}") from error
