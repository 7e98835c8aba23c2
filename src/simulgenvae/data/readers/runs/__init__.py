"""Readers of solvers' own result files, and the registry of their formats.

A new reader is a file with an opener and its :class:`RunFormat`, and one line below.

Tested in tests/data/readers/test_registry.py.
"""

from __future__ import annotations

from simulgenvae.data.readers.runs.csv_files import CSV
from simulgenvae.data.readers.runs.frd import CALCULIX
from simulgenvae.data.readers.runs.netcdf import NETCDF
from simulgenvae.data.readers.runs.openfoam import OPENFOAM
from simulgenvae.data.readers.runs.openfoam_probes import PROBES
from simulgenvae.data.readers.runs.openfoam_surfaces import SURFACES
from simulgenvae.data.readers.runs.run_format import RUN_FORMATS, RunFormat, register_run_formats
from simulgenvae.data.readers.runs.vtk_files import EXODUS, PARAVIEW, VTK, VTK_BLOCKS, VTK_PIECES
from simulgenvae.data.readers.runs.vtk_native import CGNS, ENSIGHT, LSDYNA, VTKHDF, XDMF

__all__ = ["RUN_FORMATS", "RunFormat", "register_run_formats"]

register_run_formats(OPENFOAM, PROBES, SURFACES, CALCULIX, VTK, VTK_PIECES, VTK_BLOCKS, PARAVIEW)
register_run_formats(NETCDF, EXODUS, VTKHDF, ENSIGHT, XDMF, CGNS, LSDYNA, CSV)
