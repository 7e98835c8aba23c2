"""The Burgers benchmark against the exact solution of Hopf (1950) and Cole (1951)."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "accuracy" / "burgers.py"
spec = importlib.util.spec_from_file_location("burgers", SCRIPT)
burgers = importlib.util.module_from_spec(spec)
sys.modules["burgers"] = burgers
spec.loader.exec_module(burgers)


def exact(x, time, viscosity, position):
    """Mean of u0(y) under the weight exp(-(∫u0 + (x - y)² / 2t) / 2ν), by the trapezoidal rule."""
    width = burgers.INITIAL_WIDTH
    y = np.linspace(-2.0, 3.0, 50_001)
    integral = 0.5 * (y - width * np.log(np.cosh((y - position) / width)))
    exponent = -(integral + (x[:, np.newaxis] - y) ** 2 / (2.0 * time)) / (2.0 * viscosity)
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weight @ burgers.initial(y, position) / weight.sum(axis=1)


@pytest.mark.parametrize(("viscosity", "position"), [(0.001, 0.1), (0.003, 0.35), (0.01, 0.6)])
def test_agrees_with_cole_hopf(viscosity, position):
    times = np.array([0.0, 0.1, 0.8])
    u = burgers.solve(viscosity, position, times)
    x = np.linspace(0.0, 1.0, burgers.NODES)[::8]
    for row in (1, 2):
        truth = exact(x, times[row], viscosity, position)
        assert np.abs(u[row, ::8] - truth).max() < 2e-3
        assert np.linalg.norm(u[row, ::8] - truth) < 3e-4 * np.linalg.norm(truth)


def test_becomes_the_travelling_wave():
    u = burgers.solve(0.002, 0.2, np.array([0.0, 0.8]))[-1]
    x = np.linspace(0.0, 1.0, burgers.NODES)
    wave = 0.5 * (1.0 - np.tanh((x - 0.2 - 0.4) / (4.0 * 0.002)))
    assert np.abs(u - wave).max() < 2e-3


def test_problem_has_the_stated_shape_and_ranges():
    problem = burgers.make(train=3, test=2, nodes=129)
    assert problem.fields.shape == (5, burgers.TIMESTEPS, 129, 1)
    assert problem.table.shape == (5, 2)
    assert (problem.table >= burgers.LOWER).all()
    assert (problem.table <= burgers.UPPER).all()
    assert len(set(problem.ids)) == 5
    np.testing.assert_array_equal(problem.fields, burgers.make(train=3, test=2, nodes=129).fields)


def test_writes_the_files_of_the_command_line(tmp_path):
    problem = burgers.make(train=3, test=2, nodes=65)
    burgers.write(problem, tmp_path)
    assert (tmp_path / "params.csv").read_text().splitlines()[0] == "id,viscosity,position"
    np.testing.assert_array_equal(np.load(tmp_path / "fields.npy"), problem.fields[:3])
    np.testing.assert_array_equal(np.load(tmp_path / "truth.npy"), problem.fields[3:])
    new = np.loadtxt(tmp_path / "new.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    np.testing.assert_array_equal(new, problem.table[3:])
