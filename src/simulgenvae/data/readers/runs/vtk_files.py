"""Files that PyVista opens: VTK's own, ParaView collections and Exodus.

Tested in tests/data/readers/runs/test_folder.py and test_multiblock.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.runs.external_files import check_collection, check_hdf5
from simulgenvae.data.readers.runs.integrity import HDF5
from simulgenvae.data.readers.runs.pieces import read_pieces
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.vtk_series import (
    reading_pyvista,
    strict,
    vtk_run,
)
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import vtk_damage_reported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series


def open_vtk(path: Path) -> Series:
    """Open a transient, or a file with a single timestep, which is then at time 0.

    Raises UserError when it is damaged.
    """
    pyvista = reading_pyvista(path)
    with vtk_damage_reported(path):
        reader: Any = pyvista.get_reader(path)
        # Only some of PyVista's readers know times.
        timed = isinstance(reader, pyvista.TimeReader)
        times = np.array(reader.time_values if timed else [0.0], dtype=np.float64)

    def grid(step: int) -> Any:
        if timed:
            reader.set_active_time_point(step)
        return read_pieces(reader)

    return vtk_run(path, times, grid)


def open_numbered(folder: Path, files: Sequence[Path]) -> Series:
    """Open files of one timestep each; their times are the numbers at the end of their names.

    Raises UserError when several files have no such numbers.
    """
    pyvista = reading_pyvista(folder)
    numbers = [re.search(r"(\d+(?:\.\d+)?)$", file.stem) for file in files]
    if len(files) > 1 and None in numbers:
        unnumbered = files[numbers.index(None)]
        raise UserError(
            f"{unnumbered}: the files of a run are its timesteps, and their names must end with "
            "numbers"
        )
    times = np.array([float(number[1]) if number else 0.0 for number in numbers])
    # Stable, so that files of the same number keep their natural order.
    order = np.argsort(times, kind="stable")
    ordered = [files[index] for index in order]
    return vtk_run(
        folder,
        times[order],
        lambda step: read_pieces(pyvista.get_reader(ordered[step])),
        lambda step: strict(ordered[step]),
    )


_XML_OR_LEGACY = (b"<?xml", b"<VTKFile", b"# vtk")

EXODUS = RunFormat(
    name="Exodus",
    open=open_vtk,
    suffixes=(".exo", ".e"),
    first_bytes=(b"CDF", HDF5),
    check=check_hdf5,
    extra="mesh",
)
VTK = RunFormat(
    name="VTK",
    open=open_vtk,
    suffixes=(".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti"),
    first_bytes=_XML_OR_LEGACY,
    open_timesteps=open_numbered,
    check=check_collection,
    extra="mesh",
)
VTK_BLOCKS = RunFormat(
    name="VTK multiblock",
    open=open_vtk,
    suffixes=(".vtm",),
    first_bytes=_XML_OR_LEGACY,
    open_timesteps=open_numbered,
    has_pieces=True,
    check=check_collection,
    extra="mesh",
)
PARAVIEW = RunFormat(
    name="ParaView collection",
    open=open_vtk,
    suffixes=(".pvd",),
    first_bytes=_XML_OR_LEGACY,
    has_pieces=True,
    check=check_collection,
    extra="mesh",
)
