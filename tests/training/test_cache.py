"""The latent cache: right content, made anew exactly when something it depends on changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.network import build_autoencoder
from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.data.cache import CacheSettings, LatentCache, LatentEncoder, cache_key, open_or_build
from tests.tiny import tiny_architecture
from tests.training.fakes import paint_pairs

SETTINGS = CacheSettings(resolution=64, vision_size=32, copies=2, seed=0)
CPU = torch.device("cpu")


def fresh_vae(seed: int = 0):  # type: ignore[no-untyped-def]
    torch.manual_seed(seed)
    return build_autoencoder(tiny_architecture()).eval()


def build(folder: Path, data: PairDataset, settings: CacheSettings = SETTINGS) -> tuple[LatentCache, list[int]]:
    calls: list[int] = []
    cache = open_or_build(
        folder, [data], LatentEncoder(fresh_vae(), settings), device=CPU, advance=lambda done, total: calls.append(done)
    )
    return cache, calls


def test_first_copy_holds_the_latents_of_the_pair(tmp_path: Path, painted: PairDataset) -> None:
    cache, _ = build(tmp_path, painted)
    assert [row.key for row in cache.rows] == [row["key"] for row in painted.rows(("key",))]
    pair = painted.load(3)
    for name in ("source", "target"):
        pixels = torch.from_numpy(getattr(pair, name)).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            expected = to_latents(fresh_vae(), pixels)[0]
        stored = cache.arrays[name][3, 0].float()
        assert torch.allclose(stored, expected, atol=2e-3, rtol=2e-3)
    assert not torch.equal(cache.source[3, 0], cache.source[3, 1])
    assert cache.arrays["vision"].shape == (len(painted), 2, 3, 32, 32) and cache.arrays["vision"].dtype == torch.uint8


def test_augmented_copies_keep_unchanged_places_unchanged(tmp_path: Path, painted: PairDataset) -> None:
    cache, _ = build(tmp_path, painted)
    effects = [row.effect for row in cache.rows]
    small = effects.index("laughing")
    same = (cache.source[small, 1] == cache.arrays["target"][small, 1]).float().mean().item()
    assert 0.4 < same < 1


def test_reused_until_pairs_weights_or_settings_change(tmp_path: Path, painted: PairDataset) -> None:
    first, calls = build(tmp_path / "c", painted)
    assert calls[-1] == len(painted)
    again, calls = build(tmp_path / "c", painted)
    assert not calls and torch.equal(first.source, again.source) and first.name == again.name
    other_pairs = paint_pairs(tmp_path / "pairs", seed=1)
    keys = {
        cache_key([painted], LatentEncoder(fresh_vae(), SETTINGS)),
        cache_key([other_pairs], LatentEncoder(fresh_vae(), SETTINGS)),
        cache_key([painted], LatentEncoder(fresh_vae(1), SETTINGS)),
        cache_key([painted], LatentEncoder(fresh_vae(), CacheSettings(64, 32, 3, 0))),
        cache_key([painted, other_pairs], LatentEncoder(fresh_vae(), SETTINGS)),
    }
    assert len(keys) == 5
    scaled = fresh_vae()
    scaled.register_to_config(latents_mean=[0.0] * 4, latents_std=[2.0] * 4)
    assert cache_key([painted], LatentEncoder(scaled, SETTINGS)) not in keys


def test_a_cache_that_fits_nothing_any_more_is_removed(tmp_path: Path, painted: PairDataset) -> None:
    build(tmp_path, painted)
    build(tmp_path, painted, CacheSettings(64, 32, 1, 0))
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interrupted_build_leaves_nothing_behind(tmp_path: Path, painted: PairDataset) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_or_build(tmp_path, [painted], LatentEncoder(fresh_vae(), SETTINGS), device=CPU, advance=stop)
    assert not list(tmp_path.iterdir())


def test_pairs_are_resized_to_the_model(tmp_path: Path, painted: PairDataset) -> None:
    cache, _ = build(tmp_path, painted, CacheSettings(32, 16, 1, 0))
    assert cache.source.shape == (len(painted), 1, 4, 4, 4)


def test_no_pairs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="no accepted pairs"):
        open_or_build(tmp_path, [], LatentEncoder(fresh_vae(), SETTINGS), device=CPU)
