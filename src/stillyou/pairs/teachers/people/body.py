"""The compiled body: what data/body.npz holds, and the maps between its cage and the surface that is drawn.

Symbols: the *cage* is MakeHuman's base mesh, head to chest (C, 3); targets move its vertices. The *surface* (V, 3) is
one Catmull-Clark level of the part of it that is drawn. *Rest* coordinates are the surface of the
template that everyone starts from: regions and procedural textures are painted there. Unit: decimetre, y up, z to the
viewer, the chin near y = 6.1 and the crown near 8.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from stillyou.pairs.teachers.people.geometry import Floats, Integers, floats, quad_triangles, unit
from stillyou.pairs.teachers.people.topology import Quads, quads_of_vertices, subdivide

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BONES = ("torso", "neck01", "neck02", "neck03", "head", "armL", "armR", "clavL", "clavR")
SURFACE_PARTS = ("skin", "teeth_upper", "teeth_lower", "tongue")
"""Parts of the surface; the eyes and lashes are drawn from the cage."""
_REGIONS = ("lips", "eyelids", "ears", "face", "mouth_inside")


@dataclass(frozen=True)
class Target:
    """A shape target: the cage's vertices it moves (K,) and by how much at weight 1 (K, 3)."""

    vertices: npt.NDArray[np.uint16]
    offsets: Floats


@dataclass(frozen=True, eq=False)
class Body:
    """The template and its maps; shared and never written to.

    Attributes:
        cage: (C, 3) template positions of the cage.
        cage_quads: Quads of each part in cage numbers (`SURFACE_PARTS`, ``lashes``, ``eye_left``, ``eye_right``).
        joints: Cage vertices (8,) whose mean is a joint, by name.
        targets: Shape targets by name.
        matrix: (V, C) from the cage to the surface.
        quads: (Q, 4) of the surface.
        part: (Q,) index into `SURFACE_PARTS` of each quad.
        rest: (V, 3) template positions of the surface.
        weights: (V, 9) skin weights in the order of `BONES`; each row sums to 1.
        masks: Regions of the surface by name, each (V,) in [0, 1].
    """

    cage: Floats
    cage_quads: Mapping[str, Quads]
    joints: Mapping[str, npt.NDArray[np.uint16]]
    targets: Mapping[str, Target]
    matrix: csr_matrix
    quads: Quads
    part: npt.NDArray[np.int64]
    rest: Floats
    weights: Floats
    masks: Mapping[str, Floats]

    def refine(self, cage: Floats) -> Floats:
        """Return the surface (V, 3) of a cage (C, 3)."""
        return floats(self.matrix @ cage)

    def normals(self, surface: Floats) -> Floats:
        """Return the unit normals (V, 3) of a surface (V, 3)."""
        diagonals = (
            surface[self.quads[:, 2]] - surface[self.quads[:, 0]],
            surface[self.quads[:, 3]] - surface[self.quads[:, 1]],
        )
        return unit(self._around @ np.cross(*diagonals))

    def nearest(self, point: npt.ArrayLike) -> int:
        """Return the vertex of the outer skin whose rest position is nearest to a point (3,)."""
        return int(self.outside[self._outside_tree.query(point)[1]])

    def triangles_of(self, part: str) -> Integers:
        """Return the triangles (T, 3) of one of `SURFACE_PARTS`."""
        return self._triangles[part]

    def joint(self, cage: Floats, name: str) -> Floats:
        """Return the position (3,) of a joint of a cage."""
        return floats(cage[self.joints[name]].mean(0))

    @cached_property
    def skin_triangles(self) -> Integers:
        """(T, 3) of the skin."""
        return self._triangles["skin"]

    @cached_property
    def mouth_inside(self) -> npt.NDArray[np.bool_]:
        """(V,) vertices of the skin inside the mouth."""
        return (self.masks["mouth_inside"] > 0.5) & (self.masks["lips"] < 0.6)

    @cached_property
    def outside(self) -> npt.NDArray[np.int64]:
        """(K,) numbers of the skin's vertices but those inside the mouth."""
        skin = np.unique(self.quads[self.part == 0])
        return skin[~self.mouth_inside[skin]]

    @cached_property
    def neckline(self) -> Floats:
        """(V,) how far below the neckline of a T-shirt a vertex lies, in decimetres; negative above it."""
        x, y, z = self.rest.T
        return floats(5.95 - (y + 0.48 * z) + 0.5 * np.maximum(0, np.hypot(x, z - 0.15) - 0.56))

    @cached_property
    def _triangles(self) -> dict[str, Integers]:
        return {name: quad_triangles(self.quads[self.part == k]) for k, name in enumerate(SURFACE_PARTS)}

    @cached_property
    def _around(self) -> csr_matrix:
        return quads_of_vertices(self.quads, len(self.rest))

    @cached_property
    def _outside_tree(self) -> cKDTree:
        return cKDTree(self.rest[self.outside])


@lru_cache(maxsize=1)
def load_body() -> Body:
    """Load the compiled body; once a process."""
    packed = (resources.files(__package__) / "data" / "body.npz").read_bytes()
    with np.load(BytesIO(packed), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    cage = arrays["vertices"]
    cage_quads = {name[6:]: value.astype(np.int64) for name, value in arrays.items() if name.startswith("quads_")}
    coarse = np.concatenate([cage_quads[name] for name in SURFACE_PARTS])
    part = np.repeat(np.arange(len(SURFACE_PARTS)), [len(cage_quads[name]) for name in SURFACE_PARTS])
    matrix, quads = subdivide(coarse, len(cage))
    weights = floats(matrix @ (arrays["weights"].astype(np.float32) / 255))
    regions = floats(matrix @ (arrays["regions"].astype(np.float32) / 255))
    return Body(
        cage=cage,
        cage_quads=cage_quads,
        joints=dict(zip(arrays["joint_names"].tolist(), arrays["joint_vertices"], strict=True)),
        targets=_targets(arrays),
        matrix=matrix,
        quads=quads,
        part=np.tile(part, 4),
        rest=floats(matrix @ cage),
        weights=weights / weights.sum(1, keepdims=True),
        masks=dict(zip(_REGIONS, np.ascontiguousarray(regions.T), strict=True)),
    )


def _targets(arrays: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, Target]:
    bounds = arrays["target_offsets"].tolist()
    found = {}
    for k, name in enumerate(arrays["target_names"].tolist()):
        span = slice(bounds[k], bounds[k + 1])
        scale = arrays["target_scales"][k]
        found[name] = Target(
            arrays["target_indices"][span].astype(np.uint16), floats(arrays["target_deltas"][span] * scale)
        )
    return found
