"""Blocks of one timestep, put together as one grid without losing values in silence.

VTK's own filter leaves out fields that a block lacks, or has in another place or type.

Tested in tests/data/readers/runs/test_multiblock.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.series import Kind
from simulgenvae.data.readers.runs.vtk_arrays import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class OneGrid:
    """Grid of a timestep, and what was left out of it.

    Attributes
    ----------
    grid
        PyVista's grid: the nodes of one block after another.
    left_out
        Reason by the name of the field, for fields that not all blocks have.
    remarks
        Lines on blocks that were left out.
    """

    grid: Any
    left_out: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def one_grid(data: Any) -> OneGrid:
    """Return the blocks of a timestep as one grid; a grid stays as it is.

    Blocks without values are left out where others have some. Fields are those that all other
    blocks have, at the same place (nodes or cells) and with the same number of components.
    """
    if not hasattr(data, "n_blocks"):
        return OneGrid(data)
    grids = dict(leaves(data))
    kinds = {name: field_kinds(grid) for name, grid in grids.items()}
    silent = [name for name in grids if not kinds[name]]
    # Where no block has values the file holds a mesh only, of which all blocks are parts.
    if len(silent) == len(grids):
        silent = []
    blocks = {name: grid for name, grid in grids.items() if name not in silent}
    remarks = tuple(f"block {name!r}: has no values: left out" for name in silent)
    # Combining copies: a file with a single block, the usual case, is spared that.
    if len(blocks) == 1:
        return OneGrid(next(iter(blocks.values())), remarks=remarks)
    left_out: dict[str, str] = {}
    kinds = {block: kinds[block] for block in blocks}
    # A dict, not a set: it keeps the order of the file.
    names = dict.fromkeys(chain.from_iterable(kinds.values()))
    for name in names:
        reason = _difference(name, kinds)
        if reason:
            left_out[name] = reason
    return OneGrid(_combined(blocks, names.keys() - left_out.keys()), left_out, remarks)


def field_kinds(grid: Any) -> dict[str, Kind]:
    """Return place and number of components of each field; at nodes where it is at both places."""
    found: dict[str, Kind] = {}
    for in_cells, data in ((False, grid.GetPointData()), (True, grid.GetCellData())):
        for name, values in numbers(data).items():
            found.setdefault(name, Kind(1 if values.ndim == 1 else values.shape[1], in_cells))
    return found


def leaves(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the grids with nodes in nested blocks, by their names."""
    used: set[str] = set()
    for number in range(data.n_blocks):
        block = data[number]
        named = data.get_block_name(number) if hasattr(data, "get_block_name") else None
        name = f"{prefix}{named or number}"
        # Blocks of one name are distinguished by their numbers.
        name = f"{name}#{number}" if name in used else name
        used.add(name)
        if block is None:
            continue
        if hasattr(block, "n_blocks"):
            yield from leaves(block, f"{name}/")
        elif hasattr(block, "n_points") and block.n_points:
            yield name, block


def _difference(name: str, kinds: Mapping[str, Mapping[str, Kind]]) -> str:
    """Return why a field cannot be taken on all blocks; no text where it can."""
    having = [block for block, fields in kinds.items() if name in fields]
    if len(having) < len(kinds):
        lacking = [block for block in kinds if block not in having]
        return f"on the blocks {listed(having)} only, not on {listed(lacking)}"
    in_cells = [block for block in having if kinds[block][name].in_cells]
    if 0 < len(in_cells) < len(having):
        at_nodes = [block for block in having if block not in in_cells]
        return f"at nodes on the blocks {listed(at_nodes)}, in cells on {listed(in_cells)}"
    counts = {kinds[block][name].components for block in having}
    if len(counts) > 1:
        return f"with {' or '.join(map(str, sorted(counts)))} components, depending on the block"
    return ""


def _combined(blocks: Mapping[str, Any], wanted: set[str]) -> Any:
    import pyvista

    types: dict[str, set[np.dtype[Any]]] = {}
    for grid in blocks.values():
        for data in (grid.GetPointData(), grid.GetCellData()):
            for name, values in numbers(data).items():
                types.setdefault(name, set()).add(values.dtype)
    mixed = [name for name in wanted if len(types[name]) > 1]
    parts = []
    for grid in blocks.values():
        # A shallow copy, so that the caller's grid keeps the types of its fields.
        part = grid.copy(deep=False)
        for data in (part.point_data, part.cell_data):
            # VTK leaves out a field whose type differs between blocks.
            for name in mixed:
                if name in data:
                    data[name] = np.asarray(data[name], dtype=np.float64)
        parts.append(part)
    return pyvista.MultiBlock(parts).combine()
