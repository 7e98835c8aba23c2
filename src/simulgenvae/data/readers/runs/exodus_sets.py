"""Node sets and side sets of Exodus files.

Tested in tests/data/readers/runs/test_exodus_sets.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulgenvae.mesh.vtk_cells import from_vtk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_UNNAMED = re.compile(r"Unnamed set ID: (\d+).*")


def set_places(reader: Any) -> dict[str, NDArray[Any]]:
    """Return the positions `[m, 3]` of the nodes of all sets by their names.

    Sets without a name are called ``node_set_ID`` and ``side_set_ID``. A node set comes before a
    side set of the same name.

    Parameters
    ----------
    reader
        VTK's reader of the file, which is only used for this.
    """
    kinds = {reader.NODE_SET: "node_set", reader.SIDE_SET: "side_set"}
    reader.UpdateInformation()
    # Only positions of sets are needed: elements and values would take the memory of a timestep.
    reader.SetAllArrayStatus(reader.NODAL, 0)
    for number in range(reader.GetNumberOfObjects(reader.ELEM_BLOCK)):
        reader.SetObjectStatus(reader.ELEM_BLOCK, number, 0)
    names: dict[str, str] = {}
    for kind, word in kinds.items():
        for number in range(reader.GetNumberOfObjects(kind)):
            reader.SetObjectStatus(kind, number, 1)
            given = reader.GetObjectName(kind, number)
            unnamed = _UNNAMED.fullmatch(given)
            names[f"{word} {given}"] = f"{word}_{unnamed[1]}" if unnamed else given
    if not names:
        return {}
    reader.Update()
    found: dict[str, NDArray[Any]] = {}
    words = {"Node Sets": "node_set", "Side Sets": "side_set"}
    blocks = dict(_blocks(reader.GetOutput()))
    for title, word in words.items():
        for given, grid in _blocks(blocks.get(title)):
            if grid.GetNumberOfPoints():
                name = names.get(f"{word} {given}", given)
                found.setdefault(name, from_vtk(grid.GetPoints().GetData()))
    return found


def _blocks(blocks: Any) -> Iterator[tuple[str, Any]]:
    """Yield VTK's blocks with their names, without empty ones."""
    for number in range(0 if blocks is None else blocks.GetNumberOfBlocks()):
        if blocks.GetBlock(number) is not None and blocks.HasMetaData(number):
            yield blocks.GetMetaData(number).Get(blocks.NAME()) or "", blocks.GetBlock(number)
