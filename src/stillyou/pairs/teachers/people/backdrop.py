"""What is behind people: procedural rooms, streets, greenery and studio walls, or the user's own photographs.

Backdrops are out of focus, as behind a portrait lens, and linear: they are developed with the person. Depth decides
the blur: walls near the person stay recognisable, lights far away become discs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from stillyou.draws import generator
from stillyou.errors import StillYouError, UsageError
from stillyou.images.kinds import looks_like_picture
from stillyou.images.reading import read_picture
from stillyou.pairs.teachers.people.geometry import Floats, floats
from stillyou.pairs.teachers.people.scenes import SCENES

_CANVAS = 128
"""Side that procedural backdrops are painted at before they are enlarged."""


@dataclass(frozen=True, eq=False)
class Backdrop:
    """A backdrop: (size, size, 3) linear pixels and the name of its kind."""

    pixels: Floats
    kind: str


class Backdrops:
    """Draws backdrops of one size.

    Args:
        size: Side in pixels.
        folder: Photographs to take crops from; procedural backdrops if None.

    Raises:
        UsageError: The folder does not exist or holds no pictures.
        StillYouError: The folder cannot be read.
    """

    def __init__(self, size: int, folder: str | Path | None = None) -> None:
        self.size = size
        self.photographs = check_folder(folder) if folder is not None else ()

    def draw(self, seed: int) -> Backdrop:
        """Draw the backdrop of a person's pictures.

        Raises:
            StillYouError: A photograph of the folder is damaged.
        """
        rng = generator("people", seed, "backdrop")
        if self.photographs:
            return Backdrop(self._crop(rng), "photograph")
        kind = str(rng.choice(list(SCENES), p=[scene.share for scene in SCENES.values()]))
        painted = SCENES[kind].paint(rng, _CANVAS)
        grey = painted.mean(-1, keepdims=True)
        muted = np.clip(grey + (painted - grey) * rng.uniform(0.45, 1.0), 0, 4)
        return Backdrop(_enlarge(muted, self.size), kind)

    def _crop(self, rng: np.random.Generator) -> Floats:
        """Return a random square of a random photograph, blurred as far things are."""
        pixels = _photograph(self.photographs[int(rng.integers(len(self.photographs)))])
        height, width = pixels.shape[:2]
        side = int(min(height, width) * rng.uniform(0.55, 1.0))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        square = pixels[top : top + side, left : left + side]
        square = square[:, ::-1] if rng.random() < 0.5 else square
        picture = Image.fromarray(np.ascontiguousarray(square)).resize((self.size, self.size), Image.Resampling.LANCZOS)
        linear = np.asarray(picture, np.float32) / 255
        blur = self.size * float(rng.choice([0.003, 0.008, 0.016, 0.03]))
        soft = gaussian_filter(linear**2.2, (blur, blur, 0))
        return floats(_undeveloped(soft ** (1 / 2.2)))


def check_folder(folder: str | Path) -> tuple[Path, ...]:
    """Return the pictures of a folder, sorted by name.

    Raises:
        UsageError: It does not exist, is no folder, or holds no pictures.
        StillYouError: It cannot be read.
    """
    place = Path(folder)
    if not place.is_dir():
        what = "is not a folder" if place.exists() else "does not exist"
        raise UsageError(f"the folder of backgrounds {place} {what}", "Give a folder of photographs.")
    try:
        found = tuple(sorted(path for path in place.iterdir() if path.is_file() and looks_like_picture(path)))
    except OSError as error:
        raise StillYouError(f"cannot read {place}: {error.strerror}", "Check the folder's permissions.") from error
    if not found:
        raise UsageError(f"the folder of backgrounds {place} holds no pictures", "Put JPEG or PNG files in it.")
    return found


@lru_cache(maxsize=16)
def _photograph(path: Path) -> npt.NDArray[np.uint8]:
    """Return a photograph's pixels, no larger than backdrops need."""
    image = Image.fromarray(read_picture(path).rgb)
    image.thumbnail((1024, 1024), Image.Resampling.LANCZOS)
    return np.asarray(image, np.uint8)


def _undeveloped(picture: Floats) -> Floats:
    """Return the linear light that the renderer's tone curve turns into a picture with values in [0, 1]."""
    y = np.clip(picture, 0, 0.97) ** 2.2
    # The curve is y = x(2.51x + 0.03) / (x(2.43x + 0.59) + 0.14) with x = 0.62 light; solve the quadratic for x.
    a, b, c = 2.51 - 2.43 * y, 0.03 - 0.59 * y, -0.14 * y
    return floats((-b + np.sqrt(b * b - 4 * a * c)) / (2 * a) / 0.62)


def _enlarge(painted: Floats, size: int) -> Floats:
    channels = [
        Image.fromarray(floats(painted[..., k])).resize((size, size), Image.Resampling.BICUBIC) for k in range(3)
    ]
    return floats(np.clip(np.stack([np.asarray(channel) for channel in channels], -1), 0, None))
