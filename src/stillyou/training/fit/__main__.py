"""Train the fit network: render portraits that are missing, learn, write the network.

python -m stillyou.training.fit -o FOLDER [--cartoons 9000] [--people 900] [--portraits 72000] [--workers 2]

To go on from a network that is there: --start FOLDER, a lower --rate, and --small 0 (full-size pictures alone).
Stopped at any time, the same command goes on where it was. FOLDER/model then holds config.json and model.safetensors,
as src/stillyou/weights/fit does.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Mapping
from pathlib import Path

import torch

from stillyou.console import console
from stillyou.drafts.network import read
from stillyou.training.fit.export import export
from stillyou.training.fit.learn import Data, Learner, Recipe, learn
from stillyou.training.fit.shards import SHARD, render_shard, shard_path


def render(folder: Path, counts: Mapping[str, int], workers: int) -> None:
    """Render the shards that are missing."""
    jobs = [(folder, kind, number) for kind, count in counts.items() for number in range(max(2, count // SHARD))]
    missing = [job for job in jobs if not shard_path(*job).exists()]
    if not missing:
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(render_shard, missing), 1):
            console.print(f"{done} of {len(missing)} shards rendered", markup=False)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for portraits, checkpoint and network")
    parser.add_argument("--cartoons", type=int, default=9_000, help="characters to render")
    parser.add_argument("--people", type=int, default=900, help="people to render")
    parser.add_argument(
        "--portraits", type=int, default=Recipe.portraits, help="portraits to learn from, repeats included"
    )
    parser.add_argument("--start", type=Path, help="folder of a network to go on from")
    parser.add_argument("--rate", type=float, default=Recipe.rate, help="highest learning rate")
    parser.add_argument("--small", type=float, default=Recipe.small, help="share seen at a smaller size first, 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes that render, and threads that learn")
    options = parser.parse_args()

    torch.set_num_threads(options.workers)
    folder = options.output
    render(folder / "data", {"cartoon": options.cartoons, "people": options.people}, options.workers)
    data = Data(folder / "data")
    recipe = Recipe(portraits=options.portraits, small=options.small, rate=options.rate, seed=options.seed)
    learner = Learner(recipe, data)
    if options.start:
        learner.start_from(read(options.start))
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        learner.restore(checkpoint)
    learn(learner, checkpoint, lambda line: console.print(line, markup=False))
    export(learner, folder / "model")


if __name__ == "__main__":
    main()
