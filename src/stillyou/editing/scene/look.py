"""What a picture shows and where to edit it: domain, faces, squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillyou.editing.scene.crop import Box, Crop, check_crop, find_crop, include_box, mask_box
from stillyou.editing.scene.domain import Finding, recognise
from stillyou.editing.scene.face_choice import MOST_EDITED, FaceChoice, choose
from stillyou.editing.scene.face_ownership import nearest_only, territory
from stillyou.editing.scene.frame import Framed, frame_crop, frame_face
from stillyou.editing.scene.resample import Plane
from stillyou.effects.domains import Domain
from stillyou.errors import StillYouError
from stillyou.images import Picture
from stillyou.images.faces import Detector, Face
from stillyou.images.picture import Pixels
from stillyou.images.shading import shading

_DOUBTFUL = "no face was found, so it was taken for a drawing, but may be a photograph; --domain people says otherwise"
_INSTALL = "finding faces needs: pip install 'stillyou[faces]'"
_BY_HAND = "Name the square around head and shoulders with --crop X,Y,SIZE"
_UNSURE = 0.2
"""Shading from which on a picture without a face may be a photograph: of 54 photographs all have more, of 352 drawings
on plain grounds none has more than 0.16, and few on gradients have."""
_SURE = 0.5
"""Faces with this score keep the edits of their neighbours off, chosen or not."""
_MOST_OUTSIDE = 0.35
"""Share of a face's square beyond the picture from which on that is told."""
_SMALL = 0.4
"""A square with fewer of the picture's pixels a side than this share of the model's is told."""


@dataclass(frozen=True)
class Wish:
    """Where a user wants the edit; everything may be left open.

    Attributes:
        domain: None to recognise it.
        choice: Which faces; None is the largest of a photograph.
        crop: A square by hand.
    """

    domain: Domain | None = None
    choice: FaceChoice | None = None
    crop: Crop | None = None


@dataclass(frozen=True)
class Target:
    """One square to edit, and the index of the face that it was framed around."""

    framed: Framed
    face: int | None = None


