"""The pulse benchmark against exact solutions, its energy and finer grids."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import j0

from benchmarks.accuracy import pulse
from benchmarks.accuracy.problem import EXTRAPOLATION_STREAM, TRAIN_STREAM, grid_positions

Array = NDArray[Any]

RIGID = (np.inf, np.inf)


def standing(points: int, time: float, speed: float, waves: tuple[int, int] = (3, 2)) -> Array:
    """Return a standing wave of the rigid room, which is an exact solution."""
    line = np.linspace(0.0, 1.0, points)
    shape = np.cos(waves[1] * np.pi * line)[:, np.newaxis] * np.cos(waves[0] * np.pi * line)
    return shape * np.cos(np.pi * np.hypot(*waves) * speed * time)


def free(radius: Array, time: float, width: float, speed: float) -> Array:
    """Return the pulse without walls.

    It is the Hankel transform of its modes, by the trapezoidal rule.
    """
    k = np.linspace(0.0, 9.0 / width, 1500)
    modes = width**2 * k * np.exp(-0.5 * (width * k) ** 2) * np.cos(k * speed * time)
    return np.trapezoid(modes * j0(radius[:, np.newaxis] * k), k, axis=1)


def test_standing_wave_of_the_rigid_room_with_second_order() -> None:
    errors = []
    for points in (33, 65):
        field = pulse.propagate(standing(points, 0.0, 0.9), 0.9, np.linspace(0.0, 1.2, 3), RIGID)
        errors.append(np.abs(field[-1] - standing(points, 1.2, 0.9)).max())
    assert errors[1] < 6e-3
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_pulse_follows_the_exact_solution_until_it_meets_a_wall() -> None:
    nodes, (x, y, width, speed) = 33, (0.5, 0.45, 0.06, 0.9)
    times = np.linspace(0.0, 0.24, 4)
    field = pulse.solve(np.array([x, y, width, speed]), times, nodes, refinement=6)
    radius = np.hypot(*(grid_positions(*2 * [np.linspace(0.0, 1.0, nodes)]) - [x, y]).T)
    inside = radius < 0.4
    for time, pressure in zip(times, field, strict=True):
        exact = free(radius[inside], time, width, speed)
        np.testing.assert_allclose(pressure[inside], exact, atol=2e-3)


@pytest.mark.parametrize("impedance", [1.0, 2.0, 5.0, np.inf])
def test_wall_reflects_its_share_of_a_plane_wave(impedance: float) -> None:
    points, speed, width, travelled = 201, 0.8, 0.05, 0.5
    line = np.linspace(0.0, 1.0, points)

    def wave(centre: float) -> Array:
        return 0.5 * np.exp(-((line - centre) ** 2) / (2.0 * width**2))

    start = np.tile(2.0 * wave(0.7), (points, 1))
    field = pulse.propagate(start, speed, np.array([0.0, travelled / speed]), (impedance, np.inf))[
        -1
    ]
    share = 1.0 if np.isinf(impedance) else (impedance - 1.0) / (impedance + 1.0)
    exact = wave(0.7 - travelled) + share * wave(1.3 - travelled)
    np.testing.assert_allclose(field, np.tile(exact, (points, 1)), atol=5e-3)


@pytest.mark.parametrize("impedance", [RIGID, (2.0, np.inf), (np.inf, 2.0), (1.0, 0.5)])
def test_energy_leaves_only_through_the_absorbing_walls(impedance: tuple[float, float]) -> None:
    points, speed, steps = 41, 0.9, 120
    spacing = 1.0 / (points - 1)
    step: float = 0.7 * spacing / speed
    line = np.linspace(0.0, 1.0, points)
    start = np.exp(-((line - 0.4) ** 2 + (line[:, np.newaxis] - 0.55) ** 2) / (2.0 * 0.08**2))
    field = pulse.propagate(
        start, speed, step * np.arange(steps, dtype=np.float64), impedance, courant=1.0
    )
    weights = pulse.wall_weights(points)
    area = spacing**2 * weights * weights[:, np.newaxis]
    rate = np.diff(field, axis=0) / step
    energy = (area * rate**2).sum(axis=(1, 2)) / speed**2
    energy += (
        np.diff(field[1:], axis=2) * np.diff(field[:-1], axis=2) * weights[:, np.newaxis]
    ).sum(axis=(1, 2))
    energy += (np.diff(field[1:], axis=1) * np.diff(field[:-1], axis=1) * weights).sum(axis=(1, 2))
    assert energy[0] > 0.0
    if impedance == RIGID:
        np.testing.assert_allclose(energy, energy[0], rtol=1e-11)
        np.testing.assert_allclose(
            (area * field).sum(axis=(1, 2)), (area * start).sum(), rtol=1e-11
        )
    else:
        assert np.diff(energy).max() < 1e-12 * energy[0]
        assert energy[-1] < 0.8 * energy[0]


def test_exchanging_x_and_y_turns_the_field() -> None:
    times = np.linspace(0.0, 1.2, 4)
    field, turned = (
        pulse.solve(np.array([*centre, 0.07, 0.9]), times, 24).reshape(-1, 24, 24)
        for centre in ((0.3, 0.42), (0.42, 0.3))
    )
    np.testing.assert_allclose(turned, field.transpose(0, 2, 1), atol=1e-13)


def test_finer_grids_change_little() -> None:
    hardest, times = np.array([0.3, 0.35, pulse.LOWER[2], 0.9]), np.array([0.0, 0.5])
    nodes, finest = 22, None
    errors = {}
    for refinement in (16, 12, 6):  # 12 of 21 cells a side are as fine as the benchmark's 4 of 63
        field = pulse.solve(hardest, times, nodes, refinement)
        finest = field if finest is None else finest
        errors[refinement] = np.linalg.norm(field - finest) / np.linalg.norm(finest)
    assert errors[12] < 0.001
    assert errors[6] > 6.5 * errors[12]  # as (1/6² - 1/16²) to (1/12² - 1/16²), or nearly so


def test_ranges_of_the_designs() -> None:
    inside = pulse.sample(50, 0, TRAIN_STREAM)
    assert ((inside >= pulse.LOWER) & (inside <= pulse.UPPER)).all()
    beyond = pulse.sample(50, 0, EXTRAPOLATION_STREAM)
    excess = np.maximum(pulse.LOWER - beyond, beyond - pulse.UPPER) / (pulse.UPPER - pulse.LOWER)
    assert set(np.count_nonzero(excess > 0.0, axis=1)) == {1, 2}
    assert excess.max() < 0.3


def test_problem_has_the_stated_shape() -> None:
    problem = pulse.make(train=2, test=1, extrapolation=2, nodes=9)
    assert problem.fields.shape == (5, pulse.TIMESTEPS, 81, 1)
    assert problem.fields.dtype == np.float32
    assert problem.coords.shape == (81, 2)
    np.testing.assert_allclose(problem.coords[1], [1.0 / 8.0, 0.0])
    assert problem.table.shape == (5, len(problem.names))
    assert len(set(problem.ids)) == 5
    np.testing.assert_array_equal(
        np.concatenate([problem.train, problem.test, problem.extrapolation]), np.arange(5)
    )
    more = pulse.make(train=3, test=0, extrapolation=2, nodes=9)
    np.testing.assert_array_equal(
        more.fields[more.extrapolation], problem.fields[problem.extrapolation]
    )
