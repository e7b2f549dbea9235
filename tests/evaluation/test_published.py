"""Published benchmarks' metrics against hand-computed values, scikit-image and straight-line versions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from stillyou.errors import StillYouError
from stillyou.evaluation.published.__main__ import main
from stillyou.evaluation.published.magicbrush import distances
from stillyou.evaluation.published.pie_bench import NAMES, background, decode_mask


@pytest.fixture
def pictures():
    rng = np.random.default_rng(5)
    one = rng.integers(0, 256, (48, 48, 3), np.uint8)
    other = np.clip(one.astype(int) + rng.integers(-30, 31, one.shape), 0, 255).astype(np.uint8)
    mask = np.zeros((48, 48), bool)
    mask[10:30, 5:20] = True
    return one, other, mask


def test_background_figures_are_scikit_images_of_blanked_pictures(pictures):
    answer, source, mask = pictures
    found = background(answer, source, mask)
    a, s = (picture.astype(np.float64) / 255 * (1 - mask[..., None]) for picture in (answer, source))
    psnr, mse, ssim = (found[name] for name in NAMES)
    assert mse == pytest.approx(mean_squared_error(a, s))
    assert psnr == pytest.approx(peak_signal_noise_ratio(a, s, data_range=1))
    reference = structural_similarity(
        a, s, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1
    )
    assert ssim == pytest.approx(reference, abs=1e-9)


def test_background_by_hand():
    source = np.full((20, 20, 3), 100, np.uint8)
    answer, mask = source.copy(), np.zeros((20, 20), bool)
    mask[:10] = True
    answer[:10] = 0  # inside the mask: nobody looks
    answer[15, 3] = 151  # 51 levels off in one of 400 pixels
    found = background(answer, source, mask)
    assert found["pie_bench_mse_unedit_part"] == pytest.approx(0.2**2 / 400)
    assert found["pie_bench_psnr_unedit_part"] == pytest.approx(-10 * math.log10(0.2**2 / 400))
    same = background(source, source, mask)
    assert [same[name] for name in NAMES] == [100, 0, pytest.approx(1)]
    assert set(background(answer, source, mask | True).values()) == {None}  # nothing is background
    assert set(background(answer[:8], source[:8], mask[:8] & False).values()) == {None}  # no whole window


def straight_line(runs, side):
    """The benchmark's rule, pixel by pixel."""
    flat = [0] * (side * side)
    for k in range(0, len(runs), 2):
        for j in range(runs[k], min(runs[k] + runs[k + 1], side * side)):
            flat[j] = 1
    rows = [flat[side * y : side * (y + 1)] for y in range(side)]
    return [
        [bool(v) or y in (0, side - 1) or x in (0, side - 1) for x, v in enumerate(row)] for y, row in enumerate(rows)
    ]


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 80)), max_size=5))
def test_masks_are_read_as_the_benchmark_writes_them(runs):
    flat = [value for run in runs for value in run]
    assert decode_mask(flat, 8).tolist() == straight_line(flat, 8)


@pytest.mark.parametrize("runs", [[1], [64, 1], [-1, 2], [1, -2], [True, 1], [0.5, 1]])
def test_masks_that_make_no_sense_are_refused(runs):
    with pytest.raises(StillYouError, match="make no runs"):
        decode_mask(runs, 8)


def test_distances_are_torchs_losses_and_by_hand(pictures):
    answer, target, _ = pictures
    a, t = (torch.from_numpy(picture).permute(2, 0, 1).double() / 255 for picture in (answer, target))
    found = distances(answer, target)
    assert found["magicbrush_l1"] == pytest.approx(torch.nn.functional.l1_loss(a, t).item())
    assert found["magicbrush_l2"] == pytest.approx(torch.nn.functional.mse_loss(a, t).item())
    half = np.zeros((4, 4, 3), np.uint8)
    half[:2] = 51
    assert distances(half, half * 0) == pytest.approx({"magicbrush_l1": 0.1, "magicbrush_l2": 0.02})
    assert distances(np.full((8, 8, 3), 7, np.uint8), np.full((4, 6, 3), 7, np.uint8))["magicbrush_l1"] == 0


@pytest.fixture
def benchmark(tmp_path):
    """Three pictures in the benchmark's form; the second answer is missing, and the third path leads out."""
    names = ("0_random/a.png", "1_change/b.png", "../c.png")
    entries = {
        str(k): {"image_path": name, "mask": [0, 512 * 200], "editing_type_id": str(k), "more": 1}
        for k, name in enumerate(names)
    }
    source = np.random.default_rng(0).integers(20, 200, (512, 512, 3), np.uint8)
    for folder, picture in (("sources", source), ("answers", source + np.uint8(10))):
        (tmp_path / folder / "0_random").mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / folder / names[0])
    (tmp_path / "mapping.json").write_text(json.dumps(entries))
    return tmp_path


def test_the_command_measures_a_folder_of_answers(benchmark, capsys):
    words = [str(benchmark / "mapping.json"), "--sources", str(benchmark / "sources")]
    words += ["--answers", str(benchmark / "answers"), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    kept = 311 * 510 / 512**2  # rows 200 to 510, without the border
    assert found["pictures"] == 1 and found["pie_bench_mse_unedit_part"] == pytest.approx(kept * (10 / 255) ** 2)
    assert list(found["left_out"]) == ["1", "2"] and "leads out" in found["left_out"]["2"]
    assert main([*words, "--types", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 0
    (benchmark / "mapping.json").write_text('{"0": {"image_path": "a"}}')
    assert main(words) == 1 and "damaged" in capsys.readouterr().err
