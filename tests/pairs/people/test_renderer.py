"""The renderer: what it draws where, the same bits every time, and plain words where it cannot draw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stillyou.errors import StillYouError
from stillyou.pairs.teachers.people.camera import Camera, look_at, perspective
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.geometry import ellipsoid, floats
from stillyou.pairs.teachers.people.gl import context, programs
from stillyou.pairs.teachers.people.gl.buffers import ribbon_indices
from stillyou.pairs.teachers.people.light import Light
from stillyou.pairs.teachers.people.parts import MeshPart, Part, Role, StrandPart, mesh_part, strand_part

DETAIL = Detail(size=32, factor=2, shadow=128, strands=1)
SHADERS = Path(programs.__file__).parents[1] / "shaders"


def camera() -> Camera:
    """A camera ten decimetres before the point (0, 7, 0), which sees five of them."""
    eye, target = floats([0, 7, 10]), floats([0, 7, 0])
    projection = perspective(2.0, 5, 20) @ look_at(eye, target)
    return Camera(eye, floats([0, 0, -1]), floats(projection), 2.0)


def light(key: float = 1.0) -> Light:
    """A key light from the front and above, all else white."""
    white, none = floats([1, 1, 1]), floats([0, 0, 0])
    ahead = floats([0, 0, 1])
    return Light(
        key_direction=floats([0, 0.6, 0.8]),
        key_colour=white * np.float32(key),
        rim_direction=ahead,
        rim_colour=none,
        sky=white,
        ground=white,
        side_colour=none,
        side_direction=ahead,
        softness=0.01,
        exposure=1.0,
        centre=floats([0, 7, 0]),
    )


def ball(centre: tuple[float, float, float], radius: float, role: Role, material: str = "tongue") -> MeshPart:
    points, triangles = ellipsoid(24, 16)
    return mesh_part(
        floats(centre) + points * np.float32(radius), triangles, material=material, role=role, normals=points
    )


def hairs(count: int = 50) -> StrandPart:
    """Hairs that hang one beside the other before the ball."""
    x = np.linspace(-0.5, 0.5, count)
    line = np.stack([np.tile([0, y, 1.5], (count, 1)) for y in (7.5, 7.0, 6.5)], 1)
    line[..., 0] = x[:, None]
    shade = np.zeros(count)
    return strand_part(line, material="hair", role=Role.HAIR, width=0.05, colour=[0.2, 0.1, 0.05], shade=shade)


@pytest.fixture(scope="module")
def draw(device: str) -> Iterator:
    from stillyou.pairs.teachers.people.gl.renderer import Renderer, Scenery

    renderer = Renderer(DETAIL)

    def drawn(parts: list[Part], backdrop: float = 0.0, key: float = 1.0):
        behind = np.full((32, 32, 3), backdrop, np.float32)
        scenery = Scenery(camera(), light(key), behind, 1.0, floats([0, 1, 0]), floats([0, 7, 0]))
        return renderer.render(parts, scenery)

    yield drawn


def test_a_ball_appears_where_the_camera_projects_it(draw) -> None:
    picture = draw([ball((0.5, 7.5, 0), 0.6, Role.SKIN)])
    rows, columns = np.nonzero(picture.roles == Role.SKIN)
    assert set(np.unique(picture.roles)) == {Role.BACKGROUND, Role.SKIN}
    x, y = camera().project(floats([[0.5, 7.5, 0]]))[0]
    assert (columns.mean() + 0.5) / 64 == pytest.approx(x, abs=0.02)
    assert (rows.mean() + 0.5) / 64 == pytest.approx(y, abs=0.02)
    assert np.ptp(columns) / 64 == pytest.approx(2 * 0.6 / 10 * 2, rel=0.12)  # focal length 2 at distance 10


def test_what_is_nearer_hides_what_is_behind_whatever_the_order(draw) -> None:
    near, far = ball((0, 7, 1), 0.5, Role.CLOTHES), ball((0, 7, -1), 0.5, Role.SKIN)
    pictures = [draw(parts) for parts in ([near, far], [far, near])]
    assert pictures[0].roles[32, 32] == Role.CLOTHES
    np.testing.assert_array_equal(pictures[0].roles, pictures[1].roles)
    np.testing.assert_array_equal(pictures[0].pixels, pictures[1].pixels)


def test_hairs_are_drawn_and_hidden_ones_are_not(draw) -> None:
    skin, strands = ball((0, 7, 0), 0.9, Role.SKIN), hairs()
    shown = (draw([skin, strands]).roles == Role.HAIR).mean()
    hidden = strand_part(
        strands.points,
        material="hair",
        role=Role.HAIR,
        width=strands.width,
        colour=strands.colour,
        shade=strands.shade,
        opacity=np.zeros(strands.points.shape[:2]),
    )
    assert shown > 0.02
    assert (draw([skin, hidden]).roles == Role.HAIR).sum() == 0


def test_more_light_makes_brighter_and_the_backdrop_keeps_its_colour(draw) -> None:
    parts: list[Part] = [ball((0, 7, 0), 0.8, Role.SKIN)]
    dim, bright = draw(parts, backdrop=0.2, key=0.3), draw(parts, backdrop=0.2, key=2.0)
    centre = (slice(14, 18), slice(14, 18))
    assert bright.pixels[centre].mean() > dim.pixels[centre].mean() + 10
    assert len(np.unique(bright.pixels[:3].reshape(-1, 3), axis=0)) == 1
    np.testing.assert_array_equal(bright.pixels[:3], dim.pixels[:3])


def test_a_nearer_ball_throws_a_shadow(draw) -> None:
    wall = ball((0, 7, -2), 1.4, Role.SKIN)
    alone = draw([wall], key=3.0)
    shaded = draw([wall, ball((0, 8.2, 1), 0.3, Role.CLOTHES)], key=3.0)
    seen = (shaded.roles == Role.SKIN).reshape(32, 2, 32, 2).all((1, 3))
    darker = np.where(seen, (alone.pixels.astype(int) - shaded.pixels).mean(-1), 0)
    rows, columns = np.nonzero(darker > 15)
    assert len(rows) > 4
    x, y = camera().project(floats([[0, 6.9, -0.65]]))[0]  # where the ray of light through the ball meets the wall
    assert (columns.mean() + 0.5) / 32 == pytest.approx(x, abs=0.03)
    assert (rows.mean() + 0.5) / 32 == pytest.approx(y, abs=0.06)


def test_the_same_parts_give_the_same_bits_in_a_renderer_of_their_own(draw, device: str) -> None:
    from stillyou.pairs.teachers.people.gl.renderer import Renderer, Scenery

    parts: list[Part] = [ball((0, 7, 0), 0.8, Role.SKIN), hairs()]
    first = draw(parts)
    draw([ball((0.3, 7, 0.4), 0.8, Role.CLOTHES)])
    again = draw(parts)
    backdrop = np.zeros((32, 32, 3), np.float32)
    scenery = Scenery(camera(), light(), backdrop, 1.0, floats([0, 1, 0]), floats([0, 7, 0]))
    other = Renderer(DETAIL).render([ball((0, 7, 0), 0.8, Role.SKIN), hairs()], scenery)
    for picture in (again, other):
        np.testing.assert_array_equal(first.pixels, picture.pixels)
        np.testing.assert_array_equal(first.roles, picture.roles)


def test_buffers_live_as_long_as_their_part(device: str) -> None:
    from stillyou.pairs.teachers.people.gl.buffers import Buffers
    from stillyou.pairs.teachers.people.gl.context import open_device

    buffers, part = Buffers(open_device().context), ball((0, 7, 0), 1, Role.SKIN)
    assert buffers.mesh(part) is buffers.mesh(part)
    assert buffers.meshes == 1
    del part
    assert buffers.meshes == 0


def test_what_was_released_by_hand_is_freed_but_once(device: str) -> None:
    from stillyou.pairs.teachers.people.gl.buffers import free_dead
    from stillyou.pairs.teachers.people.gl.context import open_device

    opened = open_device().context
    free_dead(opened)
    released, dropped = opened.buffer(reserve=16), opened.buffer(reserve=16)
    released.release()
    del released, dropped
    assert free_dead(opened) == 1
    assert free_dead(opened) == 0


def test_ribbons_join_each_point_of_a_strand_to_the_next() -> None:
    indices = ribbon_indices(2, 3).reshape(-1, 3)
    assert indices.tolist() == [
        [0, 1, 2], [1, 3, 2], [2, 3, 4], [3, 5, 4],
        [6, 7, 8], [7, 9, 8], [8, 9, 10], [9, 11, 10],
    ]  # fmt: skip


@pytest.mark.parametrize("material", sorted(path.stem for path in (SHADERS / "materials").glob("*.glsl")))
def test_every_material_compiles(material: str, device: str) -> None:
    made = programs.Programs(context.open_device().context, {"SHADOW_TAPS": "8", "SUPERSAMPLING": "2"})
    assert made.mesh(material).glo and made.mesh_depth(material).glo


@pytest.mark.parametrize("material", sorted(path.stem for path in (SHADERS / "strands").glob("*.glsl")))
def test_every_kind_of_strand_compiles(material: str, device: str) -> None:
    made = programs.Programs(context.open_device().context, {"SHADOW_TAPS": "8", "SUPERSAMPLING": "2"})
    assert made.strand(material).glo


def test_a_shader_that_the_driver_refuses_is_named(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = programs.Programs(context.open_device().context, {"SHADOW_TAPS": "8", "SUPERSAMPLING": "2"})
    monkeypatch.setattr(
        programs, "material_text", lambda folder, name: "void surface(inout Surface s) { s.nothing = 1; }"
    )
    with pytest.raises(StillYouError, match=r"refuses the shader mesh.frag tongue.*nothing") as caught:
        made.mesh("tongue")
    assert "\n" not in str(caught.value)


def test_without_egl_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moderngl")
    monkeypatch.setattr(context, "_library", lambda name: "")
    with pytest.raises(StillYouError, match="no EGL library.*apt-get install libegl1"):
        context.open_device.__wrapped__()


def test_a_driver_that_breaks_is_reported_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl")

    def broken(**options: object) -> None:
        raise Exception("eglInitialize failed (0x3001)\nand more")

    monkeypatch.setattr(moderngl, "create_context", broken)
    monkeypatch.setattr(context, "_library", lambda name: f"lib{name}.so.1")
    with pytest.raises(StillYouError, match=r"no OpenGL 4.3 through EGL \(eglInitialize failed \(0x3001\)\)") as caught:
        context.open_device.__wrapped__()
    assert "\n" not in str(caught.value)


def test_a_graphics_card_is_preferred_and_the_others_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    released, names = [], ["llvmpipe (LLVM 15)", "NVIDIA H100"]

    class Fake:
        def __init__(self, index: int) -> None:
            self.index = index

        def release(self) -> None:
            released.append(self.index)

    def opened(index: int) -> context.Device:
        if index >= len(names):
            raise Exception(f"requested device index {index}, but found {len(names)} devices")
        return context.Device(Fake(index), names[index], "llvmpipe" in names[index])

    pytest.importorskip("moderngl")
    monkeypatch.setattr(context, "_open", opened)
    monkeypatch.setattr(context, "_library", lambda name: f"lib{name}.so.1")
    chosen = context.open_device.__wrapped__()
    assert (chosen.renderer, chosen.software, released) == ("NVIDIA H100", False, [0])
    del names[1]
    assert context.open_device.__wrapped__().renderer.startswith("llvmpipe")
