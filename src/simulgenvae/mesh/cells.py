"""Cells of a mesh in VTK's layout: types, offsets, nodes, and the faces of polyhedra.

Nothing of a file's cells is lost in it: neither their order, nor nodes between corners, nor faces.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_checks import face_problem
from simulgenvae.mesh.cell_kinds import BY_NAME, BY_NUMBER, LINEAR, POLYHEDRON, CellKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

GENERAL: Mapping[str, tuple[str, int]] = {
    "types": ("uint8", 1),
    "offsets": ("int64", 1),
    "connectivity": ("int64", 1),
    "face_offsets": ("int64", 1),
    "face_connectivity": ("int64", 1),
    "polyhedron_offsets": ("int64", 1),
    "degrees": ("int64", 2),
    "rational_weights": ("float64", 1),
}
"""Type and number of dimensions of each array of :meth:`Cells.arrays` in the general layout."""

ARRAYS: Mapping[str, tuple[str, int]] = {**GENERAL, **dict.fromkeys(LINEAR, ("int64", 2))}
"""Type and number of dimensions of all arrays that :meth:`Cells.from_arrays` knows."""


class Ragged(NamedTuple):
    """Rows of different length: row k is ``values[offsets[k]:offsets[k + 1]]``."""

    offsets: NDArray[np.int64]
    values: NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int = 0) -> Self:
        """Return ``rows`` rows without values."""
        return cls(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of values of each row."""
        return np.diff(self.offsets)

    def at(self, rows: NDArray[np.integer[Any]]) -> Ragged:
        """Return some rows, in their order."""
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        # All rows at once: each value moves as far as its row starts away from its new place.
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], counts)
        return Ragged(offsets, self.values[places])


class Group(NamedTuple):
    """Cells of one kind with the same number of nodes.

    Attributes
    ----------
    kind
        Kind of the cells.
    rows
        Numbers of the cells in the mesh, `[k]`.
    nodes
        Nodes of the cells, `[k, n]`.
    """

    kind: CellKind
    rows: NDArray[np.int64]
    nodes: NDArray[np.int64]

    @property
    def name(self) -> str:
        """Name of the kind, with the number of nodes where that is not fixed."""
        kind = self.kind
        return kind.name if kind.nodes is not None else f"{kind.name}{self.nodes.shape[1]}"


