"""Meshes that Gmsh 4.15 and meshio 5.3 wrote, in ``written/``: boxes of one unit a side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.ingest.coordinates import read_mesh
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import mesh_grid

WRITTEN = Path(__file__).parent / "written"
KINDS = {"box": "tetra10", "hexes": "hexahedron20", "prisms": "wedge15"}
HEAD = "$MeshFormat\n{} 0 8\n$EndMeshFormat\n"
NODES = "$Nodes\n2\n1 0 0 0\n2 1 0 0\n$EndNodes\n"
ONE_LINE = f"{HEAD.format('2.2')}{NODES}$Elements\n1\n{{}}\n$EndElements\n"


@pytest.mark.parametrize("form", ["22_text", "22_binary", "41_text", "41_binary"])
@pytest.mark.parametrize("name", KINDS)
def test_physical_groups_are_sets(name: str, form: str) -> None:
    mesh = read_mesh(WRITTEN / f"gmsh_{name}_{form}.msh")
    assert mesh.coords is not None
    mesh.check(len(mesh.coords))
    assert list(mesh.sets) == ["point_3", "inlet", "fluid body"]
    inlet = np.flatnonzero(np.abs(mesh.coords[:, 0]) < 1e-9)
    np.testing.assert_array_equal(mesh.sets["inlet"], inlet)
    np.testing.assert_array_equal(mesh.sets["fluid body"], np.arange(len(mesh.coords)))
    assert len(mesh.sets["point_3"]) == 1


@pytest.mark.parametrize("name", KINDS)
def test_nodes_between_corners_are_where_vtk_has_them(name: str) -> None:
    mesh = read_mesh(WRITTEN / f"gmsh_{name}_41_binary.msh")
    assert KINDS[name] in mesh.cells
    assert mesh.coords is not None
    edges = 0
    for cell in mesh_grid(mesh, "the test").cell:
        for edge in cell.edges:
            first, last, middle = edge.points
            np.testing.assert_allclose(middle, (first + last) / 2, atol=1e-9)
            edges += 1
    assert edges > 10


@pytest.mark.parametrize(
    ("name", "inlet"), [("meshio_22_text", [0, 3]), ("meshio_41_binary", [0, 1])]
)
def test_meshio_writes_groups_too(name: str, inlet: list[int]) -> None:
    mesh = read_mesh(WRITTEN / f"{name}.msh")
    assert mesh.sets["inlet"].tolist() == inlet
    assert mesh.sets["plate"].tolist() == list(range(6))
    assert mesh.coords is not None
    assert mesh.coords[inlet].tolist() == [[0, 0, 0], [0, 1, 0]]
    assert {kind: len(cells) for kind, cells in mesh.cells.items()} == {"line": 1, "quad": 2}


@pytest.mark.parametrize("name", ["gmsh_box_22_binary", "gmsh_box_41_text", "gmsh_hexes_41_binary"])
def test_damage_is_named(name: str, tmp_path: Path) -> None:
    content = (WRITTEN / f"{name}.msh").read_bytes()
    path = tmp_path / "damaged.msh"
    for length in range(0, len(content) - 15, 97):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"damaged\.msh"):
            read_mesh(path)
    # Numbers are changed: a mesh that is wrong, or a message; never another exception.
    rng = np.random.default_rng(0)
    for _ in range(200):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[rng.integers(60, len(changed), 3)] = rng.integers(0, 256, 3)
        path.write_bytes(changed.tobytes())
        try:
            mesh = read_mesh(path)
            assert mesh.coords is not None
            mesh.check(len(mesh.coords))
        except UserError:
            pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(0 'fluent')", "meshes of Fluent have the same suffix"),
        (HEAD.format("4"), "not of version 4.1 or 2.2"),
        (ONE_LINE.format("1 1 1 1 1 3"), "an element has the node 3, which does not exist"),
        (ONE_LINE.format("1 26 1 1 1 2 2 2"), "elements of Gmsh's type 26, which are not read"),
        (ONE_LINE.format("1 1 -3 1 2"), "less than no tags"),
        (ONE_LINE.format("1 1 1 1 1 1e300"), "not whole numbers"),
        (ONE_LINE.format("1 1 1 1 one 2"), "could not convert"),
        (f"{HEAD.format('2.2')}{NODES}", "Elements"),
        (f"{HEAD.format('2.2')}$Nodes\n999999999999999\n1 0 0 0\n$EndNodes", "are announced"),
        (ONE_LINE.format("1 1 1 1 1 2").replace("\n2 1 0 0", "\n1 1 0 0"), "node 1 more than once"),
    ],
)
def test_what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mesh.msh"
    path.write_text(text)
    with pytest.raises(UserError, match=rf"mesh\.msh.*{message}"):
        read_mesh(path)


def test_an_entity_may_be_in_several_groups_and_turned(tmp_path: Path) -> None:
    path = tmp_path / "mesh.msh"
    entities = "$Entities\n0 1 0 0\n5 0 0 0 1 0 0 2 -1 2 0\n$EndEntities\n"
    nodes = "$Nodes\n1 3 1 3\n1 5 1 3\n1\n2\n3\n0 0 0 0\n1 0 0 1\n2 0 0 2\n$EndNodes\n"
    elements = "$Elements\n1 1 1 1\n1 5 1 1\n1 1 3\n$EndElements\n"
    path.write_text(HEAD.format("4.1") + entities + nodes + elements)
    mesh = read_mesh(path)
    assert {name: rows.tolist() for name, rows in mesh.sets.items()} == {
        "curve_1": [0, 2],
        "curve_2": [0, 2],
    }
    # Nodes of a curve have their place on it as a fourth number.
    assert mesh.coords is not None
    assert mesh.coords.tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]


def test_names_are_plain_data(tmp_path: Path) -> None:
    names = "".join(f'1 {k} "{name}"\n' for k, name in enumerate(["x" * 10_000, "\x1b[31m"], 1))
    elements = "$Elements\n3\n1 1 1 1 1 2\n2 1 1 2 1 2\n3 1 1 3 1 2\n$EndElements\n"
    path = tmp_path / "mesh.msh"
    section = f"$PhysicalNames\n2\n{names}$EndPhysicalNames\n"
    path.write_text(f"{HEAD.format('2.2')}{section}{NODES}{elements}")
    mesh = read_mesh(path)
    assert list(mesh.sets) == ["curve_3"]
    assert "of more than 200 characters are left out" in mesh.remarks[0]
    assert "\x1b" not in mesh.remarks[0]
