"""Groups of options in the help, in their order; the rarest ones come last.

Tested in tests/cli/test_help.py.
"""

from __future__ import annotations

from cyclopts import Group

INPUT = Group("What is read", sort_key=1)
DESIGNS = Group("Designs", sort_key=1)
MODEL = Group("Model", sort_key=1)
PART = Group("What is predicted", sort_key=2)
TRAINING = Group("Training", sort_key=2)
CHOICE = Group("Choice", sort_key=2)
DRAWING = Group("Drawing", sort_key=3)
SOLVER = Group("A solver's own files", sort_key=3)
ARRAYS = Group("Files of arrays", sort_key=4)
HDF5 = Group("HDF5 with a dataset for each run", sort_key=5)
OUTPUT = Group("Output", sort_key=6)
SETTINGS = Group("Settings", sort_key=7)
MESSAGES = Group("Messages", sort_key=8)
PROCESSES = Group("Several processes", sort_key=9)
