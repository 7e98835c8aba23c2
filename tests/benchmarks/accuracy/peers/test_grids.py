"""Regular grids among meshes."""

import numpy as np
import pytest

from benchmarks.accuracy.peers.grids import Grid, NoGridError
from benchmarks.accuracy.problem import grid_positions

X = np.linspace(-3.0, 7.0, 11)
Y = np.linspace(0.0, 0.2, 5)


def test_nodes_in_any_order_are_placed_row_by_row() -> None:
    coords = grid_positions(X, Y)
    mixed = np.random.default_rng(0).permutation(len(coords))
    noise = 1e-9 * np.random.default_rng(1).normal(size=coords.shape)
    grid = Grid.of((coords + noise)[mixed])
    assert grid.shape == (5, 11)
    np.testing.assert_array_equal(mixed[grid.order], np.arange(len(coords)))


@pytest.mark.parametrize("nodes", [2, 1024])
def test_a_line_is_a_grid_of_one_axis(nodes: int) -> None:
    assert Grid.of(np.linspace(0.0, 1.0, nodes)[:, np.newaxis]).shape == (nodes,)


def test_an_axis_without_extent_is_none() -> None:
    coords = np.concatenate([grid_positions(X, Y), np.zeros((55, 1))], axis=1)
    assert Grid.of(coords).shape == (5, 11)


def test_other_meshes_are_refused() -> None:
    coords = grid_positions(X, Y)
    with pytest.raises(NoGridError, match="no regular grid"):
        Grid.of(coords[:-1])
    with pytest.raises(NoGridError, match="no regular grid"):
        Grid.of(np.concatenate([coords[:-1], coords[:1]]))
    with pytest.raises(NoGridError, match="steps along an axis differ"):
        Grid.of(grid_positions(X**3, Y))
    with pytest.raises(NoGridError, match="no regular grid"):
        Grid.of(np.random.default_rng(0).random((30, 2)))
