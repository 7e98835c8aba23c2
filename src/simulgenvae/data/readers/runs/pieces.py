"""Pieces of a mesh that was divided between processes, put together as one grid.

Ghost cells, which another piece has too, are left out. Nodes that pieces share are stored once:
those with the same global id where the file has ids, otherwise those at exactly the same position.
Nodes of one piece stay separate even where they coincide, as at a crack. Blocks are not pieces:
they are different parts of a model, and their nodes stay separate.

Tested in tests/data/readers/runs/test_pieces.py.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.vtk_arrays import numbers
from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk_cells import cells_grid, from_vtk, grid_cells, to_vtk
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Cells

_GHOSTS = "vtkGhostType"
_DUPLICATE = 1


class Whole(NamedTuple):
    """Grid of a timestep, and lines for the user on how it was put together."""

    grid: Any
    remarks: tuple[str, ...] = ()


def read_pieces(reader: Any) -> Any:
    """Return what a reader of PyVista, or of VTK, reads, as :func:`whole` takes it."""
    import pyvista

    # A collection has a reader for each of its files at the active time.
    if hasattr(reader, "active_readers"):
        return [read_pieces(found) for found in reader.active_readers]
    parallel: Any = getattr(reader, "reader", reader)
    if not hasattr(parallel, "GetNumberOfPieces"):
        return reader.read()
    # VTK would read all pieces as one grid, in which nobody sees where one of them ends: they are
    # read one by one.
    parallel.UpdateInformation()
    number = parallel.GetNumberOfPieces()
    if number < 2 or not hasattr(parallel.GetOutputDataObject(0), "GetCellData"):
        if reader is not parallel:
            return reader.read()
        reader.Update()
        return pyvista.wrap(reader.GetOutputDataObject(0))
    pieces: Any = pyvista.PartitionedDataSet
    found = []
    for piece in range(number):
        parallel.UpdatePiece(piece, number, 0)
        # The reader writes the next piece into the same object.
        found.append(pyvista.wrap(parallel.GetOutputDataObject(0)).copy(deep=True))
    return pieces(found)


def wrapped(data: Any) -> Any:
    """Return what VTK has read as PyVista's object: for a collection of blocks, a list of them."""
    import pyvista

    # PyVista does not know these: each block may consist of pieces.
    if data.IsA("vtkPartitionedDataSetCollection"):
        blocks = range(data.GetNumberOfPartitionedDataSets())
        return [pyvista.wrap(data.GetPartitionedDataSet(block)) for block in blocks]
    return pyvista.wrap(data)


def whole(data: Any) -> Whole:
    """Return a grid, or pieces of one, as one grid without ghost cells; blocks stay blocks.

    ``data`` is what VTK reads, or a list of blocks that may consist of pieces, or whole already.

    Raises UserError when pieces have different fields.
    """
    import pyvista

    if isinstance(data, Whole):
        return data
    if hasattr(data, "n_partitions"):
        pieces = [piece for piece in data if piece is not None and piece.n_points]
        return _whole_of(pieces) if pieces else Whole(pyvista.UnstructuredGrid())
    if isinstance(data, list):
        found = [whole(block) for block in data]
        return Whole(pyvista.MultiBlock([one.grid for one in found]), _remarks(found))
    if hasattr(data, "n_blocks"):
        if not any(hasattr(leaf, "n_partitions") or _has_ghosts(leaf) for leaf in _leaves(data)):
            return Whole(data)
        names = [name for name, block in zip(data.keys(), data, strict=True) if block is not None]
        found = [whole(block) for block in data if block is not None]
        blocks = pyvista.MultiBlock([one.grid for one in found])
        # A list of grids brings no names with it.
        for number, name in enumerate(names):
            blocks.set_block_name(number, name)
        return Whole(blocks, _remarks(found))
    return _whole_of([data]) if _has_ghosts(data) else Whole(data)


def _remarks(found: Sequence[Whole]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(one.remarks for one in found))


def shared_between_blocks(data: Any) -> tuple[str, ...]:
    """Return a line on nodes of different blocks that are at the same position, if there are."""
    blocks = [leaf for leaf in _leaves(data) if hasattr(leaf, "n_points") and leaf.n_points]
    if len(blocks) < 2:
        return ()
    points = np.concatenate([np.asarray(block.points) for block in blocks])
    block = np.repeat(np.arange(len(blocks)), [block.n_points for block in blocks])
    twice = len(points) - len(np.unique(_places(_groups(points.T), block)))
    if not twice:
        return ()
    return (
        f"{len(blocks)} blocks, one after the other: {twice} of their {len(points)} nodes are at "
        "the position of a node of another block, and stay separate",
    )


