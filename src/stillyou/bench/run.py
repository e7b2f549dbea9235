"""The whole benchmark: parts in order, results on disk as they come, goals at the end."""

from __future__ import annotations

import importlib
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from stillyou import __version__
from stillyou.bench.rows import Bench, Part, Row
from stillyou.errors import StillYouError
from stillyou.files import write_json

PartName = Literal["edit", "train"]
RELEASED = "released"
PARTS: tuple[PartName, ...] = get_args(PartName)
_MODULES = {"edit": "stillyou.bench.editing", "train": "stillyou.bench.training"}
GOALS = {
    "edit time, share of the released path's": ("at most", 0.30),
    "training images a second, multiple of the released loop's": ("at least", 6.0),
    "peak memory of an edit in fp16, GB": ("at most", 4.0),
}
"""What is asked of one H100 at the full size."""


def make_bench(
    device: torch.device, *, quick: bool, runs: int, minutes: float, say: Callable[[str], None] = lambda line: None
) -> Bench:
    """Set up a benchmark.

    Args:
        device: Where it runs.
        quick: The embedded model instead of Stable Diffusion 1.5's size.
        runs: Timed runs of each path.
        minutes: Time budget: no measurement begins after it.
        say: Tells a person what is going on.
    """
    build, resolution = _embedded(device) if quick else _full_size(device)
    return Bench(device, build, resolution, runs, quick, time.monotonic() + 60 * minutes, say)


def _full_size(device: torch.device) -> tuple[Callable[[], dict[str, Any]], int]:
    from stillyou.bench.sizes import stable_diffusion

    return lambda: stable_diffusion(device), 512


def _embedded(device: torch.device) -> tuple[Callable[[], dict[str, Any]], int]:
    from stillyou.diffusion.card import read_card
    from stillyou.models.find import find_model
    from stillyou.models.load import load_pipeline

    def build() -> dict[str, Any]:
        return dict(load_pipeline("embedded", device, torch.float32).components)

    card = read_card(find_model("embedded"))
    assert card is not None, "the shipped model has a card"
    return build, card.resolution


def run(bench: Bench, parts: Sequence[PartName], output: Path | None = None) -> dict[str, Any]:
    """Measure.

    Args:
        bench: See `make_bench`.
        parts: Of `PARTS`.
        output: A folder that gets `bench.json` after every row, and `bench.png` at the end.

    Returns:
        The document: what it ran on, rows, and the figures that goals were set for.
    """
    rows: list[Row] = []
    for row in _measured(bench, parts):
        rows.append(row)
        if output is not None:
            write_json(output / "bench.json", document(bench, rows))
    found = document(bench, rows)
    if output is not None:
        write_json(output / "bench.json", found)
        from stillyou.bench.plot import plot_rows

        try:
            plot_rows(found, output / "bench.png")
        except StillYouError as error:  # without matplotlib the figures are still there
            bench.say(str(error))
    return found


def _measured(bench: Bench, parts: Sequence[PartName]) -> Iterable[Row]:
    for name in parts:
        part: Part = importlib.import_module(_MODULES[name]).rows
        try:
            yield from part(bench)
        except Exception as error:  # a part that fails must not cost the other its figures
            line = f"{type(error).__name__}: {' '.join(str(error).split())}"
            unit: Any = "seconds an edit" if name == "edit" else "training images a second"
            yield Row(task=name, path="all", unit=unit, error=line[:300])


def document(bench: Bench, rows: Sequence[Row]) -> dict[str, Any]:
    """Return rows and what they mean as plain data."""
    return {
        "format_version": 1,
        "model": "embedded" if bench.quick else "Stable Diffusion 1.5 size, random weights",
        "resolution": bench.resolution,
        "machine": machine(bench.device),
        "rows": [row.document() for row in rows],
        "figures": figures(rows),
        "goals": {name: f"{sense} {value:g}" for name, (sense, value) in GOALS.items()},
    }


def machine(device: torch.device) -> dict[str, Any]:
    """Describe what a benchmark ran on."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return {
        "device": gpu or f"CPU ({torch.get_num_threads()} threads)",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "stillyou": __version__,
    }


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Return the figures that `GOALS` names, as far as their rows were measured."""
    edit, train, memory = GOALS
    found = {}
    before, after = _end(rows, "edit, batch 1", released=True), _end(rows, "edit, batch 1", released=False)
    if before and after:
        found[edit] = round(after / before, 4)
    tasks = [row.task for row in rows if row.unit == "training images a second" and row.path == RELEASED]
    ours = [row.value for row in rows if row.task in tasks and row.path != RELEASED and row.value]
    before = _end(rows, tasks[0], released=True) if tasks else None
    if before and ours:
        found[train] = round(max(ours) / before, 3)
    peaks = [r.peak_memory_gb for r in rows if r.task == "edit, batch 1" and r.settings.get("precision") == "fp16"]
    if peaks and peaks[0] is not None:
        found[memory] = peaks[0]
    return found


def _end(rows: Sequence[Row], task: str, *, released: bool) -> float | None:
    """Return the value of the released path, or of our last one, which is the fastest of equal results."""
    values = [row.value for row in rows if row.task == task and (row.path == RELEASED) is released and row.value]
    return values[-1] if values else None
