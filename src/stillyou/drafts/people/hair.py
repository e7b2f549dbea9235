"""Hair that a hat must hide: where it is, and what is behind it.

Nothing here knows hair. What hangs together with the head and looks more like it than like the picture far from it is
taken for it: colours decide (the nearest of both kinds), and a random walk keeps regions whole,

    (L + D) x = D p,    L the Laplacian of the picture's grid with weights exp(-b |colour difference|^2),

p from the colours, D strong at seeds. What is behind is filled in from around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg
from scipy.spatial import cKDTree

from stillyou.drafts.fit import Fit
from stillyou.drafts.people.frames import Plane, brim, ellipse, real, smooth
from stillyou.images.inpaint import fill

SIDE = 112
"""Pixels that the picture is looked at with."""
_SURE, _NEAR, _FAR = 0.72, 1.5, 1.8
"""Shares of the hood's ellipse: inside is the head, outside the background (the nearer where there is no farther)."""
_CROWN = 0.6, 0.65
"""Of what is above the brim the head, or what it wears, has half brims to each side and this share of the height."""
_AT_BRIM, _AT_CROWN = (-0.2, 0.3), (0.75, 1.05)
"""Where hats are widest and where their crowns are, in half brims above the brim."""
_BRIM, _NARROWER = 1.75, 0.68
"""How wide hats are at least, in half brims, and how much narrower their crowns are at most."""
_LEAST, _FEWEST = 0.02, 40
"""Share of the picture that background must have to be learnt from, and pixels of each kind."""
_SAMPLES, _NEIGHBOURS = 600, 4
_STRAY = 5
"""Pixels across which stray hair and blur around a head teach nothing of what is behind it."""
_EDGE, _TRUST = 0.02, 0.2
"""How fast edges cut the walk (per squared colour difference), and how much colours alone are trusted."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is around a face, at the size of `SIDE`.

    Attributes:
        head: (h, w) in [0, 1], the head with its hair and whatever it wears; 0 where the background cannot be told.
        behind: (h, w, 3) in 0..255, the background, also where the head hides it.
    """

    head: Plane
    behind: Plane

    def width_at(self, fit: Fit, low: float, high: float) -> tuple[float, float]:
        """Return how far the head reaches left and right between two heights, both in half brims (`frames.brim`)."""
        height, width = self.head.shape
        u, v = brim(fit, float(max(self.head.shape))).of(width, height)
        there = (self.head > 0.5) & (v > low) & (v < high)
        if not there.any():
            return 1.0, 1.0
        return float(-np.quantile(u[there], 0.02)), float(np.quantile(u[there], 0.98))

    def height(self, fit: Fit) -> float:
        """Return how high the head reaches above the brim, in half brims (`frames.brim`); 0 where it is not known."""
        height, width = self.head.shape
        u, v = brim(fit, float(max(self.head.shape))).of(width, height)
        there = (self.head > 0.5) & (np.abs(u) < 0.5)
        return float(np.quantile(v[there], 0.99)) if there.any() else 0.0

    def is_hat(self, fit: Fit) -> bool:
        """Tell whether the head wears a hat with a brim: hair is never as wide as that above so narrow a crown."""
        at_brim, at_crown = (sum(self.width_at(fit, *span)) / 2 for span in (_AT_BRIM, _AT_CROWN))
        return self.height(fit) > _AT_CROWN[0] and at_brim > _BRIM and at_crown < _NARROWER * at_brim

    def part(self, left: float, top: float, share: float) -> Surroundings:
        """Return what is around the face in a smaller square, all in shares of this square's side."""
        height, width = self.head.shape
        box = (left * width, top * height, (left + share) * width, (top + share) * height)

        def cut(plane: Plane) -> Plane:
            how = Image.Resampling.BILINEAR
            return np.asarray(Image.fromarray(plane, "F").resize((width, height), how, box), np.float32)

        behind = np.stack([cut(np.ascontiguousarray(self.behind[..., k])) for k in range(3)], -1)
        return Surroundings(cut(self.head), behind)


def look(pixels: NDArray[np.uint8], fit: Fit) -> Surroundings:
    """Tell the head and what is behind it apart.

    Args:
        pixels: (H, W, 3) the square.
        fit: Of it.
    """
    small = _small(pixels)
    height, width = small.shape[:2]
    hood = ellipse(fit, "hood", float(max(height, width))).distance(width, height)
    shoulders = float(min(fit["shoulder_left"][1], fit["shoulder_right"][1], 1.2)) * max(height, width)
    above = np.arange(height)[:, None] < shoulders - 0.03 * height + 0 * hood
    aside, high = brim(fit, float(max(height, width))).of(width, height)
    crown = (np.abs(aside) < _CROWN[0]) & (high > 0) & (high < _CROWN[1] * brim(fit, 1.0).at(fit["crown"])[1])
    inside, outside, usable = _seeds(small, hood, crown, above)
    if outside.sum() < _FEWEST or inside.sum() < _FEWEST:
        return Surroundings(np.zeros((height, width), np.float32), small)
    hair = inside & (high > -0.1)
    hair = hair if hair.sum() > _FEWEST else inside
    colours = _opponent(small)
    head = _walk(colours, _likely(colours, hair, outside, hood), inside, outside)
    nearby = outside | ((head < 0.2) & usable & (hood > 1.0))  # what surrounds the head says more than the far border
    head = _walk(colours, _likely(colours, hair, nearby, hood), inside, outside)
    head = _whole(np.where(above | (hood < 1.3), head, 0), inside)
    known = (ndimage.maximum_filter(head, _STRAY) < 0.1) & (hood > 0.8) & above & ~_body(fit, width, height)
    return Surroundings(head, fill(small, known))


