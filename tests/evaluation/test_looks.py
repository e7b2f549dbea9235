"""Figures of drawing: against values worked out by hand and by brute force."""

import numpy as np
import pytest
from scipy import ndimage

from stillyou.evaluation import features
from stillyou.evaluation.features import BLOCKS, EfficientNetLite0, kernel, kernel_distance, mmd
from stillyou.evaluation.looks import DEVIATION, Looks, high_pass_energy
from tests.evaluation.people import SIDE, person


def brute_force(x, y):
    """The definition, a pair of pairs at a time."""

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    n = len(x)
    terms = [
        k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i in range(n) for j in range(n) if i != j
    ]
    return sum(terms) / len(terms)


def test_the_kernel_is_cubic():
    assert kernel(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[6.5**3, 1.0]]


def test_mmd_worked_out_by_hand():
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    # h(0, 1) = k(0, 1) + k(1, 2) - k(0, 2) - k(1, 1) = 1 + 27 - 1 - 8
    assert mmd(x, y) == pytest.approx(19)


def test_mmd_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 5)), rng.normal(0.3, 1, size=(9, 5))
    assert mmd(x, y) == pytest.approx(brute_force(x.tolist(), y.tolist()))


def test_answers_that_are_the_targets_have_no_distance_and_noise_has_none_on_average():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 6))
    same = kernel_distance(x, x)
    assert same is not None and (same.value, same.error) == (0, 0)
    found = [mmd(rng.normal(size=(20, 6)), rng.normal(size=(20, 6))) for _ in range(200)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(len(found)), "unbiased"
    far = kernel_distance(x, rng.normal(1, 1, size=(40, 6)))
    assert far is not None and far.error is not None and far.value > 4 * far.error > 0


def test_too_few_pictures_have_no_error_or_no_distance():
    x = np.random.default_rng(2).normal(size=(BLOCKS, 3))
    few = kernel_distance(x, x + 1)
    assert few is not None and few.error is None
    assert kernel_distance(x[:1], x[:1]) is None


def test_the_standard_error_is_that_of_the_mean_over_disjoint_subsets():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(35, 4)), rng.normal(0.5, 1, size=(35, 4))
    parts = [brute_force(x[i::BLOCKS].tolist(), y[i::BLOCKS].tolist()) for i in range(BLOCKS)]
    spread = (sum((p - sum(parts) / BLOCKS) ** 2 for p in parts) / (BLOCKS - 1)) ** 0.5
    found = kernel_distance(x, y)
    assert found is not None and found.error == pytest.approx(spread / BLOCKS**0.5)


def test_the_high_pass_of_one_bright_pixel_by_convolution():
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[128, 128] = 200
    distance = np.arange(-4, 5)
    weights = np.exp(-(distance**2) / (2 * (DEVIATION * 256) ** 2))
    blurred = np.outer(weights, weights) / weights.sum() ** 2
    blurred[4, 4] -= 1
    everywhere = np.ones((256, 256), bool)
    assert high_pass_energy(picture, everywhere) == pytest.approx(200**2 * (blurred**2).sum(), rel=1e-6)
    assert high_pass_energy(picture, ~everywhere) == 0
    assert high_pass_energy(np.full_like(picture, 90), everywhere) == pytest.approx(0, abs=1e-12)


class Colours:
    """The mean colour of each picture."""

    def __call__(self, pictures):
        return np.stack([picture.mean(axis=(0, 1)) for picture in pictures])


def test_figures_of_known_answers():
    pairs = [person("santa", index) for index in range(40)]
    half = [((p.source.astype(int) + p.target) // 2).astype(np.uint8) for p in pairs]
    looks = Looks(Colours())
    for first in (0, 20):
        part = slice(first, first + 20)
        answers = {
            "edit": half[part],
            "lazy": [p.source for p in pairs[part]],
            "oracle": [p.target for p in pairs[part]],
        }
        looks.add(pairs[part], answers, "costume")
    found = looks.document()
    assert found["lazy"]["error_ratio"] == 1
    assert found["edit"]["error_ratio"] == pytest.approx(0.5, abs=0.01)
    assert found["oracle"]["error_ratio"] == 0 and found["oracle"]["high_pass_ratio"] == 1
    assert found["oracle"]["kernel_distance"] == 0 < found["edit"]["kernel_distance"] < found["lazy"]["kernel_distance"]
    assert found["edit"]["kernel_distance_error"] > 0
    whole = {key: value for key, value in found["edit"].items() if key not in ("groups", "effects")}
    assert found["edit"]["groups"] == {"costume": whole} and found["edit"]["effects"] == {"santa": whole}


def test_a_blurred_answer_has_less_high_pass_energy():
    rng = np.random.default_rng(4)
    pair = person("santa", 1)
    pair.target[:] = rng.integers(0, 256, (SIDE, SIDE, 3))
    soft = ndimage.uniform_filter(pair.target, (5, 5, 1))
    looks = Looks()
    looks.add([pair], {"edit": [soft]}, "costume")
    found = looks.document()["edit"]
    assert 0 < found["high_pass_ratio"] < 0.5
    assert found["kernel_distance"] is None and found["kernel_distance_error"] is None


@pytest.mark.skipif(not features.available(), reason="needs pip install 'stillyou[looks]'")
def test_the_packaged_network_tells_pictures_apart():
    rng = np.random.default_rng(5)
    pictures = [rng.integers(0, 256, (64, 64, 3), np.uint8), np.full((64, 64, 3), 127, np.uint8)]
    rows = EfficientNetLite0()(pictures)
    assert rows.shape == (2, 1280) and rows.dtype == np.float64
    assert np.isfinite(rows).all() and np.abs(rows[0] - rows[1]).max() > 0.1
