"""What comes out of an edit: the picture, its mask, and what was done in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stillyou.config import GuidanceScales, MaskSettings, Strict
from stillyou.drafts.nudge import PARTS, middle
from stillyou.editing.scene.frame import Framed
from stillyou.editing.square_draft import SquareDraft, draft_image
from stillyou.images import Picture, encode_info, write_picture
from stillyou.images.faces import Face
from stillyou.images.picture import Pixels
from stillyou.metrics import MARKED

LEAST_CHANGE = 0.005
"""Mean change inside the mask, in 0..1, below which an edit is hard to see."""


class CropReport(Strict):
    """The square that the model worked on, in pixels of the upright picture."""

    left: int
    top: int
    size: int


class FaceReport(Strict):
    """A face that was found, in pixels of the upright picture.

    `left`, `top` and `size` are its box, `tilt` the degrees by which it leans clockwise, `score` the detector's
    confidence. `crop` is the upright square that was edited around it, None if it was left alone; `turned` tells
    by how many degrees the model saw it turned.
    """

    number: int
    left: int
    top: int
    size: int
    tilt: float
    score: float
    edited: bool
    crop: CropReport | None = None
    turned: float = 0.0


class PlacedReport(Strict):
    """Where a hat or coat was put, in pixels of the upright picture: what a nudge turns about, and how large it is.

    `x` and `y` are the middle of the hat's brim or of the neckline, `half` is half the brim or half the shoulders, and
    `tilt` the degrees by which that leans clockwise.
    """

    part: Literal["hat", "coat"]
    x: float
    y: float
    half: float
    tilt: float


class EditScores(Strict):
    """What an edit's own figures say about it, without truth (`editing.check`)."""

    mask_share: float
    """Marked pixels per pixel of the squares that were edited."""
    mask_ratio: float | None = None
    """The same per the effect's usual one; None where none is known."""
    identity: float | None = None
    """Likeness of the face before and after, 1 = the same; None where nobody has compared them."""
    shows: float | None = None
    """By how much more probably the edit shows the effect than the source, by the curation scorer; None where nobody
    has asked it, or it does not know."""
    out_of_band: tuple[str, ...] = ()
    """Which scores are unusual, in words."""


class EditReport(Strict):
    """Settings and figures of one edit."""

    effect: str
    model: str
    prompt: str
    source_prompt: str
    seed: int
    steps: int
    strength: float
    design: str | None = None
    """The look of the effect's own art, where the edit starts from it."""
    refine: float | None = None
    """How far sampling went back from the draft; None where the edit starts from noise."""
    guidance: GuidanceScales
    mask: MaskSettings | None
    """None if the mask was supplied, and in official mode."""
    width: int
    height: int
    crop: CropReport
    """Of several faces: the first one's."""
    close_up: CropReport | None = None
    """The square that was drawn in, inside the other; None where it is the same."""
    domain: str
    """`cartoon` or `people`."""
    domain_reason: str
    faces: tuple[FaceReport, ...] = ()
    """From left to right; not looked for where nothing depends on them."""
    placed: tuple[PlacedReport, ...] = ()
    """Where the effect's own art was put, of several faces on the first; none where the edit did not start from it."""
    mask_area: float
    """Share of the picture where the editing mask is at least 128."""
    change_inside: float
    """Mean absolute change there, in 0..1; 0 if there is no such pixel."""
    change_outside: float
    """Greatest change where the mask is 0, in 0..1: always 0."""
    scores: EditScores | None = None
    """None where the model drew nothing, and in official mode."""
    tries: int = 1
    """2 where the first was out of band and a second was made."""
    evaluations: int
    """Evaluations of the UNet, of all tries."""
    seconds: float
    device: str
    dtype: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EditResult:
    """An edited picture.

    Attributes:
        picture: The result with the input's size, transparency and metadata.
        mask: The editing mask, an 8-bit grey image of the same size; 0 = bit-identical to the input.
        report: Settings and figures.
        drafts: What the edit started from, a square each.
    """

    picture: Picture
    mask: Image.Image
    report: EditReport
    drafts: tuple[SquareDraft, ...] = ()

    @property
    def draft(self) -> Image.Image | None:
        """The drafts as one RGBA image of the picture's size, fit to be given to another edit; None without any."""
        return draft_image(self.drafts, self.picture) if self.drafts else None

    @property
    def image(self) -> Image.Image:
        """The result as a Pillow image, RGB or RGBA, with the metadata in its ``info``."""
        image = self.picture.image()
        image.info.update(encode_info(self.picture))
        return image

    def save(self, path: str | Path) -> tuple[str, ...]:
        """Write the result in the format of the extension, with metadata; see `images.write_picture`."""
        return write_picture(path, self.picture)


def crop_report(framed: Framed) -> CropReport:
    """Return a square as reports give it."""
    return CropReport(left=framed.crop.left, top=framed.crop.top, size=framed.crop.size)


def close_up_report(drawn: Framed | None, whole: Framed) -> CropReport | None:
    """Return the square that was drawn in, if one was chosen and is another than the whole one."""
    return None if drawn is None or drawn == whole else crop_report(drawn)


def placed_reports(drafts: Sequence[SquareDraft | None]) -> tuple[PlacedReport, ...]:
    """Return where the first draft's art was put; nothing without a fit."""
    first = next((each for each in drafts if each is not None and each.fit is not None), None)
    if first is None or first.fit is None:
        return ()
    crop, reports = first.crop, []
    for part in PARTS:
        where = middle(first.fit, part, crop.size)
        tilt = float(np.degrees(np.arctan2(where.across[1], where.across[0])))
        x, y = (float(each) for each in where.origin + np.array([crop.left, crop.top]))
        reports.append(
            PlacedReport(part=part, x=round(x, 1), y=round(y, 1), half=round(where.unit, 1), tilt=round(tilt, 1))
        )
    return tuple(reports)


def face_reports(faces: Sequence[Face], edited: Mapping[int | None, Framed]) -> tuple[FaceReport, ...]:
    """Return all faces as reports give them; `edited` holds the squares of those that were edited, by index."""
    reports = []
    for index, face in enumerate(faces):
        framed = edited.get(index)
        reports.append(
            FaceReport(
                number=index + 1,
                left=face.box[0],
                top=face.box[1],
                size=face.box[2] - face.box[0],
                tilt=round(face.tilt, 1),
                score=round(face.score, 3),
                edited=framed is not None,
                crop=None if framed is None else crop_report(framed),
                turned=0.0 if framed is None else round(framed.tilt, 1),
            )
        )
    return tuple(reports)


def changes(before: Pixels, after: Pixels, mask: Pixels) -> tuple[float, float, float]:
    """Measure an edit.

    Args:
        before: uint8 (H, W, 3).
        after: uint8 (H, W, 3).
        mask: Editing mask uint8 (H, W).

    Returns:
        `mask_area`, `change_inside` and `change_outside` of `EditReport`.
    """
    inside, total, outside = 0, 0, 0
    for row in range(0, len(mask), 256):  # in strips: differences of 50 megapixels would take a lot of memory
        part = slice(row, row + 256)
        if np.array_equal(after[part], before[part]):
            inside += int((mask[part] >= MARKED).sum())
            continue
        difference: NDArray[np.int16] = np.abs(after[part].astype(np.int16) - before[part])
        marked = mask[part] >= MARKED
        inside += int(marked.sum())
        total += int(difference[marked].sum())
        outside = max(outside, int(difference[mask[part] == 0].max(initial=0)))
    return inside / mask.size, total / (255 * 3 * inside) if inside else 0.0, outside / 255
