"""Directions and ranks against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.utils.snapshots import principal_directions, rank_for


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_directions_are_those_of_the_singular_value_decomposition(library: str) -> None:
    rows = np.random.default_rng(0).normal(size=(5, 40)) * np.array([[9.0], [5], [3], [2], [1]])
    gram = rows @ rows.T
    found = principal_directions(gram if library == "numpy" else torch.from_numpy(gram))
    energies, directions = (np.asarray(each) for each in found)
    left, singular, _ = np.linalg.svd(rows)
    np.testing.assert_allclose(energies, singular**2)
    np.testing.assert_allclose(np.abs(directions.T @ left), np.eye(5), atol=1e-10)


@given(
    values=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20),
    rest=st.floats(0.0, 10.0),
    tolerance=st.floats(1e-4, 0.9),
)
def test_rank_is_the_smallest_that_satisfies_the_tolerance(
    values: list[float], rest: float, tolerance: float
) -> None:
    energies = np.sort(np.array(values))[::-1].copy()
    total = float(energies.sum() + rest)
    rank = rank_for(torch.from_numpy(energies), total, tolerance, left_out=rest)
    left_out = [energies[k:].sum() + rest for k in range(len(values) + 1)]
    assert 1 <= rank <= len(values)
    slack = 1e-12 * total
    assert left_out[rank] <= tolerance**2 * total + slack or rank == len(values)
    assert rank == 1 or left_out[rank - 1] > tolerance**2 * total - slack
