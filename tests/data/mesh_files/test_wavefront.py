"""Surfaces in files of Wavefront."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.data.ingest.coordinates import read_mesh
from simulgenvae.errors import UserError

SQUARE = """# a square
mtllib none.mtl
o body
v 0 0 0 0.5
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vn 0 0 1
f 1/1/1 2/1/1 3/2/1 \\
  4//1
f -4/2 -3/2 -2
f 1 2 3 4 2
l 1 2
"""


def test_vertices_are_nodes_whatever_their_textures_are(tmp_path: Path) -> None:
    (tmp_path / "m.obj").write_text(SQUARE)
    mesh = read_mesh(tmp_path / "m.obj")
    assert mesh.coords is not None
    assert mesh.coords.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert mesh.cells["quad"].tolist() == [[0, 1, 2, 3]]
    assert mesh.cells["triangle"].tolist() == [[0, 1, 2]]
    assert mesh.cells["polygon5"].tolist() == [[0, 1, 2, 3, 1]]
    assert mesh.remarks == ("1 line or point left out",)


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".obj"])
def test_files_of_pyvista(tmp_path: Path, suffix: str) -> None:
    made = pyvista.Icosphere(nsub=2).clean()
    path = tmp_path / f"m{suffix}"
    if suffix == ".obj":
        plotter = pyvista.Plotter(off_screen=True)
        plotter.add_mesh(made)
        plotter.export_obj(path)
        plotter.close()
    else:
        made.save(path)
    mesh = read_mesh(path)
    assert mesh.coords is not None
    assert len(mesh.cells["triangle"]) == made.n_cells
    corners = mesh.coords[mesh.cells["triangle"]].mean(axis=1)
    np.testing.assert_allclose(corners, made.cell_centers().points, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a mesh without vertices"),
        ("garbage \x00\x01", "a mesh without vertices"),
        ("v 0 0\n", "line 1: a vertex of 2 numbers"),
        ("v a b c\n", "line 1: could not convert"),
        ("v 0 0 0\nf 1 1\n", "line 2: a face of fewer than three"),
        ("v 0 0 0\nf 1 0 1\n", "line 2: there is no vertex 0"),
        ("v 0 0 0\nf 1 -2 1\n", "line 2: there is no vertex -2"),
        ("v 0 0 0\nf 1 1 9\n", r"m\.obj: a face has the vertex 9, but there are 1"),
        ("v 0 0 nan\n", r"m\.obj: .*not finite"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.obj").write_text(text)
    with pytest.raises(UserError, match=message):
        read_mesh(tmp_path / "m.obj")
