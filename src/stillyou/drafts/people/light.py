"""Light: how a photograph is lit, told from the face and its surroundings, and art lit alike.

Sprites are rendered in neutral light from straight ahead, where white is about `WHITE` (linear). With L the linear
luminance of the face's lit skin, over the head's own directions u (right) and v (down):

    log L(u, v) ~ a + slope . (u, v)
    log level = c + c_W log W + c_L log L + c_r r          L / 0.75 <= WHITE level <= L / 0.08

with W the white of the picture and r how much redder the skin is than the bright colours around: dark skin is redder,
and is not to be taken for dim light. The coefficients were found on people of the studio in all skin tones, whose
true targets are known (docs/results/drafts.md); the bounds are what skin reflects. The tint is the picture's own mean
of bright colours, damped, since a red wall is no red lamp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from stillyou.drafts.draft import Draft
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.frames import Plane, ellipse, real
from stillyou.draws import generator

WHITE = 0.62
"""What white fur measures in a sprite, linear."""
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SIDE = 192
_SKIN = (0.08, 0.75)
_LEVEL, _OF_WHITE, _OF_SKIN, _OF_REDNESS = 0.37, 0.5, 0.18, 0.56
"""c, c_W, c_L and c_r."""
_LEVELS = (0.16, 1.25)
_STEEPEST = 0.55
"""Of log luminance over half a face."""
_SHOULDER = (0.4, 0.5)
"""Linear light from which on bright art is held back, and the room above: lit fur keeps its texture."""
_TINT = 0.42
"""Share of the picture's cast that the art takes."""


@dataclass(frozen=True)
class Light:
    """How a photograph is lit.

    Attributes:
        gain: Linear factors of red, green and blue.
        slope: Change of log luminance over half a face, to the right and down.
        middle: Where the face is, (x, y) in shares of the square, and half its width.
        black: What black is in the picture, in [0, 1] of sRGB.
        colour: How saturated the picture is: 0 black and white, 1 ordinary.
        grain: Standard deviation of its noise, levels of 255 at its own size.
        blur: Standard deviation of its blur in pixels of its own size.
    """

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slope: tuple[float, float] = (0.0, 0.0)
    middle: tuple[float, float, float] = (0.5, 0.5, 0.25)
    black: float = 0.0
    colour: float = 1.0
    grain: float = 0.0
    blur: float = 0.0


def estimate(pixels: NDArray[np.uint8], fit: Fit) -> Light:
    """Tell how a square (H, W, 3) is lit."""
    height, width = pixels.shape[:2]
    small = np.asarray(Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX))
    linear = to_linear(small.astype(np.float32))
    luma, shown = linear @ _LUMA, real(small.astype(np.float32))
    frame = ellipse(fit, "face", _SIDE)
    u, v = frame.of(_SIDE, _SIDE)
    face = np.hypot(u, v) < 0.9
    if face.sum() < 30:
        return Light()
    skin = face & (luma > np.quantile(luma[face], 0.3)) & (luma < np.quantile(luma[face], 0.98))
    skin = skin if skin.any() else face  # a face of one flat colour
    bright = _bright(linear[shown], luma[shown])
    lit_skin = linear[skin & (luma >= np.quantile(luma[skin], 0.4))].mean(0)
    level = _level(luma[shown], float(np.quantile(luma[skin], 0.6)), _redness(lit_skin) - _redness(bright))
    gain = level * _cast(bright)
    left, right = fit["face_left"], fit["face_right"]
    middle = (left + right) / 2
    return Light(
        gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        slope=_slope(luma, u, v, skin),
        middle=(float(middle[0]), float(middle[1]), max(float(np.linalg.norm(right - left)) / 2, 0.02)),
        black=float(np.clip(np.quantile(small.max(-1), 0.01) / 255 - 0.02, 0, 0.12)),
        colour=_saturation(small, face),
        grain=_grain(pixels),
        blur=_blur(pixels, fit),
    )


def to_linear(values: Plane) -> Plane:
    """Return linear light in [0, 1] of sRGB in 0..255."""
    return np.asarray((np.clip(values, 0, 255) / 255) ** 2.2, np.float32)


def luminance(pixels: NDArray[np.uint8]) -> Plane:
    """Return the linear luminance of pixels (..., 3), in [0, 1]."""
    return np.asarray(to_linear(pixels.astype(np.float32)) @ _LUMA, np.float32)


def _level(luma: Plane, skin: float, redness: float) -> float:
    white = float(np.quantile(luma, 0.97))
    found = _LEVEL + _OF_WHITE * np.log(white + 0.01) + _OF_SKIN * np.log(skin + 0.01) + _OF_REDNESS * redness
    return float(np.clip(np.clip(np.exp(found), skin / _SKIN[1] / WHITE, skin / _SKIN[0] / WHITE), *_LEVELS))


def _bright(linear: Plane, luma: Plane) -> NDArray[np.float32]:
    """Return the mean of a picture's bright colours, from pixels (N, 3)."""
    weight = np.clip(luma / max(float(np.quantile(luma, 0.95)), 1e-3), 0, 1) ** 2
    return np.asarray((linear * weight[..., None]).sum(0) / max(float(weight.sum()), 1e-6) + 1e-4, np.float32)


def _redness(colour: NDArray[np.float32]) -> float:
    return float(np.log((colour[0] + 0.003) / (colour[1] + 0.003)))


