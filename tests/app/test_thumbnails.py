"""Thumbnails show what users will get: on the photograph, near enough to be seen."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.app.service.thumbnails import SIDE, Thumbnails
from stillyou.editing.editor import Editor
from stillyou.effects.lookup import load_effects
from stillyou.models.load import load_pipeline


@pytest.mark.parametrize(("effect", "box"), [("crying", (128, 22, 312, 206)), ("santa", (90, 0, 380, 290))])
def test_a_thumbnail_is_of_the_photograph_and_kept(effect: str, box: tuple[int, int, int, int], tmp_path: Path) -> None:
    (spec,) = load_effects(effect)
    offered = (spec.model_copy(update={"looks": spec.looks[:1]}),)
    editor = Editor(load_pipeline("embedded", "cpu"), "embedded")

    def drawn() -> bytes:
        thumbnails = Thumbnails(editor, offered, tmp_path)
        while thumbnails.draw_next(lambda: False):
            pass
        data = thumbnails.get(effect)
        assert thumbnails.complete and data is not None
        return data

    first = drawn()
    picture = np.asarray(Image.open(io.BytesIO(first)).convert("RGB")).astype(float)
    assert picture.shape == (SIDE, SIDE, 3)
    with Image.open(str(files("stillyou") / "samples" / "astronaut.jpg")) as sample:
        shown = np.asarray(sample.convert("RGB").crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)).astype(float)
    corner = (slice(24), slice(-24, None))
    assert np.abs(picture[corner] - shown[corner]).mean() < 4 < np.abs(picture - shown).max()
    for file in tmp_path.iterdir():
        file.write_bytes(b"RIFF0000WEBPkept")
    assert drawn() == b"RIFF0000WEBPkept", "the second start has them at once"
