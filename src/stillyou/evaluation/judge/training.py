"""Training of the judge; its command is ``python -m stillyou.evaluation.judge -o FOLDER``.

Pictures of all styles and of people are rendered into memory first, then a `JudgeNetwork` learns both questions at once
by cross entropy; with ``--init shipped`` it starts from what the shipped judge knows, and with ``--from`` it reads
pairs that are there already. On 2 cores a step of 64 pictures takes 0.2 s, and expressions begin to be told apart after
about 500 steps. docs/reference/evaluation.md says how the shipped judge was trained and how well it does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from stillyou.console import console
from stillyou.draws import stable_seed
from stillyou.effects.domains import DOMAINS, Domain
from stillyou.errors import StillYouError, requires
from stillyou.evaluation.judge.augmentation import augment
from stillyou.evaluation.judge.classifier import Judge, JudgeConfig, JudgeNetwork, to_judge_pixels

if TYPE_CHECKING:
    from stillyou.evaluation.judge.pictures import JudgePictures, Purpose

RENDER_SHARE = 0.4
"""Part of the time that may go into rendering."""


@dataclass(frozen=True)
class Plan:
    """How long and how much.

    Attributes:
        minutes: Time for rendering and learning together.
        pairs: Pairs to learn from, at most; each gives two pictures.
        held_back: Pairs of other seeds, for the accuracy.
        steps: Optimizer steps, at most.
        batch: Pictures a step.
        rate: Highest learning rate.
        workers: Processes that render.
        device: Where the network learns, "cpu" or "cuda".
        seed: Dataset and training seed.
        domains: What to render.
        init: Folder of a judge to start from, or None.
        folders: Pair datasets to learn from; pairs of domains that they do not show are rendered.
    """

    minutes: float = 15
    pairs: int = 20_000
    held_back: int = 720
    steps: int = 1_000_000
    batch: int = 64
    rate: float = 2e-3
    workers: int = 1
    device: str = "cpu"
    seed: int = 0
    domains: tuple[Domain, ...] = DOMAINS
    init: Path | None = None
    folders: tuple[Path, ...] = ()


def train_judge(plan: Plan, config: JudgeConfig | None = None) -> Judge:
    """Render or read, learn and measure.

    Args:
        plan: Budgets. With a time limit the result depends on the machine; with enough time for all pairs and
            steps it follows from the seed.
        config: Sizes of the network.

    Returns:
        The judge, with its training and its accuracy in its config.
    """
    requires("pairs", "dicebear", "dicebear_styles", "pyvips")
    first = None if plan.init is None else Judge.from_folder(plan.init)
    config = config or (JudgeConfig() if first is None else first.config)
    started = time.monotonic()
    learn = _pictures(plan, config.resolution)
    held_back = _rendered("held back", plan, plan.domains, config.resolution)
    network, steps = fit(
        learn.pictures,
        labels(learn, config),
        config,
        plan,
        started + plan.minutes * 60,
        network=None if first is None else first.network,
        of_people=np.array(learn.styles) == "people",
    )
    training = {
        "pictures": len(learn),
        "steps": steps,
        "batch": plan.batch,
        "seed": plan.seed,
        "device": plan.device,
        "styles": sorted(set(learn.styles)),
        "init": first is not None,
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
    judge = Judge(config, network.half().float(), plan.device)  # measured with the precision that is stored
    full = config.model_copy(update={"training": training, "accuracy": measure(judge, held_back)})
    return Judge(full, judge.network, plan.device)


def _pictures(plan: Plan, resolution: int) -> JudgePictures:
    """Return what the judge learns from: pairs that are there, and for domains that they do not show rendered ones."""
    from stillyou.evaluation.judge.pictures import domain_of, joined, read

    given = [domain_of(folder) for folder in plan.folders]
    missing = [domain for domain in plan.domains if domain not in given]
    parts = []
    if given:
        with _progress() as bar:
            task = bar.add_task("reading", total=None)
            parts.append(read(plan.folders, resolution, lambda done: bar.update(task, completed=done)))
    if missing:
        parts.append(_rendered("learn", plan, missing, resolution))
    return joined(parts)


def _rendered(purpose: Purpose, plan: Plan, domains: Sequence[Domain], resolution: int) -> JudgePictures:
    """Render pictures to learn from, in a share of the time, or all of those that are held back."""
    from stillyou.evaluation.judge.pictures import render

    learns = purpose == "learn"
    pairs = plan.pairs if learns else plan.held_back
    with _progress() as bar:
        task = bar.add_task(f"rendering ({purpose})", total=pairs)
        return render(
            purpose,
            pairs,
            resolution=resolution,
            seed=plan.seed,
            workers=plan.workers,
            seconds=plan.minutes * 60 * RENDER_SHARE if learns else math.inf,
            domains=domains,
            progress=lambda done: bar.update(task, completed=done),
        )


def labels(pictures: JudgePictures, config: JudgeConfig) -> NDArray[np.int64]:
    """Return the classes of labelled pictures, (N, 2): expression (-1 for one that is no class), costume."""
    number = {name: index for index, name in enumerate(config.expressions)}
    expressions = [number.get(name, -1) for name in pictures.expressions]
    costumes = [config.costumes.index(name) for name in pictures.costumes]
    return np.array([expressions, costumes], np.int64).T


def fit(
    pictures: NDArray[np.uint8],
    classes: NDArray[np.int64],
    config: JudgeConfig,
    plan: Plan,
    deadline: float,
    *,
    network: JudgeNetwork | None = None,
    of_people: NDArray[np.bool_] | None = None,
) -> tuple[JudgeNetwork, int]:
    """Learn both heads by cross entropy (AdamW, warm-up, cosine over the steps or the time, whichever ends first).

    Args:
        pictures: (N, R, R, 3) uint8.
        classes: (N, 2), expression and costume; -1 counts for nothing.
        config: Sizes of the network.
        plan: Steps, batch, rate, device and seed.
        deadline: Value of `time.monotonic` at which to stop.
        network: Where to start; by default with fresh weights.
        of_people: (N,), which pictures show people: they are as many in a batch as the others.

    Returns:
        The network and the steps taken.

    Raises:
        StillYouError: The loss is no longer finite.
    """
    device = torch.device(plan.device)
    network = (network or _fresh_network(config, plan)).to(device).train().requires_grad_(True)
    convert_conv2d_weight_memory_format(network, torch.channels_last)  # type: ignore[no-untyped-call,unused-ignore]
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.02)
    draws = torch.Generator(device).manual_seed(stable_seed("judge", "learning", plan.seed))
    data, truth = torch.from_numpy(pictures).to(device), torch.from_numpy(classes).to(device)
    order = torch.from_numpy(evenly(np.zeros(len(data), bool) if of_people is None else of_people)).to(device)
    started, step = time.monotonic(), 0
    with _progress() as bar:
        task = bar.add_task("learning", total=1.0)
        while (done := _progress_made(step, plan, started, deadline)) < 1:
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * done))
            chosen = order[torch.randint(len(order), (plan.batch,), generator=draws, device=device)]
            pixels = augment(to_judge_pixels(data[chosen], config.resolution), draws)
            loss = _loss(network, pixels.contiguous(memory_format=torch.channels_last), truth[chosen])
            if step % 50 == 0 and not math.isfinite(loss.item()):
                raise StillYouError(f"the judge's loss is not finite at step {step}", "Lower the learning rate.")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
            bar.update(task, completed=done)
    return network, step


def _loss(network: JudgeNetwork, pixels: Tensor, truth: Tensor) -> Tensor:
    """Return the sum of both heads' cross entropies, the network in bf16 on a GPU."""
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=pixels.device.type == "cuda"):
        expression, costume = network(pixels)
    known = (truth[:, 0] >= 0).sum().clamp_min(1)
    of_expression = F.cross_entropy(expression.float(), truth[:, 0], ignore_index=-1, reduction="sum") / known
    return of_expression + F.cross_entropy(costume.float(), truth[:, 1])


