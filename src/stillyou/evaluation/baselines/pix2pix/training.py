"""Training pix2pix: discriminator and generator take turns on the pairs of a dataset.

As published (sections 3.3 and 6.2): Adam at 2e-4 with momenta 0.5 and 0.999; pictures are enlarged to 286/256 of their
side, cut at random and mirrored; batches of 1 to 10. Everything follows from the seed and the step, and a run goes on
from its newest state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import interpolate

from stillyou.draws import generator, stable_seed
from stillyou.errors import StillYouError
from stillyou.evaluation.baselines.pix2pix.network import Discriminator, Generator, Pix2PixConfig, begin
from stillyou.evaluation.baselines.pix2pix.objective import discriminator_loss, generator_loss
from stillyou.files import atomic_path, write_json
from stillyou.images.tensors import to_signed
from stillyou.machine import pick_device
from stillyou.pairs.dataset.store import PairDataset

CONFIG, WEIGHTS, STATE = "pix2pix.json", "generator.safetensors", "state.safetensors"
_ENLARGED = 286 / 256
_SAVE_STEPS = 500


@dataclass(frozen=True)
class GanSettings:
    """How long and with what pix2pix is trained.

    Attributes:
        steps: Turns of discriminator and generator.
        batch: Pairs a step.
        seed: Weights, pairs and augmentation follow from it.
        rate: Learning rate.
    """

    steps: int
    batch: int = 1
    seed: int = 0
    rate: float = 2e-4


class Pix2PixTrainer:
    """The two networks, their optimisers and the pairs.

    Args:
        config: Sizes.
        settings: How they are trained.
        data: Accepted pairs, whose effects the config has.
        device: `auto`, `cpu` or `cuda`.
    """

    def __init__(self, config: Pix2PixConfig, settings: GanSettings, data: PairDataset, device: str = "auto") -> None:
        self.config, self.settings, self.data = config, settings, data
        self.device = torch.device(pick_device(device))
        self.networks = torch.nn.ModuleDict({"generator": Generator(config), "discriminator": Discriminator(config)})
        begin(self.networks, torch.Generator().manual_seed(stable_seed("pix2pix weights", settings.seed)))
        self.networks.to(self.device).train()
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), settings.rate, betas=(0.5, 0.999))
            for name, network in self.networks.items()
        }
        self.step = 0
        self._effects = [config.effects.index(row["effect"]) for row in data.rows(["effect"])]

    def run(self, folder: Path, progress: Callable[[int], None] = lambda step: None) -> None:
        """Train to the end, from the newest state in a folder, and write the generator there."""
        self._resume(folder / STATE)
        while self.step < self.settings.steps:
            self.turn(*self.batch(self.step))
            self.step += 1
            progress(self.step)
            if self.step % _SAVE_STEPS == 0 or self.step == self.settings.steps:
                self._save(folder / STATE)
        with atomic_path(folder / WEIGHTS) as part:
            save_file({k: v.contiguous().cpu() for k, v in self.networks["generator"].state_dict().items()}, str(part))
        write_json(folder / CONFIG, self.config.model_dump(mode="json"))

    def turn(self, x: torch.Tensor, y: torch.Tensor, effect: torch.Tensor) -> tuple[float, float]:
        """Let the discriminator and then the generator learn from a batch; returns L_D and L_G."""
        g, d = self.networks["generator"], self.networks["discriminator"]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stable_seed("pix2pix dropout", self.settings.seed, self.step))
            edit = g(x, effect)
        loss_d = discriminator_loss(d(x, y, effect), d(x, edit.detach(), effect))
        self._learn("discriminator", loss_d)
        d.requires_grad_(False)
        loss_g = generator_loss(d(x, edit, effect), edit, y)
        self._learn("generator", loss_g)
        d.requires_grad_(True)
        return float(loss_d.detach()), float(loss_g.detach())

    def _learn(self, name: str, loss: torch.Tensor) -> None:
        self.optimisers[name].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[name].step()

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return sources and targets (B, 3, S, S) in [-1, 1] and effects (B,) of a step."""
        draws = generator("pix2pix batch", self.settings.seed, step)
        rows = draws.integers(0, len(self.data), self.settings.batch)
        both = [self._augmented(int(row), draws) for row in rows]
        pictures = torch.stack(both).to(self.device)
        return pictures[:, 0], pictures[:, 1], torch.tensor([self._effects[row] for row in rows], device=self.device)

    def _augmented(self, row: int, draws: np.random.Generator) -> torch.Tensor:
        """Return source and target (2, 3, S, S), enlarged, cut and mirrored alike."""
        pair, side = self.data.load(row), self.config.side
        both = to_signed(torch.from_numpy(np.stack([pair.source, pair.target])).permute(0, 3, 1, 2))
        large = round(side * _ENLARGED)
        wide = interpolate(both, (large, large), mode="bilinear", align_corners=False, antialias=True)
        left, top = draws.integers(0, large - side + 1, 2)
        cut = wide[:, :, top : top + side, left : left + side]
        return cut.flip(-1) if draws.random() < 0.5 else cut

    def _tensors(self) -> dict[str, torch.Tensor]:
        """Return weights and moments by name."""
        tensors = dict(self.networks.state_dict())
        for name, optimiser in self.optimisers.items():
            for index, weights in enumerate(self.networks[name].parameters()):
                tensors |= {f"adam.{name}.{index}.{key}": value for key, value in optimiser.state[weights].items()}
        return tensors

    def _save(self, path: Path) -> None:
        with atomic_path(path) as part:
            tensors = {name: tensor.contiguous().cpu() for name, tensor in self._tensors().items()}
            save_file(tensors, str(part))

    def _resume(self, path: Path) -> None:
        if not path.is_file():
            return
        try:
            found = load_file(str(path))
            self.networks.load_state_dict({k: v for k, v in found.items() if not k.startswith("adam.")})
            for name, optimiser in self.optimisers.items():
                for index, weights in enumerate(self.networks[name].parameters()):
                    start = f"adam.{name}.{index}."
                    own = {key[len(start) :]: value for key, value in found.items() if key.startswith(start)}
                    optimiser.state[weights] = {k: v if k == "step" else v.to(self.device) for k, v in own.items()}
            self.step = int(found["adam.generator.0.step"])
        except Exception as error:  # safetensors' own, and those of weights that do not fit
            raise StillYouError(
                f"the state {path} of pix2pix is damaged", "Delete it; training begins anew."
            ) from error
