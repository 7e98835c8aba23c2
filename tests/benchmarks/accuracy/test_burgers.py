"""The Burgers benchmark against the exact solution of Hopf (1950) and Cole (1951)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy import burgers

Array = NDArray[Any]


def exact(x: Array, time: float, viscosity: float, position: float) -> Array:
    """Mean of u0(y) under the weight exp(-(∫u0 + (x - y)² / 2t) / 2ν), by the trapezoidal rule."""
    width = burgers.INITIAL_WIDTH
    y = np.linspace(-2.0, 3.0, 50_001)
    integral = 0.5 * (y - width * np.log(np.cosh((y - position) / width)))
    exponent = -(integral + (x[:, np.newaxis] - y) ** 2 / (2.0 * time)) / (2.0 * viscosity)
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weight @ burgers.initial(y, position) / weight.sum(axis=1)


@pytest.mark.parametrize(("viscosity", "position"), [(0.001, 0.1), (0.003, 0.35), (0.01, 0.6)])
def test_agrees_with_cole_hopf(viscosity: float, position: float) -> None:
    times = np.array([0.0, 0.1, 0.8])
    u = burgers.solve(viscosity, position, times)
    x = np.linspace(0.0, 1.0, burgers.NODES)[::8]
    for row in (1, 2):
        truth = exact(x, times[row], viscosity, position)
        assert np.abs(u[row, ::8] - truth).max() < 2e-3
        assert np.linalg.norm(u[row, ::8] - truth) < 3e-4 * np.linalg.norm(truth)


def test_becomes_the_travelling_wave() -> None:
    u = burgers.solve(0.002, 0.2, np.array([0.0, 0.8]))[-1]
    x = np.linspace(0.0, 1.0, burgers.NODES)
    wave = 0.5 * (1.0 - np.tanh((x - 0.2 - 0.4) / (4.0 * 0.002)))
    assert np.abs(u - wave).max() < 2e-3


def test_problem_has_the_stated_shape_and_ranges() -> None:
    problem = burgers.make(train=3, test=2, extrapolation=1, nodes=129)
    assert problem.fields.shape == (6, burgers.TIMESTEPS, 129, 1)
    assert problem.table.shape == (6, 2)
    assert (problem.table[:5] >= burgers.LOWER).all()
    assert (problem.table[:5] <= burgers.UPPER).all()
    assert len(set(problem.ids)) == 6
    np.testing.assert_array_equal(problem.fields, burgers.make(3, 2, 1, nodes=129).fields)


def test_extrapolation_runs_are_outside_by_up_to_30_percent() -> None:
    table = burgers.sample_beyond(200, seed=0)
    outside = (table < burgers.LOWER) | (table > burgers.UPPER)
    assert outside.any(axis=1).all()
    assert 0.2 < outside.all(axis=1).mean() < 0.5
    assert (table[:, 0] >= 0.001 * 10.0**-0.3).all()
    assert (table[:, 0] <= 0.01 * 10.0**0.3).all()
    assert (table[:, 1] >= 0.1 - 0.15).all()
    assert (table[:, 1] <= 0.6 + 0.15).all()
    np.testing.assert_array_equal(burgers.sample_beyond(5, seed=0), table[:5])


def test_writes_the_files_of_the_command_line(tmp_path: Path) -> None:
    problem = burgers.make(train=3, test=2, extrapolation=0, nodes=65)
    burgers.write(problem, tmp_path)
    assert (tmp_path / "params.csv").read_text().splitlines()[0] == "id,viscosity,position"
    np.testing.assert_array_equal(np.load(tmp_path / "fields.npy"), problem.fields[:3])
    np.testing.assert_array_equal(np.load(tmp_path / "truth.npy"), problem.fields[3:])
    new = np.loadtxt(tmp_path / "new.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    np.testing.assert_array_equal(new, problem.table[3:])
