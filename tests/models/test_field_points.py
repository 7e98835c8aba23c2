"""Nodes of a neural field: positions in units of the mesh, and states from and to coefficients."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from simulgenvae.models import field_points
from simulgenvae.models.field_points import FieldPoints, unit_positions
from simulgenvae.reduction import Reduction

NODES, VARIABLES, RANK = 50, 2, 3


class Modes:
    """Orthonormal modes of nobody's fields."""

    def __init__(self, weights: np.ndarray | None = None) -> None:
        self.state_map = SimpleNamespace(weights=weights)
        self.field_shape = (NODES, VARIABLES)
        self.rank = RANK
        random = np.random.default_rng(0).normal(size=(NODES * VARIABLES, RANK))
        self.basis = np.linalg.qr(random)[0].astype(np.float32)

    def basis_and_factor(self) -> tuple[np.ndarray, np.ndarray]:
        return self.basis, np.ones(len(self.basis), np.float32)


@pytest.fixture
def reduction() -> Reduction:
    modes: Reduction = Modes()  # type: ignore[assignment]  # only what points need
    return modes


@pytest.fixture
def coords() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (NODES, 2))


@pytest.mark.parametrize("per_mode", [40, 4, 2])
def test_states_of_modes_give_their_coefficients(
    reduction: Reduction, coords: np.ndarray, per_mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "POINTS_PER_MODE", per_mode)
    points = FieldPoints.of(coords, reduction)
    assert len(points.fit_positions) == min(NODES, per_mode * RANK / VARIABLES)
    basis, _ = reduction.basis_and_factor()
    assert basis is not None
    rows = basis.reshape(NODES, VARIABLES, RANK)[_nodes_at(points.fit_positions, coords)]
    coefficients = torch.randn(4, RANK)
    states = coefficients @ torch.from_numpy(rows).flatten(0, 1).T
    torch.testing.assert_close(states @ points.fit.T, coefficients, rtol=1e-4, atol=1e-5)


def _nodes_at(positions: torch.Tensor, coords: np.ndarray) -> list[int]:
    """Return the node at each position."""
    places = unit_positions(coords).astype(np.float32)
    return [int(np.flatnonzero((places == each).all(axis=1))[0]) for each in positions.numpy()]


def test_rows_belong_to_their_positions(
    reduction: Reduction, coords: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "TRAINING_POINTS", 20)
    points = FieldPoints.of(coords, reduction)
    basis, _ = reduction.basis_and_factor()
    assert basis is not None
    assert points.nodes == NODES
    nodes = _nodes_at(points.positions, coords)
    assert len(set(nodes)) == 20
    np.testing.assert_array_equal(points.rows, basis.reshape(NODES, VARIABLES, RANK)[nodes])


@pytest.mark.parametrize("per_mode", [40, 4])
def test_states_of_nodes_with_weights_are_those_before_the_weights(
    coords: np.ndarray, per_mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "POINTS_PER_MODE", per_mode)
    weights = np.where(coords[:, 0] > 0, 1.0, 0.05)
    modes = Modes(weights)
    points = FieldPoints.of(coords, modes)  # type: ignore[arg-type]  # only what points need
    relative = weights / np.sqrt(np.square(weights).mean())
    rows = modes.basis.reshape(NODES, VARIABLES, RANK) / relative[:, None, None]
    learned = _nodes_at(points.positions, coords)
    np.testing.assert_allclose(points.rows, rows[learned], rtol=1e-6)
    assert np.mean(weights[learned] == 1) > 0.9
    coefficients = torch.randn(4, RANK)
    states = (
        coefficients
        @ torch.from_numpy(rows).float()[_nodes_at(points.fit_positions, coords)].flatten(0, 1).T
    )
    torch.testing.assert_close(states @ points.fit.T, coefficients, rtol=1e-3, atol=1e-4)


