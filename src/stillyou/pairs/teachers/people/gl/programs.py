"""Shader programs: files of the package put together, compiled when first asked for and kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from stillyou.errors import StillYouError

if TYPE_CHECKING:
    import moderngl

_INCLUDE = re.compile(r'^#include "([\w./]+)"$', re.MULTILINE)
NO_CUT = "bool cut(vec3 rest, vec4 aux) { return false; }"


@lru_cache(maxsize=256)
def shader_text(path: str) -> str:
    """Return a file of the shaders folder, its path relative to it."""
    return (resources.files("stillyou.pairs.teachers.people") / "shaders" / path).read_text("utf-8")


def assemble(path: str, blocks: Mapping[str, str], defines: Mapping[str, str]) -> str:
    """Return a shader's source: includes are replaced by `blocks` or files, and `defines` follow the version."""

    def included(match: re.Match[str]) -> str:
        name = match.group(1)
        return blocks[name] if name in blocks else shader_text(name)

    version, body = _INCLUDE.sub(included, shader_text(path)).split("\n", 1)
    return "\n".join([version, *(f"#define {name} {value}" for name, value in defines.items()), body])


def material_text(folder: str, name: str) -> str:
    """Return a material's shader; a mesh material without a `cut` of its own gets one that cuts nothing."""
    text = shader_text(f"{folder}/{name}.glsl")
    if folder == "materials" and "bool cut(" not in text:
        return f"{NO_CUT}\n{text}"
    return text


def has_cut(name: str) -> bool:
    """Return whether a mesh material cuts holes."""
    return "bool cut(" in shader_text(f"materials/{name}.glsl")


def cut_text(name: str) -> str:
    """Return what the depth pass needs of a mesh material: all above `surface`."""
    return material_text("materials", name).split("void surface(")[0] if has_cut(name) else NO_CUT


class Programs:
    """The compiled programs of one context.

    Args:
        context: Where they live.
        defines: Constants of all programs, by name.
    """

    def __init__(self, context: moderngl.Context, defines: Mapping[str, str]) -> None:
        self._context, self._defines = context, defines
        self._made: dict[tuple[str, ...], moderngl.Program] = {}

    def mesh(self, material: str) -> moderngl.Program:
        """Return the program that draws meshes of a material."""
        text = material_text("materials", material)
        sides = {"ONE_SIDED": "true" if "// one sided" in text else "false"}
        return self._program("mesh.vert", "mesh.frag", material, {"material": text}, sides)

    def mesh_depth(self, material: str) -> moderngl.Program:
        """Return the program that draws meshes of a material into the shadow map."""
        cuts = has_cut(material)
        return self._program("mesh.vert", "mesh_depth.frag", material if cuts else "", {"cut": cut_text(material)})

    def strand(self, material: str) -> moderngl.Program:
        """Return the program that draws strands of a material."""
        blocks = {"material": material_text("strands", material)}
        return self._program("strand.vert", "strand.frag", material, blocks, {"SHADOW_TAPS": "5"})

    def strand_depth(self) -> moderngl.Program:
        """Return the program that draws strands into the shadow map."""
        return self._program("strand_depth.vert", "strand_depth.frag")

    def post(self, name: str) -> moderngl.Program:
        """Return a program that works on whole pictures."""
        return self._program("post/quad.vert", f"post/{name}.frag")

    def _program(
        self,
        vertex: str,
        fragment: str,
        variant: str = "",
        blocks: Mapping[str, str] | None = None,
        defines: Mapping[str, str] | None = None,
    ) -> moderngl.Program:
        key = (vertex, fragment, variant)
        if key not in self._made:
            sources = [
                assemble(path, blocks or {}, {**self._defines, **(defines or {})}) for path in (vertex, fragment)
            ]
            try:
                self._made[key] = self._context.program(vertex_shader=sources[0], fragment_shader=sources[1])
            except Exception as error:  # moderngl's own, with the driver's log
                lines = str(error).strip().splitlines()
                detail = " ".join(line.strip() for line in lines if "error" in line.lower())[:300]
                what = f"the graphics driver refuses the shader {fragment} {variant}: {detail}"
                raise StillYouError(what, "Update the driver, or install Mesa's software renderer.") from error
        return self._made[key]


def set_uniforms(program: moderngl.Program, values: Mapping[str, Any]) -> None:
    """Set those of the values that the program has; matrices and tables are given row by row."""
    for name, value in values.items():
        if name not in program:
            continue
        uniform: Any = program[name]
        if isinstance(value, np.ndarray):
            # OpenGL stores matrices column by column; of a table the driver keeps the rows up to the last one used.
            rows = value.T if value.shape == (4, 4) else value[: uniform.array_length]
            uniform.write(np.ascontiguousarray(rows, np.float32).tobytes())
        else:
            uniform.value = value
