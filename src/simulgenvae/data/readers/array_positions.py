"""Positions of the nodes of each run beside arrays of fields: meshes whose nodes correspond.

Tested in tests/data/readers/test_array_positions.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulgenvae.data.ingest.coordinates import read_numbers
from simulgenvae.data.readers.source import PlacedRun, Source
from simulgenvae.data.shapes import placed_nodes
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.geometry import CommonMesh


def with_positions(
    sources: Sequence[Source], coords: Path | None, common: CommonMesh | None = None
) -> list[Source]:
    """Return sources whose runs have the positions `[N, M, D]` of a file, or their own ones.

    ``common`` is the mesh that the runs of a study share, to which these are appended.
    Sources with one mesh for all runs are returned as they are. Raises UserError where positions do
    not fit the fields.
    """
    if coords is None:
        return [_placed(each, each.path, each.companions.get("coords"), common) for each in sources]
    if coords.suffix.lower() != ".npy":
        return list(sources)
    positions, unit = read_numbers(coords)
    if positions.ndim != 3:
        return list(sources)
    runs = sum(source.shape[0] for source in sources)
    if len(positions) != runs:
        raise UserError(
            f"{coords}: positions of the nodes of {len(positions)} runs, but the fields have {runs}"
        )
    found = []
    common = common or CorrespondingNodes(Mesh(positions[0], unit=unit))
    first = 0
    for source in sources:
        own = positions[first : first + source.shape[0]]
        found.append(_placed(source, coords, own, common))
        first += source.shape[0]
    return found


def _placed(
    source: Source,
    path: Path,
    positions: NDArray[np.generic] | None,
    common: CommonMesh | None,
) -> Source:
    """Return the source with the positions of each run, where there are some."""
    if positions is None or positions.ndim != 3:
        return source
    shapes = placed_nodes(positions, source.shape[0], path, common)

    def read_placed(run: int) -> PlacedRun:
        return PlacedRun(source.run(run), shapes.geometry(run))

    companions = {key: value for key, value in source.companions.items() if key != "coords"}
    return replace(
        source,
        companions=companions,
        mesh=shapes.common.mesh,
        common=shapes.common,
        read_placed=read_placed,
    )
