"""Buffers on the device for parts, kept for as long as the part lives.

What dies here is put aside by the context and freed with the next picture (`free_dead`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from stillyou.pairs.teachers.people.geometry import Integers
from stillyou.pairs.teachers.people.parts import MeshPart, StrandPart

if TYPE_CHECKING:
    import moderngl

_LAYOUT = ("in_position", 3), ("in_normal", 3), ("in_rest", 3), ("in_aux", 4)


class MeshBuffers:
    """A mesh on the device, with a vertex array for each program that draws it."""

    def __init__(self, context: moderngl.Context, part: MeshPart) -> None:
        vertices = np.concatenate([part.positions, part.normals, part.rest, part.aux], 1)
        self._context = context
        self._vertices = context.buffer(vertices.astype("f4").tobytes())
        self._triangles = context.buffer(part.triangles.tobytes())
        self._arrays: dict[int, moderngl.VertexArray] = {}

    def draw(self, program: moderngl.Program) -> None:
        """Draw it with a program."""
        if program.glo not in self._arrays:
            used = [(f"{size}f" if name in program else f"{4 * size}x", name) for name, size in _LAYOUT]
            names = [name for name, _ in _LAYOUT if name in program]
            content = [(self._vertices, " ".join(code for code, _ in used), *names)]
            self._arrays[program.glo] = self._context.vertex_array(program, content, self._triangles, 4)
        self._arrays[program.glo].render()


class StrandBuffers:
    """Strands on the device."""

    def __init__(self, context: moderngl.Context, part: StrandPart) -> None:
        self.count, self.steps = part.points.shape[:2]
        points = np.concatenate([part.points, part.opacity[..., None]], 2)
        packed = np.floor(part.width * 65536) + np.clip(part.shade, 0, 0.999)
        self._points = context.buffer(points.astype("f4").tobytes())
        self._strands = context.buffer(np.concatenate([part.colour, packed[:, None]], 1).astype("f4").tobytes())

    def bind(self) -> None:
        """Make them those that the next strand program draws."""
        self._points.bind_to_storage_buffer(0)
        self._strands.bind_to_storage_buffer(1)


class Buffers:
    """What lives on the device.

    Args:
        context: Where it lives.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._meshes: WeakKeyDictionary[MeshPart, MeshBuffers] = WeakKeyDictionary()
        self._strands: WeakKeyDictionary[StrandPart, StrandBuffers] = WeakKeyDictionary()
        self._ribbons: dict[tuple[int, int], tuple[int, moderngl.VertexArray]] = {}

    @property
    def meshes(self) -> int:
        """How many meshes are on the device."""
        return len(self._meshes)

    def mesh(self, part: MeshPart) -> MeshBuffers:
        """Return a mesh's buffers."""
        if part not in self._meshes:
            self._meshes[part] = MeshBuffers(self._context, part)
        return self._meshes[part]

    def strands(self, part: StrandPart) -> StrandBuffers:
        """Return the buffers of strands."""
        if part not in self._strands:
            self._strands[part] = StrandBuffers(self._context, part)
        return self._strands[part]

    def ribbons(self, program: moderngl.Program, count: int, steps: int) -> tuple[moderngl.VertexArray, int]:
        """Return a vertex array for at least `count` strands of `steps` points, and how many indices to draw."""
        key = (program.glo, steps)
        room = self._ribbons[key][0] if key in self._ribbons else 0
        if room < count:
            room = 1 << (count - 1).bit_length()
            indices = self._context.buffer(ribbon_indices(room, steps).tobytes())
            self._ribbons[key] = room, self._context.vertex_array(program, [], indices, 4)
        return self._ribbons[key][1], count * (steps - 1) * 6


def free_dead(context: moderngl.Context) -> int:
    """Free what has died since, and return how much that was.

    `Context.gc` does the same, but raises for an object that was released by hand before it died, since a placeholder
    that cannot be released is all that is left of it.
    """
    freed = 0
    while context.objects:
        dead: Any = context.objects.popleft()
        if hasattr(dead, "release"):
            dead.release()
            freed += 1
    return freed


def ribbon_indices(count: int, steps: int) -> Integers:
    """Return two triangles for each step of each strand (6 * count * (steps - 1),), two vertices a point."""
    first = (np.arange(count)[:, None] * steps + np.arange(steps - 1)[None]).ravel() * 2
    return np.stack([first, first + 1, first + 2, first + 1, first + 3, first + 2], 1).astype(np.int32).ravel()
