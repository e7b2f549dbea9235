"""Structural similarity as a map (Wang, Bovik, Sheikh and Simoncelli 2004).

With local means m, variances v and the covariance c under a Gaussian window of deviation 1.5 pixels (cut at 3.5
deviations), of two pictures x and y of one channel with levels 0..255:

    SSIM(x, y) = (2 m_x m_y + C1) (2 c + C2) / ((m_x^2 + m_y^2 + C1) (v_x + v_y + C2))        equation 13
    s(x, y)    = (c + C3) / (sqrt(v_x v_y) + C3)                                              equation 10
    C1 = (0.01 * 255)^2,  C2 = (0.03 * 255)^2,  C3 = C2 / 2

The structure distance here is 1 - s: local, and free of brightness and contrast. It is a substitute for the distance of
DINO self-similarities that goes by that name in papers on editing; no such network ships offline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stillyou.metrics import Picture

Map = NDArray[np.float64]
DEVIATION, CUT = 1.5, 3.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
C3 = C2 / 2
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Similarity:
    """Two maps of one size.

    Attributes:
        ssim: (H, W), the mean over the three channels; 1 = equal.
        structure: (H, W) of the luminance (Rec. 601); 1 = equal.
    """

    ssim: Map
    structure: Map


def similarity(one: Picture, other: Picture) -> Similarity:
    """Compare two pictures uint8 (H, W, 3)."""
    channels = [_moments(one[..., k], other[..., k]) for k in range(3)]
    _, _, v_x, v_y, c = _moments(one @ _LUMA, other @ _LUMA)
    structure = (c + C3) / (np.sqrt(np.maximum(v_x * v_y, 0)) + C3)
    return Similarity(np.mean([_ssim(*moments) for moments in channels], axis=0), structure)


def _ssim(m_x: Map, m_y: Map, v_x: Map, v_y: Map, c: Map) -> Map:
    value: Map = (2 * m_x * m_y + C1) * (2 * c + C2) / ((m_x**2 + m_y**2 + C1) * (v_x + v_y + C2))
    return value


def _moments(x: NDArray[np.generic], y: NDArray[np.generic]) -> tuple[Map, Map, Map, Map, Map]:
    """Return m_x, m_y, v_x, v_y and c at every pixel."""
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    m_x, m_y = _blurred(a), _blurred(b)
    return m_x, m_y, _blurred(a * a) - m_x**2, _blurred(b * b) - m_y**2, _blurred(a * b) - m_x * m_y


def _blurred(values: Map) -> Map:
    found: Map = ndimage.gaussian_filter(values, DEVIATION, truncate=CUT)
    return found
