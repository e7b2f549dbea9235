"""Backdrops: procedural scenes, crops of the user's photographs, and folders that cannot serve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.teachers.people.backdrop import Backdrops
from stillyou.pairs.teachers.people.scenes import SCENES


def developed(light: np.ndarray) -> np.ndarray:
    """Return what the renderer's tone curve makes of linear light, at exposure 1 (shaders/post/develop.frag)."""
    x = 0.62 * light
    return np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("size", [64, 200])
def test_procedural_backdrops_are_sound_and_follow_from_the_seed(size: int) -> None:
    backdrops = Backdrops(size)
    kinds = set()
    for seed in range(40):
        drawn = backdrops.draw(seed)
        kinds.add(drawn.kind)
        assert drawn.pixels.shape == (size, size, 3)
        assert drawn.pixels.dtype == np.float32
        assert np.isfinite(drawn.pixels).all()
        assert (drawn.pixels >= 0).all()
    assert kinds == set(SCENES)
    assert np.array_equal(backdrops.draw(7).pixels, Backdrops(size).draw(7).pixels)


def test_shares_of_scenes_sum_to_one() -> None:
    assert sum(scene.share for scene in SCENES.values()) == pytest.approx(1)


def test_photographs_come_out_in_their_own_colours(tmp_path: Path) -> None:
    Image.new("RGB", (90, 60), (40, 120, 200)).save(tmp_path / "sea.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    drawn = Backdrops(48, tmp_path).draw(3)
    assert drawn.kind == "photograph"
    assert developed(drawn.pixels).reshape(-1, 3) == pytest.approx(
        np.tile(np.array([40, 120, 200]) / 255, (48 * 48, 1)), abs=0.01
    )


def test_crops_differ_between_people(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    backdrops = Backdrops(48, tmp_path)
    assert not np.array_equal(backdrops.draw(1).pixels, backdrops.draw(2).pixels)
    assert np.array_equal(backdrops.draw(1).pixels, backdrops.draw(1).pixels)


@pytest.mark.parametrize("make", ["missing", "file", "empty"])
def test_unusable_folders_are_refused_in_one_line(tmp_path: Path, make: str) -> None:
    folder = tmp_path / "photos"
    if make == "file":
        folder.write_text("hello")
    if make == "empty":
        folder.mkdir()
        (folder / "readme.txt").write_text("none here")
    with pytest.raises(UsageError) as failed:
        Backdrops(64, folder)
    assert str(folder) in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_damaged_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    with pytest.raises(StillYouError) as failed:
        Backdrops(64, tmp_path).draw(0)
    assert "broken.jpg" in str(failed.value)
