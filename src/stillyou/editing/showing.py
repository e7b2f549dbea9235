"""Does the edited square show the effect more than the source did: by the curation scorer, never by the judge.

shows = p(effect | edited square) - p(effect | the same square of the source)
"""

from __future__ import annotations

import numpy as np

from stillyou.editing.result import EditReport, EditResult
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.resample import view
from stillyou.effects.spec import EffectSpec
from stillyou.images import Picture
from stillyou.pairs.curation.shows.network import load


def shows(effect: EffectSpec, picture: Picture, result: EditResult) -> float | None:
    """Return by how much more probably the edit shows its effect than the source, -1 to 1.

    Args:
        effect: What the edit should show.
        picture: The upright source.
        result: Its edit; of several edited faces the least counts.

    Returns:
        None where the scorer was not taught the effect, or not on pictures of the edit's domain.
    """
    scorer = load()
    if not scorer.knows(effect, result.report.domain):
        return None
    side = scorer.config.resolution
    found = []
    for crop in edited_squares(result.report):
        pair = np.stack([view(each, crop, side) for each in (picture, result.picture)])
        before, after = scorer.probabilities(effect, pair)
        found.append(after - before)
    return round(min(found), 4)


def edited_squares(report: EditReport) -> list[Crop]:
    """Return the squares of the faces that were edited, or the one square where faces did not count."""
    crops = [face.crop for face in report.faces if face.edited and face.crop is not None] or [report.crop]
    return [Crop(crop.left, crop.top, crop.size) for crop in crops]
