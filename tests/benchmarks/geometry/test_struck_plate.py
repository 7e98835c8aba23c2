"""The struck plate: two meshes of one problem, and its load."""

import shutil

import numpy as np
import pytest

from benchmarks.geometry import struck_plate
from benchmarks.geometry.struck_plate import HEIGHT, LENGTH, Design
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

DESIGN = Design(hole_x=0.08, hole_y=0.055, radius=0.022, position=0.16, duration=2e-4)


def test_corresponding_meshes_are_valid_for_all_designs() -> None:
    points, cells = struck_plate.corresponding_mesh(DESIGN)
    for design in struck_plate.sample(20, 0, 0):
        others, same = struck_plate.corresponding_mesh(design)
        np.testing.assert_array_equal(same, cells)
        corners = others[cells]
        forward = np.roll(corners, -1, axis=1) - corners
        backward = np.roll(corners, 1, axis=1) - corners
        turn = forward[..., 0] * backward[..., 1] - forward[..., 1] * backward[..., 0]
        assert turn.min() > 0.0
        volumes = NodalVolumes.of(Mesh(others, {"quad": cells}), len(others)).values
        hole = np.pi * design.radius**2
        assert volumes.sum() == pytest.approx(LENGTH * HEIGHT - hole, rel=1e-3)
    assert len(points) == len(others)


def test_strike_has_its_force_and_its_place() -> None:
    points, cells = struck_plate.corresponding_mesh(DESIGN)
    forces = struck_plate.top_loads(points, cells, DESIGN)
    assert forces.sum() == pytest.approx(1.0)
    assert forces @ points[:, 0] == pytest.approx(DESIGN.position, abs=1e-4)
    np.testing.assert_allclose(points[forces > 0, 1], HEIGHT)
    assert (forces >= 0).all()


def test_input_has_half_of_the_impulse_for_half_of_the_thickness() -> None:
    text = struck_plate.deck(*struck_plate.corresponding_mesh(DESIGN), DESIGN)
    lines = text.split("*CLOAD, AMPLITUDE=PULSE\n")[1].split("\n*")[0].splitlines()
    force = -sum(float(line.split(",")[2]) for line in lines)
    assert force * DESIGN.duration * 2.0 / np.pi == pytest.approx(0.5 * struck_plate.IMPULSE)
    assert all(line.split(",")[1] == " 2" for line in lines)


def test_anchors_of_the_edges_stay_and_those_of_the_hole_move() -> None:
    one, other = struck_plate.anchors(DESIGN), struck_plate.anchors(DESIGN._replace(hole_x=0.12))
    edge = np.isclose(one[:, 0] * (one[:, 0] - LENGTH) * one[:, 1] * (one[:, 1] - HEIGHT), 0.0)
    np.testing.assert_allclose(other[edge], one[edge])
    np.testing.assert_allclose(other[~edge] - one[~edge], [[0.04, 0.0]] * (~edge).sum())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ccx") is None, reason="needs CalculiX: apt install calculix-ccx")
def test_both_meshes_give_the_same_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gmsh", reason="pip install -r benchmarks/geometry/requirements.txt")
    monkeypatch.setattr(struck_plate, "MODES", 20)
    tips = []
    for points, cells in (
        struck_plate.corresponding_mesh(DESIGN, 48, 8),
        struck_plate.other_mesh(DESIGN, 0.006),
    ):
        field = struck_plate.solve(points, cells, DESIGN)
        assert field.shape == (struck_plate.TIMESTEPS, len(points), 2)
        np.testing.assert_array_equal(field[:, np.isclose(points[:, 0], 0.0)], 0.0)
        corner = np.argmin(np.linalg.norm(points - [LENGTH, HEIGHT], axis=1))
        tips.append(field[:, corner, 1])
    # The impulse bends the plate down first.
    assert tips[0][:10].min() < -1e-5
    assert np.linalg.norm(tips[0] - tips[1]) < 0.05 * np.linalg.norm(tips[0])
