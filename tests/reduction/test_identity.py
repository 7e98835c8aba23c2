from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import Identity, reduce_runs
from simulgenvae.settings import ReductionSettings


def test_nothing_is_lost(make_waves: Callable[..., Dataset]) -> None:
    dataset = make_waves(variables=3)
    direct, encoded = reduce_runs(dataset, np.arange(5), ReductionSettings(method="none"))
    assert isinstance(direct, Identity)
    assert direct.rank == 90
    assert direct.field_shape == (30, 3)
    run = dataset.run(7)
    coefficients = direct.encode(run)
    np.testing.assert_array_equal(np.asarray(encoded)[7], coefficients)
    assert coefficients.shape == (8, 90)
    assert coefficients.dtype == np.float32
    decoded = direct.decode(coefficients)
    np.testing.assert_allclose(decoded, run, rtol=1e-5, atol=1e-5)
    rows, factor = direct.basis_and_factor()
    assert rows is None
    assert factor.shape == (90,)
    restored = Identity.from_arrays(direct.arrays())
    np.testing.assert_array_equal(restored.decode(coefficients), decoded)
