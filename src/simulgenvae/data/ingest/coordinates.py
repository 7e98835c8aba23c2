"""Node coordinates, times and meshes from files of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.csv_table import SUFFIXES, is_table, number, read_table
from simulgenvae.data.units import Labelled, same_unit, split_units
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import grid_mesh, import_pyvista, vtk_damage_reported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

# Only formats that VTK reads itself: with other suffixes PyVista calls readers that may load
# pickles, which can run code, or other files.
_VTK_SUFFIXES = (".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti", ".stl", ".ply")
MESH_SUFFIXES = (*_VTK_SUFFIXES, ".obj", ".inp", ".msh")

_COUNTER = re.compile(
    r"(node|point|vertex|step|time ?step|frame|increment)s?"
    r"([ _]?(id|no\.?|number|label|index))?|id|nr|no\.?|#|index",
    re.IGNORECASE,
)
"""Names of a first column that numbers the nodes or the timesteps."""
_MOST_LISTED = 1_000_000


class Numbers(NamedTuple):
    """Numbers of a file, and the unit that the headers of all columns have; "" for none."""

    values: NDArray[np.float64]
    unit: str = ""


def read_numbers(path: Path) -> Numbers:
    """Read an array of any shape from ``.npy``, or `[rows, columns]` from a table.

    A header row is skipped, and so is a first column of it that numbers nodes or timesteps. Raises
    UserError naming file, line and column of what is no number, and for columns of several units.
    """
    if path.suffix.lower() == ".npy":
        if not path.exists():
            raise UserError(f"{path}: no such file")
        # The readers of fields take as long to load as a design to predict.
        from simulgenvae.data.readers.npy import map_npy

        array = map_npy(path)
        if array.dtype.kind not in "fiu":
            raise UserError(f"{path}: holds values of type {array.dtype}, not numbers")
        return Numbers(np.array(array, dtype=np.float64))
    if path.exists() and not is_table(path):
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: coordinates and times are .npy or tables "
            f"({', '.join(SUFFIXES)})"
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
    labels = split_units(header)
    below = table.units or ("",) * len(labels)
    units = [label.unit or under for label, under in zip(labels, below, strict=True)]
    return _without_counter(path, labels, units, np.array(values, dtype=np.float64))


def _without_counter(
    path: Path,
    labels: tuple[Labelled, ...],
    units: list[str],
    values: NDArray[np.float64],
) -> Numbers:
    """Return a listing without its column of numbers of nodes or steps, `[rows, columns]`.

    Such a column comes first and is named so, as in ``node,x,y,z`` and ``step,time``. Its numbers
    must increase: rows belong to the nodes and timesteps of the fields in order.
    """
    if len(labels) >= 2 and _COUNTER.fullmatch(labels[0].name):
        if not (np.diff(values[:, 0]) > 0).all():
            raise UserError(
                f"{path}: the numbers in column {labels[0].name!r} do not increase: rows belong to "
                "the nodes or timesteps of the fields in order, so sort them as the fields are"
            )
        values = values[:, 1:]
        units = units[1:]
    known = next(filter(None, units), "")
    for label, unit in zip(labels[len(labels) - len(units) :], units, strict=True):
        if unit and not same_unit(unit, known):
            raise UserError(
                f"{path}: {label.name!r} is in {unit}, but another column in {known}: give all "
                "columns in one unit"
            )
    return Numbers(values, known)


def read_times(given: Path | str) -> Numbers:
    """Read times `[T]`, from a file with one row or one column or as :func:`listed_numbers`."""
    return _column(given, "times")


def read_node_numbers(given: Path | str) -> NDArray[np.intp]:
    """Read the numbers of m nodes `[m]`, from a file with one row or one column or as they are.

    Raises UserError when they are no whole numbers.
    """
    numbers = _column(given, "node numbers").values
    # From 2**53 on, float64 skips whole numbers, so the file may have meant another node.
    bad = numbers[~((np.abs(numbers) < 2**53) & (numbers == np.rint(numbers)))]
    if len(bad):
        raise UserError(f"{given}: node numbers must be whole numbers, not {bad[0]:g}")
    return numbers.astype(np.intp)


def listed_numbers(text: str) -> NDArray[np.float64] | None:
    """Return the numbers in a text such as ``0,1,2.5`` or ``0:10:0.5``; None where it has others.

    A part with colons is a range ``FIRST:LAST`` or ``FIRST:LAST:STEP``, with both ends included
    where the steps reach the last one; the step is 1 by default. Raises UserError for a range that
    is empty or has more than a million numbers.
    """
    found: list[float] = []
    for part in text.split(","):
        limits = [number(limit.strip()) for limit in part.split(":")]
        known = [limit for limit in limits if limit is not None]
        if len(known) < len(limits) or len(limits) > 3 or not np.isfinite(known).all():
            return None
        if len(known) == 1:
            found += known
            continue
        first, last = known[:2]
        step = known[2] if len(known) == 3 else 1.0
        # Steps such as 0.1 miss the last number by rounding.
        steps = (last - first) / step + 1e-9 if step else -1.0
        if not 0 <= steps < _MOST_LISTED:
            raise UserError(
                f"{part}: a range is FIRST:LAST or FIRST:LAST:STEP, with at most {_MOST_LISTED:,} "
                "numbers"
            )
        found += [first + k * step for k in range(int(steps) + 1)]
    return np.array(found)


def _column(given: Path | str, what: str) -> Numbers:
    path = Path(given)
    if not path.exists() and (listed := listed_numbers(str(given))) is not None:
        return Numbers(listed)
    if not path.exists() and not is_table(path) and path.suffix.lower() != ".npy":
        raise UserError(
            f"{given}: no such file, and not {what} such as 0,1,2 or 0:10:2 (first:last:step)"
        )
    values, unit = read_numbers(path)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim != 1:
        raise UserError(f"{path}: {what} must be one column, but have the shape {values.shape}")
    return Numbers(values, unit)


def read_mesh(path: Path) -> Mesh:
    """Read node coordinates and cells of a VTK, STL, PLY, OBJ, Abaqus, CalculiX or Gmsh mesh.

    The last three also have named sets of nodes. Raises UserError when pyvista is not installed,
    and for unknown files.
    """
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise UserError(
            f"{path}: unknown suffix {path.suffix!r}: meshes are read from "
            f"{', '.join(MESH_SUFFIXES)}"
        )
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    # Most commands need no meshes, and this module also reads times and node numbers.
    if path.suffix.lower() == ".inp":
        from simulgenvae.data.mesh_files.abaqus import read_abaqus

        return read_abaqus(path)
    if path.suffix.lower() == ".obj":
        from simulgenvae.data.mesh_files.wavefront import read_obj

        return read_obj(path)
    if path.suffix.lower() == ".msh":
        from simulgenvae.data.mesh_files.gmsh import read_gmsh

        return read_gmsh(path)
    pyvista = import_pyvista("Reading a mesh")
    with vtk_damage_reported(path, "cannot be read as a mesh"):
        grid: Any = pyvista.read(path).cast_to_unstructured_grid()
    return grid_mesh(grid, path)
