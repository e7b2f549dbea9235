"""The folded autoencoder, what it begins as, and what it learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from stillyou.diffusion.autoencoder import channels_a_pixel, is_small, small_class, to_latents, to_pixels
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import Architecture, build_autoencoder
from stillyou.draws import generator
from stillyou.errors import UsageError
from stillyou.images.tensors import to_signed
from stillyou.training.autoencoder.components import start_at_components
from stillyou.training.autoencoder.crops import CropBatches, DrawCrops, Source, corner, recolour, turned
from stillyou.training.autoencoder.learn import measure_latents, reconstruction_errors, reconstruction_psnr
from stillyou.training.autoencoder.made_up import made_up_picture, made_up_pictures
from stillyou.training.autoencoder.sources import photograph_files, photograph_squares
from stillyou.training.data.stream import WHOLE, Share

CPU = torch.device("cpu")


def small(latents: int = 6, fold: int = 4) -> FoldedAutoencoder:
    torch.manual_seed(0)
    return FoldedAutoencoder(latents, fold, (8, 12), (8, 12), (1, 1), (1, 1))


def pictures(count: int, side: int = 32) -> torch.Tensor:
    return torch.from_numpy(generator("pictures").integers(0, 256, (count, 3, side, side), dtype=np.uint8))


@pytest.mark.parametrize("fold", [1, 2, 4, 8])
def test_shapes_for_each_fold(fold: int) -> None:
    vae, x = small(fold=fold), torch.rand(2, 3, 40, 24)
    z = vae.encode(x).latents
    assert z.shape == (2, 6, 5, 3)
    assert vae.decode(z).sample.shape == x.shape
    assert torch.equal(vae(x).sample, vae.decode(z, return_dict=False)[0])


def test_it_begins_as_its_matrices_alone() -> None:
    vae, x = small(), torch.rand(1, 3, 16, 16)
    patch = x[0, :, :8, 8:16].reshape(-1)  # channels, rows, columns: the order that folding has
    z = vae.encode(x).latents[0, :, 0, 1]
    linear = vae.encoder.linear
    assert torch.allclose(z, linear.weight[:, :, 0, 0] @ patch + linear.bias, atol=1e-5)


def test_an_architecture_chooses_it_and_old_records_stay() -> None:
    plain = Architecture()
    chosen = Architecture(autoencoder="folded", autoencoder_channels=16, folded_channels=24, latent_channels=5)
    vae = build_autoencoder(chosen)
    assert isinstance(vae, FoldedAutoencoder) and vae.config.decoder_block_out_channels == (16, 24)
    assert "autoencoder" not in plain.recorded() and chosen.recorded()["folded_channels"] == 24
    assert Architecture(**chosen.recorded()) == chosen


def test_kinds_are_told_by_their_configs() -> None:
    tiny, folded = build_autoencoder(Architecture()), small()
    for vae in (tiny, folded):
        assert is_small(vae.config) and small_class(vae.config) is type(vae)
    assert channels_a_pixel(tiny.config) == 64 and channels_a_pixel(folded.config) == 8 / 16


def test_it_is_saved_and_loaded_bit_identically(tmp_path: Path) -> None:
    vae = small()
    measure_latents(vae, pictures(4), CPU)
    vae.save_pretrained(tmp_path)
    again = FoldedAutoencoder.from_pretrained(tmp_path, use_safetensors=True)
    x = to_signed(pictures(1))
    assert torch.equal(to_latents(again, x), to_latents(vae, x))
    assert torch.equal(to_pixels(again, to_latents(again, x)), to_pixels(vae, to_latents(vae, x)))


def test_components_are_the_best_linear_code() -> None:
    """Against the error that the eigenvalues of numpy's own covariance promise."""
    seen = (pictures(8).float().mean(1, keepdim=True) * torch.tensor([1.0, 0.7, 0.4])[:, None, None]).byte()
    vae = small(latents=20)
    start_at_components(vae, seen, torch.ones(8, 1, 32, 32))
    x = to_signed(seen)
    patches = functional.pixel_unshuffle(x, 8).permute(0, 2, 3, 1).reshape(-1, 192).numpy()
    values = np.linalg.eigvalsh(np.cov(patches.T, bias=True))
    error = (vae(x).sample - x).square().mean().item()
    assert error == pytest.approx(values[:-20].sum() / 192, rel=1e-3)
    z = vae.encode(x).latents
    variance = z.var(dim=(0, 2, 3), unbiased=False).detach()
    assert variance.mean().item() == pytest.approx(1, rel=1e-3)
    spread = torch.from_numpy(values[-20:][::-1].copy()).sqrt().float()  # half-way between as they are and equal
    torch.testing.assert_close(variance, spread / spread.mean(), rtol=1e-2, atol=1e-3)


def test_components_follow_the_weights() -> None:
    """What weighs nothing is not coded: the right half is noise, the left half one of two colours."""
    x = torch.from_numpy(generator("halves").integers(0, 256, (4, 3, 16, 16), dtype=np.uint8))
    x[:2, :, :, :8], x[2:, :, :, :8] = 40, 200
    weights = torch.ones(4, 1, 16, 16)
    weights[..., 8:] = 0
    vae = small(latents=1)
    start_at_components(vae, x, weights)
    assert (vae(to_signed(x)).sample - to_signed(x))[..., :8].abs().max().item() < 1e-3


