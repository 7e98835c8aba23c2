"""The sample of the runs that a mirror is judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.symmetry import mirror_nodes
from simulgenvae.settings.training import Axis
from simulgenvae.training.symmetry import sample as module
from simulgenvae.training.symmetry.sample import Sample
from tests.training.symmetry.blobs import blob_runs


def read(dataset: Dataset, *axes: Axis) -> Sample:
    """Return the sample of all ten runs."""
    assert dataset.mesh.coords is not None
    mirrors = {axis: mirror_nodes(dataset.mesh.coords, axis) for axis in axes}
    return Sample.read(dataset, np.arange(10), mirrors)


def test_nodes_are_closed_under_both_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NODES", 5)
    monkeypatch.setattr(module, "MOST_RUNS", 7)
    sample = read(blob_runs(10), "x", "y")
    runs, _, nodes, variables = sample.fields.shape
    assert (runs, variables) == (7, 3)
    assert 5 < nodes <= 20
    for partner in sample.partners.values():
        assert np.array_equal(partner[partner], np.arange(nodes))


def test_parts_are_those_of_the_mirrored_fields() -> None:
    sample = read(blob_runs(10), "x", "y")
    parts = sample.parts(("x", "y"), 1)
    assert parts is not None
    assert np.trace(parts.whole) == pytest.approx(1)
    values = sample.fields[..., 1]
    mirrored = values[:, :, sample.partners["x"]][:, :, sample.partners["y"]]
    energy = np.square(values - values.mean(axis=0)).sum()
    even = ((values + mirrored) / 2).reshape(10, -1)
    odd = ((values - mirrored) / 2).reshape(10, -1)
    assert parts.turned(1) == pytest.approx(odd @ odd.T / energy)
    assert parts.turned(-1) == pytest.approx(even @ even.T / energy)
    odd -= odd.mean(axis=0)
    assert parts.kept(-1) == pytest.approx(odd @ odd.T / energy)


def test_a_small_variation_of_large_values_has_exact_parts() -> None:
    dataset = blob_runs(10)
    fields = np.array(dataset.fields, np.float64)
    small = read(dataset, "x").parts(("x",), 0)
    fields[..., 0] = 101325 + 1e-3 * fields[..., 0]
    large = Dataset.from_arrays(fields, dataset.conditions, coords=dataset.mesh.coords)
    parts = read(large, "x").parts(("x",), 0)
    assert parts is not None
    assert small is not None
    assert parts.whole == pytest.approx(small.whole, abs=1e-4)
    assert parts.turned(1) == pytest.approx(small.turned(1), abs=1e-4)


def test_a_variable_that_never_varies_has_no_parts() -> None:
    dataset = blob_runs(10)
    fields = np.array(dataset.fields)
    fields[..., 2] = fields[0, ..., 2]
    sample = read(replace(dataset, fields=fields), "x")
    assert sample.parts(("x",), 2) is None
    assert sample.parts(("x",), 1) is not None
