"""Node coordinates, times and meshes from files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.csv_table import number, read_rows
from simulgenvae.data.readers.npy import map_npy
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

# Only formats that VTK reads itself: with other suffixes PyVista calls readers that may load
# pickles, which can run code, or other files.
_MESH_SUFFIXES = (".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti", ".stl", ".ply")


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Read an array of any shape from ``.npy``, or `[rows, columns]` from ``.csv`` or ``.txt``.

    A header row is skipped. Raises UserError naming file, line and column of what is no number.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if suffix == ".npy":
        array = map_npy(path)
        if array.dtype.kind not in "fiu":
            raise UserError(f"{path}: holds values of type {array.dtype}, not numbers")
        return np.array(array, dtype=np.float64)
    if suffix not in {".csv", ".txt"}:
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: coordinates and times are .npy, .csv or .txt"
        )
    rows = read_rows(path, whitespace=suffix == ".txt")
    # A header of names; a row in which only some cells are numbers is an error further below.
    if all(number(cell) is None for cell in rows[0].cells):
        rows = rows[1:]
    for row in rows:
        for column, cell in enumerate(row.cells, 1):
            if number(cell) is None:
                raise UserError(
                    f"{path}, line {row.line}, column {column}: {cell!r} is not a number"
                )
    return np.array([tuple(map(float, row.cells)) for row in rows], dtype=np.float64)


def read_times(path: Path) -> NDArray[np.float64]:
    """Read times `[T]`, also from a file with one row or one column."""
    return _column(path, "times")


def read_node_numbers(path: Path) -> NDArray[np.intp]:
    """Read the numbers of m nodes `[m]`, also from a file with one row or one column.

    Raises UserError when they are no whole numbers.
    """
    numbers = _column(path, "node numbers")
    # From 2**53 on, float64 skips whole numbers, so the file may have meant another node.
    bad = numbers[~((np.abs(numbers) < 2**53) & (numbers == np.rint(numbers)))]
    if len(bad):
        raise UserError(f"{path}: node numbers must be whole numbers, not {bad[0]:g}")
    return numbers.astype(np.intp)


def _column(path: Path, what: str) -> NDArray[np.float64]:
    values = read_numbers(path)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim != 1:
        raise UserError(f"{path}: {what} must be one column, but have the shape {values.shape}")
    return values


def read_mesh(path: Path) -> Mesh:
    """Read node coordinates and cells of a VTK, STL or PLY mesh.

    Raises UserError when pyvista is not installed, and for unknown files.
    """
    if path.suffix.lower() not in _MESH_SUFFIXES:
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: meshes are read from "
            f"{', '.join(_MESH_SUFFIXES)}"
        )
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    pyvista = import_pyvista("Reading a mesh")
    with vtk_damage_reported(path, "cannot be read as a mesh"):
        grid: Any = pyvista.read(path).cast_to_unstructured_grid()
    return grid_mesh(grid, path)
