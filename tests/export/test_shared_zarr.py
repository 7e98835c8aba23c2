"""Predictions that several ranks write into one Zarr group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.conditions import Conditions
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.export import write_prediction
from simulgenvae.export.batches import Batch
from simulgenvae.mesh.mesh import Mesh
from tests.conftest import RunRanks
from tests.export.conftest import MakePrediction

IDS = ("a", "b", "run number three", "ü", "e")


@pytest.fixture
def whole(make_prediction: MakePrediction) -> xr.Dataset:
    return make_prediction(IDS, std=True, scores=True)


def own_batches(whole: xr.Dataset) -> Iterator[xr.Dataset]:
    """Yield the designs of the calling rank, one by one."""
    return (whole.isel(run=[row]) for row in collectives.local_rows(np.arange(len(IDS))))


@pytest.mark.parametrize("count", [2, 4, 7])
def test_the_group_is_that_of_one_process(
    count: int, tmp_path: Path, whole: xr.Dataset, mesh: Mesh, run_ranks: RunRanks
) -> None:
    conditions = Conditions(IDS, ("speed",), np.arange(5.0)[:, None], units=("m/s",))

    def batches(some: Iterator[xr.Dataset]) -> Iterator[Batch]:
        return (Batch.of(one).with_parameters(conditions) for one in some)

    one_by_one = (whole.isel(run=[row]) for row in range(len(IDS)))
    write_prediction(batches(one_by_one), mesh, tmp_path / "alone.zarr")
    target = tmp_path / "shared.zarr"

    def work() -> None:
        write_prediction(batches(own_batches(whole)), mesh, target, runs=len(IDS))

    assert run_ranks(count, work) == [None] * count
    with (
        xr.open_zarr(target, consolidated=False) as found,
        xr.open_zarr(tmp_path / "alone.zarr", consolidated=False) as alone,
    ):
        xr.testing.assert_identical(found.load(), alone.load())
        assert found["speed"].values.tolist() == [0, 1, 2, 3, 4]
    assert {path.name for path in tmp_path.iterdir()} == {"alone.zarr", "shared.zarr"}


def test_a_mistake_of_one_rank_is_raised_by_all_and_nothing_is_left(
    tmp_path: Path, whole: xr.Dataset, mesh: Mesh, run_ranks: RunRanks
) -> None:
    def batches() -> Iterator[xr.Dataset]:
        yield from own_batches(whole)
        if collectives.rank() == 1:
            raise UserError("out of memory")

    found = run_ranks(
        2, lambda: write_prediction(batches(), mesh, tmp_path / "new.zarr", runs=len(IDS))
    )
    assert list(map(str, found)) == ["out of memory"] * 2
    assert not list(tmp_path.iterdir())


def test_other_formats_are_refused_at_once(
    tmp_path: Path, whole: xr.Dataset, mesh: Mesh, run_ranks: RunRanks
) -> None:
    found = run_ranks(
        2, lambda: write_prediction(own_batches(whole), mesh, tmp_path / "new.npz", runs=len(IDS))
    )
    for error in found:
        assert "several processes can only write .zarr" in str(error)
    assert not list(tmp_path.iterdir())
