"""Named sets of a CalculiX job, from the input file beside its results.

Tested in tests/data/readers/runs/test_frd.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.mesh_files.abaqus import read_input
from simulgenvae.data.mesh_files.index import Index
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_SAME_PLACE = 1e-4
"""Largest distance, relative to the mesh, of a node in both files; results have six digits."""


def with_job_sets(results: Path, mesh: Mesh, numbers: NDArray[np.int64]) -> Mesh:
    """Return the mesh of results with the sets of ``NAME.inp`` beside ``NAME.frd``.

    The results are complete without that file, so a remark says where it cannot be used.

    Parameters
    ----------
    results
        File of the results.
    mesh
        Their mesh.
    numbers
        Numbers of its nodes in the results, `[M]`.
    """
    path = results.with_suffix(".inp")
    if not path.is_file():
        return mesh
    try:
        # It could lead out of the folder of runs, which may be a stranger's.
        if path.is_symlink():
            raise UserError(f"{path} is a link")
        found = read_input(path)
    except UserError as error:
        return mesh.with_sets(mesh.sets, [f"no named sets: {error}"])
    assert mesh.coords is not None
    assert found.mesh.coords is not None
    # CalculiX gives new numbers to nodes that it makes of shells and beams.
    place = Index(numbers, "node").places(found.numbers)
    both = np.flatnonzero(place >= 0)
    extent = float(np.ptp(mesh.coords, axis=0).max(initial=0.0))
    away = np.abs(found.mesh.coords[both] - mesh.coords[place[both]]).max(initial=0.0)
    if not away <= _SAME_PLACE * extent:
        return mesh.with_sets(
            mesh.sets,
            [f"no named sets: {path} has nodes of the same numbers at other places"],
        )
    sets = found.mesh.sets
    absent = [name for name, nodes in sets.items() if (place[nodes] < 0).any()]
    # Their other nodes alone would be another region than the one that is meant.
    remarks = [f"sets with nodes that the results lack are left out: {listed(absent)}"]
    kept = sets.only(sets.names_without(dict.fromkeys(absent))).renumbered(place)
    of_sets = [line for line in found.mesh.remarks if "set" in line]
    return mesh.with_sets(kept, [*of_sets, *(remarks if absent else [])])
