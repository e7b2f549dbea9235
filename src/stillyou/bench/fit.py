"""How well the fit network finds where things sit: new characters, held-out drawing styles, people, photographs.

python -m stillyou.bench.fit [-n 200] [--photographs FOLDER] [--network FOLDER] [--keep FOLDER] [--json]

Errors are distances from the truth in shares of the picture's side, the mean over all points. Portraits are drawn as
for training, degraded too, from seeds that training never sees. On photographs, where nobody knows the truth, the eyes
are compared with dlib's five landmarks, and the face's height with the detector's box (brows to chin).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillyou.drafts.fit import POINTS, Fit
from stillyou.drafts.network import FitNetwork, load, predict, read
from stillyou.draws import stable_seed
from stillyou.editing.scene.frame import frame_face
from stillyou.evaluation.comparison.statistics import rank_correlation
from stillyou.evaluation.identity import five_landmarks
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.files import atomic_path
from stillyou.images import read_picture
from stillyou.images.faces import Face, find_faces
from stillyou.images.picture import Pixels
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES
from stillyou.training.fit.portraits import Portrait, draw_cartoon, draw_person
from stillyou.training.fit.shards import SIDE, Portraits, stacked

SETS: Mapping[str, Callable[[int, int], Portrait]] = {
    "train styles": partial(draw_cartoon, TRAIN_STYLES),
    "held-out styles": partial(draw_cartoon, HELD_OUT_STYLES),
    "people": draw_person,
}
GOALS = {"train styles": 0.015, "held-out styles": 0.03, "people": 0.015}
GROUPS = {
    "brim": ("brim_left", "brim_right", "crown"),
    "face": ("face_left", "face_right", "face_top", "face_bottom"),
    "hood": ("hood_left", "hood_right", "hood_top", "hood_bottom"),
    "features": ("eye_left", "eye_right", "mouth"),
    "neck": ("neck_left", "neck_right", "collar"),
    "shoulders": ("shoulder_left", "shoulder_right"),
}
SQUARE = 512
"""Pixels a side at which photographs are framed for the landmarks."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was predicted for a set.

    Attributes:
        errors: (N, K) distance of each point from the truth, in shares of the side.
        doubts: (N,) mean doubt of each picture.
        turns: (N, 3) absolute error of yaw, pitch and roll in degrees.
    """

    errors: NDArray[np.float32]
    doubts: NDArray[np.float32]
    turns: NDArray[np.float32]


def portraits(name: str, count: int, keep: Path | None = None) -> Portraits:
    """Draw a set, or read it from a folder where an earlier call kept it."""
    path = keep / f"test {name} {count}.npz" if keep else None
    if path and path.exists():
        with np.load(path, allow_pickle=False) as stored:
            return Portraits(stored["pixels"], stored["points"], stored["turns"])
    drawn = stacked([SETS[name](stable_seed("fit", "test", name, k), SIDE) for k in range(count)])
    if path:
        with atomic_path(path) as part:
            np.savez(part, pixels=drawn.pixels, points=drawn.points, turns=drawn.turns)
    return drawn


def compare(given: Portraits, network: FitNetwork) -> Found:
    """Predict a set and compare it with the truth."""
    fits = predict(given.pixels, network)
    errors = np.linalg.norm(np.stack([fit.points for fit in fits]) - given.points, axis=-1)
    turns = np.degrees(np.abs(np.array([fit.turn for fit in fits]) - given.turns))
    doubts = np.array([fit.unsure for fit in fits], np.float32)
    return Found(errors.astype(np.float32), doubts, turns.astype(np.float32))


def summary(found: Found, sure_below: float) -> dict[str, float]:
    """Return the figures of a set."""
    each, sure = found.errors.mean(1), found.doubts <= sure_below
    groups = {
        name: float(found.errors[:, [POINTS.index(point) for point in points]].mean())
        for name, points in GROUPS.items()
    }
    turns = dict(zip(("yaw_degrees", "pitch_degrees", "roll_degrees"), found.turns.mean(0).tolist(), strict=True))
    return {
        "n": len(each),
        "error": float(each.mean()),
        "median_error": float(np.median(each)),
        "worst_tenth": float(np.percentile(each, 90)),
        **groups,
        **turns,
        "doubt": float(found.doubts.mean()),
        "doubt_error_correlation": rank_correlation(found.doubts.tolist(), each.tolist()) or 0.0,
        "refused": float(1 - sure.mean()),
        "error_of_accepted": float(each[sure].mean()) if sure.any() else float("nan"),
        "error_of_refused": float(each[~sure].mean()) if (~sure).any() else float("nan"),
    }


def framed_photographs(folder: Path) -> dict[str, Pixels]:
    """Return the largest face of each photograph of a folder as the editor frames it, by file name."""
    squares = {}
    for path in sorted(item for item in folder.iterdir() if item.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        picture = read_picture(path)
        if faces := find_faces(picture.rgb):
            largest = max(faces, key=lambda face: face.weight)
            squares[path.name] = frame_face(largest, SQUARE, picture.size[1]).see(picture)
    return squares


def agreement(square: Pixels, fit: Fit) -> dict[str, float] | None:
    """Compare a fit with dlib's view of the same square; None where it sees no face there.

    Returns:
        Distances in shares of the side: of the eyes' middles, and of the chin's height from the box's lower edge.
    """
    faces = find_faces(square)
    if not faces:
        return None
    face: Face = min(faces, key=lambda one: abs(one.x - SQUARE / 2) + abs(one.y - SQUARE / 2))
    corners = five_landmarks(square, face) / SQUARE  # two corners of each eye, then the nose
    eyes = sorted((corners[:2].mean(0), corners[2:4].mean(0)), key=lambda eye: float(eye[0]))
    off = [float(np.linalg.norm(eye - fit[name])) for eye, name in zip(eyes, ("eye_left", "eye_right"), strict=True)]
    return {"eyes": sum(off) / 2, "chin": abs(float(fit["face_bottom"][1]) - (face.y + face.size / 2) / SQUARE)}


def photographs(folder: Path, network: FitNetwork) -> dict[str, float]:
    """Return how far fits of photographs are from dlib's eyes and boxes."""
    squares = framed_photographs(folder)
    fits = dict(zip(squares, predict(np.stack(list(squares.values())), network), strict=True)) if squares else {}
    seen = [found for name, square in squares.items() if (found := agreement(square, fits[name]))]
    refused = [fit.unsure > network.config.sure_below for fit in fits.values()]
    return {
        "n": len(squares),
        "compared": len(seen),
        "refused": float(np.mean(refused)) if refused else 0.0,
        **{name: float(np.mean([one[name] for one in seen])) for name in (seen[0] if seen else {})},
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=200, help="portraits a set")
    parser.add_argument("--photographs", type=Path, help="folder of photographs to compare with dlib")
    parser.add_argument("--network", type=Path, help="folder of a network; by default the shipped one")
    parser.add_argument("--keep", type=Path, help="folder to keep drawn portraits in, for the next time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    network = read(options.network) if options.network else load()
    report = {
        name: summary(compare(portraits(name, options.n, options.keep), network), network.config.sure_below)
        for name in SETS
    }
    if options.photographs:
        report["photographs"] = photographs(options.photographs, network)
    if options.json:
        print(json.dumps(report))
    else:
        _print(report)


def _print(report: Mapping[str, Mapping[str, float]]) -> None:
    for name, figures in report.items():
        goal = f" (goal {GOALS[name]})" if name in GOALS else ""
        print(f"{name}{goal}: " + ", ".join(_told(key, value) for key, value in figures.items()))


def _told(key: str, value: float) -> str:
    return f"{key.replace('_', ' ')} {value}" if isinstance(value, int) else f"{key.replace('_', ' ')} {value:.4f}"


if __name__ == "__main__":
    main()
