"""Nodes of a neural field: positions in units of the mesh, and states from and to coefficients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.models import field_points
from simulgenvae.models.field_points import FieldPoints, unit_positions
from simulgenvae.reduction import Reduction

NODES, VARIABLES, RANK = 50, 2, 3


class Modes:
    """Orthonormal modes of nobody's fields."""

    field_shape = (NODES, VARIABLES)
    rank = RANK

    def __init__(self) -> None:
        random = np.random.default_rng(0).normal(size=(NODES * VARIABLES, RANK))
        self.basis = np.linalg.qr(random)[0].astype(np.float32)

    def basis_and_factor(self) -> tuple[np.ndarray, np.ndarray]:
        return self.basis, np.ones(NODES * VARIABLES, np.float32)


@pytest.fixture
def reduction() -> Reduction:
    modes: Reduction = Modes()  # type: ignore[assignment]  # only what points need
    return modes


@pytest.fixture
def coords() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (NODES, 2))


@pytest.mark.parametrize("most", [4096, 20])
def test_states_of_modes_give_their_coefficients(
    reduction: Reduction, coords: np.ndarray, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "MOST_POINTS", most)
    points = FieldPoints.of(coords, reduction)
    assert points.rows.shape == (min(NODES, most), VARIABLES, RANK)
    assert points.nodes == NODES
    coefficients = torch.randn(4, RANK)
    states = coefficients @ points.rows.flatten(0, 1).T
    torch.testing.assert_close(states @ points.fit.T, coefficients, rtol=1e-4, atol=1e-5)


def test_rows_belong_to_their_positions(reduction: Reduction, coords: np.ndarray) -> None:
    points = FieldPoints.of(coords, reduction)
    basis, _ = reduction.basis_and_factor()
    assert basis is not None
    places = unit_positions(coords).astype(np.float32)
    for position, rows in zip(points.positions.numpy(), points.rows.numpy(), strict=True):
        (node,) = np.flatnonzero((places == position).all(axis=1))
        np.testing.assert_array_equal(rows, basis.reshape(NODES, VARIABLES, RANK)[node])


def test_there_are_enough_values_for_all_modes(
    reduction: Reduction, coords: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "MOST_POINTS", 1)
    assert len(FieldPoints.of(coords, reduction).positions) == 4 * RANK / VARIABLES


def test_the_longest_side_becomes_two_and_constant_dimensions_go() -> None:
    line = np.linspace(3.0, 7.0, 5)
    coords = np.column_stack([line, np.full(5, 0.1), 0.5 * line])
    expected = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(unit_positions(coords), np.column_stack([expected, 0.5 * expected]))


def test_a_single_node_has_no_dimensions() -> None:
    assert unit_positions(np.zeros((1, 3))).shape == (1, 0)
