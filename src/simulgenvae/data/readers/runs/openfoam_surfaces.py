"""Sampled surfaces of OpenFOAM: a folder for each time, with the surfaces as files of VTK.

Tested in tests/data/readers/runs/test_openfoam_samples.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.legacy_text import require_complete_legacy
from simulgenvae.data.readers.runs.openfoam import is_time
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.vtk_series import reading_pyvista, strict, vtk_run
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series

_SUFFIXES = (".vtp", ".vtk", ".vtu")
POSTPROCESSING = "postProcessing"
"""Name of the folder in a case with what function objects write."""


def has_surfaces(folder: Path) -> bool:
    """Return whether a folder has folders of times with files of VTK, and no such files itself."""
    entries = [*folder.iterdir()]
    if any(entry.suffix in _SUFFIXES for entry in entries):
        return False
    times = [entry for entry in entries if is_time(entry.name) and entry.is_dir()]
    return any(_files(time) for time in times[:1])


def open_surfaces(folder: Path) -> Series:
    """Open the sampled surfaces of a run.

    Files of one timestep with the same nodes are fields of one surface, others are surfaces one
    after the other.

    Raises UserError when there are none, or a timestep has other files than the first.
    """
    pyvista = reading_pyvista(folder)
    times = sorted(
        (entry for entry in folder.iterdir() if is_time(entry.name) and _files(entry)),
        key=lambda entry: float(entry.name),
    )
    if not times:
        raise UserError(f"{folder}: no folders of times with {' or '.join(_SUFFIXES)} files")

    def grid(step: int) -> Any:
        surfaces = pyvista.MultiBlock()
        for file in _files(times[step]):
            require_complete_legacy(file)
            read = pyvista.read(file)
            # Some formats have a file for each field: p_plane.vtk and U_plane.vtk.
            for surface in surfaces:
                if np.array_equal(surface.points, read.points):
                    surface.point_data.update(read.point_data)
                    surface.cell_data.update(read.cell_data)
                    break
            else:
                surfaces[file.stem] = read
        return surfaces

    names = [file.name for file in _files(times[0])]
    for time in times:
        found = [file.name for file in _files(time)]
        if found != names:
            raise UserError(
                f"{folder}: {listed(found)} at time {time.name}, but {listed(names)} at "
                f"{times[0].name}: choose files that are at all times with --pattern"
            )
    numbers = np.array([float(time.name) for time in times])
    return vtk_run(folder, numbers, grid, lambda step: strict(times[step]))


def _files(time: Path) -> list[Path]:
    if not time.is_dir():
        return []
    return sorted(entry for entry in time.iterdir() if entry.suffix in _SUFFIXES)


# Any other folder of numbers may be a folder of runs.
SURFACES = RunFormat(
    name="OpenFOAM surfaces",
    open=open_surfaces,
    is_case=lambda folder: folder.parent.name == POSTPROCESSING and has_surfaces(folder),
    isolated=True,
    extra="mesh",
)
