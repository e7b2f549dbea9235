"""Santa Claus: a velvet hat with a fur brim and a pom, a velvet coat with fur trim."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.costumes.coat import coat, fur_collar, furred, furred_region
from stillyou.pairs.teachers.people.costumes.fit import Floats, Ring, clear_of_skull
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.press import press_under_hat
from stillyou.pairs.teachers.people.costumes.shapes import Shape, ball, sheet
from stillyou.pairs.teachers.people.costumes.torso import Region
from stillyou.pairs.teachers.people.costumes.tufts import Fur
from stillyou.pairs.teachers.people.geometry import floats, unit

REDS = ((0.42, 0.012, 0.016), (0.50, 0.018, 0.020), (0.33, 0.008, 0.014), (0.26, 0.006, 0.012), (0.47, 0.03, 0.018))
WHITES = ((0.90, 0.89, 0.86), (0.86, 0.83, 0.77), (0.92, 0.92, 0.93))
ROWS, COLUMNS, BRIM_ROWS = 26, 56, 11
_BEND_OUTLINE = ((0.0, 0.2, 0.42, 0.6, 0.8, 1.0), (1.0, 0.97, 0.74, 0.5, 0.28, 0.13))
"""Radius of the bag along its length, as shares."""


def _spine(ring: Ring, length: float, bend: float, towards: float, start: float) -> tuple[Floats, Floats, Floats]:
    """Return the bag's middle line (ROWS, 3), its directions, and the direction (3,) that it falls to."""
    t = np.linspace(0, 1, ROWS, dtype=np.float32)
    fall = ring.directions(np.float32(towards))
    turn = bend * np.clip((t - start) / (1 - start), 0, 1) ** 0.8
    along = np.cos(turn)[:, None] * ring.up + np.sin(turn)[:, None] * fall
    steps = along * np.float32(length / (ROWS - 1))
    line = ring.centre + np.concatenate([np.zeros((1, 3), np.float32), np.cumsum(steps[:-1], 0)])
    return line.astype(np.float32), along.astype(np.float32), fall


def _bag(ring: Ring, line: Floats, along: Floats, fall: Floats, rng: np.random.Generator) -> Shape:
    """Return the velvet bag around its middle line, with soft folds where it bends."""
    t = np.linspace(0, 1, ROWS, dtype=np.float32)
    angles = np.linspace(-np.pi, np.pi, COLUMNS, dtype=np.float32)
    outline = np.interp(t, *_BEND_OUTLINE)[:, None]
    across = np.cross(ring.up, fall)
    flat = ring.directions(angles)
    leaning = unit(fall * (along @ ring.up)[:, None] - ring.up * (along @ fall)[:, None])
    outward = (flat @ fall)[None, :, None] * leaning[:, None] + (flat @ across)[None, :, None] * across
    phase = rng.uniform(0, 6.28, 4)
    soft = np.clip(t * 2.5, 0, 1)[:, None]
    folds = 0.05 * np.sin(3 * angles + 9 * t[:, None] + phase[0]) + 0.035 * np.sin(
        7 * angles - 17 * t[:, None] + phase[1]
    )
    folds += (
        0.05 * np.sin(26 * t[:, None] + 1.5 * np.sin(2 * angles + phase[2])) * np.clip(t - 0.3, 0, 0.3)[:, None] * 3
    )
    return sheet(line[:, None] + outward * (ring.reach(angles) * outline * (1 + folds * soft))[..., None])


def _fall(bench: Bench, ring: Ring) -> tuple[Floats, Floats, Floats]:
    """Choose how long the bag is and which way it falls, so that it and the pom stay inside the picture, in sight."""
    rng = bench.draw("fall")
    if bench.design is not None:  # everybody's alike, and beside the head that turns towards the other side
        return _spine(ring, rng.uniform(2.0, 2.3), rng.uniform(2.3, 2.6), -1.75, rng.uniform(0.14, 0.2))
    pose, side = bench.figure.pose, float(rng.choice([-1, 1]))
    best, spine = -np.inf, None
    for attempt in range(16):
        towards = side * (1 if attempt % 2 == 0 else -1) * rng.uniform(0.75, 1.7)
        length = rng.uniform(1.75, 2.5) - 0.035 * attempt
        tried = _spine(
            ring, length, rng.uniform(1.9, 2.8), towards, max(rng.uniform(0.16, 0.3) - 0.012 * attempt, 0.04)
        )
        line = np.asarray(pose.head(tried[0]), np.float32)
        inside = min(bench.margin(line[-1:], 0.3), bench.margin(line[4:12:3], 0.36))
        beside = float((line[-1] - line[0]) @ -bench.camera.forward) / 30  # a pom behind the head is not seen
        score = min(inside, 0.0) + min(beside, 0.0)
        if score > best:
            best, spine = score, tried
        if best >= 0:
            break
    assert spine is not None
    bench.attributes["hat_falls"] = "left" if float(spine[2] @ ring.side) > 0 else "right"
    return spine


