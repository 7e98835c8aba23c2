"""Morphed meshes: geometries are met, fields go there and back, and what is too different."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.geometry import MorphedMesh, restore_common_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from tests.geometry.morphing.shapes import plate

FILE = Path("run_7")
REFERENCE = plate((1.0, 0.5, 0.2), spacing=0.06)


def area(mesh: Mesh) -> float:
    assert mesh.coords is not None
    return float(NodalVolumes.of(mesh, len(mesh.coords)).values.sum())


def wave(coords: np.ndarray) -> np.ndarray:
    return np.column_stack([np.sin(3 * coords[:, 0]) * np.cos(2 * coords[:, 1]), coords[:, 0]])


@settings(max_examples=5)
@given(
    st.floats(0.8, 1.2), st.floats(0.42, 0.58), st.floats(0.13, 0.26), st.sampled_from([0.05, 0.07])
)
def test_a_geometry_is_met_and_fields_go_there_and_back(
    x: float, y: float, radius: float, spacing: float
) -> None:
    common = MorphedMesh(REFERENCE, Path("reference"))
    own = plate((x, y, radius), spacing=spacing)
    placement = common.place(own, FILE)
    assert placement.gap < 0.01
    moved = common.placed(placement.shape).mesh
    assert area(moved) == pytest.approx(area(own), rel=0.01)
    assert own.coords is not None
    assert moved.coords is not None
    values = wave(own.coords)
    there = placement.to_common(values)
    assert np.sqrt(np.square(there - wave(moved.coords)).mean()) < 0.01
    change = placement.to_own(there) - values
    assert np.sqrt((change**2).mean()) < 0.004 * values.std()


def test_corrections_return_more_than_interpolation_alone() -> None:
    own = plate((1.1, 0.5, 0.2), spacing=0.07)
    placement = MorphedMesh(REFERENCE, FILE).place(own, FILE)
    assert own.coords is not None
    values = wave(own.coords)
    alone = placement._there.weights @ values
    change = np.abs(placement.to_own(placement.to_common(values)) - values).mean()
    assert change < 0.4 * np.abs(placement.to_own(alone) - values).mean()


def test_a_predicted_shape_has_the_nodes_of_the_reference() -> None:
    common = MorphedMesh(REFERENCE, FILE)
    shape = np.full((common.nodes, 2), 0.5)
    placement = common.placed(shape)
    assert placement.mesh.coords is not None
    np.testing.assert_allclose(placement.mesh.coords, common.mesh.coords + 0.5)
    values = np.arange(common.nodes * 2.0).reshape(-1, 2)
    np.testing.assert_array_equal(placement.to_own(values), values)


def test_a_plane_elsewhere_is_met_too() -> None:
    common = MorphedMesh(plate(columns=3), FILE)
    own = plate(columns=3, spacing=0.08)
    assert own.coords is not None
    placement = common.place(Mesh(own.coords + np.array([1.0, 0.0, 7.0]), own.cells), FILE)
    np.testing.assert_allclose(
        placement.shape, np.broadcast_to([1.0, 0, 7], placement.shape.shape), atol=1e-9
    )


def test_nodes_without_cells_are_left_out_of_the_reference_and_get_values() -> None:
    assert REFERENCE.coords is not None
    more = Mesh(np.concatenate([REFERENCE.coords, [[5.0, 5.0]]]), REFERENCE.cells)
    common = MorphedMesh(more, FILE)
    assert common.nodes == len(REFERENCE.coords)
    placement = common.place(more, FILE)
    assert placement.to_own(common.mesh.coords)[-1] == pytest.approx([2.0, 1.0])
    with pytest.raises(ValueError, match="nodes without cells"):
        restore_common_mesh(common.to_record(), more)


def test_another_plane_and_a_tangled_mesh_are_named() -> None:
    common = MorphedMesh(plate((0.3, 0.5, 0.2), spacing=0.06), FILE)
    with pytest.raises(UserError, match=r"run_7: its nodes have 3 coordinates and are in .* x-y"):
        common.place(plate((0.3, 0.5, 0.2), columns=3), FILE)
    far = plate((1.75, 0.75, 0.2), spacing=0.06)
    with pytest.raises(UserError, match=r"run_7: \d+ of \d+ cells .*too different.*--geometry"):
        common.place(far, FILE)


def test_a_record_gives_the_way_back() -> None:
    common = MorphedMesh(REFERENCE, FILE)
    back = restore_common_mesh(common.to_record(), common.mesh)
    shapes = [way.place(plate((1.1, 0.45, 0.2)), FILE).shape for way in (common, back)]
    np.testing.assert_array_equal(shapes[0], shapes[1])
    with pytest.raises(ValueError, match="positions of the nodes are not known"):
        restore_common_mesh(common.to_record(), Mesh())
