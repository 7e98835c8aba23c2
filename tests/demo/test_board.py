"""The board's finite-element solver: energy balance, an exact solution, convergence, layouts."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("skfem")
board = pytest.importorskip("simulgenvae.demo.board")

DESIGN = (0.045, 0.008, 30.0, 20.0)


def matrices(convection: float, conductivity: float, grid: Any) -> tuple[Any, Any, Any]:
    basis = board.Basis(grid, board.ElementTriP1(), intorder=4)
    elements = grid.t.shape[1]
    conductance = np.full(elements, conductivity * board.THICKNESS)
    return basis, *board.assemble(
        basis, conductance, np.full(elements, board.LAMINATE_CAPACITY), convection
    )


def test_stored_heat_is_heat_in_minus_convection() -> None:
    grid = board.mesh(0.005)
    basis, capacity, operator = matrices(30.0, 20.0, grid)
    load = board.spot_load(basis, 0.05, 0.008)
    times = np.linspace(0.0, 4.0, 21)
    rise = board.crank_nicolson(capacity, operator, load, np.zeros(basis.N), times, substeps=1)
    stored = capacity.sum(axis=0).A1 @ rise.T
    unit = np.ones(basis.N)
    _, mass, _ = matrices(0.0, 20.0, grid)
    lost = 2.0 * 30.0 * (unit @ mass @ (rise[1:] + rise[:-1]).T) / 2.0 / board.LAMINATE_CAPACITY
    given = np.array([load(t).sum() for t in (times[1:] + times[:-1]) / 2.0])
    np.testing.assert_allclose(np.diff(stored) / np.diff(times), given - lost, rtol=1e-9)


def test_the_whole_power_reaches_the_board() -> None:
    basis = board.Basis(board.mesh(), board.ElementTriP1(), intorder=4)
    load = board.spot_load(basis, 0.05, 0.008)
    assert load(8.0).sum() == pytest.approx(board.POWER, rel=1e-4)


def cosine_error(element_size: float) -> float:
    """Largest error of a homogeneous board's cosine, which decays at a known rate."""
    convection, conductivity = 20.0, 30.0
    grid = board.mesh(element_size)
    basis, capacity, operator = matrices(convection, conductivity, grid)
    wave = np.cos(2.0 * np.pi * grid.p[0] / board.LENGTH)
    conduction = conductivity * board.THICKNESS * (2.0 * np.pi / board.LENGTH) ** 2
    rate = (conduction + 2.0 * convection) / board.LAMINATE_CAPACITY
    times = np.linspace(0.0, 20.0, 11)
    states = board.crank_nicolson(
        capacity, operator, lambda _: np.zeros(basis.N), wave, times, substeps=10
    )
    return np.abs(states - np.exp(-rate * times)[:, np.newaxis] * wave).max()


def test_cosine_decays_at_the_exact_rate() -> None:
    coarse, fine = cosine_error(0.005), cosine_error(0.0025)
    assert fine < 2e-3
    assert fine < coarse / 3.0


def test_space_and_time_are_resolved() -> None:
    coarse = board.solve(DESIGN) - board.AMBIENT
    fine = (
        board.solve(DESIGN, element_size=board.ELEMENT_SIZE / 2, substeps=2 * board.SUBSTEPS)
        - board.AMBIENT
    )
    fine_nodes = {
        tuple(p): i for i, p in enumerate(np.round(board.mesh(board.ELEMENT_SIZE / 2).p.T, 6))
    }
    common = [fine_nodes[tuple(p)] for p in np.round(board.mesh().p.T, 6)]
    assert np.linalg.norm(coarse - fine[:, common]) < 0.015 * np.linalg.norm(fine[:, common])


def test_temperature_is_plausible() -> None:
    temperature = board.solve(DESIGN)
    assert temperature.shape == (board.TIMES.size, board.mesh().p.shape[1])
    assert temperature.shape[1] >= 2000
    assert temperature.min() > board.AMBIENT - 0.1
    hottest = board.mesh().p[:, temperature[-1].argmax()]
    spot = np.array([board.SPOT_START + DESIGN[1] * board.TIMES[-1], DESIGN[0]])
    assert np.linalg.norm(hottest - spot) < 2.0 * board.SPOT_RADIUS


def test_designs_fill_their_ranges_and_repeat() -> None:
    names, table, ids = board.sample_designs(40, seed=3)
    assert (table >= board.LOWER).all()
    assert (table <= board.UPPER).all()
    assert len(names) == table.shape[1]
    assert len(set(ids)) == 40
    np.testing.assert_array_equal(table, board.sample_designs(40, seed=3)[1])


def test_materials_cover_the_areas_of_the_components() -> None:
    grid = board.mesh()
    layout = board.BoardLayout(
        spreaders=((0.01, 0.03, 0.02, 0.05),),
        chips=((0.05, 0.06, 0.0, 0.1), (0.1, 0.105, 0.05, 0.07)),
    )
    area = board.ELEMENT_SIZE**2 / 2.0 * np.bincount(board.materials(grid, layout))
    np.testing.assert_allclose(area, [0.160 * 0.100 - 0.0006 - 0.0011, 0.0006, 0.0011], rtol=1e-9)
