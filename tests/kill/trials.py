"""Runs a command undisturbed, kills it at random moments, repeats it, and compares what it leaves.

A moment is a time of the processor, so that it does not depend on what else the machine does. Commands run in forks of
this process: a trial costs what the command costs without its imports.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stillyou.cli import main
from tests.kill.commands import COMMANDS
from tests.kill.files import differences, halves, leftovers, results


def try_moments(name: str, trials: int, folder: Path, seed: int = 1) -> dict[str, Any]:
    """Kill a command `trials` times; returns counts and what must not be.

    Args:
        name: Of `COMMANDS`.
        trials: Moments, drawn evenly over the processor time that the undisturbed command took.
        folder: Empty; inputs and outputs go there.
        seed: Of the moments.
    """
    write, words = COMMANDS[name]
    (folder / "in").mkdir()
    run(lambda: write(folder / "in"), folder / "log")
    whole, cut = folder / "whole", folder / "cut"
    ended = run(lambda: main(words(folder / "in", whole)), folder / "log")
    if ended.code:
        raise AssertionError((folder / "log").read_text()[-2000:])
    found: dict[str, Any] = {"command": name, "trials": trials, "seconds": round(ended.seconds, 2), "killed": 0}
    found |= {"files": len(results(whole)), "with results": 0, "with leftovers": 0, "faults": []}
    print(f"{name}: {ended.seconds:.2f} s, {len(results(whole))} files", file=sys.stderr, flush=True)
    for trial in range(trials):
        shutil.rmtree(cut, ignore_errors=True)
        moment = random.Random(f"{name} {seed} {trial}").uniform(0, ended.seconds)
        killed = run(lambda: main(words(folder / "in", cut)), folder / "log", moment)
        faults = halves(cut)
        found["killed"] += killed.code == -signal.SIGKILL
        found["with leftovers"] += bool(leftovers(cut))
        found["with results"] += bool(results(cut))
        again = run(lambda: main(words(folder / "in", cut)), folder / "log")
        if again.code:
            faults.append(f"repeated, it ends with {again.code}: {(folder / 'log').read_text()[-500:]}")
        faults += differences(whole, cut) + [f"{path} is left" for path in leftovers(cut)]
        found["faults"] += [f"trial {trial} at {moment:.2f} s: {fault}" for fault in faults]
        print(f"{name} {trial} at {moment:.2f} s: {faults or 'equal'}", file=sys.stderr, flush=True)
    return found


class Ended:
    """How a fork ended: exit code (of a signal, its negative number), and processor time."""

    def __init__(self, status: int, seconds: float) -> None:
        self.code, self.seconds = os.waitstatus_to_exitcode(status), seconds


def run(act: Callable[[], None], log: Path, kill_after: float | None = None) -> Ended:
    """Run a function in a fork with its output in a file; kill it after some seconds of the processor."""
    child = os.fork()
    if not child:
        _act(act, log)
    if kill_after is not None:
        clock = (~child << 3) | 2  # the processor time of another process
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.clock_gettime(clock) >= kill_after:
                os.kill(child, signal.SIGKILL)
                break
            time.sleep(0.001)
    _, status, used = os.wait4(child, 0)
    return Ended(status, used.ru_utime + used.ru_stime)


def _act(act: Callable[[], None], log: Path) -> None:
    """Become the command: never returns."""
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        act()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
