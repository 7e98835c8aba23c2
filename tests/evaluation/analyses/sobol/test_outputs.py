"""Outputs of fields: components of variables of all units, and statistics."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.evaluation.analyses.sobol.outputs import FieldOutputs


def fields(*variables: np.ndarray) -> np.ndarray:
    """Return fields ``[n, 2, 3, V]`` that are the same at all times and nodes."""
    values = np.stack(variables, axis=-1)[:, None, None]
    return np.broadcast_to(values, (len(values), 2, 3, len(variables))).astype(np.float32)


def test_components_weigh_variables_by_their_variation_and_not_by_their_units() -> None:
    x = np.random.default_rng(0).normal(size=(2, 64))
    found = FieldOutputs.of(fields(x[0], 1e5 * x[1]), 64, ("T", "p"))
    assert found.names[:2] == ("component 1", "component 2")
    assert found.names[2:] == ("mean of T", "maximum of T", "mean of p", "maximum of p")
    assert found.fractions == pytest.approx([0.5, 0.5], abs=0.1)
    assert found.values[2] == pytest.approx(x[0], rel=1e-6)


def test_a_constant_variable_does_not_count() -> None:
    """It varies by the rounding of single precision, which its spread must not make large."""
    x, noise = np.random.default_rng(0).normal(size=(2, 64))
    found = FieldOutputs.of(fields(x, 300 + 1e-5 * noise), 64, ("T", "c"))
    assert found.fractions == pytest.approx([1.0])
    assert np.corrcoef(found.values[0], x)[0, 1] ** 2 == pytest.approx(1.0)


def test_fields_that_are_all_the_same_have_no_fractions() -> None:
    found = FieldOutputs.of(fields(np.full(8, 7.1)), 8, ("T",))
    assert np.isnan(found.fractions).all()
    assert np.isfinite(found.values).all()
