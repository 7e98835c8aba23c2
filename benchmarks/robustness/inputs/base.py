"""Kind of input: what writes a small valid one, and what reads it as the command line does."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

import numpy as np

from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.ingest.sources import Description, describe_sources
from simulgenvae.data.readers import RunPart, Source, open_source
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings

RUNS, TIMESTEPS, NODES = 3, 2, 8
FIELDS = np.random.default_rng(0).normal(size=(RUNS, TIMESTEPS, NODES, 1))


class Input(NamedTuple):
    """A kind of input."""

    write: Callable[[Path], None]
    """Function that writes a valid input into an empty folder."""
    read: Callable[[Path], object]
    """Function that reads it there, as the command line does."""


def source(name: str, part: RunPart | None = None) -> Callable[[Path], object]:
    """Return a function that reads fields as ``ingest`` does: metadata first, then the runs."""

    def read(folder: Path) -> object:
        with open_source(folder / name, part) as found:
            for problem in found.problems.values():
                raise UserError(problem)
            described = _described(found)
            shape = found.shape[1:]
            for run in range(min(found.shape[0], 2)):
                values = found.run(run)
                if values.shape != shape:
                    raise AssertionError(f"a run of shape {values.shape}, announced as {shape}")
            _require_sound(found)
            return [*described.notes, *found.remarks()]

    return read


def _described(found: Source) -> Description:
    """Return what ``ingest`` finds out before it reads fields, with made-up parameters."""
    if "params" in found.companions:
        return describe_sources([found], IngestOptions(), Settings().data)
    ids = np.atleast_1d(found.companions.get("ids", np.arange(found.shape[0])))[: found.shape[0]]
    with NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "p"])
        rows.writerows((run, number / 3) for number, run in enumerate(ids))
        file.flush()
        options = IngestOptions(params=Path(file.name))
        return describe_sources([found], options, Settings().data)


def _require_sound(found: Source) -> None:
    """Raise AssertionError for what contradicts itself and was read all the same."""
    mesh = found.mesh
    if mesh is None or mesh.coords is None:
        return
    if not np.isfinite(mesh.coords).all():
        raise AssertionError("nodes at positions that are no numbers")
    nodes = mesh.cells.nodes.values
    if nodes.size and not 0 <= nodes.min() <= nodes.max() < len(mesh.coords):
        raise AssertionError("cells with nodes that are not there")


def text(content: str, name: str) -> Callable[[Path], None]:
    """Return a function that writes one file of text."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    return write
