"""Outputs of editors laid over their sources again: known shifts and scales are found, strangers are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stillyou
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.instruct.blended import blend
from stillyou.pairs.teachers.instruct.registering import Registration, laid, register

SAMPLES = Path(stillyou.__file__).parent / "samples"
SIDE = 256


@pytest.fixture(scope="module")
def whole() -> Pixels:
    with Image.open(SAMPLES / "astronaut.jpg") as image:
        return np.asarray(image.convert("RGB"))


def _seen(whole: Pixels, scale: float, right: float, down: float, side: int = SIDE) -> Pixels:
    """Cut a square out of a large picture that shows things `scale` times as large and shifted; no code of ours."""
    size = 300 / scale
    centre = np.array([230.0, 200.0]) - 300 / scale * np.array([right, down])
    box = (*(centre - size / 2), *(centre + size / 2))
    return np.asarray(Image.fromarray(whole).resize((side, side), Image.Resampling.LANCZOS, box=box))


def _edited(picture: Pixels, seed: int = 0) -> Pixels:
    """Change a third of a picture, shift its colours and add what an autoencoder loses."""
    side = len(picture)
    out = picture.astype(np.float32) * 0.93 + 9
    out[: side // 4, side // 5 : side * 4 // 5] = (190, 20, 30)
    out[side * 3 // 4 :, side // 8 : side * 7 // 8] = (30, 120, 60)
    noise = np.random.default_rng(seed).normal(0, 3, out.shape)
    return np.clip(out + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("scale", "right", "down"),
    [(1.0, 0.0, 0.0), (1.0, 8 / SIDE, -5 / SIDE), (1.06, 0.01, 0.02), (0.93, -0.03, 0.0), (1.12, 0.0, 0.04)],
)
def test_a_known_scale_and_shift_is_found_whatever_was_edited(
    whole: Pixels, scale: float, right: float, down: float
) -> None:
    source, output = _seen(whole, 1, 0, 0), _edited(_seen(whole, scale, right, down))
    found = register(source, output)
    assert found.registered and abs(found.scale - scale) < 0.004
    assert abs(found.right - right) < 1 / SIDE and abs(found.down - down) < 1 / SIDE
    over, there = laid(output, found, SIDE)
    calm = np.zeros((SIDE, SIDE), bool)
    calm[SIDE * 3 // 8 : SIDE * 5 // 8, SIDE // 4 : SIDE * 3 // 4] = True
    expected = np.clip(source.astype(np.float32) * 0.93 + 9, 0, 255)
    assert np.abs(over.astype(np.float32) - expected)[calm & there].mean() < 5


def test_outputs_of_another_size_are_laid_at_the_sources(whole: Pixels) -> None:
    source, output = _seen(whole, 1, 0, 0), _seen(whole, 1.05, 0.01, 0, side=512)
    found = register(source, output)
    over, there = laid(output, found, SIDE)
    assert over.shape == source.shape and abs(found.scale - 1.05) < 0.004
    assert np.abs(over.astype(int) - source)[there].mean() < 4


def test_what_lies_beyond_the_output_is_no_part_of_the_edit(whole: Pixels) -> None:
    source, output = _seen(whole, 1, 0, 0), _seen(whole, 1.1, 0, 0)
    found = register(source, output)
    _, there = laid(output, found, SIDE)
    assert not there[0].any() and not there[:, -1].any() and there[SIDE // 2, SIDE // 2]
    assert abs(there.mean() - (1 / 1.1) ** 2) < 0.03


def test_strangers_are_refused_with_what_was_measured(whole: Pixels) -> None:
    source = _seen(whole, 1, 0, 0)
    for stranger in (source[:, ::-1], np.rot90(source, 2), _seen(whole, 1.8, 0.3, 0.2)):
        found = register(source, np.ascontiguousarray(stranger))
        assert not found.registered
    noise = np.random.default_rng(0).integers(0, 256, source.shape, dtype=np.uint8)
    assert register(source, noise).residual > 6


def test_the_mask_is_the_edit_and_all_else_is_the_source(whole: Pixels) -> None:
    source = _seen(whole, 1, 0, 0)
    output = _edited(_seen(whole, 1.05, 0.01, 0.01))
    found = register(source, output)
    target, mask = blend(source, *laid(output, found, SIDE))
    assert np.array_equal(target[mask == 0], source[mask == 0])
    true = np.zeros((SIDE, SIDE, 3), np.uint8)
    true[: SIDE // 4, SIDE // 5 : SIDE * 4 // 5] = true[SIDE * 3 // 4 :, SIDE // 8 : SIDE * 7 // 8] = 255
    moved = laid(true, Registration(found.scale, found.right, found.down, 0.0), SIDE)[0][..., 0] > 127
    both, either = (mask > 0) & moved, (mask > 0) | moved
    assert both.sum() / either.sum() > 0.85
    assert np.abs(target[mask > 0].astype(int) - source[mask > 0]).mean() > 20


def test_nothing_changed_is_an_empty_mask(whole: Pixels) -> None:
    source = _seen(whole, 1, 0, 0)
    noisy = np.clip(source + np.random.default_rng(0).normal(0, 4, source.shape), 0, 255).astype(np.uint8)
    _, mask = blend(source, noisy, np.ones((SIDE, SIDE), bool))
    assert not mask.any()
