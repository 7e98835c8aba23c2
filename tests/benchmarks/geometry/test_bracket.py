"""The bracket: its volume, and the energy of its heating."""

import numpy as np
import pytest

from benchmarks.geometry import bracket
from benchmarks.geometry.bracket import Design
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

pytest.importorskip("gmsh", reason="pip install -r benchmarks/geometry/requirements.txt")

DESIGN = Design(0.08, 0.07, 0.01, 0.04, 0.045, 0.008, 50.0, 30.0)
TIMES = np.linspace(0.0, bracket.END_TIME, bracket.TIMESTEPS)


@pytest.fixture(scope="module")
def solid() -> tuple[bracket.Array, bracket.Cells]:
    return bracket.mesh(DESIGN, 0.008)


def volumes(solid: tuple[bracket.Array, bracket.Cells]) -> bracket.Array:
    points, cells = solid
    return NodalVolumes.of(Mesh(points, {"tetra": cells}), len(points)).values


def test_volume_is_that_of_the_angle_without_the_hole(
    solid: tuple[bracket.Array, bracket.Cells],
) -> None:
    profile = DESIGN.thickness * (DESIGN.foot + DESIGN.leg - DESIGN.thickness)
    hole = np.pi * DESIGN.radius**2 * DESIGN.thickness
    assert volumes(solid).sum() == pytest.approx(profile * DESIGN.width - hole, rel=0.01)


def test_heat_without_losses_is_what_flows_through_the_hole(
    solid: tuple[bracket.Array, bracket.Cells], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bracket, "CONTACT", 0.0)
    field = bracket.solve(*solid, DESIGN._replace(film=0.0), TIMES)[..., 0]
    energy = bracket.CAPACITY * field @ volumes(solid)
    surface = 2.0 * np.pi * DESIGN.radius * DESIGN.thickness
    expected = bracket.FLUX * surface * np.minimum(TIMES, DESIGN.duration)
    np.testing.assert_allclose(energy, expected, atol=0.02 * expected[-1])


def test_foot_is_coldest_and_the_hole_hottest(
    solid: tuple[bracket.Array, bracket.Cells],
) -> None:
    field = bracket.solve(*solid, DESIGN, TIMES)[..., 0]
    points = solid[0]
    hot = points[np.argmax(field[10])]
    assert np.hypot(hot[1] - 0.5 * DESIGN.width, hot[2] - DESIGN.hole_height) < 1.1 * DESIGN.radius
    assert field[10, points[:, 2] < 1e-9].mean() < 0.5 * field[10].max()
    assert field.min() > -1e-9


def test_heat_leaves_through_the_foot(
    solid: tuple[bracket.Array, bracket.Cells], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_foot = bracket.solve(*solid, DESIGN, TIMES)[-1].mean()
    monkeypatch.setattr(bracket, "CONTACT", 0.0)
    assert with_foot < 0.5 * bracket.solve(*solid, DESIGN, TIMES)[-1].mean()


def test_anchors_lie_on_the_bracket_and_correspond() -> None:
    anchors = bracket.anchors(DESIGN)
    assert len(bracket.anchors(DESIGN._replace(foot=0.06, radius=0.006))) == len(anchors)
    low, high = anchors.min(axis=0), anchors.max(axis=0)
    np.testing.assert_allclose(low, 0.0, atol=1e-12)
    np.testing.assert_allclose(high, [DESIGN.foot, DESIGN.width, DESIGN.leg])


def test_case_has_its_own_meshes() -> None:
    low, high = bracket.SIZE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bracket, "SIZE", (2.5 * low, 2.5 * high))
        case = bracket.make(train=2, test=1)
    assert len({run.points.shape for run in case.runs}) == 3
    assert case.without_shape().names == ("film", "duration")
