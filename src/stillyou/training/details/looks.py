"""The decoder of both layers learns to make good pictures of what the denoiser draws.

With x true pixels, b latents, y = D(b, d) and C a critic of patches that sees pixels and latents, a step minimises
together

    e(x, y) + α f(C(x, b) − C(y, b))        over D,        f(u) = log(1 + exp(u))
    f(C(y, b) − C(x, b)) + β r              over C,        r = ½ (C(x + σn, b) − C(x, b))² + ½ (C(y + σn, b) − C(y, b))²

e is the error that copies were learned with. Alone it asks for the mean of all pictures that latents may stand for,
which is a blur; the critic asks for one of them. Half of a batch are drawn latents (`details.answers`), which alone
the critic sees; the other half are pictures' own, which are to be copied as before. Pairing true and made pictures is
that of relativistic GANs (Jolicoeur-Martineau 2018, arXiv 1807.00734), r stands for their gradients' penalties R1 and
R2 (Huang et al. 2024, arXiv 2501.05441), by differences instead of derivatives (Lin et al. 2025, arXiv 2501.08316).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.training.autoencoder.learn import PictureBatch, reconstruction_errors
from stillyou.training.details.answers import DrawnBatch, DrawnCrops
from stillyou.training.details.first import SQUARES, with_details

_LOOKS, _SMOOTH, _NOISE = 0.15, 20.0, 0.05
"""α, β and σ."""
_WIDTHS = (48, 96, 128)


@dataclass(frozen=True)
class LooksBatch:
    """Crops of pictures, crops of what was drawn, and a group of each for the log (B,)."""

    copies: PictureBatch
    drawn: DrawnBatch
    group: torch.Tensor


class PatchCritic(nn.Module):
    """Says of patches how true they look.

    Its windows overlap, and begin at every second pixel: one that folds pixels, as the decoder does, is blind to the
    seams of the decoder's own cells.

    Args:
        latents: Channels of the latents.
        widths: Channels at a half, a quarter and an eighth of the side.
    """

    def __init__(self, latents: int, widths: tuple[int, int, int] = _WIDTHS) -> None:
        super().__init__()
        ends = zip((3, *widths), widths, strict=False)
        self.down = nn.ModuleList(nn.Conv2d(one, other, 4, stride=2, padding=1) for one, other in ends)
        self.latents = nn.Conv2d(latents, widths[-1], 3, padding=1)
        self.wide = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        self.out = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, pixels: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return a number for each patch (B, 1, H/8, W/8)."""
        h, *others = pixels, *self.down
        for layer in others[:-1]:
            h = _leaky(layer(h))
        h = _leaky(others[-1](h) + self.latents(b))
        said: torch.Tensor = self.out(_leaky(h + self.wide(h))).float()
        return said


def _leaky(h: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(h, 0.2)


class LooksObjective(nn.Module):
    """Decoder of both layers, critic, and the losses of both.

    Args:
        vae: Of it the decoder of both layers is trained.
    """

    def __init__(self, vae: FoldedAutoencoder) -> None:
        super().__init__()
        self.vae, self.critic = vae, PatchCritic(vae.config.latent_channels)

    def forward(self, batch: LooksBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's reconstruction error (B,)."""
        layer, copies, drawn = self.vae.details, batch.copies, batch.drawn
        assert layer is not None
        own = with_details(self.vae, copies)
        b, d = torch.cat([own[0], drawn.latents]), torch.cat([own[1], drawn.details])
        x, weight = torch.cat([copies.pixels, drawn.pixels]), torch.cat([copies.weight, drawn.weight])
        y = layer.decode(b, d).float()
        errors = reconstruction_errors(x, y, weight, SQUARES)
        made = y[len(own[0]) :]
        return errors.mean() + self._adversaries(drawn, made), errors.detach()

    def _adversaries(self, drawn: DrawnBatch, made: torch.Tensor) -> torch.Tensor:
        """Return what both lose; the critic is at rest while the decoder's part is worked out, and the other way."""
        x, b = drawn.pixels, drawn.latents
        rest = {name: weight.detach() for name, weight in self.critic.named_parameters()}
        with torch.no_grad():
            true_there = self.critic(x, b)
        fooled = functional.softplus(true_there - functional_call(self.critic, rest, (made, b))).mean()
        both, latents = torch.cat([x, made.detach()]), b.repeat(2, 1, 1, 1)
        said = self.critic(both, latents)
        moved = self.critic(both + _NOISE * drawn.noise.repeat(2, 1, 1, 1), latents) - said
        told = functional.softplus(said[len(x) :] - said[: len(x)]).mean() + _SMOOTH * moved.square().mean()
        return _LOOKS * fooled + told


def looks_batches(
    copies: Callable[[int], Iterator[PictureBatch]], drawn: DrawnCrops, count: int, group: int
) -> Callable[[int], Iterator[LooksBatch]]:
    """Return batches of copies and of as many drawn crops.

    Args:
        copies: Batches of `count` crops of pictures, from a step on.
        drawn: Crops of what was drawn.
        count: How many of these.
        group: Theirs, for the log.
    """

    def batches(first_step: int) -> Iterator[LooksBatch]:
        for step, pictures in enumerate(copies(first_step), start=first_step):
            crops = drawn.batch(range(step * count, (step + 1) * count))
            yield LooksBatch(pictures, crops, torch.cat([pictures.group, pictures.group.new_full((count,), group)]))

    return batches
