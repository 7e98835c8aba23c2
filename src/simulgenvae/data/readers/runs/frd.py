"""CalculiX's result files (``.frd``, text): first an index of blocks, then one block at a time.

The format is that of the CalculiX GraphiX manual, section "Result Format". Numbers are in columns
of fixed width, without blanks between them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from simulgenvae.data.readers.runs.frd_sets import with_job_sets
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

ELEMENTS = {
    1: ("hexahedron", range(8)),
    2: ("wedge", range(6)),
    3: ("tetra", range(4)),
    4: ("hexahedron20", (*range(12), *range(16, 20), *range(12, 16))),
    5: ("wedge15", (*range(9), *range(12, 15), *range(9, 12))),
    6: ("tetra10", range(10)),
    7: ("triangle", range(3)),
    8: ("triangle6", range(6)),
    9: ("quad", range(4)),
    10: ("quad8", range(8)),
    11: ("line", range(2)),
    12: ("line3", range(3)),
}
"""Kind of cell of each type of element, and where the element has each node of the cell.

In bricks and wedges of second order, nodes between bottom and top precede the nodes of the top.
"""
LAYOUTS = {b"0": (5, 15), b"1": (10, 10)}
"""Digits of the number of a node, and nodes on a line of an element: short and long format."""


def open_frd(path: Path) -> Series:
    """Open the results of one CalculiX job, with the named sets of its input file beside them.

    Raises UserError when the file is cut short, binary, or has no results.
    """
    # The index makes the second pass quick: a timestep is one read at a known place.
    with _damaged(path):
        nodes, elements, moments = _index(path)
        # Once for all: asking the system at every timestep took a tenth of the time of reading.
        largest = max((nodes, elements, *chain(*moments)), key=lambda block: block.size)
        require_memory(4 * largest.size, f"{path}: reading {largest.name}", "is it the right file?")
        labels, coords = _values(path, nodes)
        ids = labels.astype(np.int64)
    if not moments:
        raise UserError(
            f"{path}: holds a mesh and no results: ask for some with *NODE FILE and *EL FILE"
        )
    times = np.array([blocks[0].time for blocks in moments])

    def snapshot(step: int) -> Snapshot:
        with _damaged(path):
            return Snapshot(
                coords, {block.name: _result(path, block, labels, ids) for block in moments[step]}
            )

    def mesh() -> Mesh:
        with _damaged(path):
            found = Mesh(coords, _cells(path, elements, ids))
        return with_job_sets(path, found, ids)

    return Series(path, times, snapshot, mesh)


CALCULIX = RunFormat(name="CalculiX", open=open_frd, suffixes=(".frd",), first_bytes=(b"    1C",))


@dataclass(frozen=True)
class _Block:
    """Place and content of one block of the file.

    Attributes
    ----------
    name
        Name of the field, or ``nodes`` or ``elements``.
    start, size
        First byte of the block's lines, and their number of bytes.
    count
        Number of nodes or elements.
    layout
        One of :data:`LAYOUTS`.
    components
        Names of the components.
    moment
        Text that all results of one time share; empty for the mesh.
    time
        Time of the results.
    """

    name: str
    start: int
    size: int
    count: int
    layout: tuple[int, int]
    components: tuple[str, ...]
    moment: str
    time: float


def _index(path: Path) -> tuple[_Block, _Block, list[list[_Block]]]:
    """Return the blocks of nodes, elements, and results of each time, without their numbers."""
    # By the text of the time and step in the headers, which are equal for all its results.
    moments: dict[str, list[_Block]] = {}
    with path.open("rb") as file:
        while (line := file.readline())[:5] != b" 9999":
            if not line:
                raise ValueError(
                    f"it ends after {len(moments.keys() - {''})} times: has the solver stopped "
                    "early?"
                )
            # 2C: nodes; 3C: elements; 100C: one result at one time; 1: remarks about the job.
            if line[:6] in {b"    2C", b"    3C", b"  100C"}:
                block = _index_block(file, line)
                moments.setdefault(block.moment, []).append(block)
            elif line[:5] != b"    1":
                raise ValueError(f"unknown line {line[:40]!r} at byte {file.tell() - len(line)}")
    mesh = {block.name: block for block in moments.pop("", [])}
    if len(mesh) < 2:
        raise ValueError("it holds no nodes (2C) or no elements (3C)")
    return mesh["nodes"], mesh["elements"], list(moments.values())


def _index_block(file: BinaryIO, header: bytes) -> _Block:
    """Return the block of a header, and move the file to the line after the block."""
    layout = LAYOUTS.get(header[73:75].strip() or b"0")
    if layout is None:
        raise ValueError(
            "a binary .frd: let ccx write text with *NODE FILE and *EL FILE, not *NODE OUTPUT"
        )
    if not header[24:36].strip().isdigit():
        raise ValueError(f"no number of nodes or elements in {header[:40]!r}")
    name = {b"2": "nodes", b"3": "elements"}.get(header[4:5], "")
    moment = ""
    time = 0.0
    components = ["X", "Y", "Z"] if name == "nodes" else []
    start = file.tell()
    count = int(header[24:36])
    if header[:6] == b"  100C":
        moment = header[6:24].decode("ascii", "replace")
        time = float(header[12:24])
        while (line := file.readline())[:3] in (b" -4", b" -5"):
            text = line[5:13].decode("ascii", "replace").strip()
            name = text if line[:3] == b" -4" else name
            # 1 marks what the viewer computes itself and the file does not have, as DISP's ALL.
            if line[:3] == b" -5" and line[33:38].strip() != b"1":
                components.append(text)
            start = file.tell()
    # A guess of the size spares reading the lines: the blocks of nodes have fixed widths.
    size = _find_end(file, start, count * _record_width(layout[0], len(components)), name)
    return _Block(name, start, size, count, layout, tuple(components), moment, time)


def _record_width(digits: int, values: int) -> int:
    """Return the bytes of the lines of one node: key, number and up to six values on each."""
    # Each number takes 12 columns; every line has 3 for its key, the number of the node and \n.
    return -(-values // 6) * (3 + digits + 1) + 12 * values


def _find_end(file: BinaryIO, start: int, guess: int, name: str) -> int:
    """Return the bytes from the start of a block to its ' -3' line, and move the file after that.

    The line is looked for at the guess first, else line by line.
    """
    file.seek(start + guess)
    if (line := file.readline()).rstrip() != b" -3":
        file.seek(start)
        while (line := file.readline()).rstrip() != b" -3":
            if not line.endswith(b"\n"):
                raise ValueError(f"cut short within {name}: did the solver stop early?")
    return file.tell() - len(line) - start


def _columns(rows: NDArray[np.uint8], start: int, width: int, count: int) -> NDArray[np.bytes_]:
    """Return the texts `[rows, count]` in columns of a width.

    Numbers may touch each other, so that only the columns separate them.
    """
    return np.ascontiguousarray(rows[:, start : start + width * count]).view(f"S{width}")


def _values(path: Path, block: _Block) -> tuple[NDArray[np.bytes_], NDArray[np.float64]]:
    """Return the numbers of the nodes, as texts, and the values `[nodes, components]`."""
    data = _bytes(path, block)
    digits = block.layout[0]
    values = len(block.components)
    if len(data) != block.count * _record_width(digits, values):
        raise ValueError(
            f"{block.name} at time {block.time}: not {block.count} nodes of {values} values"
        )
    rows = data.reshape(block.count, -1)
    # Lines of six values follow each other: the bytes from one to the next.
    line = _record_width(digits, 6)
    parts = []
    for first in range(0, values, 6):
        start = first // 6 * line + 3 + digits
        parts.append(_columns(rows, start, 12, min(6, values - first)))
    return _columns(rows, 3, digits, 1)[:, 0], np.concatenate(parts, axis=1).astype(np.float64)


def _result(
    path: Path, block: _Block, node_labels: NDArray[np.bytes_], node_ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the values `[nodes, components]` of a result in the order of the mesh's nodes.

    Nodes that the result leaves out have NaN.
    """
    labels, values = _values(path, block)
    # The usual case, without a search: the result has all nodes in the order of the mesh.
    if np.array_equal(labels, node_labels):
        return values
    ids = labels.astype(np.int64)
    result = np.full((len(node_ids), values.shape[1]), np.nan)
    result[_places(ids, node_ids)] = values
    return result


