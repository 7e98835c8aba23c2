"""Sketches of the training states against the states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import RunReader
from simulgenvae.reduction.pilot import take_pilot
from simulgenvae.reduction.sketch import take_sketch
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


@pytest.mark.parametrize("scaling", ["variable", "node"])
def test_a_sketch_does_not_depend_on_the_shift(scaling: str) -> None:
    """Neither do the statistics: it only keeps them exact."""
    dataset, choices = _dataset(80, 10, 600, 12), ReductionSettings(scaling=scaling)
    rows = np.arange(3, 70)
    pilot = take_pilot(RunReader(dataset, np.arange(80)), choices)
    other = pilot._replace(shift=pilot.shift + 3.0)
    first, second = (
        take_sketch(RunReader(dataset, rows), choices, each, 40) for each in (pilot, other)
    )
    np.testing.assert_allclose(first.statistics.mean, second.statistics.mean, rtol=1e-6)
    common = torch.linalg.svdvals(first.directions[:, :12].T @ second.directions[:, :12])
    np.testing.assert_allclose(common, 1.0, atol=1e-5)
    assert first.energy == pytest.approx(second.energy, rel=1e-5)
    states = np.concatenate([first.state_map.to_state(dataset.run(int(row))) for row in rows])
    assert first.energy == pytest.approx(np.square(states).sum(), rel=1e-5)
    basis = first.directions[:, :12].double().numpy()
    assert np.linalg.norm(states - states @ basis @ basis.T) < 1e-4 * np.linalg.norm(states)