Flags = NDArray[np.bool_]


def _seeds(small: Plane, hood: Plane, crown: Flags, above: Flags) -> tuple[Flags, Flags, Flags]:
    """Return what is the head for certain, what is background for certain, and what may be learnt from (h, w).

    Of a hat that is worn the hood's ellipse may have nothing; the crown is on the head all the same.
    """
    usable = real(small) & above  # what a square shows beyond the picture's border teaches nothing
    if (usable & (hood > _FAR)).mean() < _LEAST:  # a wall without any pattern, perhaps
        usable = above
    outside = (hood > _FAR) & usable
    if outside.mean() < _LEAST:  # a face that fills the picture: its corners are all there is to learn from
        outside = (hood > _NEAR) & usable
    return (hood < _SURE) | crown, outside & ~crown, usable


def _body(fit: Fit, width: int, height: int) -> Flags:
    """Return where neck and collar may be (h, w): below the chin, between the shoulders."""
    side = float(max(height, width))
    left, right = (float(fit[f"shoulder_{end}"][0]) * side for end in ("left", "right"))
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    return np.asarray((y > float(fit["face_bottom"][1]) * side) & (x > min(left, right)) & (x < max(left, right)))


def _whole(head: Plane, inside: Flags) -> Plane:
    """Return the part of the head (h, w) that hangs together with what is certain, with the loose ends around it."""
    labels, _ = ndimage.label(head > 0.5)
    kept = np.isin(labels, np.unique(labels[inside & (labels > 0)]))
    soft = smooth((ndimage.gaussian_filter(head * kept, 0.7) - 0.25) / 0.4)
    return np.asarray(ndimage.gaussian_filter(ndimage.maximum_filter(soft, 5), 0.6), np.float32)


def _small(pixels: NDArray[np.uint8]) -> Plane:
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)


def resized(plane: Plane, size: tuple[int, int]) -> Plane:
    """Return a plane (H, W) at another size (width, height)."""
    if plane.shape == (size[1], size[0]):
        return plane
    return np.asarray(Image.fromarray(plane, "F").resize(size, Image.Resampling.BICUBIC), np.float32)


def _opponent(pixels: Plane) -> Plane:
    """Return lightness and two colour differences, (H, W, 3), about 0..100."""
    red, green, blue = np.moveaxis(pixels / 2.55, -1, 0)
    light, tint, warmth = 0.3 * red + 0.59 * green + 0.11 * blue, red - green, 0.5 * (red + green) - blue
    return np.stack([light, 1.2 * tint, 0.8 * warmth], -1)


def _likely(colours: Plane, inside: NDArray[np.bool_], outside: NDArray[np.bool_], hood: Plane) -> Plane:
    """Return how likely each pixel (H, W) is of the head, by its colour, its place and the samples nearest to it."""
    height, width = hood.shape
    places = np.stack(np.meshgrid(np.linspace(0, 22, width), np.linspace(0, 22, height)), -1).astype(np.float32)
    features = np.concatenate([colours, places], -1).reshape(-1, 5)
    far = []
    for chosen in (inside, outside):
        numbers = np.flatnonzero(chosen.ravel())
        numbers = numbers[:: max(1, len(numbers) // _SAMPLES)]
        found, _ = cKDTree(features[numbers]).query(features, k=_NEIGHBOURS)
        far.append(np.asarray(found, np.float32).mean(1).reshape(height, width) + 2.0)
    near = np.clip(1.9 - 0.75 * hood, 0.05, 1.0)  # hair and hats are rarely far from the head
    odds = (far[1] / far[0]) ** 2.5 * near
    return np.asarray(odds / (1 + odds), np.float32)


def _walk(colours: Plane, likely: Plane, inside: NDArray[np.bool_], outside: NDArray[np.bool_]) -> Plane:
    """Return the random walk's answer (H, W): 1 at the head, 0 in the background."""
    height, width = likely.shape
    number = np.arange(height * width).reshape(height, width)
    rows, columns, weights = [], [], []
    for one, two in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        weight = np.exp(-_EDGE * ((colours[one] - colours[two]) ** 2).sum(-1)).ravel() + 1e-3
        first, second = number[one].ravel(), number[two].ravel()
        rows += [first, second]
        columns += [second, first]
        weights += [weight, weight]
    count = height * width
    joined = sparse.csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    )
    degree = np.asarray(joined.sum(1)).ravel()
    seeds = (inside | outside).ravel()
    pull = np.where(seeds, 50.0, _TRUST)
    aim = np.where(inside.ravel(), 1.0, np.where(outside.ravel(), 0.0, likely.ravel()))
    system = sparse.diags(degree + pull) - joined
    solved, _ = cg(system, pull * aim, x0=aim, rtol=1e-4, maxiter=200, M=sparse.diags(1 / (degree + pull)))
    return np.asarray(solved, np.float32).reshape(height, width)
