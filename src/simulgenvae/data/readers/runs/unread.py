"""Result files that people have and this package does not read, with the way out for each.

Tested in tests/data/readers/runs/test_unread.py.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CONVERT = "convert it to .vtu or .vtkhdf"
_WAYS: dict[str, str] = {
    ".bp": "ADIOS2 (dolfinx's VTXWriter, or a checkpoint): write XDMF with each Function as a "
    "field of its own (dolfinx.io.XDMFFile), or VTK (dolfinx.io.VTKFile)",
    ".odb": f"Abaqus: {_CONVERT}, or write the fields as CSV",
    ".op2": f"Nastran: {_CONVERT} (pyNastran)",
    ".rst": f"Ansys: {_CONVERT} (ansys-mapdl-reader, DPF)",
    ".rth": f"Ansys: {_CONVERT} (ansys-mapdl-reader, DPF)",
    ".cas": "Fluent: export EnSight Gold (.encas) or CGNS",
    ".dat": "a file of Fluent, Tecplot or CalculiX: export EnSight Gold, CGNS, VTK or .frd",
    ".sim": "STAR-CCM+: export EnSight Gold (.case) or CGNS",
    ".plt": f"Tecplot: {_CONVERT} (ParaView opens it)",
    ".szplt": f"Tecplot: {_CONVERT}",
    ".mph": "COMSOL: export .vtu or CSV",
    ".med": f"SALOME: {_CONVERT} (ParaView with MED, meshio)",
    ".msh": f"Gmsh or Fluent: {_CONVERT} (meshio). A mesh of Gmsh without results is given as "
    "--mesh, with fields that have a value for each of its nodes",
}


def way_out(names: Iterable[str]) -> str:
    """Return what can be done with known files that are not read; no text without such files."""
    found = {PurePath(name).suffix.lower(): name for name in names}
    ways = [f"{name} is of {_WAYS[suffix]}" for suffix, name in found.items() if suffix in _WAYS]
    return "".join(f"; {way}" for way in ways)
