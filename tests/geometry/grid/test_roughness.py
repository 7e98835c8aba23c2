"""Second differences on parts of a grid."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.geometry.grid.roughness import SLOPE, differences


def numbers(region: np.ndarray) -> np.ndarray:
    return np.where(region, np.cumsum(region.ravel()).reshape(region.shape) - 1, -1)


@pytest.mark.parametrize("shape", [(5, 6), (4, 5, 6)])
def test_linear_values_are_not_rough_and_squares_are(shape: tuple[int, ...]) -> None:
    region = np.random.default_rng(0).random(shape) < 0.9
    count = int(region.sum())
    place = np.indices(shape)[:, region]
    rough = differences(numbers(region), count, 1.0)
    linear = 2.0 * place[0] - place[1] + 3.0
    assert np.abs(rough @ linear).max() <= 3.0 * SLOPE**0.5
    whole = differences(numbers(np.ones(shape, bool)), int(np.prod(shape)), 0.25)
    second, mixed = (
        (whole @ values.ravel()) ** 2
        for values in (np.indices(shape)[0] ** 2, np.indices(shape)[0] * np.indices(shape)[1])
    )
    inner = np.prod([n - 2 if axis == 0 else n for axis, n in enumerate(shape)])
    squares = np.prod([n - 1 if axis < 2 else n for axis, n in enumerate(shape)])
    assert second.sum() == pytest.approx(0.25 * 4.0 * inner, rel=1e-3)
    assert mixed.sum() == pytest.approx(0.25 * 2.0 * squares, rel=1e-3)


def test_differences_do_not_cross_a_gap() -> None:
    region = np.ones((3, 7), bool)
    region[:, 3] = False
    rough = differences(numbers(region), 18, 1.0)
    step = (np.indices((3, 7))[1] > 3)[region].astype(float)
    assert np.abs(rough @ step).max() == 0.0
