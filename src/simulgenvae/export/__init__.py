"""Predicted fields as files: NumPy archives, Zarr groups, NetCDF, ParaView collections."""

from simulgenvae.export.write import check_target, write_prediction

__all__ = ["check_target", "write_prediction"]
