"""Names in the NetCDF files that are read and written.

Tested in tests/export/test_netcdf.py.
"""

RUN = "run"
"""Name of the dimension of several runs in a file."""
PARAMETERS = "parameters"
"""Attribute of the file that lists the variables with the parameters of its runs."""
ORIGINAL_NAME = "original_name"
"""Attribute with the name of a variable, where NetCDF does not allow that name."""
MOTION = "motion"
"""Attribute of the file that lists the variables by which nodes move along x, y and z."""
