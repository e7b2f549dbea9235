"""Drafts of effects of one's own: the art of a folder, checked and drawn where the fit says.

Nothing is learned and nothing is lit: the art comes out as it was drawn. Parts lie in the order of ``effect.yaml``,
those `behind` before all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from stillyou.drafts.anchors import Matrix, frame, placement
from stillyou.drafts.draft import Draft, Plane, nothing, stack
from stillyou.drafts.draw import Wear
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.frames import ellipse, smooth
from stillyou.drafts.svg import Svg, read_svg
from stillyou.effects.designs import find_design
from stillyou.effects.own import OwnEffect, Part, check_wear
from stillyou.errors import StillYouError
from stillyou.images import read_picture

_MOST_FILE, _MOST_PIXELS = 20_000_000, 16_000_000
"""Bytes and pixels of a PNG or WebP file."""
_TRIAL: Final = 96
"""Longer side in pixels at which SVG is drawn once, to see whether it shows anything."""
_FEATHER, _HEAD = 0.07, 0.9
"""Softness of the face's edge in half faces; the head, as a share of a hood's ellipse around it."""
Art = Svg | Image.Image
"""Checked art: SVG, or an image in RGBA."""


def check_art(effect: OwnEffect) -> int:
    """Read all art of an effect, each part in each design.

    Returns:
        How many files there are.

    Raises:
        StillYouError: A file that is missing or cannot be used.
    """
    files = set()
    for design in effect.looks:
        for part in effect.parts:
            path = effect.file(part, design.name)
            read_art(path, design.colours)
            files.add(path)
    return len(files)


def read_art(path: Path, colours: Mapping[str, str] | None = None) -> Art:
    """Read one file of art.

    Args:
        path: An SVG, PNG or WebP file.
        colours: Values for ``{name}`` in an SVG.

    Raises:
        StillYouError: It cannot be read, is huge, covers everything or shows nothing.
    """
    if path.suffix.lower() == ".svg":
        drawing = read_svg(path, colours or {})
        alpha = _svg(drawing, *_trial(drawing), path).alpha
        _check_alpha(path, alpha, "Remove the rectangle behind the drawing.")
        return drawing
    if path.stat().st_size > _MOST_FILE:
        raise StillYouError(f"{path} has more than {_MOST_FILE // 10**6} MB", "Scale it down to 2000 pixels or so.")
    picture = read_picture(path)
    if picture.size[0] * picture.size[1] > _MOST_PIXELS:
        raise StillYouError(f"{path} has more than 16 megapixels", "Scale it down to 2000 pixels or so.")
    if picture.alpha is None:
        raise StillYouError(f"{path} has no transparency", "Save it with an alpha channel: art on nothing.")
    _check_alpha(path, picture.alpha, "Save it with a transparent background.")
    return picture.image()


def draw_own(
    pixels: NDArray[np.uint8],
    fit: Fit,
    effect: OwnEffect,
    design: str,
    wear: Wear = "both",
    frames: Fit | None = None,
) -> Draft:
    """Draw the art of an effect's folder for one square, at the square's own size.

    Args:
        pixels: The square uint8 (N, N, 3), sRGB.
        fit: Where things sit on it.
        effect: The effect.
        design: One of its designs.
        wear: What of it.
        frames: Where parts are put, if that is not where things sit.

    Raises:
        UsageError: There is no such design, or nothing to wear.
        StillYouError: A file that is missing or cannot be used.
    """
    check_wear(effect, wear)
    colours = dict(find_design(effect.id, design, effect.looks).colours)
    parts = [part for part in effect.parts if wear in ("both", part.worn)]
    layers = [nothing(len(pixels), len(pixels))]
    for part in sorted(parts, key=lambda each: not each.behind):
        path = effect.file(part, design)
        layers.append(_placed(read_art(path, colours), part, (fit, frames or fit), len(pixels), path))
    return stack(layers)


def _placed(art: Art, part: Part, fits: tuple[Fit, Fit], side: int, path: Path) -> Draft:
    """Draw one part on a square, without what it leaves free; `fits` tell where things sit, and where art is put."""
    fit, frames = fits
    size = art.view[2:] if isinstance(art, Svg) else (float(art.width), float(art.height))
    matrix = placement(part, frame(frames, part.frame, side), size)
    drawn = _svg(art, matrix, (side, side), path) if isinstance(art, Svg) else _image(art, matrix, side)
    if part.spares_face:
        drawn = drawn.cut(smooth((ellipse(fit, "face", side).distance(side, side) - 1) / _FEATHER))
    return drawn.cut(_beyond_person(fit, side)) if part.behind else drawn


def _beyond_person(fit: Fit, side: int) -> Plane:
    """Return where (side, side) neither head nor shoulders are, by the fit."""
    head = smooth((ellipse(fit, "hood", side).distance(side, side) - _HEAD) / _FEATHER)
    body = Image.new("L", (side, side))
    names = ("shoulder_left", "neck_left", "neck_right", "shoulder_right")
    outline = [(float(side * fit[name][0]), float(side * fit[name][1])) for name in names]
    feet = [(outline[-1][0], 4.0 * side), (outline[0][0], 4.0 * side)]
    ImageDraw.Draw(body).polygon([*outline, *feet], fill=255)
    soft = ndimage.gaussian_filter(np.asarray(body, np.float32) / 255, 0.004 * side)
    return np.asarray(head * (1 - soft), np.float32)


def _trial(drawing: Svg) -> tuple[Matrix, tuple[int, int]]:
    """Return a map and a size at which a drawing is seen small."""
    width, height = drawing.view[2:]
    scale = _TRIAL / max(width, height)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    return np.array([[scale, 0, 0], [0, scale, 0]], np.float64), size


def _svg(drawing: Svg, matrix: Matrix, size: tuple[int, int], path: Path) -> Draft:
    """Draw SVG through a map from its canvas to pixels."""
    (a, c, e), (b, d, f) = matrix.tolist()
    width, height = size
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<g transform="matrix({a:.9g} {b:.9g} {c:.9g} {d:.9g} {e:.6f} {f:.6f})">{drawing.body}</g></svg>'
    )
    try:
        drawn = pyvips.Image.svgload_buffer(document.encode()).numpy().astype(np.float32)
    except pyvips.Error as error:
        raise StillYouError(f"{path} cannot be drawn: {_said(error)}", "Save it as plain SVG.") from error
    return Draft(drawn[:height, :width, :3], drawn[:height, :width, 3] / np.float32(255))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _image(image: Image.Image, matrix: Matrix, side: int) -> Draft:
    """Draw an RGBA image through a map from its canvas to pixels; colours are weighed by alpha."""
    weighed, scale = image.convert("RGBa"), float(np.hypot(*matrix[:, 0]))
    if scale < 1:
        small = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        weighed = weighed.resize(small, Image.Resampling.LANCZOS)
    shrink = np.array([image.width / weighed.width, image.height / weighed.height, 1.0])
    full = np.vstack([matrix * shrink, [0, 0, 1]])
    back = np.linalg.inv(full)[:2].ravel().tolist()
    drawn = weighed.transform((side, side), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC).convert("RGBA")
    pixels = np.asarray(drawn, np.float32)
    return Draft(pixels[..., :3], pixels[..., 3] / np.float32(255))


def _check_alpha(path: Path, alpha: NDArray[np.floating] | NDArray[np.uint8], remedy: str) -> None:
    if not alpha.any():
        raise StillYouError(f"{path} shows nothing", "Draw something on it.")
    if (alpha >= (255 if alpha.dtype == np.uint8 else 0.999)).all():
        raise StillYouError(f"{path} covers its whole canvas", remedy)
