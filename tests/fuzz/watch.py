"""Running fuzzed cases: only the two error classes, in little time and memory.

A case is a number; `cases` makes what it tries from the number and a seed alone, so that any case can be tried again.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stillyou.errors import StillYouError

SECONDS, BYTES = 5.0, 1.5e9
OWN = 0.5e9  # Of BYTES, what Python and the libraries take before the first case (0.4 GB measured).


@dataclass
class Findings:
    """What came of many cases: outcomes, the slowest, the most bytes above the start, and what must not be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    peak: float = 0.0
    faults: list[str] = field(default_factory=list)


class _Hangs(BaseException):
    pass


def _alarm(*_: object) -> None:
    raise _Hangs


def try_cases(
    attempt: Callable[[int], str], numbers: Iterable[int], begun: Callable[[int, Findings], None]
) -> Findings:
    """Try cases in this process.

    Args:
        attempt: Makes and tries a case; returns a word for what came of it, or raises one of the two error classes.
        numbers: Of the cases.
        begun: Told the number of each case before it is tried, in case it takes the process with it, and what there is.
    """
    found = Findings()
    before = _forget_peak()
    signal.signal(signal.SIGPROF, _alarm)
    for number in numbers:
        begun(number, found)
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 4 * SECONDS)
        try:
            found.outcomes[attempt(number)] += 1
        except StillYouError as error:
            found.outcomes[type(error).__name__] += 1
            if "\n" in str(error) or not str(error).strip():
                found.faults.append(f"{number}: more than a line: {str(error)!r:.300}")
        except _Hangs:
            found.faults.append(f"{number}: hangs")
        except Exception:
            found.faults.append(f"{number}: {traceback.format_exc(limit=-6)}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        _measure(found, number, time.process_time() - start, _kilobytes("VmHWM") * 1024.0 - before)
    return found


def _measure(found: Findings, number: int, seconds: float, grown: float) -> None:
    found.slowest = max(found.slowest, (seconds, number))
    if seconds > SECONDS:
        found.faults.append(f"{number}: {seconds:.1f} s of the processor")
    if grown > BYTES - OWN and grown > found.peak:
        found.faults.append(f"{number}: {grown / 1e9:.2f} GB more than before")
    found.peak = max(found.peak, grown)


def _forget_peak() -> float:
    """Bytes held now, from which the peak counts: other tests of the same process may have held more."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # man 5 proc: the peak becomes what is held now.
    except OSError:
        return _kilobytes("VmHWM") * 1024.0
    return _kilobytes("VmRSS") * 1024.0


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)
