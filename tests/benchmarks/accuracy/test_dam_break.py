"""The dam break against exact solutions, conservation laws, symmetry and finer grids."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from benchmarks.accuracy import dam_break
from benchmarks.accuracy.problem import EXTRAPOLATION_STREAM, TRAIN_STREAM

Array = NDArray[Any]

TYPICAL = np.array([0.55, 1.0, 0.12, 0.45])
LOWEST = dam_break.LOWER - 0.29 * (dam_break.UPPER - dam_break.LOWER)
HIGHEST = dam_break.UPPER + 0.29 * (dam_break.UPPER - dam_break.LOWER)


def dam(cells: int, layer: float, rows: int = 2) -> tuple[Array, dam_break.Flow]:
    """Return the flow after a dam breaks in the middle of a channel of length 2.

    The water is 1 deep on one side and ``layer`` on the other.
    """
    x = (np.arange(cells) + 0.5) * 2.0 / cells
    full = np.tile(np.where(x < 1.0, 1.0, 0.0), (rows, 1))
    still = np.zeros_like(full)
    return x, dam_break.Flow(full + layer * (1.0 - full), still, still, full)


def stoker(x: Array, time: float, layer: float) -> tuple[Array, Array]:
    """Return exact depth and share over a wet bed (Stoker 1957).

    From the deep side there follow rarefaction, plateau with the contact in it, and bore.
    """
    middle = brentq(
        lambda h: 2.0 * (1.0 - np.sqrt(h)) - (h - layer) * np.sqrt(0.5 * (h + layer) / (h * layer)),
        layer,
        1,
    )
    speed = 2.0 * (1.0 - np.sqrt(middle))
    bore = middle * speed / (middle - layer)
    at = (x - 1.0) / time
    fan = np.clip((2.0 - at) ** 2 / 9.0, middle, 1.0)
    return np.where(at > bore, layer, fan), np.where(at < speed, 1.0, 0.0)


def ritter(x: Array, time: float) -> Array:
    """Return the exact depth over a dry bed (Ritter 1892)."""
    at = (x - 1.0) / time
    return np.where(at < 2.0, np.clip((2.0 - np.minimum(at, 2.0)) ** 2 / 9.0, 0.0, 1.0), 0.0)


def test_wet_dam_break_follows_the_exact_solution() -> None:
    errors = []
    for cells in (100, 200):
        x, flow = dam(cells, 0.1)
        flow = dam_break.advance(flow, None, 2.0 / cells, 0.5)
        depth, share = stoker(x, 0.5, 0.1)
        found = dam_break.divide(flow.column, flow.depth)[0]
        errors.append([np.abs(flow.depth[0] - depth).mean(), np.abs(found - share).mean()])
        blurred = np.count_nonzero((found > 0.05) & (found < 0.95))
        assert blurred <= 4
    assert (np.array(errors[1]) < 0.005).all()
    assert (np.array(errors[1]) < 0.65 * np.array(errors[0])).all()


def test_dry_dam_break_follows_the_exact_solution_along_either_axis() -> None:
    errors = []
    for cells in (100, 200):
        x, flow = dam(cells, 0.0)
        wet = dam_break.advance(flow, None, 2.0 / cells, 0.4)
        turned = dam_break.advance(flow.turned(), None, 2.0 / cells, 0.4).turned()
        assert wet.depth.min() >= 0.0
        np.testing.assert_allclose(turned.depth, wet.depth, atol=2e-3)
        errors.append(np.abs(wet.depth[0] - ritter(x, 0.4)).mean())
    assert errors[1] < 0.004
    assert errors[1] < 0.65 * errors[0]


@pytest.mark.parametrize("obstacle", [None, dam_break.Block(2, 42, 70, 80)])
def test_stream_against_a_wall_sends_back_the_exact_bore(obstacle: dam_break.Block | None) -> None:
    depth, speed, time, cell = 0.2, 0.5, 0.3, 0.02
    behind = brentq(
        lambda h: (h - depth) * np.sqrt(0.5 * (h + depth) / (h * depth)) - speed, depth, 2.0
    )
    bore = depth * speed / (behind - depth)
    still = np.zeros((44, 100))
    flow = dam_break.Flow(still + depth, still + depth * speed, still, still)
    flow = dam_break.advance(flow, obstacle, cell, time)
    wall = 2.0 if obstacle is None else 1.4
    x = (np.arange(100) + 0.5) * cell
    exact = np.where(wall - x < bore * time, behind, depth)
    near = (x < wall) & (x > wall - 0.5)
    before = flow.depth[20:24, near]  # where nothing of the obstacle's ends is felt yet
    assert np.abs(before - exact[near]).mean() < 0.01
    np.testing.assert_allclose(before[:, -4:].mean(), behind, rtol=0.01)


@pytest.mark.parametrize("parameters", [LOWEST, TYPICAL, HIGHEST])
def test_keeps_water_and_share_in_bounds_and_volume(parameters: Array) -> None:
    nodes = (40, 24)
    parameters = np.append(parameters[:3], 0.05 * round(parameters[3] / 0.05))
    field = dam_break.solve(parameters, np.linspace(0.0, dam_break.END_TIME, 6), 2, nodes)
    depth, share = field[..., 0], field[..., 1]
    volume, column = depth.sum(axis=1), (depth * share).sum(axis=1)
    width, height = parameters[:2]
    assert column[0] * 0.05**2 == pytest.approx(width * height * dam_break.BREADTH, rel=1e-5)
    np.testing.assert_allclose(volume, volume[0], rtol=1e-5)
    np.testing.assert_allclose(column, column[0], rtol=1e-5)
    assert depth.min() >= 0.0
    assert share.min() > -1e-5
    assert share.max() < 1.0 + 1e-5
    x, y = dam_break.positions(nodes).T
    solid = (np.abs(x - 1.175) < 0.075) & (np.abs(y - parameters[3]) < dam_break.OBSTACLE_HALF)
    assert not field[:, solid].any()
    assert (depth[:, ~solid] > 0.0).all()


def test_water_at_rest_stays_at_rest() -> None:
    block = dam_break.obstacle(0.45, 0.025)
    flow = dam_break.at_rest(0.5, 0.3, 0.3, block, (48, 80), 0.025)
    later = dam_break.advance(flow, block, 0.025, 1.0)
    np.testing.assert_allclose(later.depth, flow.depth, atol=1e-6)
    np.testing.assert_allclose(later.column, flow.column, atol=1e-6)


def test_obstacle_in_the_middle_leaves_the_box_symmetric() -> None:
    field = dam_break.solve(
        np.array([0.6, 1.0, 0.1, 0.6]), np.array([0.0, 0.5, 1.0]), 2, (40, 24)
    ).reshape(3, 24, 40, 2)
    np.testing.assert_allclose(field, field[:, ::-1], atol=1e-4)
    assert np.ptp(field[2, :, 30, 0]) > 0.1


def test_finer_grids_come_closer() -> None:
    nodes, times = (20, 12), np.array([0.0, 0.7])
    finest = dam_break.solve(np.array([0.55, 1.0, 0.12, 0.5]), times, 12, nodes)
    errors = [
        np.linalg.norm(
            dam_break.solve(np.array([0.55, 1.0, 0.12, 0.5]), times, refinement, nodes) - finest
        )
        / np.linalg.norm(finest)
        for refinement in (4, 8)  # as fine as one cell and as the benchmark's two cells a node
    ]
    assert errors[1] < 0.003
    assert errors[1] < 0.5 * errors[0]


def test_ranges_of_the_designs() -> None:
    inside = dam_break.sample(50, 0, TRAIN_STREAM)
    assert ((inside >= dam_break.LOWER - 1e-9) & (inside <= dam_break.UPPER + 1e-9)).all()
    cells = inside[:, 3] / 0.0125
    np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)
    beyond = dam_break.sample(50, 0, EXTRAPOLATION_STREAM)
    excess = np.maximum(dam_break.LOWER - beyond, beyond - dam_break.UPPER) / (
        dam_break.UPPER - dam_break.LOWER
    )
    assert set(np.count_nonzero(excess > 1e-9, axis=1)) == {1, 2}
    assert excess.max() < 0.3 + 1e-9


def test_problem_has_the_stated_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dam_break, "END_TIME", 0.02)
    monkeypatch.setattr(dam_break, "TIMESTEPS", 4)
    problem = dam_break.make(train=2, test=1, extrapolation=2)
    assert problem.fields.shape == (5, dam_break.TIMESTEPS, 3840, len(problem.variables))
    assert problem.fields.dtype == np.float32
    assert problem.table.shape == (5, len(problem.names))
    np.testing.assert_allclose(
        problem.coords[[0, 1, 80]], [[0.0125, 0.0125], [0.0375, 0.0125], [0.0125, 0.0375]]
    )
    column = problem.coords[:, 0] < problem.table[0, 0] - 0.025
    np.testing.assert_allclose(
        problem.fields[0, 0, column], [[problem.table[0, 1], 1.0]] * column.sum(), rtol=1e-6
    )
    assert len(set(problem.ids)) == 5
    more = dam_break.make(train=3, test=0, extrapolation=2)
    np.testing.assert_array_equal(
        more.fields[more.extrapolation], problem.fields[problem.extrapolation]
    )
