"""Train the curation scorer: ``python -m stillyou.pairs.curation.shows PAIRS... -o FOLDER``.

The pairs are a studio's (`stillyou pairs make -e all,neutral --size 128`), of train styles and of seeds of their own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stillyou.console import console
from stillyou.effects.lookup import catalogue
from stillyou.errors import StillYouError
from stillyou.pairs.curation.shows.network import ScorerConfig
from stillyou.pairs.curation.shows.training import train
from stillyou.pairs.dataset.info import read_info


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="shows", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pairs", type=Path, nargs="+", help="pair datasets of the studios")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the scorer")
    parser.add_argument("--minutes", type=float, default=20.0, help="time for learning")
    parser.add_argument("--steps", type=int, default=4000, help="batches of 64, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    effects = catalogue().values()
    try:
        domains = sorted({str(read_info(folder).domain) for folder in options.pairs})
        config = ScorerConfig(
            expressions=("neutral", *(e.id for e in effects if e.group == "expression")),
            costumes=("none", *(e.id for e in effects if e.group == "costume")),
            domains=tuple(domains),
        )
        scorer = train(options.pairs, config, minutes=options.minutes, steps=options.steps, seed=options.seed)
        scorer.save(options.output)
    except StillYouError as error:
        console.print(f"shows: {error}", markup=False)
        return error.exit_code
    for head, share in scorer.config.accuracy.items():
        console.print(f"{head}: {share:.1%} of held-back pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
