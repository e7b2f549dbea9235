"""Shared structure: what a ControlNet reads off the source (arXiv 2302.05543): its edges, its depth or its pose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from stillyou.drafts.fit import Fit
from stillyou.effects.conditions import StructureSettings
from stillyou.images.picture import Pixels
from stillyou.pairs.teachers.conditioning.inputs import Branches, Control
from stillyou.pairs.teachers.conditioning.protocol import Condition, Job

_LOW, _HIGH = 100.0, 200.0
"""Canny's thresholds, in levels of 255 of the Sobel gradient."""
_JOINTS = {  # OpenPose's colours of the joints that a portrait shows
    "nose": (255, 0, 0),
    "neck": (255, 85, 0),
    "shoulder_left": (255, 170, 0),
    "shoulder_right": (85, 255, 0),
    "eye_left": (170, 0, 255),
    "eye_right": (255, 0, 255),
}
_LIMBS = (
    ("neck", "shoulder_left", (255, 0, 0)),
    ("neck", "shoulder_right", (255, 85, 0)),
    ("neck", "nose", (0, 0, 255)),
    ("nose", "eye_left", (51, 0, 153)),
    ("nose", "eye_right", (153, 0, 153)),
)


@dataclass(frozen=True, eq=False)
class SharedStructure(Condition):
    """The target's UNet gets residuals of a ControlNet that reads the source.

    Attributes:
        settings: What it reads, and how much it weighs.
        depth: The estimator of depth: pictures (B, H, W, 3) to (B, H, W) in [0, 1], near is 1; None for the others.
    """

    settings: StructureSettings
    depth: Any | None = None

    def eased(self, hold: float) -> SharedStructure:
        """Weigh less."""
        return replace(self, settings=self.settings.model_copy(update={"scale": self.settings.scale * max(hold, 0.01)}))

    def inputs(self, job: Job, branches: Branches) -> Branches:
        """Let every branch read the sources' structure."""
        pictures = torch.from_numpy(self.read(job)).permute(0, 3, 1, 2).float().to(job.base.device) / 255
        control = Control(pictures, self.settings.scale)
        return tuple(replace(each, inputs=replace(each.inputs, control=control)) for each in branches)

    def active(self, job: Job, done: float) -> bool:
        """Act up to a share of the steps."""
        return done < self.settings.until

    def read(self, job: Job) -> NDArray[np.uint8]:
        """Return what the ControlNet reads (B, H, W, 3)."""
        if self.settings.by == "edges":
            return np.stack([edges(picture) for picture in job.pictures])
        if self.settings.by == "pose":
            return np.stack([pose(fit, job.pictures.shape[1]) for fit in job.fits])
        assert self.depth is not None
        near = np.rint(255 * self.depth(job.pictures)).astype(np.uint8)
        return np.repeat(near[..., None], 3, -1)


def edges(picture: Pixels) -> Pixels:
    """Find a picture's edges as Canny does (1986): white lines of one pixel on black, (H, W, 3)."""
    grey = ndimage.gaussian_filter(picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32), 1.0)
    across, down = ndimage.sobel(grey, 1), ndimage.sobel(grey, 0)
    strength = np.hypot(across, down)
    thin = _ridges(strength, across, down)
    labels, _ = ndimage.label(thin & (strength > _LOW), np.ones((3, 3)))
    kept = np.unique(labels[thin & (strength > _HIGH)])
    lines = np.isin(labels, kept[kept > 0])
    return np.repeat((lines * 255).astype(np.uint8)[..., None], 3, -1)


def _ridges(strength: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]) -> Any:
    """Return where the gradient is greatest along its own direction, in steps of 45 degrees."""
    turn = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 4
    padded = np.pad(strength, 1)
    ridge = np.zeros(strength.shape, bool)
    height, width = strength.shape
    for number, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        behind = padded[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        ridge |= (turn == number) & (strength >= ahead) & (strength > behind)
    return ridge


def pose(fit: Fit | None, side: int) -> Pixels:
    """Draw head, neck and shoulders of a fit as OpenPose draws them, (side, side, 3); black without a fit."""
    image = Image.new("RGB", (side, side))
    if fit is not None:
        pen, width = ImageDraw.Draw(image), max(2, side // 128)
        at = {name: _joint(fit, name, side) for name in _JOINTS}
        for start, end, colour in _LIMBS:
            pen.line([at[start], at[end]], fill=tuple(int(0.6 * level) for level in colour), width=2 * width)
        for name, (x, y) in at.items():
            pen.ellipse((x - width, y - width, x + width, y + width), fill=_JOINTS[name])
    return np.asarray(image)


def _joint(fit: Fit, name: str, side: int) -> tuple[float, float]:
    if name == "nose":
        point = 0.4 * (fit["eye_left"] + fit["eye_right"]) / 2 + 0.6 * fit["mouth"]
    elif name == "neck":
        point = (fit["neck_left"] + fit["neck_right"]) / 2
    else:
        point = fit[name]
    return float(point[0]) * side, float(point[1]) * side