def _cells(path: Path, block: _Block, node_ids: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return the nodes of the elements, counted from 0, by the kinds of the cells."""
    data = _bytes(path, block)
    digits, per_line = block.layout
    lines = np.concatenate(([0], np.flatnonzero(data == ord("\n")) + 1))[:-1]
    # " -1" starts an element, lines with " -2" list its nodes.
    heads = np.flatnonzero(data[lines + 2] == ord("1"))
    # Windows at the starts of lines, as the lines themselves differ in length.
    rows = sliding_window_view(data, 3 + digits + 5)[lines[heads]]
    types = _columns(rows, 3 + digits, 5, 1)[:, 0].astype(np.int64)
    cells: dict[str, list[NDArray[np.int64]]] = {}
    for kind in np.unique(types).tolist():
        if kind not in ELEMENTS:
            raise ValueError(f"unknown type of element {kind}")
        name, order = ELEMENTS[kind]
        first = heads[types == kind] + 1
        parts = []
        for start in range(0, len(order), per_line):
            count = min(per_line, len(order) - start)
            part = sliding_window_view(data, 3 + digits * count)[lines[first + start // per_line]]
            parts.append(_columns(part, 3, digits, count))
        nodes = np.concatenate(parts, axis=1).astype(np.int64)[:, list(order)]
        cells.setdefault(name, []).append(_places(nodes.ravel(), node_ids).reshape(nodes.shape))
    return {name: np.concatenate(tables) for name, tables in cells.items()}


def _places(ids: NDArray[np.int64], node_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of nodes, given by their numbers; raise ValueError for an unknown one."""
    order = np.argsort(node_ids)
    at: NDArray[np.int64] = order[
        np.searchsorted(node_ids, ids, sorter=order).clip(max=len(order) - 1)
    ]
    if (node_ids[at] != ids).any():
        raise ValueError(f"node {ids[node_ids[at] != ids][0]} is not in the mesh")
    return at


def _bytes(path: Path, block: _Block) -> NDArray[np.uint8]:
    """Return the bytes of a block."""
    return np.fromfile(path, np.uint8, block.size, offset=block.start)


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Turn errors of a damaged file into one message."""
    try:
        yield
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path}: cannot be read as a CalculiX result file: {error}") from error
