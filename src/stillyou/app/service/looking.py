"""What a picture shows, before any edit: its size, kind and faces."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np

from stillyou.app.service.words import all_in_fields
from stillyou.editing.result import FaceReport, face_reports
from stillyou.editing.scene.domain import recognise
from stillyou.effects.domains import Domain
from stillyou.images import Picture
from stillyou.images.faces import Detector, Face
from stillyou.images.picture import Pixels
from stillyou.images.shading import shading

_REMEMBERED: Final = 256
"""Pictures whose faces are remembered."""


@dataclass(frozen=True)
class Seen:
    """What a picture shows.

    Attributes:
        width: Of the upright picture, in pixels.
        height: Likewise.
        domain: What it is taken for where nothing else is said: `cartoon` or `people`.
        reason: Why, in words for people.
        faces: From left to right; `FaceReport.number` is what `face` takes. `edited` is False for all.
        notes: What reading it had to change.
    """

    width: int
    height: int
    domain: Domain
    reason: str
    faces: tuple[FaceReport, ...]
    notes: tuple[str, ...]


def see(picture: Picture, detector: Detector | None) -> Seen:
    """Tell what a picture shows."""
    faces = [] if detector is None else detector(picture.rgb)
    finding = recognise(shading(picture.rgb), faces)
    width, height = picture.size
    notes = all_in_fields(picture.info.notes)
    return Seen(width, height, finding.domain, finding.reason, face_reports(faces, {}), notes)


def remembering(detector: Detector) -> Detector:
    """Return a detector that threads may share, and that looks at the same picture once.

    Detectors keep state of their own, so one thread looks at a time. Finding faces takes up to half of a costume's
    time, and people edit one picture again and again.
    """
    lock, known = threading.Lock(), OrderedDict[bytes, list[Face]]()

    def looked(rgb: Pixels) -> list[Face]:
        key = hashlib.blake2b(np.ascontiguousarray(rgb).data, key=str(rgb.shape).encode()).digest()
        with lock:
            if key not in known:
                known[key] = detector(rgb)
            known.move_to_end(key)
            while len(known) > _REMEMBERED:
                known.popitem(last=False)
            return list(known[key])

    return looked
