"""Draws parts: a shadow map, surfaces with deferred light, occlusion, scattering in skin, and the finished picture.

Everything is drawn at `Detail.drawn` pixels a side and averaged down at the end. On one device and driver the same
parts give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.people.camera import Camera
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.geometry import Floats
from stillyou.pairs.teachers.people.gl.buffers import Buffers, free_dead
from stillyou.pairs.teachers.people.gl.context import Device, open_device
from stillyou.pairs.teachers.people.gl.programs import Programs, set_uniforms
from stillyou.pairs.teachers.people.light import Light
from stillyou.pairs.teachers.people.parts import MeshPart, Part, Role, StrandPart

if TYPE_CHECKING:
    import moderngl

_FAR = 1000.0
"""Depth where nothing is drawn."""
_SHADOW_SHARE, _SHADOW_SPREAD = 0.5, 1.9
"""Share of the strands that cast shadows, and how much wider they are in the shadow map to make up for it."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """A picture and what its pixels show.

    Attributes:
        pixels: (size, size, 3) uint8 sRGB.
        roles: (drawn, drawn) uint8, the `Role` of each drawn pixel.
    """

    pixels: Pixels
    roles: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scenery:
    """What a picture shows beside its parts, the same for a source and its targets.

    Attributes:
        camera: Who looks.
        light: Lamps and surroundings.
        backdrop: (size, size, 3) float32, linear, what is behind.
        seed: Shifts the noise of procedural materials.
        up: (3,) the head's own up.
        centre: (3,) middle of the head, posed.
    """

    camera: Camera
    light: Light
    backdrop: Floats
    seed: float
    up: Floats
    centre: Floats


class Renderer:
    """Draws pictures of one size.

    Args:
        detail: Size and quality.
        device: Where; by default the process's own.

    Raises:
        StillYouError: There is no OpenGL through EGL.
    """

    def __init__(self, detail: Detail, device: Device | None = None) -> None:
        self.device = device or open_device()
        self.detail = detail
        context = self._context = self.device.context
        defines = {"SHADOW_TAPS": "8", "SUPERSAMPLING": str(detail.factor)}
        self._programs, self._buffers = Programs(context, defines), Buffers(context)
        self._targets = _Targets(context, detail)
        self._corners = context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._quads: dict[str, moderngl.VertexArray] = {}
        self._prepared: dict[int, dict[str, Any]] = {}

    def render(self, parts: Sequence[Part], scenery: Scenery) -> Rendered:
        """Draw a picture."""
        free_dead(self._context)
        common = _common_uniforms(scenery, self.detail)
        self._shadow_pass(parts, common, scenery.light)
        self._main_pass(parts, common, scenery)
        self._post(common, scenery)
        size, drawn = self.detail.size, self.detail.drawn
        pixels = np.frombuffer(self._targets.picture.read(), np.uint8).reshape(size, size, 4)
        roles = np.frombuffer(self._targets.roles.read(alignment=1), np.uint8).reshape(drawn, drawn)
        return Rendered(np.ascontiguousarray(pixels[::-1, :, :3]), np.ascontiguousarray(roles[::-1]))

    def _shadow_pass(self, parts: Sequence[Part], common: dict[str, Any], light: Light) -> None:
        import moderngl

        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.depth_func = "<="
        self._targets.shadow.use()
        self._targets.shadow.clear(depth=1.0)
        values = {**common, "projection": light.shadow_matrix, "watcher": tuple(light.lamp.tolist())}
        values["spread"] = _SHADOW_SPREAD
        for part in parts:
            if isinstance(part, MeshPart):
                self._draw_mesh(self._programs.mesh_depth(part.material), part, values)
            else:
                self._draw_strands(self._programs.strand_depth(), part, values)

    def _main_pass(self, parts: Sequence[Part], common: dict[str, Any], scenery: Scenery) -> None:
        self._targets.shadow_map.use(0)
        self._targets.surfaces.use()
        self._targets.surfaces.clear(0, 0, 0, _FAR, depth=1.0)
        eye = tuple(scenery.camera.eye.tolist())
        values = {**common, "projection": scenery.camera.projection, "watcher": eye, "spread": 1.0}
        meshes = [part for part in parts if isinstance(part, MeshPart)]
        skins = [part for part in meshes if part.role == Role.SKIN]
        for part in skins:  # depth alone, so that what lies behind is not shaded
            self._draw_mesh(self._programs.mesh_depth(part.material), part, values)
        for part in meshes:
            if part.role != Role.SKIN:
                self._draw_mesh(self._programs.mesh(part.material), part, values)
        for strands in parts:
            if isinstance(strands, StrandPart):
                self._draw_strands(self._programs.strand(strands.material), strands, values)
        for part in skins:  # last, since most of it is hidden and it is the dearest to shade
            self._draw_mesh(self._programs.mesh(part.material), part, values)

    def _prepare(self, program: moderngl.Program, values: dict[str, Any], part: Part) -> None:
        """Set what a pass tells a program, once a pass, and what a part tells it."""
        if self._prepared.get(program.glo) is not values:
            set_uniforms(program, values)
            self._prepared[program.glo] = values
        set_uniforms(program, {"params": part.params, "role": float(part.role)})

    def _draw_mesh(self, program: moderngl.Program, part: MeshPart, values: dict[str, Any]) -> None:
        self._prepare(program, values, part)
        self._buffers.mesh(part).draw(program)

    def _draw_strands(self, program: moderngl.Program, part: StrandPart, values: dict[str, Any]) -> None:
        strands = self._buffers.strands(part)
        self._prepare(program, values, part)
        set_uniforms(program, {"steps": strands.steps})
        strands.bind()
        share = _SHADOW_SHARE if values["spread"] > 1 else 1.0
        array, indices = self._buffers.ribbons(program, max(1, int(share * strands.count)), strands.steps)
        array.render(vertices=indices)

    def _post(self, common: dict[str, Any], scenery: Scenery) -> None:
        targets, light = self._targets, scenery.light
        self._context.enable_only(0)
        names = ("direct", "base", "gloss", "indirect")
        slots = {name: k + 1 for k, name in enumerate(names)} | {"occlusion": 5, "irradiance": 6, "backdrop": 7}
        for name, texture in zip(names, targets.layers, strict=True):
            texture.use(slots[name])
        targets.open_sky.use(slots["occlusion"])
        targets.backdrop.write(np.ascontiguousarray(scenery.backdrop[::-1], np.float32).tobytes())
        targets.backdrop.use(slots["backdrop"])
        values = {**common, **slots}
        self._pass("occlusion", targets.occlusion, values)
        self._pass("combine", targets.light[0], values)
        for k, direction in enumerate(((1.0, 0.0), (0.0, 1.0))):
            targets.light_maps[k].use(slots["irradiance"])
            self._pass("scatter", targets.light[1 - k], {**values, "direction": direction})
        targets.light_maps[0].use(slots["irradiance"])
        self._pass("develop", targets.developed, {**values, "exposure": light.exposure})
        self._pass("roles", targets.numbered, values)

    def _pass(self, name: str, target: moderngl.Framebuffer, values: dict[str, Any]) -> None:
        import moderngl

        program = self._programs.post(name)
        if name not in self._quads:
            self._quads[name] = self._context.vertex_array(program, [(self._corners, "2f", "in_position")])
        target.use()
        set_uniforms(program, values)
        self._quads[name].render(moderngl.TRIANGLE_STRIP)


class _Targets:
    """Textures and framebuffers of one size."""

    def __init__(self, context: moderngl.Context, detail: Detail) -> None:
        import moderngl

        def texture(components: int, dtype: str, size: int = detail.drawn) -> moderngl.Texture:
            made = context.texture((size, size), components, dtype=dtype)
            made.repeat_x = made.repeat_y = False
            return made

        self.layers = [texture(4, dtype) for dtype in ("f4", "f2", "f2", "f2")]
        self.layers[0].filter = (moderngl.NEAREST, moderngl.NEAREST)
        depth = context.depth_renderbuffer((detail.drawn, detail.drawn))
        self.surfaces = context.framebuffer(self.layers, depth)
        self.shadow_map = context.depth_texture((detail.shadow, detail.shadow))
        self.shadow_map.compare_func = ""
        self.shadow_map.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.shadow_map.repeat_x = self.shadow_map.repeat_y = False
        self.shadow = context.framebuffer(depth_attachment=self.shadow_map)
        self.open_sky = texture(1, "f2", detail.size)
        self.occlusion = context.framebuffer([self.open_sky])
        self.light_maps = [texture(4, "f4"), texture(4, "f4")]
        for made in self.light_maps:
            made.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.light = [context.framebuffer([made]) for made in self.light_maps]
        self.picture, self.roles = texture(4, "f1", detail.size), texture(1, "f1")
        self.developed, self.numbered = context.framebuffer([self.picture]), context.framebuffer([self.roles])
        self.backdrop = texture(3, "f4", detail.size)


def _common_uniforms(scenery: Scenery, detail: Detail) -> dict[str, Any]:
    camera, light = scenery.camera, scenery.light
    vectors = {
        "eye": camera.eye,
        "forward": camera.forward,
        "up": scenery.up,
        "centre": scenery.centre,
        "key_direction": light.key_direction,
        "key_colour": light.key_colour,
        "rim_direction": light.rim_direction,
        "rim_colour": light.rim_colour,
        "sky": light.sky,
        "ground": light.ground,
        "side_colour": light.side_colour,
        "side_direction": light.side_direction,
    }
    return {
        **{name: tuple(vector.tolist()) for name, vector in vectors.items()},
        "shadow_matrix": light.shadow_matrix,
        "softness": light.softness,
        "shadow_map": 0,
        "seed": scenery.seed,
        "focal": camera.focal,
        "pixel": 1 / (camera.focal * detail.drawn),
    }


@lru_cache(maxsize=2)
def shared_renderer(detail: Detail) -> Renderer:
    """Return the process's renderer for a size: studios of one size share it."""
    return Renderer(detail)
