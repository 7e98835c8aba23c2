"""Solved runs of a problem whose runs have meshes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import Runs
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.utils.atomic import atomic_write

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GeometryRun:
    """One solved run on its own mesh of M nodes, K cells and D dimensions."""

    id: str
    points: Array
    """Node positions, ``[M, D]``."""
    cells: NDArray[np.int64]
    """Nodes of each cell, ``[K, nodes of a cell]``."""
    fields: NDArray[np.float32]
    """Shape ``[T, M, V]``."""
    anchors: Array
    """Points of the boundary that correspond from run to run, ``[A, D]``; A is 0 where none do.
    Only MMGP uses them."""


@dataclass(frozen=True, eq=False)
class GeometryCase:
    """Solved runs, of which ``train`` and ``test`` are row numbers."""

    name: str
    kind: str
    """Name of the kind of all cells: triangle, quad, tetra or hexahedron."""
    runs: tuple[GeometryRun, ...]
    times: Array
    """Times of the timesteps, ``[T]``."""
    variables: tuple[str, ...]
    names: tuple[str, ...]
    """Names of the parameters."""
    table: Array
    """Parameters, ``[N, P]``."""
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    shape_names: tuple[str, ...] = ()
    """Parameters that describe the shape, which the mesh has as well."""
    source: str = ""
    """Hash of the files that made the runs."""

    @property
    def dimension(self) -> int:
        return self.runs[0].points.shape[1]

    @property
    def training_runs(self) -> list[GeometryRun]:
        return [self.runs[row] for row in self.train]

    @property
    def test_runs(self) -> list[GeometryRun]:
        return [self.runs[row] for row in self.test]

    def without_shape(self) -> GeometryCase:
        """Return the case with a table that says nothing of the shape."""
        kept = [place for place, name in enumerate(self.names) if name not in self.shape_names]
        names = tuple(self.names[place] for place in kept)
        return replace(self, names=names, table=self.table[:, kept], shape_names=())

    def first(self, train: int) -> GeometryCase:
        """Return the case with the first training runs only."""
        return replace(self, train=self.train[:train])

    def mesh(self, run: GeometryRun) -> Mesh:
        return Mesh(run.points, {self.kind: run.cells})

    def volumes(self, run: GeometryRun) -> Array:
        """Return the nodal volumes of a run's own mesh, ``[M]``."""
        return NodalVolumes.of(self.mesh(run), len(run.points)).values


def make_case(
    name: str,
    kind: str,
    solved: Sequence[tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any] | None]],
    counts: tuple[int, int],
    **about: Any,
) -> GeometryCase:
    """Return a case of runs (points, cells, fields, anchors), those for training first."""
    split = Runs.of((*counts, 0))
    runs = [
        GeometryRun(
            run_id,
            np.ascontiguousarray(points, np.float64),
            np.asarray(cells, np.int64),
            np.asarray(fields, np.float32),
            np.empty((0, points.shape[1])) if anchors is None else anchors,
        )
        for run_id, (points, cells, fields, anchors) in zip(split.ids, solved, strict=True)
    ]
    return GeometryCase(name, kind, tuple(runs), train=split.train, test=split.test, **about)


def write_case(case: GeometryCase, file: Path) -> None:
    """Write a case as arrays of one file, completely or not at all."""
    arrays: dict[str, Any] = {
        name: np.array(getattr(case, name))
        for name in ("name", "kind", "times", "table", "train", "test", "source")
    }
    for name in ("variables", "names", "shape_names"):
        arrays[name] = np.array(getattr(case, name), dtype=np.str_)
    arrays["ids"] = np.array([run.id for run in case.runs])
    for run in case.runs:
        for part in ("points", "cells", "fields", "anchors"):
            arrays[f"{run.id}/{part}"] = getattr(run, part)
    with atomic_write(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def read_case(file: Path) -> GeometryCase:
    """Read a file of :func:`write_case`."""
    with np.load(file, allow_pickle=False) as arrays:
        parts = ("points", "cells", "fields", "anchors")
        runs = tuple(
            GeometryRun(run_id, **{part: arrays[f"{run_id}/{part}"] for part in parts})
            for run_id in arrays["ids"].tolist()
        )
        texts: dict[str, Any] = {name: str(arrays[name]) for name in ("name", "kind", "source")}
        lists: dict[str, Any] = {
            name: tuple(arrays[name].tolist()) for name in ("variables", "names", "shape_names")
        }
        numbers: dict[str, Any] = {
            name: arrays[name] for name in ("times", "table", "train", "test")
        }
    return GeometryCase(runs=runs, **texts, **lists, **numbers)
