"""Pictures and pairs a second of the people studio, and where the time of one goes.

    python -m stillyou.bench.people_studio [--people 8] [--workers N] [--size 256] [--effects santa,royal,sheep,flower]
        [--json] [-o FILE]

Each person sits for all effects, as datasets are made: one source and a target an effect, with masks. `--workers` makes
people in processes of their own that share the device. CPU seconds are of all threads of the worker processes, so with
a software renderer they tell the pictures a second of an idle core even on a busy machine. Nothing is written.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from typing import Any

from stillyou.bench import command

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("LP_NUM_THREADS", "1")
FIRST = 10_000
"""Seed of the first person."""
WARM_UP = 2


def sit(seeds: Sequence[int], effects: Sequence[str], size: int, barrier: Any = None) -> dict[str, Any]:
    """Make the pairs of some people: counts, seconds from the barrier on, and seconds of building and drawing."""
    from stillyou.effects.lookup import load_effect
    from stillyou.pairs.teachers.people.gl.renderer import Renderer
    from stillyou.pairs.teachers.people.studio import PeopleStudio

    specs, studio = [load_effect(name) for name in effects], PeopleStudio(size=size)
    drawn = {"pictures": 0, "seconds": 0.0, "cpu_seconds": 0.0}
    render = Renderer.render

    def timed(*args: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        picture = render(*args)
        drawn["pictures"] += 1
        drawn["seconds"] += time.perf_counter() - wall
        drawn["cpu_seconds"] += time.process_time() - cpu
        return picture

    for seed in range(WARM_UP):
        for spec in specs:
            studio.pair(spec, seed)
    Renderer.render = timed  # type: ignore[method-assign, assignment]
    if barrier is not None:
        barrier.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    for seed in seeds:
        for spec in specs:
            studio.pair(spec, seed)
    Renderer.render = render  # type: ignore[method-assign]
    return {
        "device": studio.device,
        "pairs": len(seeds) * len(specs),
        "pictures": drawn["pictures"],
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "draw_seconds": drawn["seconds"],
        "draw_cpu_seconds": drawn["cpu_seconds"],
    }


def _work(args: tuple[Sequence[int], Sequence[str], int], barrier: Any, answers: Any) -> None:
    answers.put(sit(*args, barrier))


def run(people: int, workers: int, effects: Sequence[str], size: int) -> dict[str, Any]:
    """Make the pairs of `people` people in each of `workers` processes."""
    shares = [range(FIRST + k * people, FIRST + (k + 1) * people) for k in range(workers)]
    if workers == 1:
        results = [sit(shares[0], effects, size)]
    else:
        context = multiprocessing.get_context("spawn")
        barrier, answers = context.Barrier(workers), context.Queue()
        processes = [context.Process(target=_work, args=((share, effects, size), barrier, answers)) for share in shares]
        for process in processes:
            process.start()
        results = [answers.get() for _ in processes]
        for process in processes:
            process.join()
    total = {key: sum(result[key] for result in results) for key in results[0] if key != "device"}
    wall = max(result["seconds"] for result in results)
    return {
        "device": results[0]["device"],
        "size": size,
        "workers": workers,
        "effects": ",".join(effects),
        "pairs": total["pairs"],
        "pictures": total["pictures"],
        "pictures_a_second": round(total["pictures"] / wall, 2),
        "pairs_a_second": round(total["pairs"] / wall, 2),
        "draw_ms_a_picture": round(1000 * total["draw_seconds"] / total["pictures"], 1),
        "build_ms_a_picture": round(1000 * (total["seconds"] - total["draw_seconds"]) / total["pictures"], 1),
        "cpu_ms_a_picture": round(1000 * total["cpu_seconds"] / total["pictures"], 1),
        "draw_cpu_ms_a_picture": round(1000 * total["draw_cpu_seconds"] / total["pictures"], 1),
        "pictures_a_cpu_second": round(total["pictures"] / total["cpu_seconds"], 2),
    }


def main() -> None:
    """Run from the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("--people", type=int, default=8, help="people a worker")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--size", type=int, default=256, help="side in pixels")
    parser.add_argument("--effects", default="santa,royal,sheep,flower")
    options = parser.parse_args()
    figures = run(options.people, options.workers, options.effects.split(","), options.size)
    command.tell(options, figures, (f"{name.replace('_', ' '):>24}: {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
