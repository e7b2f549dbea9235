"""A second layer of latents: what copies gain by it, where edits keep it, how models with it are stored and edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stillyou.diffusion.autoencoder import details_of, to_details, to_latents, to_pixels
from stillyou.diffusion.details import NEAR, Details, kept
from stillyou.diffusion.finishing import Seen, finish
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import Architecture, build_autoencoder
from stillyou.diffusion.pipeline import Edits, MultiConditionedPipeline
from stillyou.models.compact import load_compact, save_compact
from stillyou.models.load import load_pipeline
from stillyou.training.autoencoder.components import start_details
from tests.conftest import build_tiny_pipeline
from tests.diffusion.test_pipeline import edit
from tests.diffusion.test_pipeline import pictures as signed
from tests.training.test_folded import pictures

CHANNELS = 6


def detailed(latents: int = 4, trained: bool = False) -> FoldedAutoencoder:
    """Return a small autoencoder with details; `trained` gives all its networks something to say."""
    torch.manual_seed(0)
    vae = FoldedAutoencoder(latents, 4, (8, 12), (8, 12), (1, 1), (1, 1), detail_channels=CHANNELS)
    if trained:
        with torch.no_grad():
            for weight in vae.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
    vae.register_to_config(latents_mean=[0.0] * latents, latents_std=[1.0] * latents)
    return vae.eval()


def layer_of(vae: FoldedAutoencoder) -> Details:
    layer = details_of(vae)
    assert layer is not None
    return layer


@pytest.fixture
def detailed_pipeline() -> MultiConditionedPipeline:
    pipeline = build_tiny_pipeline()
    pipeline.register_modules(vae=detailed(trained=True))
    return pipeline


def test_an_autoencoder_without_details_has_none():
    vae = build_autoencoder(Architecture(latent_channels=4, autoencoder_channels=8))
    x = torch.rand(1, 3, 32, 32)
    assert details_of(vae) is None and to_details(vae, x, to_latents(vae, x)) is None


def test_an_architecture_asks_for_them_and_records_it():
    chosen = Architecture(autoencoder="folded", detail_channels=5, folded_channels=8)
    vae = build_autoencoder(chosen)
    assert layer_of(vae).channels == 5
    wider = build_autoencoder(chosen.model_copy(update={"folded_decoder_channels": (12, 16)}))
    for decoder in (wider.decoder, layer_of(wider).decoder):
        assert (decoder.latent.out_channels, decoder.out.in_channels) == (16, 12)
    assert (wider.encoder.pixels.out_channels, wider.encoder.down.out_channels) == (64, 8)
    assert Architecture(**chosen.recorded()) == chosen and "detail_channels" not in Architecture().recorded()


@torch.no_grad()
def test_details_are_the_best_linear_code_of_what_is_left_out():
    """The error of both layers is what the eigenvalues of numpy's own covariance of the residual promise."""
    seen, vae = pictures(8), detailed()
    with torch.no_grad():
        vae.decoder.linear.weight.normal_(0, 0.1)
    start_details(vae, seen, torch.ones(8, 1, 32, 32))
    x = seen.float() / 127.5 - 1
    left_out = x - vae.decoder(vae.encoder(x))
    patches = torch.nn.functional.pixel_unshuffle(left_out, 8).permute(0, 2, 3, 1).reshape(-1, 192).numpy()
    values = np.linalg.eigvalsh(np.cov(patches.T, bias=True))
    d = layer_of(vae).encode(left_out)
    copy = layer_of(vae).decode(vae.encoder(x), d)
    assert (copy - x).square().mean().item() == pytest.approx(values[:-CHANNELS].sum() / 192, rel=1e-3)
    assert torch.allclose(d.var(dim=(0, 2, 3), unbiased=False), torch.ones(CHANNELS), atol=1e-3)
    assert d.mean(dim=(0, 2, 3)).abs().max() < 1e-4


@torch.no_grad()
def test_details_are_kept_where_latents_are():
    d, b = torch.randn(1, CHANNELS, 2, 2), torch.randn(1, 4, 2, 2)
    moved = b.clone()
    moved[..., 0, 0] += NEAR  # a mean square of NEAR² is one deviation
    moved[..., 1, 1] += 20
    found = kept(d, moved, b)
    assert torch.equal(found[..., 0, 1], d[..., 0, 1]) and torch.equal(found[..., 1, 0], d[..., 1, 0])
    assert torch.allclose(found[..., 0, 0], d[..., 0, 0] * np.exp(-0.5), atol=1e-5)
    assert not found[..., 1, 1].any()


