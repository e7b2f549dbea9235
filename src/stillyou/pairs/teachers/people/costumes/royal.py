"""Royal: a golden crown or palace headdress with stones, a brocade robe with ermine, golden lobes or lapels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillyou.pairs.teachers.people.costumes.coat import coat, furred_region
from stillyou.pairs.teachers.people.costumes.crowns import CROWNS, Metal
from stillyou.pairs.teachers.people.costumes.fit import Floats
from stillyou.pairs.teachers.people.costumes.outfit import Bench
from stillyou.pairs.teachers.people.costumes.torso import Region, layer, posed_layer, torso
from stillyou.pairs.teachers.people.costumes.tufts import Fur
from stillyou.pairs.teachers.people.geometry import floats
from stillyou.pairs.teachers.people.parts import Role

GOLDS = ((1.0, 0.71, 0.29), (1.0, 0.77, 0.38), (0.95, 0.62, 0.22), (1.0, 0.68, 0.34))
STONES = ((0.45, 0.008, 0.03), (0.01, 0.05, 0.42), (0.005, 0.25, 0.06), (0.22, 0.02, 0.32), (0.02, 0.30, 0.32))
VELVETS = (
    (0.22, 0.008, 0.03),
    (0.06, 0.012, 0.14),
    (0.012, 0.025, 0.15),
    (0.30, 0.012, 0.015),
    (0.01, 0.09, 0.06),
    (0.16, 0.01, 0.08),
)
BROCADES = ((0.55, 0.33, 0.07), (0.62, 0.42, 0.12), (0.48, 0.24, 0.05))
PATTERNS = ("damask", "medallions", "scrolls", "dots")
COLLARS = ("ermine", "lobes", "lapels")
_ERMINE = floats([0.90, 0.89, 0.86])


@dataclass(frozen=True)
class _Cut:
    """What a design of royalty is cut like."""

    crown: str
    closed: bool
    collar: str
    pattern: str


_CUTS = {
    "purple": _Cut("points", True, "ermine", "damask"),
    "crimson": _Cut("dome", True, "ermine", "dots"),
    "emerald": _Cut("tiara", False, "lobes", "scrolls"),
    "palace": _Cut("headdress", False, "lapels", "medallions"),
}


def _caped(part: Region) -> Floats:
    """Return the density of ermine on the shoulders."""
    return ((part.aux[:, 0] > -0.06) & (part.aux[:, 0] < 0.92)).astype(np.float32)


def _spots(places: Floats) -> Floats:
    """Return ermine's colour at places in template coordinates: white with black tails."""
    row = np.floor(places[:, 1] * 2.2 + 0.3 * np.abs(places[:, 0]))
    across = places[:, 0] * 1.9 + 0.5 * (row % 2) + 0.13 * np.sin(7 * row)
    along = places[:, 1] * 2.2 + 0.3 * np.abs(places[:, 0])
    tail = (np.abs((across % 1.0) - 0.5) < 0.10) & (np.abs((along % 1.0) - 0.5) < 0.24)
    return np.where(tail[:, None], floats([0.02, 0.018, 0.017]), _ERMINE).astype(np.float32)


def _ermine(bench: Bench) -> None:
    """Lay an ermine cape over the shoulders."""
    part = torso(bench.figure.body)
    swell = 0.06 * np.clip(part.aux[:, 0] * 2, 0, 1)
    posed, normals = posed_layer(bench.figure, part, layer(bench.figure, part, (0.20 + swell).astype(np.float32)))
    covered = _caped(part)[part.triangles].min(1) > 0
    bench.place(
        posed, normals, part.triangles[covered], "felt", rest=part.rest, role=Role.COSTUME_BODY,
        params=[[*(_ERMINE * 0.85).tolist(), 0.0], [0.0, 0.0, 0.0, 1.0]],
    )  # fmt: skip
    furred_region(bench, "ermine", _caped, posed, normals, Fur(_ERMINE, 0.08, droop=0.8), count=3600, pattern=_spots)


