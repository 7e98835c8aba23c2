"""Writer of a Zarr group by several ranks together, each its own runs."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.export.arrays import (
    create_group,
    describe,
    joined_parameters,
    joined_texts,
    require_group,
    stored_arrays,
    write_zarr,
)
from simulgenvae.export.export_format import Differing, ExportFormat
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import zarr
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch, Parameters
    from simulgenvae.mesh.mesh import Mesh


def write_shared_zarr(batches: Iterator[Batch], mesh: Mesh, path: Path, runs: int) -> None:
    """Write what :func:`~simulgenvae.export.arrays.write_zarr` does, on all ranks at once.

    Parameters
    ----------
    batches
        Predictions of this rank's runs, in the order of
        :func:`~simulgenvae.distributed.collectives.local_rows`.
    mesh
        Mesh of all runs.
    path
        Group to write, which must be the same folder for all ranks.
    runs
        Number of the runs of all ranks.

    Raises
    ------
    UserError
        On all ranks, with nothing left behind, when one of them cannot predict or write.
    """
    import zarr

    from simulgenvae.distributed import collectives

    require_group(path)
    own = collectives.local_rows(np.arange(runs))
    begun: list[Batch] = []
    with atomic_write(path) if collectives.is_rank0() else nullcontext(path) as place:
        temporary = collectives.run_on_rank0(lambda: place)

        # The shapes are known only from a prediction: each rank predicts its first batch here.
        def begin() -> None:
            begun.extend(islice(batches, min(1, len(own))))
            if collectives.is_rank0():
                create_group(temporary, begun[0], runs)

        collectives.run_on_all(begin)
        # Each rank writes the chunks of the runs it predicts; if one fails, all end.
        parts = collectives.run_on_all(
            lambda: _Share.write(temporary, chain(begun, batches if begun else ()), own)
        )
        # What is shared by all runs, and what is smaller than a chunk, is written by rank 0.
        if collectives.is_rank0():
            group = zarr.open_group(str(temporary), mode="r+")
            ids: list[str] = []
            warnings: list[str] = []
            for part in parts:
                part.write_scores(group)
                ids += part.ids
                warnings += part.warnings
            carried = joined_texts([each for part in parts for each in part.carried])
            describe(
                group,
                mesh,
                begun[0],
                ids=ids,
                warnings=warnings,
                carried=carried,
                parameters=joined_parameters([each for part in parts for each in part.parameters]),
            )


ZARR = ExportFormat(
    name="Zarr",
    suffix=".zarr",
    write=write_zarr,
    write_shared=write_shared_zarr,
    holds=Differing.POSITIONS,
)


class _Share:
    """Ids, warnings and scores of one rank's runs, which rank 0 writes at the end.

    One chunk has the scores of many runs, and two ranks must not write one chunk at once.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.ids: list[str] = []
        self.warnings: list[str] = []
        self.parameters: list[Parameters | None] = []
        self.carried: list[Mapping[str, tuple[str, ...]]] = []
        self.scores: dict[str, list[NDArray[np.float64]]] = {}

    @classmethod
    def write(cls, path: Path, batches: Iterator[Batch], rows: NDArray[np.intp]) -> _Share:
        """Write the fields of the runs ``rows``, and return everything else."""
        import zarr

        part = cls(int(rows[0]) if len(rows) else 0)
        group = zarr.open_group(str(path), mode="r+")
        for batch in batches:
            at = part.start + len(part.ids)
            for name, values in stored_arrays(batch).items():
                if name not in batch.scores:
                    stored: Any = group[name]
                    # A chunk holds one run, so that no two ranks write the same file.
                    stored[at : at + len(batch.ids)] = values
            for name, values in batch.scores.items():
                part.scores.setdefault(name, []).append(values)
            part.ids += batch.ids
            part.warnings += batch.warnings
            part.carried.append(dict(batch.carried))
            part.parameters.append(batch.parameters)
        return part

    def write_scores(self, group: zarr.Group) -> None:
        """Write the scores into the group, on one rank only."""
        for name, values in self.scores.items():
            stored: Any = group[name]
            stored[self.start : self.start + len(self.ids)] = np.concatenate(values)
