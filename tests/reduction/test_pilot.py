"""What a pilot finds, on fields whose number of modes is known."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import RunReader
from simulgenvae.reduction.pilot import COLUMNS, OVERSAMPLING, PILOT_ROWS, take_pilot
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
    found = take_pilot(RunReader(dataset, np.arange(200)), choices)
    assert found.shift.shape == (700,)
    np.testing.assert_allclose(
        found.shift, dataset.fields.mean((0, 1)).ravel(), atol=0.3 * rank**0.5
    )
    assert 0 <= found.width - (int(np.ceil(2.0 * rank)) + OVERSAMPLING) < COLUMNS
    assert found.width % COLUMNS == 0
    assert found.max_width == 512 + OVERSAMPLING
    assert found.modes is None


def test_a_pilot_without_end_of_modes_asks_for_all() -> None:
    dataset = _dataset(PILOT_ROWS // 10, 20, 2000, 1900)
    found = take_pilot(RunReader(dataset, np.arange(len(dataset.ids))), ReductionSettings())
    assert found.width == found.max_width == 512 + OVERSAMPLING
    assert found.modes is not None
    entries, _, modes = found.modes
    assert modes.shape == (len(entries), 512 + OVERSAMPLING)
    assert 0 <= int(entries.min()) < int(entries.max()) < 2000


def test_a_pilot_reads_few_runs() -> None:
    class Counting(Dataset):
        rows: list[int] = []  # noqa: RUF012 - shared on purpose

        def read(self, index: int, out: np.ndarray) -> None:
            Counting.rows.append(index)
            super().read(index, out)

    counting = Counting(**vars(_dataset(100, 200, 50, 3)))
    take_pilot(RunReader(counting, np.arange(10, 90)), ReductionSettings())
    assert len(Counting.rows) == 48
    assert min(Counting.rows) == 10
    assert max(Counting.rows) == 89
