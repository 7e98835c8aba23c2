"""Plates: energy, holes, refinement, and designs that stay as they are."""

import numpy as np
import pytest

from benchmarks.geometry import plates
from benchmarks.geometry.meshing import planar_mesh
from benchmarks.geometry.peers.sampling import Interpolator, Simplices
from benchmarks.geometry.plates import Plate
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

pytest.importorskip("gmsh", reason="pip install -r benchmarks/geometry/requirements.txt")

TIMES = np.linspace(0.0, plates.END_TIME, plates.TIMESTEPS)
Solved = tuple[plates.Array, plates.Array, plates.Array]


def area(polygon: plates.Array) -> float:
    x, y = polygon.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def solved(plate: Plate) -> tuple[Simplices, plates.Array, plates.Array]:
    points, cells = planar_mesh(plate.outline, plate.holes, plate.size)
    volumes = NodalVolumes.of(Mesh(points, {"triangle": cells}), len(points)).values
    return Simplices(points, cells), volumes, plates.solve(points, cells, plate, TIMES)[..., 0]


def with_holes(count: int, size: float = 0.05) -> Plate:
    return next(
        plate
        for run in range(50)
        if len((plate := plates.sample(0, 0, run, (count,)))._replace(size=size).holes) == count
    )._replace(size=size)


def test_meshes_fill_the_plate_but_not_its_holes() -> None:
    plate = with_holes(3)
    _, volumes, _ = solved(plate)
    expected = area(plate.outline) - sum(map(area, plate.holes))
    assert volumes.sum() == pytest.approx(expected, rel=1e-9)


def test_heat_is_what_the_source_has_given_where_none_is_lost() -> None:
    _, volumes, field = solved(with_holes(0)._replace(loss=0.0, source=np.array([0.05, 0.0])))
    expected = np.minimum(TIMES, plates.HEATED)
    np.testing.assert_allclose(field @ volumes, expected, atol=0.01 * plates.HEATED)


def test_holes_cool_to_the_coolant() -> None:
    plate = with_holes(1)._replace(loss=0.0, coolant=-0.4)
    mesh, _, field = solved(plate)
    centre = plate.holes[0].mean(axis=0)
    radius = np.linalg.norm(plate.holes[0][0] - centre)
    at_hole = np.linalg.norm(mesh.points - centre, axis=1) < 1.001 * radius
    assert at_hole.sum() == len(plate.holes[0])
    assert field[-1, at_hole].max() < -0.25
    assert field[:, ~at_hole].min() >= -0.4


def test_finer_meshes_change_little() -> None:
    plate = with_holes(1, 0.04)
    coarse, volumes, field = solved(plate)
    fine, _, finer = solved(plate._replace(size=0.02))
    matrix, _ = Interpolator(fine)(coarse.points)
    error = np.sqrt(volumes @ ((field - (matrix @ finer.T).T) ** 2).mean(axis=0))
    assert error < 0.02 * np.sqrt(volumes @ (field**2).mean(axis=0))


def test_case_has_its_own_meshes_and_keeps_its_designs() -> None:
    case = plates.make(train=3, test=1)
    assert len({run.points.shape for run in case.runs}) == 4
    assert case.table.shape == (4, 4)
    assert case.shape_names == ()
    more = plates.make(train=1, test=1)
    np.testing.assert_array_equal(more.runs[0].fields, case.runs[0].fields)
    np.testing.assert_array_equal(more.runs[1].points, case.runs[3].points)
    assert all(len(plates.sample(0, 0, run, (0,)).holes) == 0 for run in range(5))