@dataclass(frozen=True)
class Scene:
    """What was found in a picture.

    Attributes:
        finding: Its domain, and why.
        faces: All faces, from left to right.
        targets: Squares to edit, one after the other.
        notes: What users should know.
    """

    finding: Finding
    faces: tuple[Face, ...]
    targets: tuple[Target, ...]
    notes: list[str] = field(default_factory=list)

    def room(self, target: Target) -> Plane:
        """Return how far each pixel of a square belongs to the face that it is about: (cells, cells) in [0, 1]."""
        if target.face is None:
            return np.ones((target.framed.cells, target.framed.cells), np.float32)
        chosen = {each.face for each in self.targets}
        rivals = [i for i, face in enumerate(self.faces) if i in chosen or face.score >= _SURE]
        faces = [self.faces[i] for i in rivals]
        return territory(faces, rivals.index(target.face), target.framed.crop, target.framed.cells)

    def own_pixels(self, target: Target, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """Return where (H, W) a square's face is the nearest of those that are edited; None if it has no rivals."""
        if target.face is None or len(self.targets) < 2:
            return None
        edited = [each.face for each in self.targets if each.face is not None]
        return nearest_only([self.faces[i] for i in edited], edited.index(target.face), size)


def look(picture: Picture, wish: Wish, mask: Pixels | None, side: int, detector: Detector | None) -> Scene:
    """Decide what a picture shows and where to edit it.

    Args:
        picture: The upright picture.
        wish: What the user said about it.
        mask: A supplied mask (H, W), which the square must include where it can.
        side: The model's resolution.
        detector: Finds faces; None where its library is missing.

    Raises:
        UsageError: A crop that makes no sense.
        StillYouError: No such face, or a photograph without one.
    """
    softness = shading(picture.rgb)
    faces = _find(picture, wish, detector)
    finding = Finding(wish.domain, "as asked for") if wish.domain else recognise(softness, faces)
    box = None if mask is None else mask_box(mask)
    if wish.crop is not None:
        target = Target(frame_crop(check_crop(wish.crop, picture.size), side))
        doubts = (
            [_DOUBTFUL] if detector is not None and not faces and _may_be_photograph(wish, finding, softness) else []
        )
        return Scene(finding, tuple(faces), (target,), doubts + _tiny(target.framed))
    if faces and (finding.domain == "people" or wish.choice is not None):
        return _with_faces(picture, wish.choice or FaceChoice(), finding, faces, box, side)
    notes = _without_faces(wish, finding, softness, box, detector)
    target = Target(frame_crop(find_crop(picture, box, least=side), side))
    return Scene(finding, tuple(faces), (target,), notes + _tiny(target.framed))


def _find(picture: Picture, wish: Wish, detector: Detector | None) -> list[Face]:
    """Look for faces, unless nothing depends on them."""
    if wish.domain == "cartoon" and wish.choice is None:
        return []
    if detector is None:
        if wish.choice is not None:
            raise StillYouError("finding faces needs dlib", "Run: pip install 'stillyou[faces]'")
        return []
    return detector(picture.rgb)


def _with_faces(
    picture: Picture, choice: FaceChoice, finding: Finding, faces: Sequence[Face], box: Box | None, side: int
) -> Scene:
    chosen = choose(faces, choice, picture.size)
    notes = _others(faces, choice)
    if choice.kind == "all" and len(chosen) < len(faces):
        notes.append(f"only the {MOST_EDITED} largest of {len(faces)} faces are edited; --face N edits another")
    targets = []
    for index in chosen:
        framed = frame_face(faces[index], side, picture.size[1])
        if box is not None and len(chosen) == 1:
            framed = frame_crop(include_box(framed.crop, box, picture.size), side) if _misses(framed, box) else framed
        targets.append(Target(framed, index))
        notes += _about(framed, index, len(faces), picture.size)
    return Scene(finding, tuple(faces), tuple(targets), notes)


def _others(faces: Sequence[Face], choice: FaceChoice) -> list[str]:
    """Return a note on faces that nobody spoke of and that are left alone."""
    sure = sum(face.score >= _SURE for face in faces)
    if choice.kind != "largest" or sure < 2:
        return []
    return [f"the picture shows {sure} faces, of which the largest is edited; --face all or --face N chooses others"]


def _misses(framed: Framed, box: Box) -> bool:
    crop = framed.crop
    inside = crop.left <= box[0] and crop.top <= box[1] and box[2] <= crop.left + crop.size
    return bool(framed.tilt) or not (inside and box[3] <= crop.top + crop.size)


def _about(framed: Framed, index: int, count: int, size: tuple[int, int]) -> list[str]:
    """Return notes on a face that is hard to edit."""
    name = "the face" if count == 1 else f"face {index + 1}"
    crop, notes = framed.crop, []
    left, top, right, bottom = crop.visible(size)
    pixels = crop.size * framed.side / framed.cells
    if pixels < _SMALL * framed.side:
        notes.append(f"{name} is small: the model's edit is reduced to a square of {pixels:.0f} pixels")
    if max(0, right - left) * max(0, bottom - top) < (1 - _MOST_OUTSIDE) * crop.size**2 and not framed.tilt:
        notes.append(f"{name} is close to the picture's edge or fills it, so part of the edit falls outside")
    return notes


def _tiny(framed: Framed) -> list[str]:
    """Return a note on a square in which little of an edit can show."""
    if framed.crop.size >= _SMALL * framed.side:
        return []
    return [f"the square is small: the model's edit is reduced to {framed.crop.size} pixels a side"]


def _may_be_photograph(wish: Wish, finding: Finding, softness: float) -> bool:
    """Tell whether nobody said what a picture is, and a drawing is only the likelier of the two."""
    return wish.domain is None and finding.domain == "cartoon" and softness >= _UNSURE


def _without_faces(
    wish: Wish, finding: Finding, softness: float, box: Box | None, detector: Detector | None
) -> list[str]:
    """Return notes on a picture in which no face is edited, or refuse it.

    Raises:
        StillYouError: A face was asked for, or it may be a photograph and nothing else says where to edit it.
    """
    if wish.choice is not None:
        raise StillYouError("no face was found in the picture", f"{_BY_HAND}, or leave --face out.")
    doubtful = _may_be_photograph(wish, finding, softness)
    if finding.domain == "cartoon" and not doubtful:
        return []
    if detector is None:
        taken = "taken for a drawing without looking for faces:" if doubtful else "the largest square was edited, since"
        return [f"{taken} {_INSTALL}"]
    if box is not None:
        return [_DOUBTFUL] if doubtful else []
    if wish.domain is None:
        raise StillYouError(
            f"no face was found, and the picture {'may be' if doubtful else 'looks like'} a photograph",
            f"{_BY_HAND}; --domain cartoon takes it for a drawing, --domain people for a portrait.",
        )
    return ["no face was found, so the largest square was edited; --crop X,Y,SIZE chooses another"]