def test_drawn_nodes_measure_the_norm_of_weighted_states() -> None:
    nodes = 3000
    x = np.random.default_rng(0).uniform(-1, 1, nodes)
    weights = np.exp(3 * x)
    modes = Modes(weights)
    modes.field_shape = (nodes, 1)
    waves = np.cos(np.outer(x, [1, 2, 3])) * weights[:, None]
    modes.basis = np.linalg.qr(waves)[0].astype(np.float32)
    points = FieldPoints.of(x[:, None], modes)  # type: ignore[arg-type]  # only what points need
    coefficients = torch.randn(100, RANK)
    squares = (coefficients @ points.rows.flatten(0, 1).T).square().mean(1) * nodes
    torch.testing.assert_close(squares, coefficients.square().sum(1), rtol=0.15, atol=0.0)


@pytest.mark.parametrize("nodes", [NODES, 10])
def test_points_without_values_have_the_same_sizes(
    reduction: Reduction, coords: np.ndarray, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_points, "TRAINING_POINTS", nodes)
    monkeypatch.setattr(field_points, "POINTS_PER_MODE", nodes)
    points = FieldPoints.of(coords, reduction)
    sized = FieldPoints.without_values(coords, (NODES, VARIABLES), RANK)
    for name, value in vars(points).items():
        expected = getattr(sized, name)
        assert getattr(value, "shape", value) == getattr(expected, "shape", expected), name


def test_noise_is_not_amplified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modes that live on a few nodes of a large mesh are seen, and noise of states stays small."""
    nodes, rank = 20_000, 40
    x = np.linspace(-1, 1, nodes)
    peaks = np.exp(-(((x[:, None] - np.linspace(-0.9, 0.9, rank)) / 1e-3) ** 2))
    modes = Modes()
    modes.field_shape = (nodes, 1)
    modes.rank = rank
    modes.basis = np.linalg.qr(peaks)[0].astype(np.float32)
    points = FieldPoints.of(x[:, None], modes)  # type: ignore[arg-type]  # only what points need
    noise = torch.randn(500, points.fit.shape[1])
    # With all nodes, coefficients of unit noise have unit variance; with a sample of n of M nodes,
    # M / n times as much at the least.
    variance = float((noise @ points.fit.T).square().mean())
    assert variance < 4 * nodes / len(points.fit_positions)


def test_nodes_are_spread_over_the_mesh() -> None:
    """Every part of the mesh has as many of them as the chances of its nodes add up to."""
    random = np.random.default_rng(0)
    places = random.uniform(-1, 1, (4096, 2)).astype(np.float32)
    chances = field_points._chances(np.exp(2 * places[:, 0]) / np.exp(2 * places[:, 0]).sum(), 1000)
    assert chances.sum() == pytest.approx(1000)
    assert 0.9 < chances.max() <= 1
    chosen = field_points._spread_sample(chances, places, random)
    assert len(chosen) == len(set(chosen.tolist())) == 1000
    cells = (places > 0) @ np.array([1, 2])
    found = np.bincount(cells[chosen], minlength=4)
    # Nodes that are drawn independently miss this by 8 to 14 on average.
    np.testing.assert_allclose(found, np.bincount(cells, chances), atol=4)


def test_nodes_that_hold_most_of_the_modes_are_certain() -> None:
    probability = np.array([0.6, 0.2, 0.1, 0.05, 0.05])
    found = field_points._chances(probability, 3)
    np.testing.assert_allclose(found, [1, 1, 0.5, 0.25, 0.25])
    places = np.arange(5, dtype=np.float32)[:, None]
    for seed in range(5):
        chosen = field_points._spread_sample(found, places, np.random.default_rng(seed))
        assert {0, 1} <= set(chosen.tolist())


def test_the_longest_side_becomes_two_and_constant_dimensions_go() -> None:
    line = np.linspace(3.0, 7.0, 5)
    coords = np.column_stack([line, np.full(5, 0.1), 0.5 * line])
    expected = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(unit_positions(coords), np.column_stack([expected, 0.5 * expected]))


def test_a_single_node_has_no_dimensions() -> None:
    assert unit_positions(np.zeros((1, 3))).shape == (1, 0)
