"""Estimators of Sobol indices: a function of known indices, and cases without any."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.evaluation.analyses.sobol.designs import saltelli
from simulgenvae.evaluation.analyses.sobol.indices import indices, standard_errors, varies

DESIGNS = 2**12


def ishigami() -> np.ndarray:
    """Return the function of Ishigami & Homma (1990), a = 7 and b = 0.1, ``[1, 5, n]``."""
    x = np.pi * (2 * saltelli(3, DESIGNS, seed=0).T - 1)
    found = np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    return found.reshape(1, 5, DESIGNS)


def test_the_ishigami_function_has_its_known_indices() -> None:
    first, total = indices(ishigami() + 1e6)
    assert first[0] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert total[0] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)


def test_standard_errors_are_the_spread_of_the_estimates() -> None:
    first, total = standard_errors(ishigami(), np.ones(1), seed=0)
    assert first.shape == total.shape == (3,)
    assert ((first > 0) & (first < 0.05)).all()


def test_one_input_of_one_output_explains_everything() -> None:
    values = saltelli(1, 64, seed=0)[:, 0].reshape(1, 3, 64)
    first, total = indices(values)
    assert first.shape == total.shape == (1, 1)
    assert [first[0, 0], total[0, 0]] == pytest.approx([1.0, 1.0], abs=0.05)


def test_an_output_without_variance_or_value_has_no_index() -> None:
    values = np.stack([np.full((4, 8), 7.0), np.arange(32.0).reshape(4, 8)])
    values[1, 0, 0] = np.nan
    for found in indices(values):
        assert np.isnan(found).all()


def test_an_output_varies_by_more_than_the_rounding_of_its_numbers() -> None:
    noise = np.random.default_rng(0).normal(size=(4, 8))
    values = np.stack([1e-7 * noise, 1e-7 * noise, 300 + 1e-5 * noise, 300 + noise])
    assert varies(values, np.array([1e-7, 1.0, 0.0, 0.0])).tolist() == [True, False, False, True]
