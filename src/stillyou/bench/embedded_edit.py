"""Seconds and memory of an edit with the embedded model: loaded, and as the whole command.

python -m stillyou.bench.embedded_edit [--runs 5] [--model embedded] [--picture FILE] [--json] [-o FILE]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stillyou.bench import command

SAMPLE = Path(__file__).parents[1] / "samples" / "toon-head.png"


def median_seconds(run: Callable[[], Any], runs: int) -> dict[str, float]:
    """Time a call after one warm-up: median, least and most seconds."""
    run()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)}


def edits_with_a_loaded_model(model: str, runs: int) -> dict[str, dict[str, float]]:
    """Time 20 steps of four branches alone, and with the default mask (10 maps, five branches)."""
    import torch

    from stillyou.config import MaskSettings, SamplingSettings
    from stillyou.effects.spec import Prompts
    from stillyou.models.load import load_pipeline

    pipe = load_pipeline(model, device="cpu")
    side = pipe.resolution
    pixels = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def edit(settings: MaskSettings, mask: torch.Tensor | None) -> None:
        pipe.edit(pixels, [prompts], SamplingSettings(mask=settings), [0], mask=mask)

    prompts = Prompts("a cartoon character", "a cartoon character, santa claus costume")
    everywhere = torch.ones(1, 1, side, side)
    return {
        "20 steps x 4 branches": median_seconds(lambda: edit(MaskSettings(strategy="none"), everywhere), runs),
        "20 steps, mask from 10 maps, noise strategy": median_seconds(lambda: edit(MaskSettings(), None), runs),
        "20 steps, mask from 10 maps, latent strategy": median_seconds(
            lambda: edit(MaskSettings(strategy="latent"), None), runs
        ),
    }


def whole_command(model: str, picture: Path, runs: int) -> dict[str, float]:
    """Time `stillyou edit` in processes of its own; peak memory is the largest of them, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.png")
        words = [sys.executable, "-m", "stillyou", "edit", str(picture), "-e", "santa", "-o", output]
        words += ["--model", model]
        seconds, peak = [], 0.0
        for _ in range(runs):
            start = time.perf_counter()
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit(f"the command failed: {' '.join(words)}")
            seconds.append(time.perf_counter() - start)
            peak = max(peak, usage.ru_maxrss / 1000)
    return {"median": statistics.median(seconds), "first": seconds[0], "max": max(seconds), "peak_memory_mb": peak}


def main() -> None:
    """Run both and print a table or JSON."""
    parser = command.parser(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--picture", type=Path, default=SAMPLE)
    options = parser.parse_args()
    cold = whole_command(options.model, options.picture, options.runs)
    loaded = edits_with_a_loaded_model(options.model, options.runs)
    command.tell(options, {"loaded": loaded, "command": cold}, _lines(loaded, cold))


def _lines(loaded: Mapping[str, Mapping[str, float]], cold: Mapping[str, float]) -> Iterator[str]:
    for name, row in loaded.items():
        yield f"{name:<48} {row['median']:.2f} s ({row['min']:.2f} to {row['max']:.2f})"
    yield f"{'the whole command, cold':<48} {cold['median']:.2f} s (first {cold['first']:.2f})"
    yield f"{'its peak memory':<48} {cold['peak_memory_mb']:.0f} MB"


if __name__ == "__main__":
    main()
