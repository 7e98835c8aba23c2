"""Reductions that several ranks make together, against those of one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import ReductionSettings
from tests.conftest import RunRanks


def _reduced(
    dataset: Dataset, rows: np.ndarray, **settings: Any
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    reduction, coefficients = reduce_runs(dataset, rows, ReductionSettings(**settings))
    return reduction.arrays(), np.asarray(coefficients)


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ({}, {"tolerance": 1e-2}),
        ({"runs": 7, "timesteps": 200, "nodes": 300}, {"tolerance": 1e-2}),
        ({"runs": 5, "timesteps": 3, "nodes": 400}, {"tolerance": 1e-6}),
        ({"runs": 7, "timesteps": 30, "nodes": 50, "variables": 2}, {"method": "none"}),
    ],
    ids=["few nodes", "random sketch", "few snapshots", "none"],
)
def test_the_reduction_does_not_depend_on_how_many_ranks_make_it(
    shape: dict[str, int],
    settings: dict[str, Any],
    make_waves: Callable[..., Dataset],
    run_ranks: RunRanks,
) -> None:
    dataset = make_waves(**shape)
    rows = np.arange(1, len(dataset.ids) - 1)
    arrays, coefficients = _reduced(dataset, rows, **settings)
    for count in (2, 4):
        for found, other in run_ranks(count, lambda: _reduced(dataset, rows, **settings)):
            assert found.keys() == arrays.keys()
            for name, value in arrays.items():
                np.testing.assert_allclose(
                    found[name], value, rtol=1e-4, atol=1e-4 * np.abs(value).max()
                )
            np.testing.assert_allclose(
                other, coefficients, rtol=0, atol=1e-4 * np.abs(coefficients).max()
            )
