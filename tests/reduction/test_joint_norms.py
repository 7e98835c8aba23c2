from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.reduction import reduce_runs
from simulgenvae.reduction.joint_norms import JointNorms
from simulgenvae.settings import ReductionSettings
from tests.conftest import MakeWaves


@pytest.mark.parametrize("method", ["pod", "none"])
def test_norms_are_those_of_the_deviation_from_the_mean_of_each_variable(
    make_waves: MakeWaves, method: str
) -> None:
    dataset = make_waves(variables=2)
    rows = np.arange(8)
    settings = ReductionSettings.model_validate({"method": method})
    reduction, coefficients = reduce_runs(dataset, rows, settings)
    found = JointNorms(reduction).of(
        np.asarray(coefficients[np.array([row])][0]) for row in (10, 11)
    )
    training = np.stack([dataset.run(int(row)) for row in rows]).astype(np.float64)
    mean, std = training.mean((0, 1, 2)), training.std((0, 1, 2))
    for norm, row in zip(found, (10, 11), strict=True):
        deviation = (dataset.run(row) - mean) / std
        assert norm == pytest.approx(np.sqrt(np.square(deviation).sum((1, 2)).mean()), rel=1e-3)