def _brim(ring: Ring, tall: float, thick: float) -> Shape:
    """Return the padded roll around the head."""
    turn = np.linspace(0, 2 * np.pi, BRIM_ROWS, dtype=np.float32)[:, None]
    angles = np.linspace(-np.pi, np.pi, COLUMNS, dtype=np.float32)[None]
    return sheet(ring.at(angles + 0 * turn, np.cos(turn) * thick + 0.03, np.sin(turn) * tall + 0.05 + 0 * angles))


def hat(bench: Bench, red: Floats, white: Floats) -> None:
    """Make the hat: bag, brim, pom."""
    wear = bench.draw("wear")
    low, tilt = wear.uniform(8.02, 8.17), wear.normal(0, 0.05)
    tall, thick = wear.uniform(0.14, 0.2), wear.uniform(0.10, 0.14)
    ring = bench.ring(low + 0.4 * (tall - 0.15), wear.uniform(7.05, 7.35), bench.pad(0.5, 0.12, closed=True), tilt)
    bench.hair = press_under_hat(bench.hair, ring, low=-tall - 0.08, zone=0.4, hidden=0.05 - 0.6 * tall)
    line, along, fall = _fall(bench, ring)
    velvet = [[*red, 0.0], [0.0, 1.0, 0.0, 0.0]]
    bag, triangles = _bag(ring, line, along, fall, bench.draw("folds"))
    bag = clear_of_skull(bench.figure, ring, bag, 0.06)
    bench.mesh(bag, triangles, "felt", params=velvet)
    plain = [[*(white * 0.85), 0.0], [0.0, 0.0, 0.0, 1.0]]
    roll, triangles = _brim(ring, tall, thick)
    posed, normals = bench.mesh(roll, triangles, "felt", params=plain)
    rng = bench.draw("fur")
    furred(bench, rng, posed, normals, triangles, Fur(white, rng.uniform(0.10, 0.17)), count=1500)
    unit_ball, ball_triangles = ball(20, 14)
    size = wear.uniform(0.17, 0.23)
    pom, normals = bench.mesh(
        line[-1] + unit_ball * size + along[-1] * size * 0.6, ball_triangles, "felt", params=plain
    )
    furred(bench, rng, pom, normals, ball_triangles, Fur(white, 0.13), count=420)
    bench.attributes |= {
        "hat_low": round(float(low), 3),
        "hat_tilt": round(float(tilt), 3),
        "brim": round(float(tall), 3),
    }


def _trimmed(part: Region) -> Floats:
    """Return the density of fur down the middle of the chest."""
    return ((np.abs(part.rest[:, 0]) < 0.19) & (part.rest[:, 2] > 0.2)).astype(np.float32)


def _caped(part: Region) -> Floats:
    """Return the density of fur on a short shoulder cape."""
    return ((part.aux[:, 0] > -0.1) & (part.aux[:, 0] < 0.72)).astype(np.float32)


def body(bench: Bench, red: Floats, white: Floats) -> None:
    """Make the coat: velvet, trimmed down the front, with a collar or a short cape of fur."""
    rng = bench.draw("coat")
    cut = str(rng.choice(["collar", "collar", "cape"]))
    length = float(rng.uniform(0.10, 0.15))
    trim = [[*red, 0.0], [0.7 if cut == "cape" else -9.0, 1.0, 1.0, 0.0], [*(white * 0.85), 0.2]]
    posed, normals = coat(bench, 0.15, "felt", params=trim)
    furred_region(bench, "santa front", _trimmed, posed, normals, Fur(white, length, droop=0.35), count=420)
    if cut == "cape":
        furred_region(bench, "santa cape", _caped, posed, normals, Fur(white, length * 1.2, droop=0.35), count=2600)
    fur_collar(bench, Fur(white, length), thick=rng.uniform(0.12, 0.19))
    bench.attributes["coat"] = cut


def wear(bench: Bench, head: bool, torso: bool) -> None:
    """Dress as Santa Claus."""
    rng = bench.draw("colours")
    red = floats(REDS[rng.integers(len(REDS))]) * np.float32(rng.uniform(0.85, 1.2))
    white = floats(WHITES[rng.integers(len(WHITES))])
    red, white = bench.colours("cloth", "fur") or (red, white)
    if torso:
        body(bench, red, white)
    if head:
        hat(bench, red, white)
    bench.attributes["red"] = round(float(red[0]), 3)
