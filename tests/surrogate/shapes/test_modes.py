"""Shape modes: the geometries of training runs in a few numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.shapes import Shapes
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.surrogate.shapes import ShapeModes

COORDS = np.random.default_rng(0).random((50, 2))


def shapes_of(values: np.ndarray) -> Shapes:
    return Shapes(
        CorrespondingNodes(Mesh(COORDS)),
        values[:, None].astype(np.float32),
        Path("shapes"),
    )


@given(seed=st.integers(0, 1000), rank=st.integers(1, 4), runs=st.integers(6, 12))
def test_shapes_of_few_modes_are_given_back(seed: int, rank: int, runs: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.einsum("nk,kms->nms", rng.normal(size=(runs, rank)), rng.normal(size=(rank, 50, 2)))
    shapes = shapes_of(values + 3.0)
    modes = ShapeModes.fit(shapes, range(runs))
    assert modes.count == min(rank, runs - 1)
    np.testing.assert_allclose(modes.basis.T @ modes.basis, np.eye(modes.count), atol=1e-5)
    for run in range(runs):
        shape = shapes.shape(run)
        np.testing.assert_allclose(modes.decode(modes.encode(shape)), shape, atol=1e-3)


def test_modes_of_many_nodes_follow_from_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    shapes = shapes_of(np.einsum("n,ms->nms", rng.normal(size=8), rng.normal(size=(50, 2))))
    whole = ShapeModes.fit(shapes, range(8))
    monkeypatch.setattr("simulgenvae.surrogate.shapes.modes._GRAM_VALUES", 20)
    part = ShapeModes.fit(shapes, range(8))
    np.testing.assert_allclose(part.basis, whole.basis, atol=1e-5)


def test_only_the_training_runs_are_read() -> None:
    values = np.random.default_rng(2).normal(size=(5, 50, 2))
    first = ShapeModes.fit(shapes_of(values), range(4))
    values[4] += 100.0
    second = ShapeModes.fit(shapes_of(values), range(4))
    np.testing.assert_array_equal(first.basis, second.basis)


def test_runs_of_one_geometry_teach_nothing() -> None:
    with pytest.raises(UserError, match="all training runs have the same geometry"):
        ShapeModes.fit(shapes_of(np.full((4, 50, 2), 7.0)), range(4))


def test_damaged_modes_are_refused() -> None:
    values = np.random.default_rng(2).normal(size=(5, 50, 2))
    arrays = ShapeModes.fit(shapes_of(values), range(5)).arrays()
    assert ShapeModes.restore(arrays, 50, 2).count == 4
    broken = arrays["basis"].copy()
    broken[3, 1] = np.nan
    for wrong in (arrays | {"basis": broken}, arrays | {"mean": arrays["mean"][:4]}):
        with pytest.raises(ValueError, match="shape modes"):
            ShapeModes.restore(wrong, 50, 2)
    with pytest.raises(ValueError, match="not finite"):
        ShapeModes.restore(arrays | {"mean": arrays["mean"] * np.nan}, 50, 2)
