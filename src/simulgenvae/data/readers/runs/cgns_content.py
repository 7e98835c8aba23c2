"""Content of a CGNS file that VTK's reader leaves out or repeats without a word.

Tested in tests/data/readers/runs/test_cgns.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from pathlib import Path


def check_content(path: Path) -> list[str]:
    """Return lines for the user on what VTK does not read.

    Raises UserError when a file does not say which solution belongs to which time: VTK would give
    the first one at all times.
    """
    with damage_reported(path, "cannot be read as CGNS"), h5py.File(path, "r") as file:
        bases = _children(file, "CGNSBase_t")
        if not bases:
            return []
        for zone in _children(bases[0], "Zone_t"):
            _check_zone(path, zone)
        names = [_name(base) for base in bases]
    if len(names) == 1:
        return []
    return [f"bases {listed(names[1:])}: only the first one, {names[0]!r}, is read: left out"]


def _check_zone(path: Path, zone: Any) -> None:
    if any("FlowSolutionPointers" in data for data in _children(zone, "ZoneIterativeData_t")):
        return
    of_place: dict[bytes, str] = {}
    for solution in _children(zone, "FlowSolution_t"):
        location = solution.get("GridLocation/ data")
        # In CGNS, values without a location belong to nodes.
        place = b"Vertex" if location is None else bytes(location[()])
        other = of_place.setdefault(place, _name(solution))
        if other != _name(solution):
            raise UserError(
                f"{path}: zone {_name(zone)!r} has the solutions {other!r} and "
                f"{_name(solution)!r}, and does not say at which times (FlowSolutionPointers): "
                "write them as a transient, or each into a separate file"
            )


def _children(group: Any, label: str) -> list[Any]:
    """Return the nodes with a label, in the order of the file."""
    found = []
    for name in group:
        child = group.get(name)
        if isinstance(child, h5py.Group) and child.attrs.get("label", b"") == label.encode():
            found.append(child)
    return found


def _name(group: Any) -> str:
    return str(group.name).rpartition("/")[2]
