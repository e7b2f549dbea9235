"""Colours of characters, clothes and backdrops, drawn by role and jittered so that no two are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROLES: dict[str, tuple[str, ...]] = {
    "skin": (
        "#fbe3d2", "#f9d5ba", "#f5c9a6", "#f2d3b1", "#ecad80", "#e6b58c", "#d99b6c", "#c98a5a",
        "#b97a4d", "#a5673f", "#8d5a3a", "#ffd9c4", "#f6c3b4", "#dca386", "#ffe8dc", "#c2855e",
    ),
    "deep-skin": ("#7a4a2e", "#85522f", "#8d5a3a", "#94603c", "#763f12"),
    "fantasy": ("#bfe3c0", "#b7d3f2", "#d9c4f0", "#f5c6d6", "#c8e6e0", "#e8e0a8", "#ffffff", "#d8d8d8"),
    "hair": (
        "#0e0e0e", "#2c1b18", "#3a2a20", "#4a312c", "#562306", "#724133", "#8b5a2b", "#a55728", "#b58143", "#c9a26a",
        "#d6b370", "#e5d7a3", "#ecdcbf", "#e8e1e1", "#afafaf", "#7a7a7a", "#c93305", "#ab2a18", "#cb6820",
    ),
    "fantasy-hair": (
        "#3eac2c", "#85c2c6", "#dba3be", "#592454", "#3f5fd0", "#f59797", "#7a4fd0", "#27a3a3", "#ff6fae", "#f2c230",
    ),
    "clothes": (
        "#151613", "#0b3286", "#545454", "#147f3c", "#f97316", "#ec4899", "#731ac3", "#b11f1f", "#e8e9e6", "#eab308",
        "#6bd9e9", "#9287ff", "#fc909f", "#ffeba4", "#d2eff3", "#456dff", "#6dbb58", "#2d4a43", "#c8a27c", "#8b1e3f",
    ),
    "creature": (
        "#7dd3fc", "#a5b4fc", "#c4b5fd", "#f0abfc", "#fda4af", "#fca5a5", "#fdba74", "#fcd34d", "#bef264", "#6ee7b9",
        "#5eead4", "#e2e8f0", "#c4795c", "#d99277", "#e0bd6a", "#a3b18a", "#9fc5a8", "#b8a99a", "#f2d7c9",
    ),
    "accent": ("#d7263d", "#f4d150", "#2a9d8f", "#3a86ff", "#9287ff", "#fc909f", "#6bd9e9", "#77311d", "#ffffff"),
    "ink": ("#000000", "#1c1410", "#1e293b", "#2b2140", "#3b2417", "#0f2a2a"),
    "iris": ("#4b2422", "#2b1a12", "#2f4a6b", "#2f5a3a", "#5a4a3a", "#3d3d3d", "#1c1c1c", "#6b4a1f"),
    "backdrop": (
        "#f3c9a8", "#a8d4f3", "#c3e6b5", "#f3e3a1", "#d7c3f0", "#f0b8c4", "#e8e4dc", "#b9c9d6", "#ffffff", "#f5f5f0",
        "#8fb8de", "#f2a154", "#7ec4a5", "#e76f7a", "#5c6f8a", "#34495e", "#6d5b97", "#c9c9c9", "#2e4038", "#f7d34a",
    ),
}  # fmt: skip


def hex_colour(rgb: Sequence[float]) -> str:
    """Write three channels (0 to 255, clipped) as #rrggbb."""
    return "#" + "".join(f"{int(np.clip(round(channel), 0, 255)):02x}" for channel in rgb)


def channels(colour: str) -> tuple[int, int, int]:
    """Read #rrggbb."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def pick(rng: np.random.Generator, role: str, jitter: float = 12.0) -> str:
    """Draw a colour of a role, each channel shifted by at most `jitter`."""
    pool = ROLES[role]
    base = channels(pool[int(rng.integers(len(pool)))])
    return hex_colour([channel + rng.uniform(-jitter, jitter) for channel in base])


def pick_for(rng: np.random.Generator, role: str, varied: bool) -> str:
    """Draw a colour for part of a character; varied characters are sometimes green or blue-haired."""
    wild = varied and rng.random() < 0.12
    if role == "skin":
        deep = rng.random() < 0.15
        return pick(rng, "fantasy" if wild else "deep-skin" if deep else "skin")
    if role == "light-skin":
        return pick(rng, "fantasy" if wild else "skin")
    if role == "hair":
        return pick(rng, "fantasy-hair" if rng.random() < (0.25 if varied else 0.1) else "hair")
    return pick(rng, role, 4.0 if role == "ink" else 12.0)


def distinct(rng: np.random.Generator, role: str, others: Sequence[str], distance: float = 60.0) -> str:
    """Draw a colour of a role that stands out from the others (Euclidean distance in RGB), if one is found soon."""
    colour = pick(rng, role)
    for _ in range(12):
        if all(np.linalg.norm(np.subtract(channels(colour), channels(o))) >= distance for o in others):
            break
        colour = pick(rng, role)
    return colour
