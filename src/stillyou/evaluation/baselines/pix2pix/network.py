"""The networks of pix2pix (Isola et al. 2017, arXiv 1611.07004, section 6.1), at any width.

With Ck a convolution of k filters of 4x4 at stride 2, batch norm and a (leaky, 0.2) ReLU, and CDk the same with half of
its outputs dropped, for pictures of 256 pixels and w = 64 as published:

    encoder         C64-C128-C256-C512-C512-C512-C512-C512          w times 1, 2, 4, 8, 8, ...
    decoder         CD512-CD512-CD512-C512-C256-C128-C64            each beside the encoder's layer of its size
    discriminator   C64-C128-C256-C512, the last at stride 1; judges patches of 70 pixels

No batch norm in the first layers, nor at a single pixel, where it would leave nothing. Weights begin at N(0, 0.02).
Besides the picture the generator is told the effect, one plane of ones an effect: the paper trains a model for each.
At test time the paper keeps dropout and the statistics of the test batch; here an edit depends on neither chance nor
company, so that dropout is off and the statistics are those of training.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from stillyou.config import Strict

_DEEPEST, _DROPPED = 8, 3
"""Most widths of a layer; the decoder's layers with dropout."""
_SLOPE = 0.2


class Pix2PixConfig(Strict):
    """Sizes of the networks.

    Attributes:
        side: Of the pictures in pixels, a power of 2.
        effects: Ids of the effects, in the order of their planes.
        width: w.
    """

    side: int
    effects: tuple[str, ...]
    width: int = 64

    @property
    def widths(self) -> list[int]:
        """Filters of the encoder's layers; the last one's output is a single pixel."""
        return [self.width * min(2**layer, _DEEPEST) for layer in range(int(math.log2(self.side)))]


class Generator(nn.Module):
    """The U-Net: a picture and the planes of its effect in, the edited picture out.

    Args:
        config: Sizes.
    """

    def __init__(self, config: Pix2PixConfig) -> None:
        super().__init__()
        widths, last = config.widths, len(config.widths) - 1
        self.effects = len(config.effects)
        inputs = [3 + len(config.effects), *widths]
        self.down = nn.ModuleList(
            _down(before, after, first=layer == 0, normed=0 < layer < last)
            for layer, (before, after) in enumerate(zip(inputs, widths, strict=False))
        )
        outputs = widths[:-1][::-1]
        doubled = [widths[-1], *(2 * width for width in outputs)]
        self.up = nn.ModuleList(
            _up(before, after, dropped=layer < _DROPPED)
            for layer, (before, after) in enumerate(zip(doubled, outputs, strict=False))
        )
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(doubled[-1], 3, 4, 2, 1), nn.Tanh())

    def forward(self, x: torch.Tensor, effect: torch.Tensor) -> torch.Tensor:
        """Edit pictures.

        Args:
            x: (B, 3, S, S) in [-1, 1].
            effect: Number of each picture's effect (B,).

        Returns:
            (B, 3, S, S) in [-1, 1].
        """
        seen = torch.cat([x, planes(effect, self.effects, x)], dim=1)
        kept = []
        for layer in self.down:
            seen = layer(seen)
            kept.append(seen)
        for layer, beside in zip(self.up, kept[-2::-1], strict=True):
            seen = torch.cat([layer(seen), beside], dim=1)
        made: torch.Tensor = self.last(seen)
        return made


class Discriminator(nn.Module):
    """Judges patches of pairs: a source and an edit of it in, a logit for each patch out.

    Args:
        config: Sizes.
    """

    def __init__(self, config: Pix2PixConfig) -> None:
        super().__init__()
        w, self.effects = config.width, len(config.effects)
        self.layers = nn.Sequential(
            *(nn.Conv2d(6 + len(config.effects), w, 4, 2, 1), nn.LeakyReLU(_SLOPE)),
            *(nn.Conv2d(w, 2 * w, 4, 2, 1), nn.BatchNorm2d(2 * w), nn.LeakyReLU(_SLOPE)),
            *(nn.Conv2d(2 * w, 4 * w, 4, 2, 1), nn.BatchNorm2d(4 * w), nn.LeakyReLU(_SLOPE)),
            *(nn.Conv2d(4 * w, 8 * w, 4, 1, 1), nn.BatchNorm2d(8 * w), nn.LeakyReLU(_SLOPE)),
            nn.Conv2d(8 * w, 1, 4, 1, 1),
        )

    def forward(self, x: torch.Tensor, y: torch.Tensor, effect: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 1, P, P) of sources x and edits y, (B, 3, S, S) in [-1, 1]; effects (B,)."""
        logits: torch.Tensor = self.layers(torch.cat([x, y, planes(effect, self.effects, x)], dim=1))
        return logits


def planes(effect: torch.Tensor, count: int, x: torch.Tensor) -> torch.Tensor:
    """Return effects (B,) as planes (B, count, S, S) of 0 and 1, at the size of pictures x."""
    marked = torch.nn.functional.one_hot(effect, count).to(x)
    return marked[:, :, None, None].expand(-1, -1, *x.shape[-2:])


def begin(network: nn.Module, generator: torch.Generator) -> None:
    """Draw a network's first weights: convolutions N(0, 0.02), norms N(1, 0.02), biases 0."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02, generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02, generator=generator)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


def config_near(parameters: int, side: int, effects: tuple[str, ...]) -> Pix2PixConfig:
    """Return the sizes whose generator has the number of parameters nearest to one that is wanted."""

    def size(width: int) -> int:
        with torch.device("meta"):
            network = Generator(Pix2PixConfig(side=side, effects=effects, width=width))
        return sum(weights.numel() for weights in network.parameters())

    width = 1
    while size(width + 1) <= parameters:
        width += 1
    nearest = min((width, width + 1), key=lambda each: abs(size(each) - parameters))
    return Pix2PixConfig(side=side, effects=effects, width=nearest)


def _down(before: int, after: int, *, first: bool, normed: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(before, after, 4, 2, 1)]
    if not first:  # the activation stands before its convolution, so that what is kept beside is not cut off
        layers.insert(0, nn.LeakyReLU(_SLOPE))
    if normed:
        layers.append(nn.BatchNorm2d(after))
    return nn.Sequential(*layers)


def _up(before: int, after: int, *, dropped: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after)]
    return nn.Sequential(*layers, *([nn.Dropout(0.5)] if dropped else []))
