"""Learning the fit network: batches of both kinds, the loss, an average of the weights, a checkpoint to go on from.

The points are learned by their absolute error; the log of its scale s by the Laplace likelihood of the error as it is,
|e| / s + log s, without moving the points. Points far outside a picture count less: nobody can see them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor

from stillyou.drafts.network import SIDE, FitConfig, FitNetwork, Votes
from stillyou.errors import StillYouError
from stillyou.files import atomic_path
from stillyou.training.fit.augment import Batch, augmented, plain
from stillyou.training.fit.shards import KINDS, Portraits, joined, read_shards

_POINTS, _DOUBT, _TURN = 20.0, 0.1, 4.0
"""Weights of the three losses."""
_REMEMBER = 5
"""Steps from one average of the weights to the next."""
_OUTSIDE = 3.0
"""How fast the weight of a point falls with its distance from the picture."""


@dataclass(frozen=True)
class Recipe:
    """How the fit network is trained.

    Attributes:
        portraits: Portraits to learn from in all, repeats included.
        small: Share of them that is seen at `small_side` first: cheaper, and enough for a start.
        small_side: That side in pixels.
        batch: Portraits a step.
        people: Share of people among them.
        rate: Highest learning rate; it rises for `warm` steps and falls to nothing along a cosine.
        warm: Steps.
        decay: Weight decay.
        average: Steps that the average of the weights remembers.
        seed: Of weights, order and augmentation.
    """

    portraits: int = 72_000
    small: float = 0.7
    small_side: int = 64
    batch: int = 48
    people: float = 0.3
    rate: float = 2e-3
    warm: int = 100
    decay: float = 1e-2
    average: int = 150
    seed: int = 0

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return math.ceil(self.portraits / self.batch)

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warm)
        return self.rate * rise * (0.5 + 0.5 * math.cos(math.pi * step / self.steps))

    def side_at(self, step: int) -> int:
        """Return how large the pictures of a step are."""
        return self.small_side if step < self.small * self.steps else SIDE


class Data:
    """Portraits of both kinds in memory.

    Args:
        folder: With shards.
    """

    def __init__(self, folder: Path) -> None:
        parts = {kind: read_shards(folder, kind) for kind in KINDS}
        self.train = {kind: learn for kind, (learn, _) in parts.items()}
        self.held_back = {kind: kept for kind, (_, kept) in parts.items()}

    def draw(self, recipe: Recipe, rng: np.random.Generator) -> Batch:
        """Draw a batch."""
        people = int(rng.binomial(recipe.batch, recipe.people))
        counts = {"people": people, "cartoon": recipe.batch - people}
        rows = {kind: rng.integers(len(self.train[kind]), size=count) for kind, count in counts.items()}
        drawn = joined([self.train[kind][rows[kind]] for kind in KINDS])
        return as_batch(drawn[rng.permutation(recipe.batch)])


def as_batch(portraits: Portraits) -> Batch:
    """Return portraits as tensors, pixels in [0, 1]."""
    pixels = torch.from_numpy(portraits.pixels).permute(0, 3, 1, 2).float() / 255
    return Batch(pixels, torch.from_numpy(portraits.points), torch.from_numpy(portraits.turns))


def loss_of(votes: Votes, batch: Batch) -> Tensor:
    """Return the loss of a batch, one number."""
    error = (votes.points - batch.points).abs().sum(-1) / 2
    outside = (batch.points - batch.points.clamp(0, 1)).norm(dim=-1)
    weight = 1 / (1 + _OUTSIDE * outside)
    likelihood = error.detach() * torch.exp(-votes.log_scale) + votes.log_scale
    turn = (votes.turn - batch.turns).abs().mean()
    return _POINTS * (error * weight).mean() + _DOUBT * likelihood.mean() + _TURN * turn


def distances(network: FitNetwork, portraits: Portraits, side: int = SIDE) -> Tensor:
    """Return how far each predicted point is from the truth (N, K), in shares of the side."""
    network.eval()
    with torch.inference_mode():
        batch = plain(as_batch(portraits), side)
        found = (network(batch.pixels).points - batch.points).norm(dim=-1)
    network.train()
    return found


class Learner:
    """The network in the making.

    Args:
        recipe: How.
        data: From what.
    """

    def __init__(self, recipe: Recipe, data: Data) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.data, self.step = recipe, data, 0
        self.network = FitNetwork(FitConfig()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = FitNetwork(FitConfig())
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), recipe.rate, weight_decay=recipe.decay, fused=True
        )

    def start_from(self, network: FitNetwork) -> None:
        """Take over the weights of another network."""
        self.network.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def advance(self) -> float:
        """Take one step; return its loss. What is drawn follows from the seed and the step."""
        rng = np.random.default_rng([self.recipe.seed, self.step])
        draw = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.step)
        batch = augmented(self.data.draw(self.recipe, rng), self.recipe.side_at(self.step), draw)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        loss = loss_of(self.network(batch.pixels), batch)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        if self.step % _REMEMBER == 0:
            self._remember()
        return float(loss.detach())

    @torch.no_grad()
    def _remember(self) -> None:
        share = max(_REMEMBER / self.recipe.average, _REMEMBER / self.step)
        now = self.network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(now[name], share)
            else:
                value.copy_(now[name])

    def save(self, path: Path) -> None:
        """Write all that `restore` needs."""
        state = {
            "step": self.step,
            "recipe": {field.name: getattr(self.recipe, field.name) for field in fields(Recipe)},
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with atomic_path(path) as part:
            torch.save(state, part)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            StillYouError: It is damaged, or of another recipe.
        """
        try:
            state = torch.load(path, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (OSError, RuntimeError, KeyError, ValueError, UnpicklingError) as error:
            raise StillYouError(f"{path} is no checkpoint of this network", "Choose another folder.") from error
        if state["recipe"] != {field.name: getattr(self.recipe, field.name) for field in fields(Recipe)}:
            raise StillYouError(f"{path} was made with other settings", "Repeat them, or choose another folder.")
        self.step = state["step"]


def learn(learner: Learner, checkpoint: Path, report: Callable[[str], None], every: int = 100) -> None:
    """Take all steps that are left, with a checkpoint and a line of progress now and then."""
    losses: list[float] = []
    while learner.step < learner.recipe.steps:
        losses.append(learner.advance())
        if learner.step % every == 0 or learner.step == learner.recipe.steps:
            errors = {
                kind: float(distances(learner.average, kept).mean()) for kind, kept in learner.data.held_back.items()
            }
            told = ", ".join(f"{kind} {error:.4f}" for kind, error in errors.items())
            report(f"step {learner.step} of {learner.recipe.steps}: loss {np.mean(losses):.3f}, held back: {told}")
            losses.clear()
            learner.save(checkpoint)
