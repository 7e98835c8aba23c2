"""Domain of the fields that quantities are evaluated on: times, nodes and variables.

Tested in tests/quantities/test_read.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.nodal_volumes import NodalVolumes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.mesh.node_mask import NodeMask
    from simulgenvae.mesh.node_sets import NodeSets


@dataclass(frozen=True, eq=False)
class FieldDomain:
    """Times, nodes and variables of fields ``[T, M, V]``.

    Attributes
    ----------
    variables, units
        Names and units of the V variables; a unit is empty where it is unknown.
    times
        Times, ``[T]``.
    mesh
        Mesh of the M nodes, all of which have values.
    nodes
        Number of nodes M, which a mesh without coordinates lacks.
    mask
        Which nodes of the whole mesh these are; None where all have values. Users count the nodes
        of the whole mesh.
    numbered
        Whether nodes of one number belong together in all designs. Where meshes differ, they do
        not, and a number says nothing.
    """

    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: NDArray[np.float64]
    mesh: Mesh
    nodes: int
    mask: NodeMask | None = None
    numbered: bool = True

    @cached_property
    def volumes(self) -> NodalVolumes:
        """Length, area or volume that belongs to each node."""
        return NodalVolumes.of(self.mesh, self.nodes)

    def on(self, own: Mesh, *, numbered: bool) -> FieldDomain:
        """Return the domain of the same variables on the whole mesh ``own`` of a design.

        ``numbered`` says whether its nodes belong together with those of this domain's mesh.
        """
        mask = None if self.mask is None else replace(self.mask, mesh=own)
        mesh = own if mask is None else mask.part()
        assert mesh.coords is not None, "meshes of designs have positions"
        return replace(self, mesh=mesh, nodes=len(mesh.coords), mask=mask, numbered=numbered)

    @property
    def sets(self) -> NodeSets:
        """Named sets of nodes, by the numbers that users know."""
        return self.mesh.sets if self.mask is None else self.mask.mesh.sets

    def rows_with_values(self, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the rows of those nodes that have values, by the numbers that users know."""
        if self.mask is None:
            return numbers
        return np.searchsorted(self.mask.numbers, numbers[self.mask.valued[numbers]])

    def coords(self, what: str) -> NDArray[np.float64]:
        """Return the positions of the nodes, ``[M, D]``; UserError where they are unknown."""
        if self.mesh.coords is None:
            raise UserError(
                f"{what} needs the positions of the nodes: ingest the data with --coords or "
                "--mesh, or name nodes by their numbers"
            )
        return self.mesh.coords

    def rows_of(self, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows of nodes that users name by their numbers, ``[m]``.

        Raises
        ------
        UserError
            For a number that no node has, for a node without values, and where numbers say nothing.
        """
        if not self.numbered:
            raise UserError(
                "nodes of one number are elsewhere in each mesh of this study: give a point, a box "
                "or a sphere"
            )
        count = self.nodes if self.mask is None else len(self.mask.valued)
        beyond = numbers[(numbers < 0) | (numbers >= count)]
        if len(beyond):
            raise UserError(
                f"there is no node {beyond[0]}: the {count} nodes are numbered from 0 to "
                f"{count - 1}"
            )
        if self.mask is None:
            return numbers
        empty = numbers[~self.mask.valued[numbers]]
        if len(empty):
            raise UserError(f"node {empty[0]} has no values (NaN) in any run")
        return np.searchsorted(self.mask.numbers, numbers)

    def number_of(self, row: int) -> int:
        """Return the number that users know a node by."""
        return row if self.mask is None else int(self.mask.numbers[row])
