"""The true fit of people: simple poses exactly, mirrored turns, and points on what the renderer draws."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("moderngl")

from stillyou.drafts.fit import Fit
from stillyou.pairs.teachers.people.camera import Camera, look_at, perspective
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import floats, unit
from stillyou.pairs.teachers.people.person import draw_person
from stillyou.pairs.teachers.people.pose import HeadPose
from stillyou.pairs.teachers.people.true_fit import head_turn, true_fit

SPARSE = Detail(size=64, factor=1, shadow=256, strands=0.04)
FRONT = (0.0, 6.9, 30.0)


def camera_at(*eye: float) -> Camera:
    place, target = floats(eye), floats([0, 6.9, 0.5])
    return Camera(place, unit(target - place), floats(perspective(6.0, 10, 50) @ look_at(place, target)), 6.0)


@lru_cache(maxsize=8)
def figure(seed: int, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Figure:
    return Figure(replace(draw_person(seed), head=HeadPose(yaw, pitch, roll), gaze=(0.0, 0.0), details={}), SPARSE)


@pytest.mark.parametrize("angle", [-0.3, 0.0, 0.25])
def test_turns_are_those_of_the_pose_for_a_camera_in_front(angle: float) -> None:
    front = camera_at(*FRONT[:1], 6.9, FRONT[2])
    assert head_turn(figure(1, yaw=angle), front) == pytest.approx((angle, 0, 0), abs=1e-4)
    assert head_turn(figure(1, pitch=angle), front) == pytest.approx((0, angle, 0), abs=1e-4)
    assert head_turn(figure(1, roll=angle), front)[2] == pytest.approx(-angle, abs=1e-4)


def test_a_head_seen_from_its_right_is_turned_to_the_picture_s_right() -> None:
    from_right = camera_at(-10, 6.9, 28)
    assert head_turn(figure(1), from_right)[0] == pytest.approx(np.arctan2(10, 27.5), abs=1e-4)


def test_a_person_who_looks_into_the_camera_is_symmetric() -> None:
    fit = true_fit(figure(3), camera_at(*FRONT))
    np.testing.assert_allclose(fit.points, fit.mirrored().points, atol=0.006)


def test_a_mirrored_pose_has_the_mirrored_fit() -> None:
    camera = camera_at(*FRONT)
    one = true_fit(figure(3, 0.35, 0.05, 0.1), camera)
    other = true_fit(figure(3, -0.35, 0.05, -0.1), camera)
    np.testing.assert_allclose(one.points, other.mirrored().points, atol=0.006)
    np.testing.assert_allclose(one.turn, other.mirrored().turn, atol=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_points_are_in_order_from_the_crown_to_the_shoulders(seed: int) -> None:
    fit = true_fit(figure(seed), camera_at(*FRONT))
    names = ("hood_top", "crown", "brim_left", "face_top", "eye_left", "mouth", "face_bottom", "hood_bottom", "collar")
    down = [float(fit[name][1]) for name in names]
    assert down == sorted(down)
    across = ("shoulder_left", "hood_left", "face_left", "eye_left", "mouth", "eye_right", "face_right", "hood_right")
    assert [float(fit[name][0]) for name in across] == sorted(float(fit[name][0]) for name in across)


@pytest.fixture(scope="module")
def drawn(device: str) -> list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Fit]]:
    """Roles without and with a Santa costume, and the fit, of three people."""
    from stillyou.pairs.teachers.people.backdrop import Backdrops
    from stillyou.pairs.teachers.people.gl.renderer import shared_renderer
    from stillyou.pairs.teachers.people.sitting import Showing, Sitting

    found = []
    for seed in (100, 104, 106):
        sitting = Sitting(seed, shared_renderer(Detail.of(96)), Backdrops(96))
        plain, worn = (sitting.picture(Showing("neutral", 1.0, costume)) for costume in ("none", "santa"))
        found.append((plain.roles, worn.roles, true_fit(sitting.figure, sitting.scenery.camera)))
    return found


def test_points_lie_on_what_is_drawn(drawn: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Fit]]) -> None:
    from stillyou.pairs.teachers.people.parts import Role

    def near(roles: npt.NDArray[np.uint8], point: npt.NDArray[np.float32], *wanted: Role) -> bool:
        x, y = (point * len(roles)).astype(int)
        reach = len(roles) // 40
        return bool(np.isin(roles[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1], wanted).any())

    for plain, worn, fit in drawn:
        assert near(plain, fit["eye_left"], Role.EYE) and near(plain, fit["eye_right"], Role.EYE)
        assert near(worn, (fit["brim_left"] + fit["brim_right"]) / 2, Role.COSTUME_HEAD)
        assert near(worn, fit["brim_left"], Role.COSTUME_HEAD) and near(worn, fit["brim_right"], Role.COSTUME_HEAD)
        assert near(worn, fit["collar"] + np.float32([0, 0.02]), Role.COSTUME_BODY)
        assert not near(worn, fit["mouth"], Role.COSTUME_HEAD, Role.COSTUME_BODY)
