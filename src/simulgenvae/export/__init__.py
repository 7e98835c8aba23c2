"""Predicted fields as files, and the registry of their formats.

A new format is a file with a writer and its :class:`ExportFormat`, and one line below.

Tested in tests/export/test_write.py.
"""

from simulgenvae.export.arrays import NPZ
from simulgenvae.export.export_format import (
    EXPORT_FORMATS,
    ExportFormat,
    register_export_formats,
)
from simulgenvae.export.netcdf import NETCDF
from simulgenvae.export.one_by_one import written_place
from simulgenvae.export.shared_zarr import ZARR
from simulgenvae.export.vtk import PARAVIEW
from simulgenvae.export.vtkhdf import VTKHDF
from simulgenvae.export.write import check_target, write_prediction
from simulgenvae.export.xdmf import XDMF

__all__ = [
    "EXPORT_FORMATS",
    "ExportFormat",
    "check_target",
    "register_export_formats",
    "write_prediction",
    "written_place",
]

register_export_formats(NPZ, ZARR, NETCDF, PARAVIEW, VTKHDF, XDMF)
