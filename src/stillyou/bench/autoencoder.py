"""What autoencoders lose: true targets and their copies, inside the true masks and in all; and what copies take.

    python -m stillyou.bench.autoencoder [FOLDER ...] [-n 8] [--splits unseen-characters people] [--designs]
        [--size 256] [--sheet FILE.png] [--json] [-o FILE]

Beside the shipped autoencoder stands that of each FOLDER: a run's, finished or at its newest checkpoint, or an
autoencoder's own. Decibels are means over pictures, inside: over the pixels of the true mask. The high pass is that of
`evaluation.looks`: energy of the copies over that of the targets, inside. Seconds are those of one thread of a CPU at
256 px (its own time, so that other work beside it counts little), the least of a few runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from stillyou.bench import command
from stillyou.console import console
from stillyou.diffusion.autoencoder import SmallAutoencoder, copied, to_details, to_latents
from stillyou.diffusion.autoencoder import to_pixels as decoded
from stillyou.effects.lookup import catalogue
from stillyou.evaluation.known_truth.splits import SPLITS, cases
from stillyou.evaluation.looks import high_pass_energy
from stillyou.evaluation.report.tables import table_lines
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.metrics import Picture, marked, psnr
from stillyou.models.load import load_pipeline
from stillyou.pairs.pair import Pair
from stillyou.training.autoencoder.trained import load_trained

TIMED_SIDE, RUNS = 256, 5
HEAD = ("split", "effect", "pictures", "autoencoder", "dB inside", "dB, whole", "high pass inside")
Pairs = Mapping[tuple[str, str], Sequence[Pair]]
"""By split and effect."""


def autoencoders(folders: Sequence[Path]) -> dict[str, SmallAutoencoder]:
    """Return the shipped autoencoder and those of folders, by names that say which step they are at."""
    shipped: SmallAutoencoder = load_pipeline("embedded", "cpu", torch.float32).vae
    found = {"shipped": shipped.eval()}
    for folder in folders:
        vae, step = load_trained(folder)
        found[folder.name if step is None else f"{folder.name}, step {step}"] = vae
    return found


@torch.inference_mode()
def copy_of(vae: SmallAutoencoder, picture: Picture) -> Picture:
    """Return a picture (H, W, 3) as an autoencoder copies it."""
    return to_pictures(copied(vae, to_pixels([picture])))[0]


def figures_of(vae: SmallAutoencoder, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return what copies of the targets of one effect lose."""
    inside, whole, energy, true_energy = [], [], 0.0, 0.0
    for pair in pairs:
        copy, region = copy_of(vae, pair.target), marked(pair.mask)
        everywhere = np.ones_like(region)
        inside.append(psnr(copy, pair.target, region))
        whole.append(psnr(copy, pair.target, everywhere))
        energy += high_pass_energy(copy, region)
        true_energy += high_pass_energy(pair.target, region)
    return {
        "pictures": len(pairs),
        "inside": _mean(inside),
        "whole": _mean(whole),
        "high_pass": energy / true_energy if true_energy else float("nan"),
    }


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))


def rows_of(name: str, vae: SmallAutoencoder, pairs: Pairs) -> list[dict[str, Any]]:
    """Return a row for each split and effect, and one for all effects of a split: the mean of its rows."""
    rows: list[dict[str, Any]] = []
    for split in dict.fromkeys(split for split, _ in pairs):
        own: list[dict[str, Any]] = [
            {"split": split, "effect": effect, "autoencoder": name, **figures_of(vae, pairs[split, effect])}
            for at, effect in pairs
            if at == split
        ]
        means = {key: float(np.mean([row[key] for row in own])) for key in ("inside", "whole", "high_pass")}
        count = sum(row["pictures"] for row in own)
        rows += [*own, {"split": split, "effect": "all", "autoencoder": name, "pictures": count, **means}]
    return rows


