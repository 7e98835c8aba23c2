"""Predicted fields as files: NumPy archives, Zarr groups, ParaView collections."""

from simulgenvae.export.write import check_target, write_prediction

__all__ = ["check_target", "write_prediction"]
