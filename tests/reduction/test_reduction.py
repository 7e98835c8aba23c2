from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import Direct, Pod, encode_runs, fit_reduction, restore_reduction
from simulgenvae.settings import ReductionSettings


@pytest.mark.parametrize("method", ["pod", "none"])
def test_either_method_encodes_all_runs_and_is_restored(waves: Dataset, method: str) -> None:
    reduction = fit_reduction(waves, np.arange(9), ReductionSettings(method=method))
    assert isinstance(reduction, {"pod": Pod, "none": Direct}[method])
    coefficients = encode_runs(waves, reduction)
    assert coefficients.shape == (12, 8, reduction.rank)
    np.testing.assert_array_equal(coefficients[11], reduction.encode(waves.run(11)))
    restored = restore_reduction(method, reduction.arrays())
    np.testing.assert_array_equal(encode_runs(waves, restored), coefficients)


@pytest.mark.parametrize("method", ["pod", "none"])
def test_held_out_runs_change_nothing(waves: Dataset, method: str) -> None:
    """What is not for training may not leak into basis, mean or scale."""
    fields = np.array(waves.fields)
    fields[9:] *= 100.0
    other = dataclasses.replace(waves, fields=fields)
    settings = ReductionSettings(method=method)
    first, second = (fit_reduction(each, np.arange(9), settings) for each in (waves, other))
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name])
