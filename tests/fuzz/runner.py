"""Running a kind of case in a process of its own, again and again if a case takes it down."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fuzz.watch import Findings, try_cases

EVERY = 50
"""Cases between two lines of progress, which tell what a run found that is stopped."""
KINDS = {"pictures": 20_000, "settings": 3_000, "models": 500, "tables": 500, "commands": 700}
_MODULES = {"settings": "settings_files"}


def _work(kind: str, first: int, last: int, folder: str) -> None:
    module = importlib.import_module(f"tests.fuzz.{_MODULES.get(kind, kind)}")
    module.corpus()

    def begun(number: int, found: Findings) -> None:
        Path(folder, "begun").write_text(str(number))
        if number > first and number % EVERY == 0:
            print(f"{kind}: {number} of {last}: {json.dumps(vars(found))}", file=sys.stderr, flush=True)

    found = try_cases(lambda number: module.attempt(number, Path(folder)), range(first, last), begun)
    Path(folder, f"report-{first}.json").write_text(json.dumps(vars(found)))


def run(kind: str, cases: int) -> dict[str, Any]:
    """Try the cases of a kind; returns outcomes, faults, the slowest case and the peak of memory."""
    started, first, total = time.monotonic(), 0, {"outcomes": {}, "faults": [], "slowest": [0, -1], "peak": 0.0}
    with TemporaryDirectory(prefix="fuzz-") as folder:
        while first < cases:
            worker = multiprocessing.get_context("spawn").Process(target=_work, args=(kind, first, cases, folder))
            worker.start()
            worker.join()
            report = Path(folder, f"report-{first}.json")
            if report.is_file():
                _add(total, json.loads(report.read_text()))
                break
            died = int(Path(folder, "begun").read_text())
            total["faults"].append(f"{died}: the process ended with {worker.exitcode}")
            first = died + 1
    return {"kind": kind, "cases": cases, "minutes": round((time.monotonic() - started) / 60, 1), **total}


def _add(total: dict[str, Any], report: dict[str, Any]) -> None:
    for name, count in report["outcomes"].items():
        total["outcomes"][name] = total["outcomes"].get(name, 0) + count
    total["faults"] += report["faults"]
    total["slowest"] = max(total["slowest"], report["slowest"])
    total["peak"] = max(total["peak"], report["peak"])
