"""Sets of input files of Abaqus and CalculiX: which nodes they mean.

Tested in tests/data/mesh_files/test_abaqus.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.mesh.node_sets import MOST_NUMBERS, MOST_SETS, NodeSets, usable
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.mesh_files.index import Index
    from simulgenvae.mesh.cells import Ragged

_DEEPEST = 50


@dataclass
class Definition:
    """Part of a set that one block defines; a set has the nodes or elements of all its blocks."""

    name: str
    """Name of the set as it is written."""
    numbers: list[int] = field(default_factory=list)
    """Numbers of nodes or elements."""
    ranges: list[tuple[int, int, int]] = field(default_factory=list)
    """First and last number, and the step between them."""
    names: list[str] = field(default_factory=list)
    """Names of further sets of the same kind, in upper case."""
    elements: list[str] = field(default_factory=list)
    """Names of sets of elements whose nodes belong to it, in upper case."""


def named_sets(
    sets: Mapping[str, Sequence[Definition]], nodes: Index, elements: Index, around: Ragged
) -> tuple[NodeSets, list[str]]:
    """Return the nodes of all sets, and remarks on what is left out.

    Parameters
    ----------
    sets
        Definitions of sets of nodes and of elements, by ``n:NAME`` and ``e:NAME`` in upper case.
    nodes, elements
        Their places.
    around
        Places of the nodes of each element.

    Raises
    ------
    UserError
        When the sets together have too many members.
    """
    members = _Members(sets, nodes, elements, around)
    # Sets of nodes first: they are what a file means where it has both of one name.
    keys = sorted(sets, key=lambda key: key[0] != "n")
    named: dict[str, NDArray[np.int64]] = {}
    for key in [key for key in keys if key[0] == "n" or f"n:{key[2:]}" not in sets][:MOST_SETS]:
        named[sets[key][0].name] = members.nodes_of(key)
    found, remarks = usable(named)
    if len(sets) > MOST_SETS:
        remarks.append(f"of {len(sets)} sets only the first {MOST_SETS} are read")
    return found, [*members.remarks(), *remarks]


class _Members:
    """Places of the members of sets, each found once."""

    def __init__(self, sets: Mapping[str, Sequence[Definition]], *places: Any) -> None:
        self._sets = sets
        self._nodes, self._elements, self._around = places
        self._found: dict[str, NDArray[np.int64]] = {}
        self._total = 0
        self._missing: dict[str, int] = {}
        self._unknown: dict[str, None] = {}

    def nodes_of(self, key: str, depth: int = 0) -> NDArray[np.int64]:
        """Return the places of the nodes of a set of nodes or of elements."""
        members = self._members(key, depth)
        return members if key[0] == "n" else np.unique(self._around.at(members).values)

    def _members(self, key: str, depth: int) -> NDArray[np.int64]:
        if key in self._found:
            return self._found[key]
        if depth > _DEEPEST:
            raise UserError("sets that name each other in a circle, or too deep")
        index = self._nodes if key[0] == "n" else self._elements
        inside = np.zeros(len(index), bool)
        for definition in self._sets[key]:
            places = index.places(np.array(definition.numbers, np.int64))
            inside[places[places >= 0]] = True
            missing = int(np.count_nonzero(places < 0))
            self._missing[key] = self._missing.get(key, 0) + missing
            for limits in definition.ranges:
                inside[index.between(*limits)] = True
            for other in self._known(key[0], definition.names):
                inside[self._members(other, depth + 1)] = True
            for other in self._known("e", definition.elements):
                inside[self.nodes_of(other, depth + 1)] = True
        found = np.flatnonzero(inside)
        self._total += len(found)
        if self._total > MOST_NUMBERS:
            raise UserError(f"its sets have more than {MOST_NUMBERS} members together")
        self._found[key] = found
        return found

    def _known(self, kind: str, names: Sequence[str]) -> list[str]:
        self._unknown |= {name: None for name in names if f"{kind}:{name}" not in self._sets}
        return [f"{kind}:{name}" for name in dict.fromkeys(names) if f"{kind}:{name}" in self._sets]

    def remarks(self) -> list[str]:
        """Return lines on members that do not exist."""
        lines = []
        missing = {self._sets[key][0].name[:40]: n for key, n in self._missing.items() if n}
        if missing:
            (name, number), *others = missing.items()
            more = f", and of {count(len(others), 'more set')}" if others else ""
            lines.append(f"{count(number, 'member')} of the set {name!r}{more} are not in the mesh")
        if self._unknown:
            names = [name[:40] for name in self._unknown]
            lines.append(f"sets name members that are not known: {listed(names)}")
        return lines