def costs(vae: SmallAutoencoder, side: int = TIMED_SIDE) -> dict[str, float]:
    """Return what a picture takes, to encode and to decode: seconds of one thread, billions of multiplications."""
    x = (torch.rand(1, 3, side, side) * 2 - 1).contiguous(memory_format=torch.channels_last)
    network: Any = vae.to(memory_format=torch.channels_last)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            z = to_latents(network, x)
            d = to_details(network, x, z)
            ways: dict[str, Callable[[], object]] = {
                "encode": lambda: to_details(network, x, to_latents(network, x)),
                "decode": lambda: decoded(network, z, d),
            }
            found = {f"{way}_seconds": _least_seconds(work) for way, work in ways.items()}
            found |= {f"{way}_gmac": _gmac(work) for way, work in ways.items()}
    finally:
        torch.set_num_threads(threads)
    return {**found, "parameters": sum(weight.numel() for weight in vae.parameters())}


def _least_seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return min(taken)


def _gmac(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops() / 2e9)


def lines(rows: Sequence[Mapping[str, Any]], taken: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Return both tables in Markdown."""
    order = sorted(rows, key=lambda row: (row["split"], row["effect"] == "all"))
    yield from table_lines([list(HEAD), *(_cells(row) for row in order)])
    yield ""
    head = [
        "autoencoder",
        "encode, s",
        "decode, s",
        "both against shipped",
        "encode, GMAC",
        "decode, GMAC",
        "parameters",
    ]
    first = next(iter(taken.values()))
    shipped = first["encode_seconds"] + first["decode_seconds"]
    yield from table_lines([head, *(_cost_cells(name, cost, shipped) for name, cost in taken.items())])


def _cells(row: Mapping[str, Any]) -> list[str]:
    names = [str(row[key]) for key in ("split", "effect", "pictures", "autoencoder")]
    return [*names, f"{row['inside']:.1f}", f"{row['whole']:.1f}", f"{row['high_pass']:.2f}"]


def _cost_cells(name: str, cost: Mapping[str, float], shipped: float) -> list[str]:
    both = cost["encode_seconds"] + cost["decode_seconds"]
    return [
        *(name, f"{cost['encode_seconds']:.3f}", f"{cost['decode_seconds']:.3f}", f"{shipped / both:.1f} x faster"),
        *(f"{cost['encode_gmac']:.1f}", f"{cost['decode_gmac']:.1f}", f"{cost['parameters'] / 1e6:.2f} M"),
    ]


def main() -> None:
    """Print both tables in Markdown."""
    parser = command.parser(__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="a run, or an autoencoder's folder")
    parser.add_argument("-n", type=int, default=8, help="pairs an effect and split")
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=[SPLITS[0], SPLITS[2]])
    parser.add_argument("--designs", action="store_true", help="costumes of named designs")
    parser.add_argument("--size", type=int, default=256, help="side of the pictures in pixels")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw a sheet of the first pair of each effect")
    options = parser.parse_args()
    known = autoencoders(options.folders)
    taken = {name: costs(vae) for name, vae in known.items()}
    made = {"size": options.size, "designs": options.designs}
    pairs = {
        (split, effect.id): list(cases(effect, split, options.n, **made))
        for split in options.splits
        for effect in catalogue().values()
    }
    rows: list[dict[str, Any]] = []
    for name, vae in known.items():
        rows += rows_of(name, vae, pairs)
        console.print(f"{name}: measured", markup=False)
    if options.sheet is not None:
        from stillyou.bench.autoencoder_sheet import save_sheet

        firsts = [of[0] for of in pairs.values()]
        copies = {name: [copy_of(vae, pair.target) for pair in firsts] for name, vae in known.items()}
        save_sheet(firsts, copies, options.sheet)
    command.tell(options, {"n": options.n, **made, "rows": rows, "costs": taken}, lines(rows, taken))


if __name__ == "__main__":
    main()
