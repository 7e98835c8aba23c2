"""The background grid: there and back, and its size."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.peers import background
from benchmarks.geometry.peers.background import Background


@pytest.mark.parametrize("dimension", [2, 3])
def test_linear_functions_come_back_exactly(dimension: int) -> None:
    grid = Background(tuple(np.linspace(-1.0, 2.0, count) for count in (5, 7, 4)[:dimension]))
    slope = np.arange(1.0, dimension + 1.0)
    targets = np.random.default_rng(0).uniform(-1.0, 2.0, (40, dimension))
    found = grid.at(targets) @ (grid.points @ slope)
    np.testing.assert_allclose(found, targets @ slope)
    np.testing.assert_allclose(grid.at(grid.points).diagonal(), 1.0)


def test_grid_is_as_fine_as_the_cells_and_limited(
    ovals: Callable[..., GeometryCase], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = ovals(4, 2)
    grid = Background.of(case)
    edges = [background._edge(run) for run in case.training_runs]
    assert np.diff(grid.axes[0])[0] == pytest.approx(np.median(edges), rel=0.1)
    known = np.concatenate([run.points for run in case.training_runs])
    assert (grid.points.min(axis=0) < known.min(axis=0)).all()
    assert (grid.points.max(axis=0) > known.max(axis=0)).all()
    monkeypatch.setattr(background, "MOST_POINTS", 120)
    assert len(Background.of(case).points) <= 150


def test_projected_fields_are_those_of_the_run(ovals: Callable[..., GeometryCase]) -> None:
    case = ovals(4, 2)
    run = case.runs[0]
    grid = Background.of(case)
    fields, distance = grid.project(case, run)
    np.testing.assert_array_equal(distance, grid.distance(case, run))
    radius = np.linalg.norm(grid.points / [case.table[0, 0], 1.0], axis=1)
    assert (distance[radius < 0.97] < 0).all()
    assert (distance[radius > 1.0] > 0).all()
    there_and_back = np.stack([grid.at(run.points) @ step for step in fields.astype(float)])
    change = there_and_back - run.fields
    assert np.linalg.norm(change) < 0.03 * np.linalg.norm(run.fields)
