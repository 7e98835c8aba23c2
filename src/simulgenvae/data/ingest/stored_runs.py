"""Runs one after another, as they will be stored.

Tested in tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.values import to_stored
from simulgenvae.errors import UserError
from simulgenvae.utils.progress import WorkLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulgenvae.data.metadata import Metadata
    from simulgenvae.data.precision import Precision
    from simulgenvae.data.readers import Source
    from simulgenvae.data.readers.array_layout import ArrayLayout


def read_runs(
    sources: Sequence[Source], layout: ArrayLayout, metadata: Metadata, precision: Precision
) -> Iterator[PlacedRun | UserError]:
    """Yield the field `[T, M, V]` of one run after the other, less the offsets of ``metadata``.

    Where runs have meshes of their own, each comes with its geometry.

    ``precision`` counts all of them.
    In the place of a run that cannot be read, or holds no numbers, comes the UserError that says
    why: the caller decides whether bad runs are left out.
    """
    ids = metadata.ids
    rows: list[tuple[Source, int]] = []
    for source in sources:
        rows += ((source, index) for index in range(source.shape[0]))
    with WorkLog(transient=True) as log:
        log.start("Reading runs", len(rows))
        for done, (name, (source, index)) in enumerate(zip(ids, rows, strict=True)):
            log.step(done)
            try:
                where = f"{source.path}, run {name!r}"
                # The run is bound to no variable, which would keep it in memory while the next one
                # is read.
                yield _stored(source.placed_run(index), layout, metadata, precision, where)
            except UserError as error:
                yield error


def _stored(
    run: PlacedRun, layout: ArrayLayout, metadata: Metadata, precision: Precision, where: str
) -> PlacedRun:
    """Return a run as it is stored."""
    fields = precision.counted(layout.cut(run.fields))
    geometry = run.geometry
    if geometry is not None and geometry.own is not None:
        own = geometry.own.fields[: layout.used_steps]
        # As it is stored already, most often: a copy would be one more run in memory.
        if own.dtype != np.float32 or metadata.offsets is not None:
            own = to_stored(own, metadata.offsets, where)
        geometry = geometry._replace(own=geometry.own._replace(fields=own))
    return PlacedRun(to_stored(fields, metadata.offsets, where), geometry)
