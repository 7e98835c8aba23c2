"""Few combinations of many columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.geometry.grid.columns import LOST, independent_columns


@given(st.integers(1, 5), st.integers(5, 12), st.integers(0, 2**32))
def test_columns_of_a_low_rank_come_back(rank: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    product = rng.normal(size=(40, rank)) @ rng.normal(size=(rank, columns))
    values = product.astype(np.float32)
    few = independent_columns(values)
    assert few.shape[1] <= rank
    np.testing.assert_allclose(few.T @ few, np.eye(few.shape[1]), atol=1e-5)
    change = values @ few @ few.T - values
    assert (change**2).sum() <= 4 * LOST * (values**2).sum()


def test_noise_keeps_all_columns_and_nothing_keeps_one() -> None:
    noise = np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32)
    assert independent_columns(noise).shape == (7, 7)
    assert independent_columns(np.zeros((40, 7), np.float32)).shape == (7, 1)
