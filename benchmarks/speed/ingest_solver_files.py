"""Time of the ingest of solvers' files relative to bare reading, and the memory that it holds.

    python -m benchmarks.speed.ingest_solver_files [--runs 8 32] [--repeats 5] [--size 30000]
        [--folder FOLDER]

Bare reading is VTK's readers, driven by PyVista, for OpenFOAM and VTK files, and for CalculiX,
which no library here reads, the package's own reader, itself compared with the bytes of the files:
all times of all runs, stacked to float32, and forgotten. Ingest also checks times, meshes and
values, makes digests and writes the dataset. Both are repeated in turn, on the first number of
runs, with files that the system has in memory; times are those of the processor. The memory is that
of new processes, one for each number of runs, above what they held before.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyvista
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import FOLDER
from benchmarks.speed.solver_runs import KINDS, written
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs.frd import open_frd


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", type=int, default=30_000, help="nodes of the VTK files")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    peaks = [f"memory, {runs} runs" for runs in options.runs]
    table = Table("files", "one run", "bare reading", "ingest", "of the bare reading", *peaks)
    context = multiprocessing.get_context("spawn")
    for kind in options.kinds:
        places = [written(options.folder, kind, runs, options.size) for runs in options.runs]
        bare, ingest, size = seconds(kind, *places[0], options.repeats)
        ratios = np.array(ingest) / bare
        cells = []
        for place in places:
            with context.Pool(1) as pool:
                cells.append(f"{pool.apply(peak, place) / 1e6:.1f} MB")
        spread = f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
        runs = options.runs[0]
        times = [f"{1e3 * np.median(each) / runs:.0f} ms a run" for each in (bare, ingest)]
        table.add_row(kind, f"{size / 1e6:.1f} MB", *times, spread, *cells)
        if kind == "CalculiX .frd":
            milliseconds = 1e3 * timed(read_bytes, places[0][0]) / runs
            table.caption = f"The bytes of a .frd are read in {milliseconds:.0f} ms."
    Console(width=160).print(table)


def seconds(
    kind: str, folder: Path, params: Path, repeats: int
) -> tuple[list[float], list[float], int]:
    """Return seconds of bare readings and of ingests, and the bytes of one run in the dataset.

    Readings and ingests take turns, so that other work on the machine slows both.
    """
    bare = []
    ingest = []
    size = 0
    runs = sorted(folder.iterdir())
    for _ in range(repeats + 1):
        bare.append(timed(read_all, READERS[kind], runs))
        with tempfile.TemporaryDirectory(dir=folder.parent) as target:
            ingest.append(timed(ingested, folder, params, Path(target)))
            size = 4 * int(np.prod(Dataset.open(Path(target) / "dataset.zarr").shape[1:]))
    return bare[1:], ingest[1:], size


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Return the seconds of the processor, in all threads and in the process that VTK reads in.

    Others may use the machine too, and change the time on the clock.
    """
    start = _seconds()
    work(*arguments)
    return _seconds() - start


def _seconds() -> float:
    this = psutil.Process()
    used = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(times.user + times.system for times in used)


def ingested(folder: Path, params: Path, target: Path) -> None:
    """Write the folder's runs as a dataset, and return its path."""
    build_dataset([folder], target / "dataset.zarr", IngestOptions(params=params))


def peak(folder: Path, params: Path) -> int:
    """Return the bytes that an ingest holds at most, above those held before.

    To be called in a new process.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as target:
        before = memory("VmRSS")
        ingested(folder, params, Path(target))
    return memory("VmHWM") - before


def memory(what: str) -> int:
    """Return the memory of this process as Linux reports it.

    The peak of ``getrusage`` may be that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


def read_bytes(folder: Path) -> None:
    for file in folder.rglob("*.frd"):
        file.read_bytes()


def read_all(read: Callable[[Path], np.ndarray], runs: list[Path]) -> None:
    for run in runs:
        read(run)


def bare_openfoam(case: Path) -> np.ndarray:
    reader: Any = pyvista.POpenFOAMReader(case / "system/controlDict")
    reader.case_type = "reconstructed"
    reader.skip_zero_time = False
    reader.cell_to_point_creation = True
    reader.disable_all_patch_arrays()
    reader.enable_patch_array("internalMesh")
    return all_times(reader, lambda data: data["internalMesh"])


def bare_vtk(run: Path) -> np.ndarray:
    return all_times(pyvista.get_reader(run / "all.pvd"), lambda data: data[0])


def all_times(reader: Any, grid: Callable[[Any], Any]) -> np.ndarray:
    steps = []
    names = None
    for step in range(reader.number_time_points):
        reader.set_active_time_point(step)
        data = grid(reader.read()).point_data
        names = names or list(data)
        steps.append(np.column_stack([data[name] for name in names]).astype(np.float32))
    return np.stack(steps)


def bare_frd(run: Path) -> np.ndarray:
    series = open_frd(run / "beam.frd")
    fields = [series.read(step).fields.values() for step in range(len(series.times))]
    return np.stack([np.column_stack(list(each)).astype(np.float32) for each in fields])


READERS = dict(zip(KINDS, (bare_openfoam, bare_vtk, bare_frd), strict=True))


if __name__ == "__main__":
    main()