@dataclass(frozen=True, eq=False)
class Cells(Mapping[str, "NDArray[np.int64]"]):
    """Cells of a mesh; as a mapping, the nodes `[k, n]` of the cells of each kind by its name.

    Attributes
    ----------
    types
        VTK's type of each cell, `[K]`.
    nodes
        Nodes of each cell, in VTK's order of the type.
    faces
        Nodes of each face of the polyhedra, one polyhedron after the other.
    polyhedra
        Positions in ``faces``, `[K + 1]`: cell k has the faces ``polyhedra[k]`` to
        ``polyhedra[k + 1]``, and none if it is of another type.
    degrees
        Order of Lagrange and Bézier cells in each direction, `[K, 3]`; None where it follows from
        their numbers of nodes.
    rational_weights
        Weights of the nodes of rational Bézier cells, `[M]`.
    """

    types: NDArray[np.uint8]
    nodes: Ragged
    faces: Ragged
    polyhedra: NDArray[np.int64]
    degrees: NDArray[np.int64] | None = None
    rational_weights: NDArray[np.float64] | None = None

    @classmethod
    def none(cls) -> Self:
        """Return no cells."""
        empty = Ragged.empty()
        return cls(np.zeros(0, np.uint8), empty, empty, np.zeros(1, np.int64))

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[Any]]) -> Self:
        """Return the cells of tables of nodes `[k, n]`, by the names of their kinds.

        Raises UserError for an unknown kind, for polyhedra, which need faces, and for a table of
        another shape.
        """
        types: list[NDArray[np.uint8]] = []
        counts: list[NDArray[np.int64]] = []
        for name, table in tables.items():
            kind = _kind(name, table)
            types.append(np.full(len(table), kind.number, np.uint8))
            counts.append(np.full(len(table), table.shape[1], np.int64))
        if not sum(map(len, types)):
            return cls.none()
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
        values = np.concatenate([np.ravel(table) for table in tables.values()]).astype(np.int64)
        cells = len(offsets) - 1
        return cls(
            np.concatenate(types),
            Ragged(offsets, values),
            Ragged.empty(),
            np.zeros(cells + 1, np.int64),
        )

    @classmethod
    def vertices(cls, nodes: int) -> Self:
        """Return a cell of one node for each of ``nodes`` nodes."""
        return cls.from_tables({"vertex": np.arange(nodes)[:, None]})

    @classmethod
    def of_faces(cls, faces: Ragged) -> Self:
        """Return flat cells by the nodes around them: triangles, quads and polygons."""
        types = np.full(len(faces.counts), BY_NAME["polygon"].number, np.uint8)
        types[faces.counts == 3] = BY_NAME["triangle"].number
        types[faces.counts == 4] = BY_NAME["quad"].number
        return cls(types, faces, Ragged.empty(), np.zeros(len(types) + 1, np.int64))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the cells of arrays as :meth:`arrays` returns them.

        Raises UserError for unknown arrays, for missing ones, and for other dimensions or
        other types of numbers than theirs.
        """
        for name, array in arrays.items():
            # Any other name must be a kind of cells, whose table has a row for each cell.
            data_type, dimensions = ARRAYS.get(name, ("int64", 2))
            kinds = "fiu" if data_type == "float64" else "iu"
            if array.ndim != dimensions or (array.size and array.dtype.kind not in kinds):
                raise UserError(
                    f"the array {name!r} of the cells holds {array.dtype} {array.shape}, but must "
                    f"hold {data_type} in {dimensions} dimensions"
                )
        if "types" not in arrays:
            return cls.from_tables(arrays)
        unknown = arrays.keys() - GENERAL.keys()
        missing = {"offsets", "connectivity"} - arrays.keys()
        if unknown or missing:
            what = f"unknown {sorted(unknown)}" if unknown else f"without {sorted(missing)}"
            raise UserError(f"the arrays of the cells are {what}")
        found = {name: np.asarray(array).astype(GENERAL[name][0]) for name, array in arrays.items()}
        cells = len(found["types"])
        nothing = np.zeros(0, np.int64)
        return cls(
            found["types"],
            Ragged(found["offsets"], found["connectivity"]),
            Ragged(
                found.get("face_offsets", np.zeros(1, np.int64)),
                found.get("face_connectivity", nothing),
            ),
            found.get("polyhedron_offsets", np.zeros(cells + 1, np.int64)),
            found.get("degrees"),
            found.get("rational_weights"),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays from which :meth:`from_arrays` makes the same cells again.

        Cells of linear kinds, one kind after the other, are tables by the names of the kinds;
        others are arrays in VTK's layout.
        """
        if not len(self.types):
            return {}
        if self._is_tables():
            return dict(self)
        found: dict[str, NDArray[Any]] = {
            "types": self.types,
            "offsets": self.nodes.offsets,
            "connectivity": self.nodes.values,
        }
        if len(self.faces.values):
            found["face_offsets"] = self.faces.offsets
            found["face_connectivity"] = self.faces.values
            found["polyhedron_offsets"] = self.polyhedra
        if self.degrees is not None:
            found["degrees"] = self.degrees
        if self.rational_weights is not None:
            found["rational_weights"] = self.rational_weights
        return found

    @property
    def count(self) -> int:
        """Number of cells."""
        return len(self.types)

    @property
    def dimension(self) -> int:
        """Highest dimension of the cells: 3 with bodies, 2 with faces, 1 with lines, else 0."""
        return max((BY_NUMBER[number].dimension for number in self._numbers()), default=0)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Cells by kind and number of nodes, in the order in which these first occur."""
        counts = self.nodes.counts
        # One number for both, as NumPy finds unique rows slowly.
        key = self.types.astype(np.int64) * (counts.max(initial=0) + 1) + counts
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        found = []
        for index in np.argsort(first):
            rows = np.flatnonzero(place == index)
            size = int(counts[rows[0]])
            # A slice where the cells are next to each other: no copy of a large table.
            table = (
                self.nodes.values[self.nodes.offsets[rows[0]] : self.nodes.offsets[rows[-1] + 1]]
                if rows[-1] - rows[0] + 1 == len(rows)
                else self.nodes.at(rows).values
            )
            kind = BY_NUMBER[int(self.types[rows[0]])]
            found.append(Group(kind, rows, table.reshape(len(rows), size)))
        return tuple(found)

    @cached_property
    def face_problem(self) -> str:
        """Fault of the faces of polyhedra; no text if there is none.

        It is found once: a mesh is checked whenever data about it change.
        """
        return face_problem(self)

    def describe(self) -> dict[str, int]:
        """Return the number of cells of each kind, whatever their numbers of nodes."""
        found: dict[str, int] = {}
        for group in self.groups:
            is_ordered = group.kind.nodes is None and group.kind.corners is not None
            name = group.name if is_ordered else group.kind.name
            found[name] = found.get(name, 0) + len(group.rows)
        return found

    def corners(self) -> dict[str, NDArray[np.int64]]:
        """Return the linear cells between the corners, by kind; kinds without them are left out.

        Polylines are the lines between their nodes.
        """
        found: dict[str, list[NDArray[np.int64]]] = {}
        for group in self.groups:
            if group.kind.name == "poly_line":
                for start in range(group.nodes.shape[1] - 1):
                    found.setdefault("line", []).append(group.nodes[:, start : start + 2])
            if group.kind.corners is not None:
                name, places = group.kind.corners
                found.setdefault(name, []).append(group.nodes[:, list(places)])
        return {name: np.concatenate(tables) for name, tables in found.items()}

    def at(self, rows: NDArray[np.integer[Any]]) -> Cells:
        """Return some cells, in their order."""
        # Two levels: cells have rows of faces, and faces have rows of nodes.
        faces_of = Ragged(self.polyhedra, np.arange(self.polyhedra[-1], dtype=np.int64)).at(rows)
        return replace(
            self,
            types=self.types[rows],
            nodes=self.nodes.at(rows),
            faces=self.faces.at(faces_of.values),
            polyhedra=faces_of.offsets,
            degrees=None if self.degrees is None else self.degrees[rows],
        )

    def renumbered(self, place: NDArray[np.integer[Any]], kept: NDArray[np.integer[Any]]) -> Cells:
        """Return the cells on other nodes.

        ``place`` `[M]` is the new number of each node, below 0 for nodes that are left out, with
        their cells; ``kept`` has the old number of each new node.
        """
        outside = np.concatenate([[0], np.cumsum(place[self.nodes.values] < 0)])
        lost = outside[self.nodes.offsets[1:]] - outside[self.nodes.offsets[:-1]]
        # Cells without nodes belong to none that is left out.
        inside = self.at(np.flatnonzero(lost == 0)) if outside[-1] else self
        weights = self.rational_weights
        return replace(
            inside,
            nodes=Ragged(inside.nodes.offsets, place[inside.nodes.values].astype(np.int64)),
            faces=Ragged(inside.faces.offsets, place[inside.faces.values].astype(np.int64)),
            rational_weights=None if weights is None else weights[kept],
        )

    def same_as(self, other: Cells) -> bool:
        """Return whether the cells agree, at least in their corners.

        Earlier versions kept only the corners of cells of second order, by kind.
        """
        mine = self.arrays()
        others = other.arrays()
        if not _equal(mine, others):
            mine = self.corners()
            others = other.corners()
            return bool(mine) and _equal(mine, others)
        return True

    def checksum(self) -> int:
        """Return a number that other cells hardly have: of types, nodes and faces, in order."""
        found = 0
        for array in (self.types, self.nodes.offsets, self.nodes.values, self.faces.values):
            found = zlib.crc32(np.ascontiguousarray(array).data, found)
        return found

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    @cached_property
    def _tables(self) -> dict[str, NDArray[np.int64]]:
        return {group.name: group.nodes for group in self.groups}

    def _numbers(self) -> Iterable[int]:
        numbers: list[int] = np.flatnonzero(np.bincount(self.types)).tolist()
        return numbers

    def _is_tables(self) -> bool:
        """Return whether tables by kind hold everything."""
        # Tables lose the order of cells of different kinds, unless each kind is one run of cells.
        changes = np.count_nonzero(np.diff(self.types.astype(np.int64))) + 1
        return (
            all(group.kind.name in LINEAR for group in self.groups)
            and changes == len(self.groups)
            and self.degrees is None
            and self.rational_weights is None
        )


def _equal(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(array, other[name]) for name, array in one.items()
    )


def _kind(name: str, table: NDArray[Any]) -> CellKind:
    """Return the kind of a table of cells; raise UserError unless its shape is that of the kind."""
    counted = re.fullmatch(r"([a-z_]+?)(\d+)", name)
    kind = BY_NAME.get(name) or (BY_NAME.get(counted[1]) if counted else None)
    if kind is None or (kind.nodes is None and name in BY_NAME):
        raise UserError(f"unknown cells {name!r}: known are {', '.join(LINEAR)} and others of VTK")
    if kind.number == POLYHEDRON:
        raise UserError("polyhedra need their faces, which a table of nodes does not have")
    count = kind.nodes if kind.nodes is not None else int(counted[2]) if counted else 0
    if table.ndim != 2 or table.shape[1] != count:
        raise UserError(f"{name} cells must be [K, {count}], but have the shape {table.shape}")
    return kind