def test_statistics_keep_the_sizes_of_channels() -> None:
    vae = small()
    measure_latents(vae, pictures(6), CPU, batch=4)
    assert len(set(vae.config.latents_std)) == 1
    z = to_latents(vae, to_signed(pictures(6)))
    assert z.mean(dim=(0, 2, 3)).abs().max().item() < 1e-3
    assert z.var(dim=(0, 2, 3), unbiased=False).mean().item() == pytest.approx(1, rel=1e-2)


def test_weights_shift_the_error_to_where_they_are() -> None:
    x, y = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    y[..., 0, 0] = 1.0
    weight = torch.zeros(1, 1, 4, 4)
    weight[..., 3, 3] = 16.0
    assert reconstruction_errors(x, y, weight).item() == 0
    plain = reconstruction_errors(x, y, torch.ones(1, 1, 1, 1), squares=2.0).item()
    assert plain == pytest.approx(1 / 16 + 2 / 16 + 1 / 12 + 1 / 12)


def test_psnr_inside_a_mask() -> None:
    class Spoilt(torch.nn.Module):
        def encoder(self, x: torch.Tensor) -> torch.Tensor:
            return x

        def decoder(self, z: torch.Tensor) -> torch.Tensor:
            y = z.clone()
            y[..., :4, :] += 0.2
            return y

    grey, masks = torch.full((2, 3, 8, 8), 128, dtype=torch.uint8), torch.zeros(2, 8, 8, dtype=torch.bool)
    masks[0, 1, 1] = True  # the second picture has no mask, and does not count
    assert reconstruction_psnr(Spoilt(), grey, CPU, masks) == pytest.approx(20.0, abs=1e-3)  # type: ignore[arg-type]


def sources() -> list[Source]:
    masks = torch.zeros(5, 32, 32, dtype=torch.bool)
    masks[:, 20:24, 3:5] = True
    return [Source("pairs", pictures(10), masks, 0.8), Source("no studio", pictures(3), None, 0.2)]


def batch(first: int, size: int, count: int = 2, share: Share = WHOLE) -> list[torch.Tensor]:
    draws = DrawCrops(1, [0.8, 0.2], (6, 2, 2))
    drawn = CropBatches(sources(), draws, 16, 4.0, size, CPU, share)(first)
    return [torch.cat(parts) for parts in zip(*(_fields(next(drawn)) for _ in range(count)), strict=True)]


def _fields(crops: object) -> list[torch.Tensor]:
    return [getattr(crops, name) for name in ("pixels", "noise", "group", "weight")]


def test_crops_follow_from_their_positions() -> None:
    for whole, parts in zip(batch(0, 4, 3), batch(0, 2, 6), strict=True):
        assert torch.equal(whole, parts)
    assert torch.equal(batch(2, 4)[0], batch(0, 4, 4)[0][8:])  # resumed at step 2
    for alone, helped in zip(batch(1, 4), batch(1, 4, share=Share(workers=2)), strict=True):
        assert torch.equal(alone, helped)


def test_crops_are_of_both_sources_and_weigh_the_edit() -> None:
    pixels, _, group, weight = batch(0, 40, 1)
    assert pixels.shape == (40, 3, 16, 16) and set(group.tolist()) == {0, 1}
    assert weight.mean(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 40)
    for row in range(40):
        levels = weight[row].unique()
        assert len(levels) == (2 if group[row] == 0 else 1)  # all crops of pairs hold a part of the mask
        assert len(levels) == 1 or float(levels[1] / levels[0]) == pytest.approx(5)


def test_a_crops_middle_is_masked_as_far_as_the_edges_allow() -> None:
    mask = torch.zeros(32, 32, dtype=torch.bool)
    mask[12, 15] = True
    assert corner(mask, (0.9, 0, 0), 16) == (4, 7)
    mask[12, 15], mask[31, 0] = False, True
    assert corner(mask, (0.0, 0, 0), 16) == (16, 0)
    assert corner(torch.zeros(32, 32, dtype=torch.bool), (0, 0.999, 0.0), 16) == (16, 0)


def test_turns_are_eight_and_lose_nothing() -> None:
    x = torch.arange(9.0).view(1, 3, 3)
    ways = {tuple(turned(x, turn).flatten().tolist()) for turn in range(8)}
    assert len(ways) == 8 and torch.equal(turned(x, 0), x)


def test_recolouring_by_hand() -> None:
    x = torch.tensor([0.5, -0.5, 0.0]).view(1, 3, 1, 1)
    swap = torch.tensor([[0.0, 1, 0, 0.1], [1, 0, 0, 0.9], [0, 0, 1, 0]])[None]
    assert recolour(x, swap).flatten().tolist() == pytest.approx([-0.4, 1.0, 0.0])


def test_made_up_pictures_follow_from_seed_and_index() -> None:
    drawn = made_up_pictures(3, 4, 32)
    assert np.array_equal(drawn[2].numpy().transpose(1, 2, 0), made_up_picture(3, 2, 32))
    assert len({picture.numpy().tobytes() for picture in drawn}) == 4


def test_photographs_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pictures"):
        photograph_files(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        photograph_files(tmp_path / "none")
    Image.new("RGB", (50, 80), (10, 200, 30)).save(tmp_path / "green.png")
    squares = photograph_squares(tmp_path, 0, 32)
    assert squares.shape[1:] == (3, 32, 32) and squares.dtype == torch.uint8
    assert squares[:, 1].float().mean().item() == pytest.approx(200, abs=1)
