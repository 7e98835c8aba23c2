"""Time and memory of the ingest of runs with meshes of their own, and of a cold prediction.

    python -m benchmarks.speed.own_meshes [--runs 100] [--cells 100000] [--timesteps 5]
        [--repeats 1] [--predictions 3] [--kinds KIND …] [--folder FOLDER]

Bare reading is that of the package's own reader, run by run: all timesteps and the mesh. Sampling
is what brings runs that are in memory onto the common mesh: the placement of each mesh, and its
values there. Both are repeated in turn with the ingest; times are those of the processor, with
files that the system has in memory.

Memory is what all processes of an ingest hold together at most, above that of an ingest of tiny
runs, relative to a run in memory: its fields and mesh, and its fields and shape on the common mesh.

The prediction is the command line with one new mesh, from the start of its process to the file on
disk, by a model that was trained with a few steps: the least seconds of the clock and of the
processor.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.speed.ingest_solver_files import ingested, timed
from benchmarks.speed.own_mesh_runs import KINDS, Place, written
from benchmarks.speed.predict import trained
from benchmarks.speed.pulses import FOLDER
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.geometry import CommonMesh, on_common_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import StudyFolder

_TINY = 3, 300, 2
"""Runs, cells and timesteps of a study that loads all that an ingest needs."""
_READER = "answer_questions"  # in the command of the process in which VTK reads


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--timesteps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--predictions", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    table = Table(
        *("runs", "shared by", "one run", "bare reading", "sampling", "ingest"),
        *("of both", "of 2 x bare + sampling", "memory", "prediction, clock; processor"),
        title=f"{options.runs} runs of {options.cells:,} cells, {options.timesteps} timesteps",
    )
    for kind in options.kinds:
        tiny = written(options.folder, kind, *_TINY)
        place = written(options.folder, kind, options.runs, options.cells, options.timesteps)
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            row = measured(kind, tiny, place, Path(folder), options)
            table.add_row(kind, *row)
    Console(width=200).print(table)


def measured(
    kind: str, tiny: Place, place: Place, folder: Path, options: argparse.Namespace
) -> list[str]:
    """Return the cells of a kind's row, without its name."""
    # What loading libraries takes is not counted.
    with tempfile.TemporaryDirectory(dir=folder) as target:
        ingested(tiny.runs, tiny.table, Path(target))
    rounds = [seconds(place, folder / f"turn_{turn}") for turn in range(options.repeats)]
    bare, sampling, ingest = np.median(rounds, axis=0)
    dataset = Dataset.open(folder / "turn_0/dataset.zarr")
    assert dataset.shapes is not None
    shared = dataset.shapes.common.kind
    if shared != KINDS[kind].shared:
        raise SystemExit(f"{kind}: shared by {shared}, not {KINDS[kind].shared}")
    size = run_bytes(dataset)
    peak = peak_memory(place, folder / "peak") - peak_memory(tiny, folder / "tiny")
    trained(dataset, StudyFolder(folder / "study"))
    clock, processor = predicted(place, folder, options.predictions)
    runs = len(dataset.ids)
    return [
        shared,
        f"{size / 1e6:.1f} MB",
        *(f"{1e3 * each / runs:.0f} ms a run" for each in (bare, sampling, ingest)),
        f"{ingest / (bare + sampling):.2f}",
        f"{ingest / (2.0 * bare + sampling):.2f}",
        f"{peak / 1e6:.0f} MB, {peak / size:.1f} runs",
        f"{clock:.2f} s; {processor:.2f} s",
    ]


def seconds(place: Place, target: Path) -> tuple[float, float, float]:
    """Return the seconds of the processor for bare reading, sampling and the ingest to a folder."""
    target.mkdir()
    ingest = timed(ingested, place.runs, place.table, target)
    shapes = Dataset.open(target / "dataset.zarr").shapes
    assert shapes is not None
    bare = sampling = 0.0
    for run in sorted(place.runs.iterdir()):
        found: list[Run] = []
        bare += timed(lambda run=run, found=found: found.append(read(run)))
        sampling += timed(sampled, shapes.common, found[0])
    return bare, sampling, ingest


class Run(NamedTuple):
    """Mesh with m nodes, fields ``[T, m, V]`` and file of a run."""

    mesh: Mesh
    fields: NDArray[np.float32]
    path: Path


def read(run: Path) -> Run:
    """Read a run with the package's reader."""
    series = open_series(run)
    steps = [
        np.column_stack(list(series.read(step).fields.values()))
        for step in range(len(series.times))
    ]
    return Run(series.mesh(), np.stack(steps), run)


def sampled(common: CommonMesh, run: Run) -> NDArray[np.floating]:
    """Return the fields of a run on the common mesh."""
    return on_common_mesh(run.fields, common.place(run.mesh, run.path))


def run_bytes(dataset: Dataset) -> int:
    """Return the bytes of the largest run in memory."""
    assert dataset.shapes is not None
    sizes = []
    for row in range(len(dataset.ids)):
        found = dataset.shapes.geometry(row)
        own = [] if found.own is None else list(found.own.arrays().values())
        mesh = [] if own else list(dataset.shapes.mesh(row).cells.arrays().values())
        sizes.append(sum(each.nbytes for each in (*own, *mesh, found.shape, dataset.run(row))))
    return max(sizes)


def peak_memory(place: Place, target: Path) -> int:
    """Return the bytes that a new process for an ingest and its children hold at most."""
    target.mkdir()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=ingested, args=(place.runs, place.table, target))
    process.start()
    assert process.pid is not None
    most = max(held(psutil.Process(process.pid)))
    process.join()
    if process.exitcode:
        raise SystemExit(f"the ingest of {place.runs} ended with {process.exitcode}")
    return most


def held(process: psutil.Process) -> Iterator[int]:
    """Yield the resident bytes of a process and its children until it ends."""
    try:
        while process.status() != psutil.STATUS_ZOMBIE:
            children = process.children(recursive=True)
            # A child that runs no program of its own yet has its parent's memory.
            readers = [child for child in children if _READER in " ".join(child.cmdline())]
            yield sum(each.memory_info().rss for each in (process, *readers))
            time.sleep(0.02)
    except psutil.NoSuchProcess:
        return


def predicted(place: Place, folder: Path, repeats: int) -> tuple[float, float]:
    """Return the least seconds of the clock and of the processor for a prediction in a process."""
    command = [str(Path(sys.executable).with_name("simulgenvae")), "predict", "study"]
    given = ["--params", str(place.new), "--meshes", str(place.meshes), "--overwrite"]
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        process = subprocess.Popen(
            [*command, *given, "--out", "new.vtkhdf"], cwd=folder, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        found.append((time.perf_counter() - start, usage.ru_utime + usage.ru_stime))
        if status:
            raise SystemExit(f"the prediction ended with {os.waitstatus_to_exitcode(status)}")
    clock, processor = np.min(found, axis=0).tolist()
    return clock, processor


if __name__ == "__main__":
    main()
