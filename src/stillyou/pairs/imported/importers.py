"""Brings pairs of others into our format: square pictures of one size, a true mask, the same columns.

Source and target must have the same size. The largest central square is cut from both and scaled. A missing mask is
computed: where any channel differs by more than 8 levels, without specks, with small holes closed and a rim of one
pixel. Outside the mask the target becomes the source exactly, so that the invariant of pairs holds for imports too.
A pair that cannot be used is kept as a rejected row with its reason, so that numbers stay as in the owner's list.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from stillyou import __version__
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, requires
from stillyou.images import grey_mask, picture_from_bytes, read_picture
from stillyou.images.colour import to_srgb
from stillyou.images.morphology import dilate, erode, without_specks
from stillyou.pairs.assemble import SHARD_SIZE, Execution, build, check_numbers, pair_key
from stillyou.pairs.curation.rules import Summary, judge_candidate, measure
from stillyou.pairs.dataset.info import DatasetInfo
from stillyou.pairs.dataset.shards import Row
from stillyou.pairs.imported.entry import Entry
from stillyou.pairs.imported.listings import Layout, Listing, open_listing
from stillyou.pairs.pair import Mask, Pair, Pixels

_LEVELS = 8
"""Differences up to this many levels are noise of compression, not the edit."""

SIZES_DIFFER = "source and target differ in size"
UNREADABLE = "a picture cannot be read"
MASK_SIZE = "the mask has another size than the source"


def import_pairs(
    path: str | Path,
    effect: EffectSpec,
    out: str | Path,
    *,
    layout: Layout | Literal["auto"] = "auto",
    size: int = 256,
    workers: int = 1,
    progress: bool = True,
    domain: Domain | None = None,
) -> Summary:
    """Import pairs of one effect into a dataset folder; resumes like `make_pairs`.

    Args:
        path: A folder, a ``prompt.json``, or a Parquet file (see `stillyou.pairs.imported.listings`).
        effect: The effect that the pairs show; its prompts serve entries that have none.
        out: The dataset's folder.
        layout: How the pairs lie there; ``auto`` tells by what is there.
        size: Side of the square pictures in pixels.
        workers: Processes.
        progress: Whether to show a progress bar.
        domain: What the pictures show; None leaves it open.

    Raises:
        UsageError: No known layout, an incomplete list, or a folder begun with something else.
        StillYouError: A damaged Parquet file, or a shard could not be written.
    """
    requires("pairs", "pyarrow", "pyvips")
    check_numbers(n=1, size=size, shard_size=SHARD_SIZE, workers=workers, seed=0)
    found, listing = open_listing(path, layout)
    name = Path(path).resolve().name
    info = DatasetInfo(
        made_with=__version__,
        teacher=f"import-{found}",
        domain=domain,
        origin=f"{name} ({len(listing)} pairs, {listing.digest()})",
        seed=0,
        size=size,
        shard_size=SHARD_SIZE,
        effects=[effect],
        candidates=len(listing),
        licences={name: "not stated; check that you may train on these pictures"},
    )
    open_source = partial(ImportedRows, listing, effect, info)
    return build(info, out, open_source, Execution(workers=workers, progress=progress))


class ImportedRows:
    """Rows of a listing.

    Args:
        listing: The owner's pairs.
        effect: The effect that they show.
        info: The dataset's settings: size, domain, and what rows name as their teacher.
    """

    def __init__(self, listing: Listing, effect: EffectSpec, info: DatasetInfo) -> None:
        self._listing, self._effect, self._info = listing, effect, info

    def rows(self, indices: range) -> Iterator[Row]:
        """Read, square, mask and judge entries."""
        return map(self._row, indices)

    def _row(self, index: int) -> Row:
        entry = self._listing.entry(index)
        source, target, mask, fault = _pictures(entry, self._info.size)
        prompts = self._effect.prompts()
        pair = Pair(
            source,
            target,
            mask,
            source_prompt=entry.source_prompt or prompts.source,
            target_prompt=entry.target_prompt or prompts.target,
            effect=self._effect.id,
            teacher=self._info.teacher,
            seed=index,
            attributes={"origin": entry.name},
            domain=self._info.domain,
        )
        scores = measure(pair)
        status, reason = judge_candidate(pair, self._effect, scores)
        if fault:
            status, reason = "rejected", fault
        return Row(pair_key(self._info.teacher, 0, self._effect, index), pair, status, reason, scores)


def _pictures(entry: Entry, size: int) -> tuple[Pixels, Pixels, Mask, str]:
    """Return source, target and mask of an entry, and what makes it unusable or an empty string."""
    try:
        before, after = _read(entry.source), _read(entry.target)
        marks = None if entry.mask is None else read_picture(entry.mask)
    except StillYouError:
        blank = np.zeros((size, size), np.uint8)
        return np.dstack([blank] * 3), np.dstack([blank] * 3), blank, UNREADABLE
    source, target = _square(before, size), _square(after, size)
    everything = np.full((size, size), 255, np.uint8)
    if before.shape != after.shape:
        return source, target, everything, SIZES_DIFFER
    if marks is not None and marks.rgb.shape != before.shape:
        return source, target, everything, MASK_SIZE
    mask = _threshold(_square(grey_mask(marks, marks.size), size)) if marks else changed_mask(source, target)
    return source, np.where(mask[..., None] > 0, target, source), mask, ""


def _read(file: Path | bytes) -> Pixels:
    """Read a picture as (H, W, 3) sRGB; transparent parts become white."""
    picture = read_picture(file) if isinstance(file, Path) else picture_from_bytes(file, "a picture of the table")
    pixels = to_srgb(picture.rgb, picture.info.icc)
    if picture.alpha is None:
        return pixels
    opacity = picture.alpha[..., None].astype(np.float32) / 255
    return np.rint(pixels * opacity + 255 * (1 - opacity)).astype(np.uint8)


def _square(pixels: Pixels, size: int) -> Pixels:
    """Cut the largest central square from (H, W[, 3]) pixels and scale it to `size`."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    image = Image.fromarray(np.ascontiguousarray(pixels[top : top + side, left : left + side]))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


def _threshold(grey: Mask) -> Mask:
    return np.where(grey >= 128, 255, 0).astype(np.uint8)


def changed_mask(source: Pixels, target: Pixels) -> Mask:
    """Compute the mask of an edit: differences above noise, opened, closed and grown by one pixel.

    Args:
        source: (H, W, 3) uint8.
        target: (H, W, 3) uint8.

    Returns:
        (H, W) uint8, 0 or 255.
    """
    difference = np.abs(source.astype(np.int16) - target).max(axis=2) > _LEVELS
    return np.where(erode(dilate(without_specks(difference), 2), 1), 255, 0).astype(np.uint8)
