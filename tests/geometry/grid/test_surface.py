"""Surfaces in space on a background grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.errors import UserError
from simulgenvae.geometry import restore_common_mesh
from simulgenvae.geometry.grid.background import BackgroundGrid
from simulgenvae.geometry.grid.extent import Extent
from simulgenvae.geometry.grid.surface import branching_edges
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import grid_mesh
from tests.geometry.grid.shapes import RUN, box


def ellipsoid(fineness: int, width: float = 1.0) -> Mesh:
    made: Any = pyvista.Icosphere(nsub=fineness)
    made.points = np.asarray(made.points) * [width, 0.6, 0.5]
    return grid_mesh(made.cast_to_unstructured_grid(), RUN)


def field(coords: np.ndarray) -> np.ndarray:
    return np.column_stack([np.sin(3 * coords[:, 0]) + coords[:, 1], coords[:, 2]])


MESHES = [ellipsoid(3), ellipsoid(2, 1.2)]
GRID = BackgroundGrid.fit([Extent.of(mesh, RUN) for mesh in MESHES])


@pytest.mark.parametrize("mesh", MESHES)
def test_fields_on_a_surface_come_back(mesh: Mesh) -> None:
    placement = GRID.place(mesh, RUN)
    there = placement.to_common(field(mesh.coords))
    back = placement.to_own(there)
    assert np.abs(back - field(mesh.coords)).max() < 0.02
    # Between the nodes, too: at the middles of the triangles.
    middles = mesh.coords[mesh.cells["triangle"]].mean(axis=1)
    again = GRID.place(Mesh(middles, {"triangle": np.array([[0, 1, 2]])}), RUN).to_own(there)
    assert np.abs(again - field(middles)).max() < 0.06


def test_the_distance_has_no_sign() -> None:
    shape = GRID.place(MESHES[0], RUN).shape
    middle = np.linalg.norm(GRID.mesh.coords, axis=1).argmin()
    assert shape[middle, 0] == pytest.approx(0.5, abs=0.1)
    assert (shape >= 0).all()
    near = GRID.inside(shape)
    assert 0.1 < near.mean() < 0.6
    assert not near[middle]


def test_a_surface_without_its_mesh_cannot_be_made() -> None:
    shape = GRID.place(MESHES[0], RUN).shape
    again = GRID.placed_again(MESHES[0], shape.astype(np.float32), RUN)
    np.testing.assert_array_equal(GRID.inside(again.shape), GRID.inside(shape))
    with pytest.raises(UserError, match=r"surfaces in space, whose meshes .* \(--meshes\)"):
        GRID.placed(shape)


def test_other_geometries_do_not_go_there() -> None:
    with pytest.raises(
        UserError, match=r"3 dimensions and 3 coordinates, the runs .* have 2 and 3"
    ):
        GRID.place(box(2, size=(0.2, 0.2, 0.2)), RUN)
    far = Mesh(MESHES[0].coords + 3.0, MESHES[0].cells)
    with pytest.raises(UserError, match="beyond the background grid"):
        GRID.place(far, RUN)


def test_files_keep_that_there_are_surfaces() -> None:
    record = GRID.to_record()
    assert record["surface"] is True
    restored = restore_common_mesh(record, GRID.mesh)
    assert isinstance(restored, BackgroundGrid)
    assert restored.has_surfaces
    assert "around their surfaces" in str(restored)
    volumes = BackgroundGrid.fit([Extent.of(box(3), RUN)])
    assert "surface" not in volumes.to_record()
    with pytest.raises(ValueError, match="is not in space"):
        restore_common_mesh({**record, "counts": [1, 20, 20]}, GRID.mesh)


def test_edges_at_which_faces_branch_are_counted() -> None:
    coords = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1]])
    three = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    assert branching_edges(Mesh(coords, {"triangle": three})) == 1
    assert branching_edges(MESHES[0]) == 0
