"""Node coordinates, times and meshes from files of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.csv_table import read_table
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

# Only formats that VTK reads itself: with other suffixes PyVista calls readers that may load
# pickles, which can run code, or other files.
_MESH_SUFFIXES = (".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti", ".stl", ".ply")

_COUNTER = re.compile(
    r"(node|point|vertex|step|time ?step|frame|increment)s?"
    r"([ _]?(id|no\.?|number|label|index))?|id|nr|no\.?|#|index",
    re.IGNORECASE,
)
"""Names of a first column that numbers the nodes or the timesteps."""


def read_numbers(path: Path) -> NDArray[np.float64]:
    """Read an array of any shape from ``.npy``, or `[rows, columns]` from a table.

    Tables are ``.csv``, ``.txt`` and ``.xlsx``. A header row is skipped, and so is a first column
    of it that numbers nodes or timesteps. Raises UserError naming file, line and column of what is
    no number.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if suffix == ".npy":
        # The readers of fields take as long to load as a design to predict.
        from simulgenvae.data.readers.npy import map_npy

        array = map_npy(path)
        if array.dtype.kind not in "fiu":
            raise UserError(f"{path}: holds values of type {array.dtype}, not numbers")
        return np.array(array, dtype=np.float64)
    if suffix not in {".csv", ".txt", ".xlsx"}:
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: coordinates and times are .npy, .csv, .txt "
            "or .xlsx"
        )
    table = read_table(path)
    rows = table.rows
    header: tuple[str, ...] = ()
    # A header of names; a row in which only some cells are numbers is an error further below.
    if all(table.number(cell) is None for cell in rows[0].cells):
        header = rows[0].cells
        rows = rows[1:]
    values = []
    for row in rows:
        for column, cell in enumerate(row.cells, 1):
            if table.number(cell) is None:
                raise UserError(
                    f"{path}, line {row.line}, column {column}: {cell!r} is not a number"
                )
        values.append(tuple(map(table.number, row.cells)))
    return _without_counter(path, header, np.array(values, dtype=np.float64))


def _without_counter(
    path: Path, header: tuple[str, ...], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a listing without its column of numbers of nodes or steps, `[rows, columns]`.

    Such a column comes first and is named so, as in ``node,x,y,z`` and ``step,time``. Its numbers
    must increase: rows belong to the nodes and timesteps of the fields in order.
    """
    if len(header) < 2 or not _COUNTER.fullmatch(header[0]):
        return values
    if not (np.diff(values[:, 0]) > 0).all():
        raise UserError(
            f"{path}: the numbers in column {header[0]!r} do not increase: rows belong to the "
            "nodes or timesteps of the fields in order, so sort them as the fields are"
        )
    return values[:, 1:]


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
