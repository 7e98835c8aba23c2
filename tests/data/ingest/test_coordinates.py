"""Coordinates, times and meshes from files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.data.ingest.coordinates import (
    read_mesh,
    read_node_numbers,
    read_numbers,
    read_times,
)
from simulgenvae.errors import UserError


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.csv", "x,y\n1,2\n3,4\n"),
        ("c.csv", "1;2\n3;4\n"),
        ("c.txt", "1 2\n3   4\n"),
        ("c.txt", "1,2\n3,4\n"),
    ],
)
def test_tables_of_numbers(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_numbers(tmp_path / name).values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", ["0\n1\n2\n", "time\n0\n1\n2\n", "0 1 2\n"])
def test_times_in_a_column_or_row(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert read_times(tmp_path / "t.txt").values.tolist() == [0, 1, 2]


def test_what_is_no_number_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("x,y\n1,2\n3,?\n")
    with pytest.raises(UserError, match=r"c\.csv, line 3, column 2: '\?'"):
        read_numbers(tmp_path / "c.csv")
    (tmp_path / "c.csv").write_text("x,y\n1,2\n3,4\n")
    with pytest.raises(UserError, match="one column"):
        read_times(tmp_path / "c.csv")
    np.save(tmp_path / "c.npy", np.array(["a"]))
    with pytest.raises(UserError, match="not numbers"):
        read_numbers(tmp_path / "c.npy")
    with pytest.raises(UserError, match="no such file"):
        read_numbers(tmp_path / "none.csv")


def test_voxels_become_hexahedra_in_the_right_order(tmp_path: Path) -> None:
    pyvista.ImageData(dimensions=(2, 2, 2)).save(tmp_path / "m.vti")
    mesh = read_mesh(tmp_path / "m.vti")
    assert mesh.coords is not None
    corners = mesh.coords[mesh.cells["hexahedron"][0]]
    assert corners.tolist() == [
        [0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]
    ]  # fmt: skip


def test_surfaces_and_second_order_cells(tmp_path: Path) -> None:
    pyvista.Plane(i_resolution=1, j_resolution=1).triangulate().save(tmp_path / "m.stl")
    assert read_mesh(tmp_path / "m.stl").cells["triangle"].shape == (2, 3)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0]])
    pyvista.UnstructuredGrid({22: np.arange(6)[None]}, points).save(tmp_path / "m.vtu")
    mesh = read_mesh(tmp_path / "m.vtu")
    assert mesh.cells["triangle6"].tolist() == [[0, 1, 2, 3, 4, 5]]
    assert mesh.coords is not None
    assert len(mesh.coords) == 6


def test_bad_meshes(tmp_path: Path) -> None:
    (tmp_path / "m.pickle").touch()
    with pytest.raises(UserError, match="unknown suffix"):
        read_mesh(tmp_path / "m.pickle")
    with pytest.raises(UserError, match="no such file"):
        read_mesh(tmp_path / "none.vtu")
    (tmp_path / "m.vtu").write_text("<VTKFile")
    with pytest.raises(UserError, match=r"m\.vtu: cannot be read as a mesh"):
        read_mesh(tmp_path / "m.vtu")


@pytest.mark.parametrize(
    "text",
    [
        "node,x,y\n1,1,2\n2,3,4\n",
        "Node Number;x;y\n10;1;2\n20;3;4\n",
        "x,y\n[mm],[mm]\n1,2\n3,4\n",
        "% x, y\n1,2\n3,4\n",
        "x;y\n1,0;2,0\n3,0;4,0\n",
    ],
)
def test_listings_of_solvers(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    assert read_numbers(tmp_path / "c.csv").values.tolist() == [[1, 2], [3, 4]]


def test_numbers_of_steps_are_no_times(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("step,time\n0,0.25\n5,0.5\n10,1.75\n")
    assert read_times(tmp_path / "t.csv").values.tolist() == [0.25, 0.5, 1.75]


def test_nodes_in_another_order_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("node,x,y\n2,1,2\n1,3,4\n")
    with pytest.raises(UserError, match=r"c\.csv: the numbers in column 'node' do not increase"):
        read_numbers(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0,1,2.5", [0, 1, 2.5]),
        ("0:1:0.1", [k * 0.1 for k in range(11)]),
        ("1e-3", [1e-3]),
        ("-1:1", [-1, 0, 1]),
        ("0, 4:1:-2", [0, 4, 2]),
    ],
)
def test_numbers_as_they_are(text: str, numbers: list[float]) -> None:
    assert read_times(text).values.tolist() == numbers


def test_numbers_of_nodes_as_they_are(tmp_path: Path) -> None:
    assert read_node_numbers("0,5,17:19").tolist() == [0, 5, 17, 18, 19]
    with pytest.raises(UserError, match=r"node numbers must be whole numbers, not 0\.5"):
        read_node_numbers("0:2:0.5")
    for text in ("1:0", "0:1:0", "0:1e9"):
        with pytest.raises(UserError, match="a range is FIRST:LAST"):
            read_node_numbers(text)
    with pytest.raises(UserError, match="0,a: no such file, and not node numbers such as 0,1,2"):
        read_node_numbers("0,a")
    # A file counts more than a number that is its name.
    (tmp_path / "7").write_text("nothing")
    with pytest.raises(UserError, match="unknown suffix"):
        read_node_numbers(tmp_path / "7")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("x [mm],y [mm]\n1,2\n3,4\n", "mm"),
        ("node,x (mm),y (mm)\n1,1,2\n2,3,4\n", "mm"),
        ("node,x,y\n-,mm,mm\n1,1,2\n2,3,4\n", "mm"),
        ("x,y\n1,2\n3,4\n", ""),
    ],
)
def test_units_of_coordinates(tmp_path: Path, text: str, unit: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    values, found = read_numbers(tmp_path / "c.csv")
    assert (values.tolist(), found) == ([[1, 2], [3, 4]], unit)


def test_coordinates_of_two_units_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("x [mm],y [m]\n1,2\n3,4\n")
    with pytest.raises(UserError, match=r"c\.csv: 'y' is in m, but another column in mm"):
        read_numbers(tmp_path / "c.csv")
