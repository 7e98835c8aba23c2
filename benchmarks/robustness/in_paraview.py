"""Opens predictions in ParaView, and compares them with the ``.npz`` of the same prediction.

    pvpython benchmarks/robustness/in_paraview.py new.npz new/*.pvd
    xvfb-run pvpython benchmarks/robustness/in_paraview.py new.npz new.pvd --images FOLDER

This runs in ParaView's own Python, which has NumPy but neither this package nor its libraries.
Compared are times, positions of the nodes, and every array at every time, exactly; of polyhedra
it is asked that they have faces. An image shows the first array at the last time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from paraview import servermanager, simple  # type: ignore[import-not-found]
from vtkmodules.util.numpy_support import vtk_to_numpy

ENDINGS = {
    1: [""],
    3: ["_x", "_y", "_z"],
    6: ["_xx", "_yy", "_zz", "_xy", "_yz", "_xz"],
    9: [f"_{row}{column}" for row, column in product("xyz", repeat=2)],
}
"""Endings of the components of a field, by their number."""
KINDS = ("fields", "std", "lower", "upper", "truth", "error")
DIVISION_SLASH = "\N{DIVISION SLASH}"
"""Letter in the names of a .vtkhdf in place of a slash."""
POLYHEDRON = 42


def main() -> None:
    """Print what differs in each file; exit with 1 where something does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("npz", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--images", type=Path)
    options = parser.parse_args()
    expected = dict(np.load(options.npz))
    failed = False
    for file in options.files:
        try:
            reader = simple.OpenDataFile(str(file))
            wrong = list(_faults(reader, file, expected))
        except RuntimeError as error:
            wrong = [str(error)]
        if options.images and not wrong:
            _draw(reader, options.images / f"{'_'.join(file.parts[-3:])}.png")
        failed |= bool(wrong)
        print(f"{file}: {'; '.join(wrong[:5]) or 'as expected'}", flush=True)
    raise SystemExit(failed)


def _faults(reader: Any, file: Path, expected: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between a file, as ParaView shows it, and the arrays of the ``.npz``."""
    times = expected["times"].tolist()
    reader.UpdatePipelineInformation()
    found = list(getattr(reader, "TimestepValues", None) or [])
    # A single time may be no timestep.
    if found != times and (found or len(times) > 1):
        yield f"times {found} instead of {times}"
    for step, time in enumerate(times):
        reader.UpdatePipeline(time)
        grid = servermanager.Fetch(reader)
        if not hasattr(grid, "GetPoints"):
            yield f"{grid.GetClassName()} instead of one grid"
            return
        label = grid.GetFieldData().GetAbstractArray("design")
        ids = expected["ids"].tolist()
        # XDMF has no field data of texts: there the file has the name of the design.
        design = label.GetValue(0) if label else file.stem if file.stem in ids else ids[0]
        for difference in _differences(grid, _of_design(expected, design), step):
            yield f"step {step}: {difference}"


def _of_design(expected: dict[str, Any], design: str) -> dict[str, Any]:
    """Return variables, coordinates and fields `[T, M, V]` of one design."""
    row = expected["ids"].tolist().index(design)
    found = {"variables": expected["variables"].tolist()}
    for name in ("coords", *KINDS):
        own = f"{design}/{name}"
        if own in expected:
            found[name] = expected[own]
        elif name in expected:
            found[name] = expected[name] if name == "coords" else expected[name][row]
    return found


def _differences(grid: Any, expected: dict[str, Any], step: int) -> Iterator[str]:
    """Yield what differs at one timestep."""
    points = vtk_to_numpy(grid.GetPoints().GetData())
    places = np.zeros((len(expected["coords"]), 3))
    coords = expected["coords"].reshape(len(places), -1)
    places[:, : coords.shape[1]] = coords
    for axis, name in enumerate("xyz"):
        if (way := f"mesh_displacement_{name}") in expected["variables"]:
            column = expected["variables"].index(way)
            places[:, axis] += np.nan_to_num(expected["fields"][step, :, column])
    if points.shape != places.shape or not np.allclose(points, places, atol=1e-6):
        yield "nodes are elsewhere"
    if grid.GetNumberOfCells() == 0:
        yield "no cells"
    for number in range(grid.GetNumberOfCells()):
        if grid.GetCellType(number) == POLYHEDRON and not grid.GetCell(number).GetNumberOfFaces():
            yield f"cell {number} is a polyhedron without faces"
    values = _components(grid)
    for kind, (column, name) in product(KINDS, enumerate(expected["variables"])):
        if kind in expected:
            there = [values[known] for known in _names(name, kind) if known in values]
            if not there:
                yield f"no {name} {kind}"
            elif not np.array_equal(there[0], expected[kind][step, :, column], equal_nan=True):
                yield f"other values of {name} {kind}"


def _components(grid: Any) -> dict[str, Any]:
    """Return the values of each component of the point data, by its name and ending."""
    data = grid.GetPointData()
    found = {}
    for number in range(data.GetNumberOfArrays()):
        array = data.GetArray(number)
        table = vtk_to_numpy(array).reshape(grid.GetNumberOfPoints(), -1)
        name = array.GetName().replace(DIVISION_SLASH, "/")
        endings = ENDINGS.get(table.shape[1], [])
        for ending, column in zip(endings, table.T if endings else (), strict=True):
            found[name + ending] = column
    return found


def _names(variable: str, kind: str) -> list[str]:
    """Return the names that a variable can have: ``U_x`` and ``std`` are ``U_std_x``."""
    if kind == "fields":
        return [variable]
    endings = [ending for some in ENDINGS.values() for ending in some if variable.endswith(ending)]
    return [f"{variable[: len(variable) - len(ending)]}_{kind}{ending}" for ending in endings]


def _draw(reader: Any, image: Path) -> None:
    """Write an image of the first array at the last time."""
    view = simple.CreateView("RenderView")
    view.ViewTime = max(getattr(reader, "TimestepValues", None) or [0.0])
    shown = simple.Show(reader, view)
    simple.ColorBy(shown, ("POINTS", reader.PointData[0].GetName()))
    simple.Render(view)
    shown.RescaleTransferFunctionToDataRange()
    shown.SetScalarBarVisibility(view, True)
    simple.ResetCamera(view)
    simple.SaveScreenshot(str(image), view)
    simple.Delete(view)


if __name__ == "__main__":
    main()