def _lobes(bench: Bench, metal: Metal) -> None:
    """Lay a golden collar of lobes over the shoulders."""
    rng = bench.draw("lobes")
    part = torso(bench.figure.body)
    posed, normals = posed_layer(bench.figure, part, layer(bench.figure, part, 0.20))
    near = ((part.aux[:, 0] > -0.2) & (part.aux[:, 0] < 1.0))[part.triangles].all(1)
    bench.place(
        posed, normals, part.triangles[near], "collar", rest=part.rest, aux=part.aux, role=Role.COSTUME_BODY,
        params=[
            [*metal.gold.tolist(), 0.28],
            [*metal.stones[0].tolist(), float(rng.choice([11, 13, 15]))],
            [*metal.stones[1].tolist(), float(rng.uniform(0.55, 0.8))],
        ],
    )  # fmt: skip


def robe(bench: Bench, metal: Metal) -> None:
    """Make the robe: velvet or golden brocade, embroidered, with one of the collars."""
    rng = bench.draw("robe")
    golden = rng.random() < 0.35
    ground = floats((BROCADES if golden else VELVETS)[rng.integers(len(BROCADES if golden else VELVETS))])
    second = floats(VELVETS[rng.integers(len(VELVETS))])
    collar, pattern = str(rng.choice(COLLARS, p=(0.4, 0.3, 0.3))), int(rng.integers(len(PATTERNS)))
    if bench.design is not None:
        cut, golden = _CUTS[bench.design.name], bench.design.name == "palace"
        collar, pattern = cut.collar, PATTERNS.index(cut.pattern)
        ground, second = bench.colours("robe", "second") or (ground, second)
    thread = metal.gold * np.float32(0.45 if golden else 0.6)
    params = [
        [*ground.tolist(), float(pattern)],
        [*thread.tolist(), float(rng.uniform(0.8, 1.3))],
        [*second.tolist(), float(COLLARS.index(collar))],
    ]
    coat(bench, 0.13, "brocade", params=params)
    if collar == "ermine":
        _ermine(bench)
    elif collar == "lobes":
        _lobes(bench, metal)
    bench.attributes |= {"robe": "golden" if golden else "velvet", "collar": collar, "embroidery": PATTERNS[pattern]}


def wear(bench: Bench, head: bool, torso: bool) -> None:
    """Dress as royalty."""
    rng = bench.draw("colours")
    pair = rng.permutation(len(STONES))[:2]
    alloy = int(rng.integers(len(GOLDS)))
    metal = Metal(floats(GOLDS[alloy]), floats(STONES)[pair], floats([0.72, 0.69, 0.64]))
    if key := bench.colours("gold", "stone", "stone2"):
        gold, *stones = key
        metal = Metal(gold, floats(stones), metal.pearl)
    if torso:
        robe(bench, metal)
    if head:
        fit = bench.draw("wear")
        kind = str(fit.choice(list(CROWNS), p=(0.42, 0.2, 0.18, 0.2)))
        capped = bench.figure.person.accessories.covering == "cap"  # which stays on
        kind = "points" if capped and kind == "dome" else kind
        closed = kind == "dome" or (kind == "points" and not capped and bool(fit.random() < 0.5))
        if bench.design is not None and not capped:
            kind, closed = _CUTS[bench.design.name].crown, _CUTS[bench.design.name].closed
        front = fit.uniform(8.0, 8.2) - (0.04 if kind == "tiara" else 0.0)
        ring = bench.ring(front, fit.uniform(7.45, 7.7), bench.pad(0.55, 0.2, closed=closed), fit.normal(0, 0.04))
        velvet = floats(VELVETS[rng.integers(len(VELVETS))])
        velvet = (bench.colours("velvet") or [velvet])[0]
        bench.attributes["crown"] = CROWNS[kind](bench, ring, metal, velvet if closed else None)
        bench.attributes["hat_low"] = round(float(front), 3)
    bench.attributes["gold"] = ("yellow", "pale", "deep", "rose")[alloy]
