"""Timesteps that a comparison has read are not read again."""

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.readers.runs.aligned import aligned
from simulgenvae.data.readers.runs.remembered import Remembered
from simulgenvae.data.readers.runs.series import Kind, Listing, RunPart, Series, Snapshot
from simulgenvae.mesh.mesh import Mesh

COORDS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
STEPS = 5


def counted(run: int, read: list[tuple[int, int]]) -> Series:
    """Return a run that notes which of its timesteps are read."""

    def snapshot(step: int) -> Snapshot:
        read.append((run, step))
        return Snapshot(COORDS, {"T": np.array([run, step], dtype=np.float64)})

    return Series(
        Path(f"run_{run}"), np.arange(STEPS, dtype=np.float64), snapshot, lambda: Mesh(COORDS)
    )


def test_each_timestep_of_compared_runs_is_read_once() -> None:
    read: list[tuple[int, int]] = []
    runs = {f"run_{run}": lambda run=run: counted(run, read) for run in range(3)}
    source = aligned(Path("runs"), runs, RunPart())
    for run in range(3):
        values = source.run(run)
        np.testing.assert_array_equal(values[:, 0, 0], run)
        np.testing.assert_array_equal(values[:, 1, 0], range(STEPS))
    assert sorted(read) == [(run, step) for run in range(3) for step in range(STEPS)]


def test_runs_are_read_again_after_they_were_read() -> None:
    read: list[tuple[int, int]] = []
    runs = {f"run_{run}": lambda run=run: counted(run, read) for run in range(2)}
    source = aligned(Path("runs"), runs, RunPart())
    np.testing.assert_array_equal(source.run(1), source.run(1))
    assert read.count((1, 0)) == 2


@pytest.mark.parametrize(("most", "is_kept"), [(2 * (48 + 16), True), (2 * (48 + 16) - 1, False)])
def test_only_what_fits_is_kept(most: int, is_kept: bool) -> None:
    remembered = Remembered(most)
    series = remembered.recording("a", counted(0, []))
    series.listing(0)
    series.listing(4)
    remembered.keep("a", series)
    assert (remembered.get("a") is series) == is_kept


def test_a_second_run_has_what_the_first_leaves() -> None:
    remembered = Remembered(64 + 32)
    for name in ("a", "b"):
        series = remembered.recording(name, counted(0, []))
        series.listing(0)
        remembered.keep(name, series)
    assert remembered.get("a") is not None
    assert remembered.get("b") is None


def test_values_are_not_read_where_a_listing_needs_none() -> None:
    read: list[tuple[int, int]] = []
    series = counted(0, read)
    listed = Listing(COORDS, {"T": Kind(1)})
    cheap = Series(series.path, series.times, series.read, series.mesh, look=lambda _: listed)
    assert Remembered().recording("a", cheap).listing(0) is listed
    assert read == []
