"""The server under load: many clients at once, each of which checks that what comes back is its own.

Starts `stillyou app` and lets every client send edits of pictures that nobody else has, follow them by polling, and
fetch picture and mask: outside the mask the picture must be the one that this client sent, bit for bit. A full queue
must answer 503 with Retry-After; places in the queue must only go down; at the end every edit that was taken must have
ended.

    python -m stillyou.bench.app_load --clients 200 --minutes 10 -o load.json
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from stillyou.bench.command import parser, tell
from stillyou.errors import StillYouError, requires
from stillyou.images.picture import Pixels

if TYPE_CHECKING:
    import httpx

_EFFECTS = ("santa", "royal", "flower", "sheep")
_CANCELLED, _POLL, _SIDE = 0.05, 0.5, 256
"""Share of edits that their client cancels; seconds between two questions; pixels a side."""


@dataclass
class Figures:
    """What the clients saw.

    Attributes:
        answers: How often each answer came to a new edit, and how each edit ended.
        seconds: Of each finished edit, from its first sending.
        faults: What must not be, in words.
        reasons: Why edits failed, in the server's words.
        memory: Resident megabytes of the server, second by second.
        elapsed: Seconds until the last edit had ended.
    """

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    elapsed: float = 0.0


@dataclass(frozen=True)
class Client:
    """One client: sends pictures of its own until the time is over.

    Attributes:
        number: Which one; its pictures follow from it.
        http: Its connection.
        figures: Where it notes what it sees.
        until: When it sends no more, by the clock of `time.monotonic`.
    """

    number: int
    http: httpx.AsyncClient
    figures: Figures
    until: float

    async def run(self) -> None:
        """Send one edit after another."""
        rng = random.Random(self.number)
        turn = 0
        while time.monotonic() < self.until:
            turn += 1
            picture = own_picture(self.number, turn)
            started = time.monotonic()
            place = await self._send(picture, rng)
            if place is not None and await self._follow(place, rng):
                await self._check(place, picture)
                self.figures.seconds.append(time.monotonic() - started)

    async def _send(self, picture: Pixels, rng: random.Random) -> str | None:
        """Send a picture until it is taken; return where the edit is, None when the time is over."""
        while True:
            response = await self.http.post(
                "/v1/edits",
                files={"picture": encoded(picture)},
                data={"effect": rng.choice(_EFFECTS)},
                headers={"Prefer": "respond-async"},
            )
            self.figures.answers[f"answer {response.status_code}"] += 1
            if response.status_code == 202:
                return str(response.headers["location"])
            if response.status_code != 503 or "retry-after" not in response.headers:
                self.figures.faults[f"an edit was answered with {response.status_code}"] += 1
                return None
            if time.monotonic() > self.until:
                return None
            await asyncio.sleep(int(response.headers["retry-after"]) * rng.uniform(1, 2))

    async def _follow(self, place: str, rng: random.Random) -> bool:
        """Ask how far an edit is until it has ended; return whether there is a picture."""
        last = 10**6
        leaves = rng.random() < _CANCELLED
        while True:
            edit = (await self.http.get(place)).json()
            position = edit.get("position") or 0
            if position > last:
                self.figures.faults["a place in the queue went up"] += 1
            last = position
            if leaves and edit["state"] == "queued":
                await self.http.delete(place)
            elif edit["state"] not in ("queued", "running"):
                self.figures.answers[f"ended {edit['state']}"] += 1
                if edit["state"] == "failed":
                    self.figures.reasons[str((edit.get("error") or {}).get("detail"))[:200]] += 1
                return bool(edit["state"] == "done")
            await asyncio.sleep(_POLL)

    async def _check(self, place: str, picture: Pixels) -> None:
        """Compare a result with what was sent: outside the mask it is the same picture."""
        after, mask = [(await self.http.get(f"{place}/{kind}")).content for kind in ("picture", "mask")]
        kept = decoded(mask) == 0
        if not np.array_equal(decoded(after)[kept], picture[kept]):
            self.figures.faults["a result was not its client's"] += 1
        if not kept.any() or kept.all():
            self.figures.faults["a result was not edited"] += 1


def own_picture(client: int, turn: int) -> Pixels:
    """Return a sample with a frame of noise that no other client and turn has: uint8 (256, 256, 3)."""
    sample = Image.open(str(files("stillyou") / "samples" / "micah.png")).convert("RGB").resize((_SIDE, _SIDE))
    pixels = np.array(sample)
    noise = np.random.default_rng((client, turn)).integers(0, 256, (8, _SIDE, 3), dtype=np.uint8)
    pixels[:8] = noise
    return pixels


def encoded(pixels: Pixels) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoded(data: bytes) -> Pixels:
    """Return the pixels of an answer."""
    return np.asarray(Image.open(io.BytesIO(data)))


@contextmanager
def running_server(arguments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Start a server on a free port; yield its process id and address, and end it.

    Raises:
        StillYouError: It did not start.
    """
    command = [sys.executable, "-m", "stillyou", "app", "--port", "0", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = []
        for line in iter(process.stderr.readline, ""):
            said.append(line)
            if found := re.search(r"http://[\w.]+:\d+", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                yield process.pid, found[0]
                return
        raise StillYouError(f"the server did not start: {' '.join(said)[:200]}")
    finally:
        process.terminate()
        process.wait(30)


def resident(process: int) -> float:
    """Return the megabytes that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def load(address: str, process: int, clients: int, seconds: float) -> Figures:
    """Run clients against a server for so long, and until their last edits have ended."""
    import httpx

    figures = Figures()
    timeout = httpx.Timeout(600.0, pool=None)
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=timeout, limits=limits) as http:
        until = time.monotonic() + seconds
        watching = asyncio.create_task(_watch(process, figures))
        ran = await asyncio.gather(
            *(Client(number, http, figures, until).run() for number in range(clients)), return_exceptions=True
        )
        figures.elapsed = time.monotonic() - until + seconds
        watching.cancel()
        figures.faults.update(f"a client broke off: {type(each).__name__}" for each in ran if each is not None)
        await _settle(http, figures)
    return figures


async def _watch(process: int, figures: Figures) -> None:
    while True:
        figures.memory.append(resident(process))
        await asyncio.sleep(1)


async def _settle(http: httpx.AsyncClient, figures: Figures) -> None:
    """Compare the server's own counts: every edit that was taken has ended."""
    text = (await http.get("/metrics")).text
    counts = {name: float(value) for name, value in re.findall(r"^(stillyou_\S+) ([\d.e+]+)$", text, re.MULTILINE)}
    ended = sum(value for name, value in counts.items() if name.startswith("stillyou_edits_total"))
    if ended != counts["stillyou_edits_submitted_total"] or counts["stillyou_edits_waiting"]:
        figures.faults["an edit was dropped silently"] += 1


def summary(figures: Figures, clients: int, seconds: float) -> dict[str, Any]:
    """Return figures as plain data."""
    took = sorted(figures.seconds) or [0.0]
    memory = figures.memory or [0.0]
    return {
        "clients": clients,
        "seconds": seconds,
        "answers": dict(sorted(figures.answers.items())),
        "elapsed_seconds": round(figures.elapsed, 1),
        "edits_a_minute": round(60 * len(figures.seconds) / max(figures.elapsed, 1e-9), 1),
        "median_seconds": round(took[len(took) // 2], 2),
        "p95_seconds": round(took[int(0.95 * (len(took) - 1))], 2),
        "memory_mb": {"first": round(memory[0]), "half": round(memory[len(memory) // 2]), "most": round(max(memory))},
        "faults": dict(figures.faults),
        "reasons": dict(figures.reasons),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    made = parser(__doc__)
    made.add_argument("--clients", type=int, default=200, metavar="N", help="clients at once (200)")
    made.add_argument("--minutes", type=float, default=10.0, metavar="N", help="for how long they send edits (10)")
    made.add_argument("--max-queue", default="64", metavar="N", help="of the server (64)")
    options: argparse.Namespace = made.parse_args(arguments)
    requires("dev", "httpx")
    with running_server(["--max-queue", options.max_queue]) as (process, address):
        figures = asyncio.run(load(address, process, options.clients, 60 * options.minutes))
    found = summary(figures, options.clients, 60 * options.minutes)
    tell(options, found, (f"{name:16} {value}" for name, value in found.items()))
    if figures.faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
