"""Meshes whose nodes correspond, and cells that a geometry has turned inside out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes, on_own_mesh, restore_common_mesh
from simulgenvae.geometry.cell_quality import require_sound_cells
from simulgenvae.mesh.mesh import Mesh

CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
SQUARE = Mesh(CORNERS, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])}, unit="m")
FILE = Path("new.vtu")
CUBE = np.array([[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], float)
SOLIDS = {
    "tetra": ([[0, 1, 3, 4]], CUBE),
    "hexahedron": ([list(range(8))], CUBE),
    "wedge": ([[0, 1, 3, 4, 5, 7]], CUBE),
    "pyramid": ([[0, 1, 2, 3, 4]], CUBE),
}


def test_a_shape_is_the_way_of_the_nodes_and_gives_the_mesh_back() -> None:
    common = CorrespondingNodes(SQUARE)
    own = Mesh(CORNERS * [2, 1, 1], SQUARE.cells)
    placement = common.place(own, FILE)
    np.testing.assert_array_equal(placement.shape, CORNERS * [1, 0, 0])
    back = common.placed(placement.shape).mesh
    assert back.same_as(own)
    assert back.unit == "m"
    assert common.shape_names == ("x", "y", "z")
    fields = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(on_own_mesh(fields, placement), fields)


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        (Mesh(), "no positions, but the nodes of this study are 4"),
        (Mesh(CORNERS[:3]), "3 nodes, but the nodes of this study are 4"),
        (Mesh(CORNERS[:, :2]), "nodes with 2 coordinates, not 3"),
        (Mesh(CORNERS, {"triangle": np.array([[0, 1, 3], [1, 2, 3]])}), "other cells between"),
        (Mesh(CORNERS * [-1, 1, 1], SQUARE.cells), r"2 of 2 cells \(triangle\) are turned inside"),
        (Mesh(CORNERS * [0, 1, 1], SQUARE.cells), "new.vtu: 2 of 2 cells .* pressed flat"),
    ],
)
def test_a_mesh_that_is_no_geometry_of_the_study_is_named(mesh: Mesh, message: str) -> None:
    with pytest.raises(UserError, match=message):
        CorrespondingNodes(SQUARE).place(mesh, FILE)


@pytest.mark.parametrize("kind", SOLIDS)
@given(stretch=st.lists(st.floats(0.1, 10.0), min_size=3, max_size=3), mirrored=st.booleans())
def test_cells_are_turned_by_mirroring_and_by_nothing_else(
    kind: str, stretch: list[float], mirrored: bool
) -> None:
    nodes, coords = SOLIDS[kind]
    like = Mesh(coords, {kind: np.array(nodes)})
    turned = coords * stretch * (np.array([1, -1, 1]) if mirrored else 1)
    if not mirrored:
        require_sound_cells(turned, like, FILE)
        return
    with pytest.raises(UserError, match="turned inside out"):
        require_sound_cells(turned, like, FILE)


def test_surfaces_in_space_have_no_side() -> None:
    bent = CORNERS + np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    require_sound_cells(bent * [-1, 1, 1], Mesh(bent, SQUARE.cells), FILE)


def test_a_record_gives_the_way_back() -> None:
    common = CorrespondingNodes(SQUARE)
    assert restore_common_mesh(common.to_record(), SQUARE).mesh is SQUARE
    for record in ({"kind": "other"}, {}, {"kind": "corresponding", "more": 1}):
        with pytest.raises(ValueError, match="is not known"):
            restore_common_mesh(record, SQUARE)


def test_ways_of_sharing_that_are_not_taken_are_not_loaded() -> None:
    code = (
        "import sys; from simulgenvae.geometry.restore import restore_common_mesh; "
        "from simulgenvae.mesh.mesh import Mesh; import numpy as np; "
        "restore_common_mesh({'kind': 'corresponding'}, Mesh(np.zeros((3, 2)))); "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "simulgenvae.geometry.corresponding" in done.stdout.split()
    for name in ("simulgenvae.geometry.grid", "simulgenvae.geometry.morphing", "scipy.spatial"):
        assert name not in done.stdout.split()
