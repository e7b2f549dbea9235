"""Give a model a cheaper autoencoder with details; its denoiser stays as it is.

python -m stillyou.training.details PAIRS [PAIRS ...] -o FOLDER [--model embedded] [--steps 2500 2500 3000]

PAIRS are folders of pairs, as `stillyou train --stage render` leaves them in RUN/pairs. Stopped at any time, the same
command goes on. FOLDER/model and FOLDER/compact then hold the model; one whose autoencoder has details is trained on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.training.details.lesson import DetailRun
from stillyou.training.details.run import give_details
from stillyou.training.loop.trainer import Outcome

_STOPPED = 130
"""What shells give a command that was stopped."""


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, nargs="+", help="folders of pairs")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the run")
    parser.add_argument("--model", default="embedded", help="name or folder of the model")
    parser.add_argument(
        "--steps",
        type=int,
        nargs=3,
        default=DetailRun.steps,
        help="of the first layer, of copies with both, of looks (0: none)",
    )
    parser.add_argument("--channels", type=int, default=DetailRun.channels, help="of the second layer")
    parser.add_argument(
        "--answers", type=int, default=DetailRun.answers, help="pairs that the model draws for looks to learn from"
    )
    parser.add_argument("--photographs", type=Path, help="folder of pictures of no studio")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    options = parser.parse_args()
    run = DetailRun(
        options.model,
        tuple(options.pairs),
        options.output,
        tuple(options.steps),
        options.channels,
        photographs=options.photographs,
        answers=options.answers,
        seed=options.seed,
        device=options.device,
    )
    try:
        outcome = give_details(run)
    except StillYouError as error:
        console.print(str(error), style="red", markup=False)
        return error.exit_code
    except KeyboardInterrupt:  # while pictures are loaded or drawn; training ends in order
        console.print("interrupted; the same command goes on", markup=False)
        return _STOPPED
    if outcome is not Outcome.FINISHED:
        console.print(f"{outcome.value}; the same command goes on", markup=False)
        return _STOPPED
    console.print(f"{run.folder / 'model'}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