def evenly(of_people: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return indices in which both kinds of pictures are about as frequent; the rarer kind is repeated."""
    kinds = sorted((np.flatnonzero(of_people), np.flatnonzero(~of_people)), key=len)
    if not len(kinds[0]):
        return kinds[1]
    return np.concatenate([np.tile(kinds[0], len(kinds[1]) // len(kinds[0])), kinds[1]])


def _fresh_network(config: JudgeConfig, plan: Plan) -> JudgeNetwork:
    """Build a network whose first weights follow from the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stable_seed("judge", "weights", plan.seed))
        return JudgeNetwork(config)


def _progress_made(step: int, plan: Plan, started: float, deadline: float) -> float:
    by_time = (time.monotonic() - started) / max(1e-9, deadline - started)
    # At least one step, so that a budget that rendering used up still ends in a judge, if a poor one.
    return max(step / plan.steps, by_time if step else 0.0)


def measure(judge: Judge, held_back: JudgePictures) -> dict[str, Any]:
    """Return the accuracy of both heads on labelled pictures: overall, per style and per class, shares in [0, 1]."""
    tables = [judge.verdicts(held_back.pictures[i : i + 256]) for i in range(0, len(held_back), 256)]
    expressions = np.concatenate([table.expressions for table in tables]).argmax(1)
    costumes = np.concatenate([table.costumes for table in tables]).argmax(1)
    truth = labels(held_back, judge.config)
    known = np.flatnonzero(truth[:, 0] >= 0)
    styles, names = ([names[index] for index in known] for names in (held_back.styles, held_back.expressions))
    return {
        "pictures": len(held_back),
        "expression": _accuracy((expressions == truth[:, 0])[known], styles, names),
        "costume": _accuracy(costumes == truth[:, 1], held_back.styles, held_back.costumes),
    }


def _accuracy(right: NDArray[np.bool_], styles: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    def by(names: Sequence[str]) -> dict[str, float]:
        column = np.array(names)
        return {name: round(float(right[column == name].mean()), 4) for name in sorted(set(names))}

    return {"overall": round(float(right.mean()), 4), "styles": by(styles), "classes": by(classes)}


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console
    )
