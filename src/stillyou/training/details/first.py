"""Layers that copy: a folded autoencoder learns another one's latents, so that a denoiser of those goes on as it is.

With x pixels, t the teacher's unit-variance latents, b = E(x) and G the new decoder, a step minimises

    2 |b − t|² + |b − t|        and        |x − y| + |∂x − ∂y| + q (x − y)²,  y = G(b + σ n)

The second does not reach E: the latents are the teacher's, and what they leave out is the second layer's to say.
Latents at the border of a crop are not compared, because the teacher sees nothing beyond it.

Then the decoder of both layers minimises the same error, y = D(b + ρ n, d + 4ρ n'), everything else at rest. A third of
the samples have d = 0, as places have that a denoiser drew.
"""

from __future__ import annotations

import torch
from torch import nn

from stillyou.diffusion.autoencoder import SmallAutoencoder, to_latents
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.images.tensors import to_signed
from stillyou.training.autoencoder.learn import PictureBatch, reconstruction_errors

_MEASURED = 256
"""Pictures that the linear maps begin from."""
_AT_A_TIME = 8
_RIDGE = 1e-3
_LATENT_NOISE, _COPY_NOISE = 0.05, 0.02
"""σ and ρ."""
SQUARES = 4.0
"""q."""
_DRAWN = -0.43
"""Of standard normal numbers a third is less."""


class TaughtObjective(nn.Module):
    """First layer and loss as one module.

    Args:
        vae: Its encoder and decoder are trained.
        teacher: Whose latents they learn; not trained.
    """

    def __init__(self, vae: FoldedAutoencoder, teacher: SmallAutoencoder) -> None:
        super().__init__()
        self.encoder, self.decoder = vae.encoder, vae.decoder
        self.teacher = teacher.eval().requires_grad_(False)

    def forward(self, batch: PictureBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's reconstruction error (B,)."""
        x = batch.pixels
        with torch.no_grad():
            wanted = to_latents(self.teacher, x)
        b = self.encoder(x)
        missed = (b.float() - wanted)[..., 1:-1, 1:-1]
        taught = 2 * missed.square().mean() + missed.abs().mean()
        y = self.decoder(b.detach() + _LATENT_NOISE * batch.noise).float()
        errors = reconstruction_errors(x, y, batch.weight, SQUARES)
        return taught + errors.mean(), errors.detach()


class CopyObjective(nn.Module):
    """Both layers and the loss of their decoder.

    Args:
        vae: Of it the decoder of both layers is trained.
    """

    def __init__(self, vae: FoldedAutoencoder) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, batch: PictureBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's reconstruction error (B,)."""
        layer = self.vae.details
        assert layer is not None
        y = layer.decode(*with_details(self.vae, batch)).float()
        errors = reconstruction_errors(batch.pixels, y, batch.weight, SQUARES)
        return errors.mean(), errors.detach()


@torch.no_grad()
def with_details(vae: FoldedAutoencoder, batch: PictureBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both layers of pictures with noise, (B, C, h, w) and (B, C', h, w); a third have no second layer."""
    x, layer = batch.pixels, vae.details
    assert layer is not None
    b = vae.encoder(x)
    d = layer.encode(x - vae.decoder(b))
    noise, drawn = _COPY_NOISE * batch.noise, batch.noise[:, :1, :1, :1] < _DRAWN
    return b + noise[:, : b.shape[1]], (d + 4 * noise[:, b.shape[1] :]) * ~drawn


@torch.no_grad()
def start_at_regression(vae: FoldedAutoencoder, teacher: SmallAutoencoder, pictures: torch.Tensor) -> None:
    """Let both linear maps be the least-squares ones between patches and the teacher's latents.

    Args:
        vae: Its networks begin as 0.
        teacher: Whose latents it is to learn.
        pictures: (M, 3, H, W) uint8; up to 256, evenly spread, are looked at.
    """
    rows = torch.linspace(0, len(pictures) - 1, min(_MEASURED, len(pictures))).round().long()
    patches, latents = [], []
    for chosen in torch.split(rows, _AT_A_TIME):
        x = to_signed(pictures[chosen])
        latents.append(to_latents(teacher, x).permute(0, 2, 3, 1).flatten(0, 2))
        patches.append(nn.functional.pixel_unshuffle(x, 8).permute(0, 2, 3, 1).flatten(0, 2))
    p, t = torch.cat(patches).double(), torch.cat(latents).double()
    for layer, x, y in ((vae.encoder.linear, p, t), (vae.decoder.linear, t, p)):
        matrix = _regression(x, y)
        layer.weight.copy_(matrix[..., None, None])
        assert layer.bias is not None
        layer.bias.copy_(y.mean(0) - matrix @ x.mean(0))


def _regression(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the matrix of the ridge regression of y (N, Q) on x (N, P), (Q, P)."""
    x, y = x - x.mean(0), y - y.mean(0)
    square = x.T @ x / len(x) + _RIDGE * torch.eye(x.shape[1], dtype=x.dtype)
    return torch.linalg.solve(square, x.T @ y / len(x)).T
