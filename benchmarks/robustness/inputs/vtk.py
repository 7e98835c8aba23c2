"""Files of VTK, and lists of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyvista

from benchmarks.robustness.inputs.base import FIELDS, TIMESTEPS, Input, source


def _grid(step: int) -> Any:
    grid = pyvista.ImageData(dimensions=(2, 2, 2)).cast_to_unstructured_grid()
    grid.point_data["T"] = FIELDS[0, step, :, 0]
    grid.cell_data["rho"] = np.full(grid.n_cells, 1.0 + step)
    return grid


def _vtk(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "run").mkdir()
        for step in range(TIMESTEPS):
            data = _grid(step)
            if suffix == ".vtp":
                data = data.extract_surface(algorithm="dataset_surface")
            if suffix == ".vti":
                data = pyvista.ImageData(dimensions=(2, 2, 2))
                data.point_data["T"] = FIELDS[0, step, :, 0]
            if suffix == ".vtm":
                data = pyvista.MultiBlock({"fluid": data})
            data.save(folder / f"run/step_{step}{suffix}", binary=step == 0)

    return write


def _surfaces(folder: Path) -> None:
    for step, time in enumerate(("0", "0.1")):
        (folder / f"run/{time}").mkdir(parents=True)
        surface = _grid(step).extract_surface(algorithm="dataset_surface")
        surface.save(folder / f"run/{time}/plane.vtp")


def _pvd(folder: Path) -> None:
    (folder / "run").mkdir()
    lines = []
    for step in range(TIMESTEPS):
        _grid(step).save(folder / f"run/s{step}.vtu")
        lines.append(f'<DataSet timestep="{0.5 * step}" part="0" file="s{step}.vtu"/>')
    (folder / "run/a.pvd").write_text(
        f'<VTKFile type="Collection" version="0.1"><Collection>{"".join(lines)}'
        "</Collection></VTKFile>"
    )


def _vtkhdf(folder: Path) -> None:
    (folder / "run").mkdir()
    _grid(0).save(folder / "run/a.vtkhdf")


def _structured(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "run").mkdir()
        axes = (np.arange(2.0), np.arange(2.0), np.arange(2.0))
        for step in range(TIMESTEPS):
            data = pyvista.RectilinearGrid(*axes)
            if suffix == ".vts":
                data = data.cast_to_structured_grid()
            data.point_data["T"] = FIELDS[0, step, :, 0]
            data.field_data["TimeValue"] = [0.5 * step]
            data.save(folder / f"run/step_{step}{suffix}", binary=step == 0)

    return write


def _pieces(folder: Path) -> None:
    (folder / "run").mkdir()
    for step in range(TIMESTEPS):
        names = []
        for piece in range(2):
            part = _grid(step)
            part.points += [piece, 0, 0]
            names.append(f"s{step}_{piece}.vtu")
            part.save(folder / "run" / names[-1], binary=step == 0)
        pieces = "".join(f'<Piece Source="{name}"/>' for name in names)
        (folder / f"run/s_{step}.pvtu").write_text(
            '<VTKFile type="PUnstructuredGrid" version="0.1"><PUnstructuredGrid GhostLevel="0">'
            '<PPointData><PDataArray type="Float64" Name="T"/></PPointData>'
            '<PCellData><PDataArray type="Float64" Name="rho"/></PCellData>'
            '<PPoints><PDataArray type="Float32" Name="Points" NumberOfComponents="3"/></PPoints>'
            f"{pieces}</PUnstructuredGrid></VTKFile>"
        )


def _series(folder: Path) -> None:
    (folder / "run").mkdir()
    for step in range(TIMESTEPS):
        _grid(step).save(folder / f"run/s{step}.vtu")
    files = [{"name": f"s{step}.vtu", "time": 0.5 * step} for step in range(TIMESTEPS)]
    content = {"file-series-version": "1.0", "files": files}
    (folder / "run/s.vtu.series").write_text(json.dumps(content))


VTK: dict[str, Input] = {
    "vtu": Input(_vtk(".vtu"), source("")),
    "vtk": Input(_vtk(".vtk"), source("")),
    "vtp": Input(_vtk(".vtp"), source("")),
    "vti": Input(_vtk(".vti"), source("")),
    "vtm": Input(_vtk(".vtm"), source("")),
    "surfaces": Input(_surfaces, source("")),
    "pvd": Input(_pvd, source("")),
    "vtkhdf": Input(_vtkhdf, source("")),
    "vtr": Input(_structured(".vtr"), source("")),
    "vts": Input(_structured(".vts"), source("")),
    "pvtu": Input(_pieces, source("")),
    "vtu.series": Input(_series, source("")),
}
