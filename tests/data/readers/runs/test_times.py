"""Runs at common times: fields that are linear in time stay what they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.readers.runs.times import at_times

NODES = np.zeros((2, 3))


def _steps(times: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return ((NODES, np.array([[3 * time - 1], [time]], np.float32)) for time in times)


@given(
    own=st.lists(st.integers(0, 50), min_size=1, max_size=8, unique=True).map(sorted),
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=8, unique=True).map(sorted),
)
def test_what_is_linear_in_time_is_kept_at_any_time(own: list[int], shares: list[float]) -> None:
    times = own[0] + np.array(shares) * (own[-1] - own[0])
    found = [values for _, values in at_times(np.array(own, float), _steps(np.array(own)), times)]
    np.testing.assert_allclose(np.stack(found)[:, 0, 0], 3 * times - 1, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(np.stack(found)[:, 1, 0], times, rtol=1e-5, atol=1e-4)


def test_timesteps_themselves_are_not_changed() -> None:
    times = np.array([0.0, 0.1, 0.3])
    found = list(at_times(times, _steps(times), times))
    for (_, values), (_, expected) in zip(found, _steps(times), strict=True):
        np.testing.assert_array_equal(values, expected)
