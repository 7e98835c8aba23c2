from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction.sketch import (
    COLUMNS,
    OVERSAMPLING,
    PILOT_ROWS,
    pilot,
    rank_for,
    sketched,
)
from simulgenvae.settings import ReductionSettings


def _dataset(runs: int, steps: int, nodes: int, rank: int) -> Dataset:
    rng = np.random.default_rng(0)
    fields = (rng.normal(size=(runs * steps, rank)) @ rng.normal(size=(rank, nodes))).reshape(
        runs, steps, nodes, 1
    )
    table = np.arange(runs, dtype=float)[:, None]
    return Dataset.from_arrays(
        fields + 7.0, Conditions(tuple(map(str, range(runs))), ("p",), table)
    )


@pytest.mark.parametrize("rank", [5, 60])
def test_a_pilot_tells_mean_and_rank(rank: int) -> None:
    dataset, choices = _dataset(200, 20, 700, rank), ReductionSettings(tolerance=1e-4)
    found = pilot(dataset, np.arange(200), choices)
    assert found.shift.shape == (700,)
    np.testing.assert_allclose(
        found.shift, dataset.fields.mean((0, 1)).ravel(), atol=0.3 * rank**0.5
    )
    assert 0 <= found.width - (int(np.ceil(2.0 * rank)) + OVERSAMPLING) < COLUMNS
    assert found.width % COLUMNS == 0
    assert found.most == 512 + OVERSAMPLING
    assert found.directions is None


def test_a_pilot_without_end_of_modes_asks_for_all() -> None:
    dataset = _dataset(PILOT_ROWS // 10, 20, 2000, 1900)
    found = pilot(dataset, np.arange(len(dataset.ids)), ReductionSettings())
    assert found.width == found.most == 512 + OVERSAMPLING
    assert found.directions is not None
    entries, _, modes = found.directions
    assert modes.shape == (len(entries), 512 + OVERSAMPLING)
    assert 0 <= int(entries.min()) < int(entries.max()) < 2000


def test_a_pilot_reads_few_runs() -> None:
    class Counting(Dataset):
        rows: list[int] = []  # noqa: RUF012 - shared on purpose

        def read(self, index: int, out: np.ndarray) -> None:
            Counting.rows.append(index)
            super().read(index, out)

    pilot(Counting(**vars(_dataset(100, 200, 50, 3))), np.arange(10, 90), ReductionSettings())
    assert len(Counting.rows) == 48
    assert min(Counting.rows) == 10
    assert max(Counting.rows) == 89


@pytest.mark.parametrize("scaling", ["variable", "node"])
def test_a_sketch_does_not_depend_on_the_shift(scaling: str) -> None:
    """Neither do the statistics: it only keeps them exact."""
    dataset, choices = _dataset(80, 10, 600, 12), ReductionSettings(scaling=scaling)
    rows, known = np.arange(3, 70), pilot(dataset, np.arange(80), choices)
    other = known._replace(shift=known.shift + 3.0)
    first, second = (sketched(dataset, rows, choices, each, 40) for each in (known, other))
    np.testing.assert_allclose(first.statistics.mean, second.statistics.mean, rtol=1e-6)
    common = torch.linalg.svdvals(first.modes[:, :12].T @ second.modes[:, :12])
    np.testing.assert_allclose(common, 1.0, atol=1e-5)
    assert first.energy == pytest.approx(second.energy, rel=1e-5)
    states = np.concatenate([first.state.to_state(dataset.run(row)) for row in rows])
    assert first.energy == pytest.approx(np.square(states).sum(), rel=1e-5)
    basis = first.modes[:, :12].double().numpy()
    assert np.linalg.norm(states - states @ basis @ basis.T) < 1e-4 * np.linalg.norm(states)


@given(
    values=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20),
    rest=st.floats(0.0, 10.0),
    tolerance=st.floats(1e-4, 0.9),
)
@settings(deadline=None)
def test_rank_is_the_smallest_that_satisfies_the_tolerance(
    values: list[float], rest: float, tolerance: float
) -> None:
    energies = np.sort(np.array(values))[::-1].copy()
    total = float(energies.sum() + rest)
    rank = rank_for(torch.from_numpy(energies), total, tolerance, beyond=rest)
    left_out = [energies[k:].sum() + rest for k in range(len(values) + 1)]
    assert 1 <= rank <= len(values)
    slack = 1e-12 * total
    assert left_out[rank] <= tolerance**2 * total + slack or rank == len(values)
    assert rank == 1 or left_out[rank - 1] > tolerance**2 * total - slack