def _cast(bright: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the light's colour from the mean of bright colours: factors whose luminance is 1."""
    cast = np.clip((bright / (bright @ _LUMA)) ** _TINT, 0.72, 1.35)
    return np.asarray(cast / (cast @ _LUMA), np.float32)


def _slope(luma: Plane, u: Plane, v: Plane, skin: NDArray[np.bool_]) -> tuple[float, float]:
    rows = np.stack([np.ones(int(skin.sum()), np.float32), u[skin], v[skin]], 1)
    found = np.linalg.lstsq(rows, np.log(luma[skin] + 0.01), rcond=None)[0]
    across, down = np.clip(found[1:] * (1.1, 0.5), -_STEEPEST, _STEEPEST)
    return float(across), float(down)


def _saturation(small: NDArray[np.uint8], face: NDArray[np.bool_]) -> float:
    """Return how coloured the picture is: the more coloured of the face and the whole decides."""
    spread = (small.max(-1).astype(np.float32) - small.min(-1)) / np.maximum(small.max(-1), 24)
    found = max(float(np.median(spread[face])) / 0.32, float(np.quantile(spread, 0.8)) / 0.4)
    return float(np.clip(found, 0, 1))


def _grain(pixels: NDArray[np.uint8]) -> float:
    """Return the noise's deviation: the smallest high-pass energies of blocks are of even places."""
    grey = pixels[..., 1].astype(np.float32)[: 16 * (pixels.shape[0] // 16), : 16 * (pixels.shape[1] // 16)]
    fine = ndimage.convolve(grey, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)) / 6
    blocks = fine.reshape(grey.shape[0] // 16, 16, grey.shape[1] // 16, 16).std((1, 3))
    return float(np.clip(np.quantile(blocks, 0.3), 0, 6))


def _blur(pixels: NDArray[np.uint8], fit: Fit) -> float:
    """Return how blurred the face is, from its gradients at two scales."""
    side = max(pixels.shape[:2])
    left, top = (fit[name].astype(float) * side for name in ("face_left", "face_top"))
    right, bottom = (fit[name].astype(float) * side for name in ("face_right", "face_bottom"))
    box = pixels[max(0, int(top[1])) : max(0, int(bottom[1])), max(0, int(left[0])) : max(0, int(right[0]))]
    if min(box.shape[:2]) < 24:
        return 0.0
    grey = box[..., 1].astype(np.float32)
    coarse = ndimage.gaussian_filter(grey, 1.5)
    fine, broad = (np.abs(np.diff(values, axis=1)).mean() + 1e-3 for values in (grey, coarse))
    return float(np.clip(2.2 * (1.45 - fine / broad), 0, 2.5))


def lit(art: NDArray[np.uint8], light: Light, place: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """Return art lit like the picture: level, tint, slope, blacks, saturation, blur.

    Args:
        art: A sprite (H, W, 4).
        light: Of the picture.
        place: (3, 2) matrix from the sprite's pixels to the square's, about.
        side: Of the square in pixels.
    """
    height, width = art.shape[:2]
    x, y, half = (value * side for value in light.middle)
    across, down = np.arange(width)[None] + 0.5, np.arange(height)[:, None] + 0.5
    u = (across * place[0, 0] + down * place[1, 0] + place[2, 0] - x) / half
    v = (across * place[0, 1] + down * place[1, 1] + place[2, 1] - y) / half
    shade = np.exp(light.slope[0] * np.tanh(u / 1.5) * 1.2 + light.slope[1] * np.tanh(v / 2)).astype(np.float32)
    linear = to_linear(art[..., :3].astype(np.float32)) * np.asarray(light.gain, np.float32) * shade[..., None]
    knee, room = _SHOULDER
    linear = np.where(linear > knee, knee + room * np.tanh((linear - knee) / room), linear)
    grey = (linear @ _LUMA)[..., None]
    values = np.clip(grey + light.colour * (linear - grey), 0, 1) ** np.float32(1 / 2.2)
    rgb = 255 * (light.black + (1 - light.black) * values)
    scale = float(np.sqrt(abs(np.linalg.det(place[:2]))))
    return _blurred(rgb, art[..., 3].astype(np.float32), light, max(scale, 1e-3))


def _blurred(rgb: Plane, alpha: Plane, light: Light, scale: float) -> NDArray[np.uint8]:
    """Return art with the picture's blur; art that the square enlarges by `scale` is soft already."""
    more = float(np.sqrt(max(0.0, light.blur**2 - (0.5 * max(scale, 0.6)) ** 2))) / scale
    if more > 0.25:
        spread = ndimage.gaussian_filter(rgb * alpha[..., None], (more, more, 0))
        alpha = ndimage.gaussian_filter(alpha, more)
        rgb = spread / np.maximum(alpha, 0.5)[..., None]
    return np.rint(np.concatenate([np.clip(rgb, 0, 255), alpha[..., None]], -1)).astype(np.uint8)


def grained(draft: Draft, light: Light) -> Draft:
    """Return a draft with the picture's noise."""
    if light.grain < 0.4:
        return draft
    height, width = draft.alpha.shape
    tile = generator("drafts", "grain").normal(0, 0.8 * light.grain, (256, 256)).astype(np.float32)
    noise = np.tile(tile, (height // 256 + 1, width // 256 + 1))[:height, :width]
    return Draft(np.clip(draft.rgb + noise[..., None], 0, 255), draft.alpha)
