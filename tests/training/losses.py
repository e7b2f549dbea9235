"""Run by `test_base_training` in processes of its own: trains, goes on, and writes each step's loss."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch


def losses(folder: Path, base: tuple[Path, Path], pairs: Path, *, steps: int = 4, shared: bool = False) -> list[float]:
    """Train at a constant rate; return each step's loss in the first process, and nothing in the others."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from stillyou.training.loop import trainer
    from stillyou.training.stages import run_training
    from tests.training.test_base_training import no_validation, request, settings

    before, trainer.LOG_STEPS = trainer.LOG_STEPS, 1
    try:
        report = run_training(
            request(folder, base, pairs, settings(final=1.0, shard=shared), steps=steps), no_validation
        )
    finally:
        trainer.LOG_STEPS = before
    if not report.speaks:
        return []
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [event.value for event in events.Scalars("editor/loss")]


if __name__ == "__main__":
    torch.set_num_threads(1)
    out, run, sd, clip, data = (Path(argument) for argument in sys.argv[1:6])
    for steps in map(int, sys.argv[6].split(",")):
        if found := losses(run, (sd, clip), data, steps=steps, shared=sys.argv[7] == "shared"):
            out.write_text(json.dumps(found))
