"""Meshes and named sets in input files of Abaqus and CalculiX (``.inp``).

Only nodes, elements and sets are read; the files of ``*INCLUDE`` are never opened. Keywords and
names of sets mean the same in upper and lower case, and sets keep the name as it is written first.

Tested in tests/data/mesh_files/test_abaqus.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.mesh_files.abaqus_elements import cell_kind
from simulgenvae.data.mesh_files.abaqus_sets import Definition, named_sets
from simulgenvae.data.mesh_files.abaqus_text import Block, blocks
from simulgenvae.data.mesh_files.index import Index
from simulgenvae.data.names import prefix_errors
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import Ragged
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_READ = {"NODE", "ELEMENT", "NSET", "ELSET"}
_GENERATING = {"NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY", "SYSTEM"}
"""Keywords that make or move nodes and elements: without them the mesh would be another one."""
_FLAT = (
    "write a flat input file, in Abaqus/CAE with mdb.models[NAME].setValues(noPartsInputFile=ON)"
)


class InputMesh(NamedTuple):
    """Mesh of an input file.

    Attributes
    ----------
    numbers
        Numbers of the nodes in the file, `[M]`.
    mesh
        Nodes in the order of the file, cells, and sets.
    """

    numbers: NDArray[np.int64]
    mesh: Mesh


def read_abaqus(path: Path) -> Mesh:
    """Read the mesh of an input file, with its sets of nodes; a set of elements means their nodes.

    Raises UserError when it is damaged, has no nodes, several parts, or refers to other files.
    """
    return read_input(path).mesh


def read_input(path: Path) -> InputMesh:
    """Read the mesh of an input file, and the numbers that its nodes have there.

    Raises UserError as :func:`read_abaqus` does.
    """
    # Measured: texts and numbers of a file take less than 20 times its size.
    require_memory(20 * path.stat().st_size, f"{path}: reading it", "is it the right file?")
    failure = "cannot be read as an input file of Abaqus or CalculiX"
    with prefix_errors(path), damage_reported(path, failure):
        reader = _Reader()
        for block in blocks(path):
            reader.read(block)
        return reader.result()


@dataclass
class _Reader:
    """Content of a file, which is read block by block."""

    owner: str = ""
    """Part, assembly or instance that the block belongs to; empty in flat files."""
    owners: set[str] = field(default_factory=set)
    instances: int = 0
    numbers: list[int] = field(default_factory=list)
    coords: list[tuple[float, float, float]] = field(default_factory=list)
    tables: list[tuple[str, NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=list)
    """Kind of cells, numbers of the elements `[k]` and of their nodes `[k, n]`."""
    sets: dict[str, list[Definition]] = field(default_factory=dict)
    """Definitions of sets of nodes and of elements, ``n:NAME`` and ``e:NAME`` in upper case."""
    left_out: dict[str, None] = field(default_factory=dict)

    def read(self, block: Block) -> None:
        """Read a block; those of other keywords are left out."""
        word = block.keyword
        if word == "INCLUDE" or (word in _READ and "INPUT" in block.options):
            raise UserError(
                f"line {block.line}: *{word} refers to another file, which is not read: put all "
                "into one file"
            )
        if word in _GENERATING:
            raise UserError(
                f"line {block.line}: *{word} makes or moves nodes or elements, which is not done: "
                "write all of them out"
            )
        if word in {"PART", "ASSEMBLY", "INSTANCE"}:
            self._enter(block)
        elif word in {"END PART", "END ASSEMBLY"}:
            self.owner = ""
        elif word == "END INSTANCE":
            self.owner = "ASSEMBLY"
        elif word == "NODE":
            self._nodes(block)
        elif word == "ELEMENT":
            self._elements(block)
        elif word in _READ:
            self._set(block)

    def _enter(self, block: Block) -> None:
        self.owner = block.keyword
        if block.keyword != "ASSEMBLY":
            self.owner += f" {block.options.get('NAME', '')}"
        if block.keyword == "INSTANCE":
            self.instances += 1
            if block.rows:
                raise UserError(f"line {block.line}: a part is moved in its assembly: {_FLAT}")
        if self.instances > 1:
            raise UserError(f"line {block.line}: the assembly has several instances: {_FLAT}")

    def _nodes(self, block: Block) -> None:
        if block.options.get("SYSTEM", "R").upper() != "R":
            raise UserError(f"line {block.line}: nodes in other than Cartesian coordinates")
        # Reference points of the assembly have numbers of their own.
        if self.owner == "ASSEMBLY":
            self.left_out["nodes of the assembly (reference points) are left out"] = None
            return
        self.owners.add(self.owner)
        if len(self.owners) > 1:
            raise UserError(f"line {block.line}: there are several parts: {_FLAT}")
        found = []
        for row in block.rows:
            x, y, z = [*map(float, (cell or "0" for cell in row[1:4])), 0.0, 0.0, 0.0][:3]
            found.append(int(row[0]))
            self.coords.append((x, y, z))
        self.numbers += found
        if "NSET" in block.options:
            self._define("n", Definition(block.options["NSET"], found))

    def _elements(self, block: Block) -> None:
        given = block.options.get("TYPE", "")
        kind = cell_kind(given)
        if kind is None:
            self.left_out[f"elements of the type {given[:20]!r} are left out"] = None
            return
        cells = [cell for row in block.rows for cell in row if cell]
        table = np.array(cells, dtype=object).astype(np.int64).reshape(-1, 1 + len(kind.order))
        self.tables.append((kind.name, table[:, 0], table[:, 1:][:, list(kind.order)]))
        if "ELSET" in block.options:
            self._define("e", Definition(block.options["ELSET"], table[:, 0].tolist()))

    def _set(self, block: Block) -> None:
        # Sets that Abaqus/CAE makes for its own purposes.
        if "INTERNAL" in block.options:
            return
        name = block.options.get(block.keyword, "")
        if self.owner == "ASSEMBLY" and "INSTANCE" not in block.options:
            self.left_out["sets of nodes and elements of the assembly itself are left out"] = None
            return
        definition = Definition(name)
        if block.keyword == "NSET" and "ELSET" in block.options:
            definition.elements.append(block.options["ELSET"].upper())
        if "GENERATE" in block.options:
            for row in block.rows:
                first, last, step = [*map(int, filter(None, row)), 1][:3]
                definition.ranges.append((first, last, max(1, step)))
        else:
            for cell in (cell for row in block.rows for cell in row if cell):
                if re.fullmatch(r"[+-]?\d+", cell):
                    definition.numbers.append(int(cell))
                else:
                    definition.names.append(cell.upper())
        self._define(block.keyword[0].lower(), definition)

    def _define(self, kind: str, definition: Definition) -> None:
        self.sets.setdefault(f"{kind}:{definition.name.upper()}", []).append(definition)

    def result(self) -> InputMesh:
        """Return the mesh of all blocks."""
        if not self.numbers:
            raise UserError("it has no nodes (*NODE)")
        numbers = np.array(self.numbers, np.int64)
        nodes = Index(numbers, "node")
        tables: dict[str, list[NDArray[np.int64]]] = {}
        rows = [np.zeros(0, np.int64)]
        for kind, _, table in self.tables:
            rows.append(nodes.places(table.ravel()))
            if (rows[-1] < 0).any():
                unknown = table.ravel()[rows[-1] < 0][0]
                raise UserError(f"an element has the node {unknown}, which does not exist")
            tables.setdefault(kind, []).append(rows[-1].reshape(table.shape))
        cells = {kind: np.concatenate(parts) for kind, parts in tables.items()}
        found = np.concatenate([np.zeros(0, np.int64), *(each for _, each, _ in self.tables)])
        counts = [np.full(len(table), table.shape[1]) for _, _, table in self.tables]
        offsets = np.cumsum(np.concatenate([[0], *counts])).astype(np.int64)
        around = Ragged(offsets, np.concatenate(rows))
        sets, remarks = named_sets(self.sets, nodes, Index(found, "element"), around)
        mesh = Mesh(np.array(self.coords), cells, (*self.left_out, *remarks), sets=sets)
        return InputMesh(numbers, mesh)
