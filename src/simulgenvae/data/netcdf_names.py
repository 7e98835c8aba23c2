"""Names in the NetCDF files that are read and written."""

RUN = "run"
"""Name of the dimension of several runs in a file."""
ORIGINAL_NAME = "original_name"
"""Attribute with the name of a variable, where NetCDF does not allow that name."""