def merge_nodes(
    grid: Any, piece: NDArray[np.integer[Any]], *, means_of_cells: bool = False
) -> Whole:
    """Return a grid with the nodes that its pieces share stored once, and without ghost cells.

    Parameters
    ----------
    grid
        Unstructured grid of all pieces.
    piece
        Number of the piece of each node, `[M]`.
    means_of_cells
        Whether values at nodes are means of the cells around them in their piece: shared nodes then
        get the mean of the cells in all pieces. Otherwise they have the value of the first piece
        that owns the node.
    """
    points = np.asarray(grid.points)
    cells = grid_cells(grid, Path())
    ghost_cells = _marks(grid.GetCellData(), cells.count)
    ghost_nodes = _marks(grid.GetPointData(), len(points)) & _DUPLICATE
    ids = grid.GetPointData().GetGlobalIds()
    keys = points.T if ids is None else from_vtk(ids)[None]
    places = _places(_groups(keys), piece)
    # Of the nodes at one place the first that is no ghost is kept; nodes keep their order.
    order = np.lexsort((ghost_nodes, places))
    kept = np.sort(order[np.concatenate([[True], np.diff(places[order]) != 0])])
    number = np.empty(places.max() + 1, np.int64)
    number[places[kept]] = np.arange(len(kept))
    place = number[places]
    rows = np.flatnonzero(ghost_cells == 0)
    rows, repeated = _once(cells.renumbered(place, kept), rows, _pieces_of(cells, piece))
    merged = cells_grid(points[kept], cells.at(rows).renumbered(place, kept))
    cells_around = np.bincount(cells.nodes.values, minlength=len(points))
    for name, values in numbers(grid.GetPointData()).items():
        chosen = values[kept]
        if means_of_cells:
            chosen = _means(values, place, cells_around, chosen)
        merged.GetPointData().AddArray(_named(chosen, grid.GetPointData().GetArray(name)))
    for name, values in numbers(grid.GetCellData()).items():
        merged.GetCellData().AddArray(_named(values[rows], grid.GetCellData().GetArray(name)))
    remarks = list(_ghost_remarks(ghost_cells, repeated))
    pieces = len(np.unique(piece))
    if pieces > 1:
        mean = ", with the mean of the cells around them" if means_of_cells else ""
        remarks.append(
            f"{pieces} pieces of one mesh: {len(points) - len(kept)} nodes that pieces share are "
            f"stored once{mean or _disagreement(grid, kept, place)}"
        )
    return Whole(merged, tuple(remarks))


