"""What a picture shows, before any edit: its size, kind and faces."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from stillyou.editing.result import FaceReport, face_reports
from stillyou.editing.scene.domain import recognise
from stillyou.effects.domains import Domain
from stillyou.images import Picture
from stillyou.images.faces import Detector, Face
from stillyou.images.picture import Pixels
from stillyou.images.shading import shading


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
    return Seen(width, height, finding.domain, finding.reason, face_reports(faces, {}), picture.info.notes)


def one_at_a_time(detector: Detector) -> Detector:
    """Return a detector that threads may share: detectors keep state of their own."""
    lock = threading.Lock()

    def guarded(rgb: Pixels) -> list[Face]:
        with lock:
            return detector(rgb)

    return guarded