@torch.no_grad()
def test_of_a_draft_more_is_kept_than_of_a_source(detailed_pipeline, monkeypatch):
    """An edit from a draft is decoded with the details that τ for drafts leaves, one from noise with the source's."""
    seen: list[Seen] = []

    def watched(vae, latents, begun):
        seen.append(begun)
        return finish(vae, latents, begun)

    monkeypatch.setattr("stillyou.diffusion.pipeline.finish", watched)
    x, draft = signed(2), signed(4)[2:]
    edit(detailed_pipeline, x, [1, 2])
    edit(detailed_pipeline, x, [1, 2], draft=draft)
    assert torch.equal(seen[0].pixels, x) and torch.equal(seen[1].pixels, draft)
    d, far = torch.ones(1, CHANNELS, 1, 1), torch.full((1, 4, 1, 1), 0.6)
    shares = [kept(d, far, torch.zeros_like(far), begun.near).mean().item() for begun in seen]
    assert shares == pytest.approx([np.exp(-0.36 / 0.18), np.exp(-0.36 / 2.88)], rel=1e-5)


@torch.no_grad()
def test_an_edit_that_changes_nothing_is_the_copy():
    vae, x = detailed(trained=True), signed(2)
    z = to_latents(vae, x)
    edit_, copy = finish(vae, z, Seen(x, z))
    assert torch.equal(edit_, copy)


def test_an_edit_has_details_follows_its_seed_and_not_its_batch(detailed_pipeline):
    batch = edit(detailed_pipeline, signed(3), [7, 8, 9])
    alone = edit(detailed_pipeline, signed(3)[1:2], [8])
    assert isinstance(batch, Edits)
    torch.testing.assert_close(alone.pixels, batch.pixels[1:2], atol=1e-4, rtol=0)
    assert not torch.equal(alone.pixels, edit(detailed_pipeline, signed(3)[1:2], [9]).pixels)


@torch.no_grad()
def test_the_copy_of_a_source_is_that_of_both_layers(detailed_pipeline):
    x, vae = signed(2), detailed_pipeline.vae
    z = to_latents(vae, x)
    expected = to_pixels(vae, z, to_details(vae, x, z))
    assert torch.allclose(edit(detailed_pipeline, x, [1, 2]).reconstruction, expected, atol=1e-5)
    draft = signed(4)[2:]
    z = to_latents(vae, draft)
    found = edit(detailed_pipeline, x, [1, 2], draft=draft).reconstruction
    assert torch.allclose(found, to_pixels(vae, z, to_details(vae, draft, z)), atol=1e-5)


def test_a_model_with_details_is_stored_both_ways(detailed_pipeline, tmp_path: Path):
    expected = edit(detailed_pipeline, signed(1), [3]).pixels
    detailed_pipeline.save_pretrained(tmp_path / "plain")
    plain = load_pipeline(str(tmp_path / "plain"), "cpu", torch.float32)
    torch.testing.assert_close(edit(plain, signed(1), [3]).pixels, expected, atol=1e-4, rtol=0)
    save_compact(detailed_pipeline, tmp_path / "compact")
    compact = load_compact(tmp_path / "compact")
    assert layer_of(compact.vae).code.weight.dtype is torch.float32
    kept, stored = detailed_pipeline.vae.state_dict(), compact.vae.state_dict()
    for name, weight in kept.items():
        rows = weight.flatten(1) if weight.ndim > 1 else weight[:, None]
        step = rows.abs().amax(dim=1) / 127 if weight.ndim > 1 else rows.abs().amax(dim=1) * 2**-10
        off = (stored[name] - weight).view(rows.shape).abs().amax(dim=1)
        assert (off <= 0.6 * step + 1e-6).all(), name  # half a level of 8 bits, and the scale's own rounding


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_an_edit_in_half_precision(detailed_pipeline, dtype):
    whole = edit(detailed_pipeline, signed(1), [3]).pixels
    half = edit(detailed_pipeline.to(dtype), signed(1), [3]).pixels
    assert half.isfinite().all() and (half.float() - whole).abs().mean() < 0.1


def test_details_must_fit_their_autoencoder():
    with pytest.raises(ValueError, match="detail_channels needs autoencoder"):
        Architecture(autoencoder="tiny", detail_channels=4)
