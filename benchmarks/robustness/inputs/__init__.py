"""One small valid input of each kind, and the way it is read."""

from __future__ import annotations

from benchmarks.robustness.inputs.arrays import ARRAYS
from benchmarks.robustness.inputs.base import Input
from benchmarks.robustness.inputs.openfoam import OPENFOAM
from benchmarks.robustness.inputs.own_files import OWN_FILES
from benchmarks.robustness.inputs.solvers import SOLVERS
from benchmarks.robustness.inputs.tables import TABLES
from benchmarks.robustness.inputs.vtk import VTK

__all__ = ["INPUTS", "Input"]

INPUTS: dict[str, Input] = {**ARRAYS, **VTK, **SOLVERS, **OPENFOAM, **TABLES, **OWN_FILES}
"""Kinds of input by name."""
