"""Compute the reference shapes that tests/pairs/people/test_body.py compares the compiled body with, by anny itself.

    python tools/anny_reference.py anny-0.6.2-py3-none-any.whl tests/pairs/people/anny_reference.json

Needs anny 0.6.2 installed. anny's own age scale has child, young and old at 1/3, 2/3 and 1; ages are stored in the
studio's scale, which is MakeHuman's, and so is gender, with 1 for male where anny has 0. Offsets are from the
template, in the body file's space, of the macro targets of ancestry and build (the studio uses those alone) or of
face units.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anny import Anny
from anny.models.phenotype import phenotype_blendshape_weights
from compile_body import compile_body

PEOPLE = (
    {"age": 0.0, "gender": 1.0, "ancestry": [1.0, 0.0, 0.0], "muscle": 0.5, "weight": 0.5},
    {"age": 0.1, "gender": 0.3, "ancestry": [0.2, 0.5, 0.3], "muscle": 0.8, "weight": 0.1},
    {"age": 0.1875, "gender": 0.0, "ancestry": [0.0, 1.0, 0.0], "muscle": 0.5, "weight": 0.5},
    {"age": 0.35, "gender": 0.6, "ancestry": [0.1, 0.1, 0.8], "muscle": 0.25, "weight": 0.9},
    {"age": 0.5, "gender": 0.5, "ancestry": [1.0, 1.0, 1.0], "muscle": 0.5, "weight": 0.5},
    {"age": 0.8, "gender": 0.05, "ancestry": [0.6, 0.3, 0.1], "muscle": 0.4, "weight": 0.7},
    {"age": 1.0, "gender": 0.95, "ancestry": [0.0, 0.2, 0.8], "muscle": 1.0, "weight": 0.0},
)
FACES = ({"jawOpen": 1.0}, {"mouthSmileLeft": 0.7, "browInnerUp": 0.4, "eyeBlinkRight": 1.0})
SAMPLES = 60
_FAMILIES = ({"race", "gender", "age"}, {"gender", "age", "muscle", "weight"})


def macro_offsets(model: Any, person: dict[str, Any]) -> Any:
    """Return the offsets (N, 3) of a person's macro targets in anny's space."""
    from anny.models.model_data import PHENOTYPE_VARIATIONS

    kinds = [kind for kind, names in PHENOTYPE_VARIATIONS.items() for _ in names]
    mask = model.stacked_phenotype_blend_shapes_mask
    used = [{kinds[k] for k in np.flatnonzero(row)} in _FAMILIES for row in mask.numpy()]
    age = float(np.interp(person["age"], [0, 0.1875, 0.5, 1], [0, 1 / 3, 2 / 3, 1]))
    shares = dict(zip(("african", "asian", "caucasian"), person["ancestry"], strict=True))
    values = {**person, **shares, "age": age, "gender": 1 - person["gender"]}
    labels = list(model.phenotype_labels)
    chosen = torch.tensor([[float(values.get(label, 0.5)) for label in labels]], dtype=torch.float64)
    weights = phenotype_blendshape_weights(chosen, labels, model.anchors, mask, False)[0]
    weights = weights * torch.tensor(used)
    return torch.einsum("k,knc->nc", weights, model.blendshapes[: len(weights)]).numpy()


def face_offsets(model: Any, face: dict[str, float]) -> Any:
    """Return the offsets (N, 3) of face units in anny's space."""
    pose = torch.eye(4, dtype=torch.float64)[None, None].repeat(1, model.bone_count, 1, 1)
    still, moved = (
        model(
            pose_parameters=pose, facial_actions={k: torch.tensor([v], dtype=torch.float64) for k, v in units.items()}
        )
        for units in ({}, face)
    )
    return (moved["rest_vertices"] - still["rest_vertices"])[0].numpy()


def main(wheel: Path, out: Path) -> None:
    """Write the reference."""
    everything: dict[str, Any] = {"local_changes": "all", "facial_actions": "all", "phenotypes": "all"}
    model = Anny(topology="anny-full", phenotype_blendshapes="original", **everything).to(torch.float64)
    ours = compile_body(wheel)["vertices"].astype(float)
    template = model.template_vertices.numpy()
    numbers, space = align(ours, template)
    samples = np.sort(np.random.default_rng(0).choice(len(ours), SAMPLES, replace=False))

    def offsets(moved: Any) -> list[list[float]]:
        return np.round(moved[numbers[samples]] @ space, 5).tolist()

    cases = [{"phenotype": person, "offsets": offsets(macro_offsets(model, person))} for person in PEOPLE]
    cases += [{"units": face, "offsets": offsets(face_offsets(model, face))} for face in FACES]
    out.write_text(json.dumps({"anny": "0.6.2", "vertices": samples.tolist(), "cases": cases}) + "\n", "utf-8")


def align(ours: Any, template: Any) -> tuple[Any, Any]:
    """Return anny's number of each of our vertices, and the map (3, 3) from anny's space to ours.

    anny works in metres with z up and the viewer at -y.
    """
    from scipy.spatial import cKDTree

    space = 10 * np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    moved = template @ space
    distance, numbers = cKDTree(moved).query(ours)
    assert distance.max() < 1e-4, distance.max()
    return numbers, space


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
