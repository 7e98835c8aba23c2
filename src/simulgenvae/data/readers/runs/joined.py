"""Files of one run with a field each, ``u.pvd`` and ``p.pvd``, as one run with all fields.

Tested in tests/data/readers/runs/test_joined.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.data.readers.runs.times import SAME_TIMES
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def joined(folder: Path, files: Mapping[str, Callable[[], Series]]) -> Series:
    """Return files that hold all times of a run, each with other fields, as one run.

    Parameters
    ----------
    folder
        Folder of the run.
    files
        Functions that open the files, by their names.

    Raises
    ------
    UserError
        When the files have other times or nodes, or a field twice, so that one is to be chosen.
    """
    choose = f"choose one of {listed(list(files))} with --pattern"
    opened = {name: open_file() for name, open_file in files.items()}
    starts = {name: series.read(0) for name, series in opened.items()}
    # FEniCS users write the mesh to a separate file.
    meshes = [name for name in files if not starts[name].fields]
    names = [name for name in files if name not in meshes]
    if not names:
        raise UserError(f"{folder}: holds {listed(meshes)}, meshes without results")
    first = names[0]
    times = opened[first].times
    near = SAME_TIMES * float(np.ptp(times))
    for name in names[1:]:
        other = opened[name].times
        if len(other) != len(times) or np.abs(other - times).max() > near:
            raise UserError(f"{folder}: {first} and {name} have other times: {choose}")
        _require_same_nodes(folder, starts, first, name, choose)
        twice = [field for field in starts[name].fields if field in starts[first].fields]
        if twice:
            raise UserError(f"{folder}: {listed(twice)} is in {first} and in {name}: {choose}")
    if len(names) == 1:
        note = f"files of only the mesh, which are not read: {listed(meshes)}"
        single = opened[first]
        return replace(single, notes=lambda: [*single.notes(), note])

    def read(step: int) -> Snapshot:
        snapshots = {name: opened[name].read(step) for name in names}
        found = snapshots[first]
        fields: dict[str, NDArray[np.generic]] = {}
        units: dict[str, str] = {}
        in_cells: set[str] = set()
        left_out: dict[str, str] = {}
        remarks: list[str] = []
        for name, snapshot in snapshots.items():
            _require_same_nodes(folder, snapshots, first, name, choose)
            fields |= snapshot.fields
            units |= snapshot.units
            in_cells.update(snapshot.in_cells)
            left_out |= snapshot.left_out
            remarks += snapshot.remarks
        return Snapshot(found.coords, fields, units, in_cells, left_out, remarks, cells=found.cells)

    notes = [f"fields of {listed(names)} are taken together (--pattern chooses a file)"]
    if meshes:
        notes.append(f"files of only the mesh, which are not read: {listed(meshes)}")
    return replace(
        opened[first],
        read=read,
        look=None,
        notes=lambda: [*opened[first].notes(), *notes],
    )


def _require_same_nodes(
    folder: Path, starts: Mapping[str, Snapshot], first: str, name: str, choose: str
) -> None:
    if not np.array_equal(starts[first].coords, starts[name].coords):
        raise UserError(f"{folder}: {first} and {name} have other nodes: {choose}")
