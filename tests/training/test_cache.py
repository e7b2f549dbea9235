"""The latent cache: right content, made anew exactly when something it depends on changes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.network import build_autoencoder
from stillyou.drafts.draw import draw
from stillyou.drafts.network import predict
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.registry import configure
from stillyou.training.data import building, frames
from stillyou.training.data.cache import LatentCache, cache_key, encoded_pairs, open_or_build
from stillyou.training.data.pair_encoder import CacheSettings, LatentEncoder
from tests.tiny import tiny_architecture
from tests.training.fakes import QUIET, paint_pairs

SETTINGS = CacheSettings(resolution=64, vision_size=32, copies=2, seed=0)
CPU = torch.device("cpu")


def fresh_vae(seed: int = 0):  # type: ignore[no-untyped-def]
    torch.manual_seed(seed)
    return build_autoencoder(tiny_architecture()).eval()


def build(folder: Path, data: PairDataset, settings: CacheSettings = SETTINGS) -> tuple[LatentCache, list[int]]:
    calls: list[int] = []

    def go_on(done: int, total: int) -> bool:
        calls.append(done)
        return True

    cache = open_or_build(folder, [data], LatentEncoder(fresh_vae(), settings), device=CPU, go_on=go_on)
    assert cache is not None
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
    assert calls == list(range(0, len(painted), 4))
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


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("stop_at", [1, 3, 5])
def test_a_build_that_was_stopped_goes_on_and_ends_byte_identical(
    tmp_path: Path, painted: PairDataset, stop_at: int
) -> None:
    build(tmp_path / "whole", painted)
    encoder = LatentEncoder(fresh_vae(), SETTINGS)
    stopped = open_or_build(
        tmp_path / "cut", [painted], encoder, device=CPU, go_on=lambda done, total: done < 4 * stop_at
    )
    assert stopped is None and encoded_pairs(tmp_path / "cut") == 4 * stop_at
    _, calls = build(tmp_path / "cut", painted)
    assert calls[0] == 4 * stop_at and encoded_pairs(tmp_path / "cut") is None
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_several_datasets_go_on_in_the_one_that_was_stopped(tmp_path: Path, painted: PairDataset) -> None:
    few = paint_pairs(tmp_path / "few", n=3, seed=4)  # six pairs: the last batch is a half one
    encoder = LatentEncoder(fresh_vae(), SETTINGS)
    for folder, stop in (("whole", 99), ("cut", 16)):
        open_or_build(
            tmp_path / folder, [few, painted], encoder, device=CPU, go_on=lambda done, total, stop=stop: done < stop
        )
    assert encoded_pairs(tmp_path / "cut") == 18
    open_or_build(tmp_path / "cut", [few, painted], encoder, device=CPU)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_what_was_not_yet_on_disk_for_certain_is_encoded_again(tmp_path: Path, painted: PairDataset) -> None:
    """A power cut may leave more in the arrays than was noted, or less."""
    build(tmp_path / "whole", painted)
    encoder = LatentEncoder(fresh_vae(), SETTINGS)
    for change in (lambda data: data + b"rubbish", lambda data: data[:300]):
        open_or_build(tmp_path / "cut", [painted], encoder, device=CPU, go_on=lambda done, total: done < 8)
        (array,) = (tmp_path / "cut").glob(".part-*/target.npy")
        array.write_bytes(change(array.read_bytes()))
        build(tmp_path / "cut", painted)
        assert files(tmp_path / "cut") == files(tmp_path / "whole")
        shutil.rmtree(tmp_path / "cut")


def build_and_tell(folder: Path, painted: PairDataset, told: Connection) -> None:
    """Build a cache, and say after each batch how many pairs are done."""
    building._SETTLED = 1

    def go_on(done: int, total: int) -> bool:
        told.send(done)
        return True

    open_or_build(folder, [painted], LatentEncoder(fresh_vae(), SETTINGS), device=CPU, go_on=go_on)


@pytest.mark.parametrize("batches", [1, 4])
def test_a_killed_build_ends_byte_identical(tmp_path: Path, painted: PairDataset, batches: int) -> None:
    """SIGKILL after some batches, in a process of its own."""
    forked = multiprocessing.get_context("fork")  # a fresh one would import for ten seconds
    hears, tells = forked.Pipe(duplex=False)
    process = forked.Process(target=build_and_tell, args=(tmp_path / "cut", painted, tells))
    process.start()
    for _ in range(batches + 1):
        hears.recv()
    process.kill()
    process.join()
    build(tmp_path / "whole", painted)
    build(tmp_path / "cut", painted)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_full_disk_is_told_and_what_is_encoded_stays(tmp_path: Path, painted: PairDataset) -> None:
    """A limit of the file size stands in for a full disk: writing fails in the midst of the arrays."""
    encoder = LatentEncoder(fresh_vae(), SETTINGS)
    assert open_or_build(tmp_path / "c", [painted], encoder, device=CPU, go_on=lambda done, total: done < 8) is None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StillYouError, match="cannot write the latent cache .*Free some space"):
            open_or_build(tmp_path / "c", [painted], encoder, device=CPU)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert encoded_pairs(tmp_path / "c") == 8
    build(tmp_path / "whole", painted)
    build(tmp_path / "c", painted)
    assert files(tmp_path / "c") == files(tmp_path / "whole")


def test_pairs_are_resized_to_the_model(tmp_path: Path, painted: PairDataset) -> None:
    cache, _ = build(tmp_path, painted, CacheSettings(32, 16, 1, 0))
    assert cache.source.shape == (len(painted), 1, 4, 4, 4)


def test_drafts_drawn_by_other_processes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configure("cartoon", {"size": 64, "designs": True})
    make_pairs(config, load_effects("santa"), 3, tmp_path / "pairs", execution=QUIET)
    data = PairDataset(tmp_path / "pairs")

    def drawn(workers: int) -> list[torch.Tensor]:
        monkeypatch.setattr(frames, "loader_workers", lambda *_: workers)
        order = range(len(data))
        return list(frames.frame_batches(data, order, batch=2, device=CPU, resolution=64, drafts=True))

    before = dict(os.environ)
    here, elsewhere = drawn(0), drawn(2)
    assert len(here) == 2 and all(torch.equal(*both) for both in zip(here, elsewhere, strict=True))
    assert dict(os.environ) == before, "only the processes keep to a core each"


def test_drafts_are_the_art_laid_on_the_source_and_the_target_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure("cartoon", {"size": 64, "designs": True})
    make_pairs(config, load_effects("santa,angry"), 3, tmp_path / "pairs", execution=QUIET)
    data, vae = PairDataset(tmp_path / "pairs"), fresh_vae()
    plain, drafted = (CacheSettings(64, 32, 2, 0, drafts) for drafts in (False, True))
    assert cache_key([data], LatentEncoder(vae, plain)) != cache_key([data], LatentEncoder(vae, drafted))
    now = cache_key([data], LatentEncoder(vae, drafted))
    for name, value in (("DRAFTS", 99), ("_art_digest", lambda: "other art")):
        with monkeypatch.context() as changed:
            changed.setattr(f"stillyou.training.data.pair_encoder.{name}", value)
            assert cache_key([data], LatentEncoder(vae, drafted)) != now, "drafts that look otherwise are drawn anew"
            assert cache_key([data], LatentEncoder(vae, plain)) == cache_key([data], LatentEncoder(vae, plain))
    cache, _ = build(tmp_path / "c", data, drafted)
    source, target, draft = (cache.arrays[name] for name in ("source", "target", "draft"))
    dressed = torch.tensor([row.effect == "santa" for row in cache.rows])
    assert torch.equal(draft[~dressed], target[~dressed])
    seen = set()
    for row in dressed.nonzero().flatten().tolist():
        pair = data.load(row)
        fit = predict(pair.source[None])[0]
        design = str(pair.attributes["design"])
        art = draw(pair.source, fit, "cartoon", "santa", design).over(pair.source)
        pixels = torch.from_numpy(art).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            torch.testing.assert_close(draft[row, 0].float(), to_latents(vae, pixels)[0], atol=2e-3, rtol=2e-3)
        assert not torch.equal(draft[row, 1], draft[row, 0]) and not torch.equal(draft[row, 0], source[row, 0])
        seen.add(design)
    assert seen


def test_no_pairs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="no accepted pairs"):
        open_or_build(tmp_path, [], LatentEncoder(fresh_vae(), SETTINGS), device=CPU)
