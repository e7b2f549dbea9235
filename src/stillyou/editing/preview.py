"""Designs as they look: an effect's art on pictures, as drafts, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from stillyou.diffusion.card import ModelCard
from stillyou.editing.answering import answer
from stillyou.editing.plan import ModelTraits, resolve
from stillyou.editing.request import EditRequest
from stillyou.editing.road import lay, next_square, prepare
from stillyou.editing.sheet import draw_grid
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError
from stillyou.images import Picture, read_picture
from stillyou.images.faces import face_detector

_SIDE = 256
"""Side of the square that the fit network sees; no model works on it."""


def samples() -> list[tuple[str, Picture]]:
    """Return the portraits that come with the package, by name."""
    folder = Path(str(resources.files("stillyou") / "samples"))
    files = sorted(each for each in folder.iterdir() if each.suffix in (".png", ".jpg"))
    return [(each.stem, read_picture(each)) for each in files]


def dressed(picture: Picture, effect: EffectSpec, design: str) -> Picture:
    """Return a picture with one design of an effect laid on, as `refine=0` does.

    Raises:
        StillYouError: Nothing could be put on, and why.
    """
    request = EditRequest.read(effect, design=design, refine=0.0)
    work = prepare(picture, resolve(request, ModelTraits("draft", ModelCard(), _SIDE)), face_detector())
    if not any(work.drafts):
        raise StillYouError("; ".join(work.notes) or f"the art of '{effect.id}' cannot be drawn here")
    while (square := next_square(work)) is not None:
        (found,) = answer(_no_model, [square])
        assert found is not None
        if isinstance(found, Exception):
            raise found
        work = lay(work, found)
    return work.picture


def design_sheet(effect: EffectSpec, pictures: Sequence[tuple[str, Picture]]) -> tuple[Picture, list[str]]:
    """Draw every design of an effect on pictures: a row a picture, a column a design.

    Returns:
        The sheet, and for each picture that could not be dressed a line that says why.

    Raises:
        StillYouError: None of them could be, or art that cannot be used.
    """
    rows, told = [], []
    for name, picture in pictures:
        try:
            looks = [(look.name, dressed(picture, effect, look.name)) for look in effect.looks]
        except StillYouError as error:
            told.append(f"{name}: {error}")
            continue
        rows.append([(name, picture), *looks])
    if not rows:
        raise StillYouError(f"no sheet of '{effect.id}' was drawn: {'; '.join(dict.fromkeys(told))}")
    return draw_grid(rows), told


def _no_model(*_: object) -> list[Exception]:
    return [StillYouError("a sheet of designs is drawn without a model")]