def _pieces_of(cells: Cells, piece: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return the number of the piece of each cell: that of its first node."""
    first = np.minimum(cells.nodes.offsets[:-1], max(len(cells.nodes.values) - 1, 0))
    return piece[cells.nodes.values[first]] if len(cells.nodes.values) else piece[:0]


def _once(
    cells: Cells, rows: NDArray[np.int64], piece: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], int]:
    """Return the ``rows`` of cells without those that an earlier piece has, and their number.

    Programs that divide a mesh with an overlap do not always mark it.
    """
    if len(np.unique(piece)) < 2:
        return rows, 0
    repeated = np.zeros(cells.count, dtype=bool)
    ours = np.zeros(cells.count, dtype=bool)
    ours[rows] = True
    for group in cells.groups:
        some = ours[group.rows]
        if not some.any() or not group.nodes.shape[1]:
            continue
        # Cells with the same nodes are the same cell, whichever node comes first.
        same = _groups(np.sort(group.nodes[some], axis=1).T)
        which = group.rows[some]
        _, first = np.unique(same, return_index=True)
        repeated[which] = piece[which] != piece[which[first[same]]]
    return rows[~repeated[rows]], int(np.count_nonzero(repeated))


def _means(
    values: NDArray[Any],
    place: NDArray[np.int64],
    weights: NDArray[np.int64],
    chosen: NDArray[Any],
) -> NDArray[Any]:
    """Return ``chosen`` with weighted means of all values at places that several nodes share."""
    shared = np.bincount(place) > 1
    total = np.bincount(place, weights)
    columns = values.reshape(len(values), -1).T
    means = np.stack([np.bincount(place, weights * column) for column in columns], axis=1)
    found = chosen.reshape(len(chosen), -1).copy()
    found[shared] = means[shared] / np.maximum(total[shared], 1.0)[:, None]
    return found.reshape(chosen.shape)


def _whole_of(pieces: Sequence[Any]) -> Whole:
    import pyvista

    grids = [piece.cast_to_unstructured_grid() for piece in pieces]
    _require_same_fields(grids)
    # Marks of ghosts that only some pieces have would be dropped.
    for grid in grids:
        for data, size in ((grid.point_data, grid.n_points), (grid.cell_data, grid.n_cells)):
            if _GHOSTS not in data and any(_GHOSTS in other.array_names for other in grids):
                data[_GHOSTS] = np.zeros(size, np.uint8)
    grid = grids[0] if len(grids) == 1 else pyvista.MultiBlock(grids).combine()
    sizes = [one.n_points for one in grids]
    return merge_nodes(grid, np.repeat(np.arange(len(grids)), sizes))


def _require_same_fields(grids: Sequence[Any]) -> None:
    names: list[set[str]] = []
    for grid in grids:
        in_cells = (f"{name} (cells)" for name in numbers(grid.GetCellData()))
        names.append({*numbers(grid.GetPointData()), *in_cells})
    differing = names[0].union(*names) - names[0].intersection(*names)
    if differing:
        raise UserError(
            f"only some of the {len(grids)} pieces of the mesh have {listed(sorted(differing))}: "
            "write all fields on all pieces"
        )


def _leaves(data: Any) -> Iterator[Any]:
    if not hasattr(data, "n_blocks"):
        yield data
        return
    for block in data:
        if block is not None:
            yield from _leaves(block)


def _has_ghosts(grid: Any) -> bool:
    if not hasattr(grid, "GetCellData"):
        return False
    array = grid.GetCellData().GetArray(_GHOSTS)
    return array is not None and bool(from_vtk(array).any())


def _marks(data: Any, size: int) -> NDArray[np.uint8]:
    """Return VTK's marks of ghosts, 0 for what is none."""
    array = data.GetArray(_GHOSTS)
    return np.zeros(size, np.uint8) if array is None else from_vtk(array).astype(np.uint8)


def _ghost_remarks(marks: NDArray[np.uint8], repeated: int) -> Iterator[str]:
    duplicate = int(np.count_nonzero(marks & _DUPLICATE))
    if duplicate:
        yield f"{count(duplicate, 'ghost cell')} of another piece left out"
    if repeated:
        yield f"{count(repeated, 'cell')} that an earlier piece has too left out"
    hidden = int(np.count_nonzero(marks)) - duplicate
    if hidden:
        yield f"{count(hidden, 'cell')} that the file marks as hidden left out; their nodes stay"


def _groups(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return the same number for equal columns of ``keys`` `[d, M]`."""
    order = np.lexsort(keys)
    ranked = keys[:, order]
    group = np.empty(keys.shape[1], np.int64)
    new = (ranked[:, 1:] != ranked[:, :-1]).any(axis=0)
    group[order] = np.concatenate([[0], np.cumsum(new)])
    return group


def _places(group: NDArray[np.int64], piece: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the same number for nodes to be merged: of a group, each from another piece."""
    pairs, counts = np.unique(np.stack([group, piece]), axis=1, return_counts=True)
    # A piece that has several nodes of a group, as at a crack, does not say which of them is the
    # node of another piece: none of the group is merged, each gets another number.
    ambiguous = np.zeros(group.max() + 1, dtype=bool)
    ambiguous[pairs[0][counts > 1]] = True
    places = group.copy()
    separate = np.flatnonzero(ambiguous[group])
    places[separate] = group.max() + 1 + np.arange(len(separate))
    found: NDArray[np.int64] = np.unique(places, return_inverse=True)[1]
    return found


def _disagreement(grid: Any, kept: NDArray[np.int64], place: NDArray[np.int64]) -> str:
    """Return how far values at shared nodes differ between pieces; no text when they do not."""
    worst = []
    for name, values in numbers(grid.GetPointData()).items():
        far = np.abs(values.astype(np.float64) - values[kept][place]).max(initial=0.0)
        if far > 0:
            worst.append(f"{name} by up to {far:g}")
    if not worst:
        return ""
    return (
        f". Their values differ between pieces, at the first timestep {', '.join(worst)}: the "
        "first piece that owns the node gives its value"
    )


def _named(values: NDArray[Any], like: Any) -> Any:
    """Return values as an array of VTK with the name and the unit of another one."""
    found = to_vtk(values, like.GetDataType())
    found.SetName(like.GetName())
    if like.HasInformation():
        found.CopyInformation(like.GetInformation())
    return found
