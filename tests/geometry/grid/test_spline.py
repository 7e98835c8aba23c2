"""Grid values that give values at points back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import spsolve

from simulgenvae.geometry.grid.lattice import Lattice
from simulgenvae.geometry.grid.record import GridRecord
from simulgenvae.geometry.grid.roughness import differences
from simulgenvae.geometry.grid.spline import ROUGHNESS, TOLERANCE, SplineFit

LATTICE = Lattice(GridRecord(origin=(-0.2, -0.2), spacing=0.1, counts=(15, 15)))


def scattered(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.0, 1.0, (count, 2))


def inside(points: np.ndarray) -> np.ndarray:
    return np.abs(points - 0.5).max(axis=1) <= 0.5


def test_the_minimum_is_found() -> None:
    points = scattered(300)
    weights = LATTICE.weights(points)
    values = np.sin(4 * points[:, :1]) + points[:, 1:] ** 2
    found = SplineFit(LATTICE, weights, inside(LATTICE.nodes))(values)
    region = (weights.sum(axis=0) > 0) | inside(LATTICE.nodes)
    number = np.where(region, np.cumsum(region) - 1, -1).reshape(LATTICE.shape)
    rough = differences(number, int(region.sum()), ROUGHNESS)
    near = weights[:, np.flatnonzero(region)]
    exact = spsolve((near.T @ near + rough.T @ rough).tocsc(), near.T @ values[:, 0])
    np.testing.assert_allclose(found[region, 0], exact, atol=100 * TOLERANCE)


@settings(max_examples=15)
@given(st.integers(3, 400), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(0, 2**32))
def test_linear_values_come_back(count: int, mean: float, scale: float, seed: int) -> None:
    points = scattered(count, seed)
    weights = LATTICE.weights(points)
    values = mean + scale * (points @ [[1.0, -2.0], [0.5, 1.0]])
    fit = SplineFit(LATTICE, weights, inside(LATTICE.nodes))
    change = weights @ fit(values) - values
    assert np.abs(change).max() <= 100 * TOLERANCE * scale + 1e-12 * abs(mean)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_do_not_depend_on_each_other_nor_on_blocks(dtype: type) -> None:
    points = scattered(200)
    fit = SplineFit(LATTICE, LATTICE.weights(points), inside(LATTICE.nodes))
    phases = np.linspace(0, 6, 300)
    values: np.ndarray = np.cos(3 * points[:, :1] + phases).astype(dtype)
    found = fit(values)
    assert found.dtype == dtype
    for column in (0, 140, 299):
        alone = fit(values[:, [column]])[:, 0]
        np.testing.assert_allclose(found[:, column], alone, atol=200 * TOLERANCE)
    assert fit(values[:, :0]).shape == (LATTICE.size, 0)


def test_columns_that_have_nothing_in_common_are_all_solved_for() -> None:
    points = scattered(400)
    fit = SplineFit(LATTICE, LATTICE.weights(points), inside(LATTICE.nodes))
    values = np.random.default_rng(1).normal(size=(400, 40))
    alone = np.column_stack([fit(values[:, [column]]) for column in range(40)])
    np.testing.assert_allclose(fit(values), alone, atol=0.02)


def test_constant_columns_stay_constant() -> None:
    points = scattered(50)
    fit = SplineFit(LATTICE, LATTICE.weights(points), inside(LATTICE.nodes))
    np.testing.assert_array_equal(fit(np.full((50, 2), 273.15)), 273.15)
