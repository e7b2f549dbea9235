"""Thumbnails of effects and designs, drawn by the model itself on a sample while nobody waits for an edit.

What needs no model is shown on the photograph where the model was trained on people, all else on a drawing. They are
kept in the user's cache, by model and version, so that a second start has them at once.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from PIL import Image

from stillyou import __version__
from stillyou.app.service.interrupt import interruptible
from stillyou.drafts.draw import is_drawn
from stillyou.editing.editor import Editor
from stillyou.editing.request import EditRequest
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError
from stillyou.files import atomic_path

SIDE: Final = 192
_SAMPLES: Final = {"people": "astronaut.jpg", "cartoon": "micah.png"}
_COSTUME, _FACE = (90, 0, 290), (128, 22, 184)
"""What is shown of the photograph (left, top, side)."""
_LARGEST: Final = 1 << 20
_STEPS: Final = 10
"""Of what is sampled: half as many as usual look the same at this size."""


class _Later(Exception):
    """Somebody waits for the model."""


@dataclass
class Thumbnails:
    """Pictures of designs, and of effects without any, as WebP; an effect's own is that of its first design.

    Attributes:
        editor: Draws them.
        effects: What is offered.
        cache: Where they are kept.
    """

    editor: Editor
    effects: tuple[EffectSpec, ...]
    cache: Path
    _done: dict[tuple[str, str | None], bytes] = field(default_factory=dict)
    _open: deque[tuple[EffectSpec, str | None]] | None = None

    def get(self, effect: str, design: str | None = None) -> bytes | None:
        """Return a thumbnail; None while it is not drawn."""
        looks = next((known.looks for known in self.effects if known.id == effect), ())
        return self._done.get((effect, design or (looks[0].name if looks else None)))

    @property
    def complete(self) -> bool:
        """Whether all are drawn."""
        return self._open is not None and not self._open

    def draw_next(self, busy: Callable[[], bool]) -> bool:
        """Draw or fetch one more; False when all are there. Called by the thread that has the model.

        Args:
            busy: Whether somebody waits for the model: the thumbnail is then given up, and drawn later.
        """
        if self._open is None:
            self._open = deque(_wanted(self.effects))
        if not self._open:
            return False
        effect, design = self._open.popleft()
        try:
            data = self._cached(effect, design) or self._drawn(effect, design, busy)
        except _Later:
            self._open.append((effect, design))
            return True
        if data is not None:
            self._done[effect.id, design] = data
        return True

    def _cached(self, effect: EffectSpec, design: str | None) -> bytes | None:
        try:
            path = self._path(effect, design)
            data = b"" if path.stat().st_size > _LARGEST else path.read_bytes()
        except OSError:
            return None
        return data if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None

    def _drawn(self, effect: EffectSpec, design: str | None, busy: Callable[[], bool]) -> bytes | None:
        """Draw one, and keep it; None where the model cannot."""
        drawn = bool(effect.looks) or is_drawn(effect.id)
        domain = "people" if drawn and "people" in self.editor.pipeline.card.domains else "cartoon"
        sample = Path(str(files("stillyou") / "samples" / _SAMPLES[domain]))
        try:
            request = EditRequest.read(effect, design=design, domain=domain, steps=None if design else _STEPS)
            with interruptible(lambda: _give_way(busy)):
                result = self.editor.run(request, sample, lambda done, steps: _give_way(busy))
            return _written(_square(result.image.convert("RGB"), effect, domain), self._path(effect, design))
        except StillYouError:
            return None

    def _path(self, effect: EffectSpec, design: str | None) -> Path:
        pipeline = self.editor.pipeline
        said = "\n".join([__version__, self.editor.model, pipeline.card.model_dump_json(), effect.model_dump_json()])
        return self.cache / f"{effect.id}-{design or 'any'}-{hashlib.sha256(said.encode()).hexdigest()[:16]}.webp"


def default_cache() -> Path:
    """Return where thumbnails are kept, by the platform's custom."""
    folder = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    return Path(folder) / "stillyou" / "thumbnails"


def _wanted(effects: tuple[EffectSpec, ...]) -> Iterator[tuple[EffectSpec, str | None]]:
    """Yield what there is to draw: first designs, then all others, then what has to be sampled."""
    costumes = [effect for effect in effects if effect.looks]
    for effect in costumes:
        yield effect, effect.looks[0].name
    for effect in costumes:
        for look in effect.looks[1:]:
            yield effect, look.name
    for effect in effects:
        if not effect.looks:
            yield effect, None


def _square(image: Image.Image, effect: EffectSpec, domain: str) -> Image.Image:
    """Return the part of a sample that shows the effect, small."""
    if domain == "people":
        left, top, side = _FACE if effect.group == "expression" else _COSTUME
        image = image.crop((left, top, left + side, top + side))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _give_way(busy: Callable[[], bool]) -> None:
    if busy():
        raise _Later


def _written(image: Image.Image, path: Path) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85)
    with suppress(StillYouError), atomic_path(path) as part:  # without a cache it is drawn again at the next start
        part.write_bytes(buffer.getvalue())
    return buffer.getvalue()
