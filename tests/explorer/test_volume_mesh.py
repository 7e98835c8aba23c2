from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulgenvae.explorer.volume_mesh import volume_arrays
from simulgenvae.mesh.mesh import Mesh
from tests.explorer.test_drawn_mesh import box


def test_of_a_mesh_of_bodies_everything_is_kept() -> None:
    mesh = box(2)
    cells = {"hexahedron": mesh.cells["hexahedron"], "triangle": np.array([[0, 1, 3]])}
    arrays = volume_arrays(Mesh(mesh.coords, cells))
    np.testing.assert_allclose(arrays["volume.points"], mesh.coords)
    assert arrays["volume.types"].tolist() == [12] * 8 + [5]
    assert arrays["volume.counts"].tolist() == [8] * 8 + [3]
    nodes = [*mesh.cells["hexahedron"].ravel(), 0, 1, 3]
    assert arrays["volume.connectivity"].tolist() == nodes


def test_surfaces_and_meshes_with_polyhedra_have_none(mixed_mesh: Mesh) -> None:
    assert "polyhedron" in {group.kind.name for group in mixed_mesh.cells.groups}
    assert volume_arrays(mixed_mesh) == {}
    flat = Mesh(np.eye(3), {"triangle": np.array([[0, 1, 2]])})
    assert volume_arrays(flat) == {}
    assert volume_arrays(Mesh()) == {}


def test_cells_with_orders_or_weights_have_none() -> None:
    mesh = box(1)
    for cells in (
        replace(mesh.cells, degrees=np.ones((1, 3), np.int64)),
        replace(mesh.cells, rational_weights=np.ones(8)),
    ):
        assert volume_arrays(Mesh(mesh.coords, cells)) == {}
