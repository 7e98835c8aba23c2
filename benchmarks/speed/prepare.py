"""Time to prepare a study, relative to the limit of the hardware.

Preparing is computing statistics, modes and the coefficients of all runs.

    python -m benchmarks.speed.prepare [--runs 24 48 96] [--timesteps 200] [--nodes 95008]
        [--folder FOLDER]

For each number of runs, from files that are not in memory: one sequential read of all files, and
two products ``[N·T x M]·[M x r]`` with the final rank r (a sketch and a projection must each touch
all data); the limit is the larger of the two. Then the preparation itself, in a process of its own,
whose peak memory is printed. The studies are kept in FOLDER (benchmarks/cache/speed) for the next
time; the reference shape, `--runs 484`, takes 37 GB.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import parser_of, written
from simulgenvae.data.dataset import Dataset
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import PerformanceSettings, ReductionSettings
from simulgenvae.training.performance import worker_count

READ_BYTES = 2**24
ROWS = 800
"""Snapshots of one product; with more of them, each takes as long."""


def main() -> None:
    options = parser_of(__doc__).parse_args()
    console = Console()
    titles = (
        "runs",
        "data",
        "rank",
        "read once",
        "two products",
        "prepared in",
        "of the limit",
        "peak memory",
    )
    table = Table(
        *titles,
        title=f"{options.timesteps} timesteps, {options.nodes:,} nodes, {os.cpu_count()} cores",
    )
    for runs in options.runs:
        path = written(options.folder, runs, options.timesteps, options.nodes)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        evict(files)
        reading = read_seconds(files)
        evict(files)
        seconds, rank, peak = in_a_process(path)
        products = 2 * product_seconds(runs * options.timesteps, options.nodes, rank)
        table.add_row(
            str(runs),
            f"{4e-9 * runs * options.timesteps * options.nodes:.1f} GB",
            str(rank),
            f"{reading:.1f} s",
            f"{products:.1f} s",
            f"{seconds:.1f} s",
            f"{seconds / max(reading, products):.2f}",
            f"{peak / 1e9:.2f} GB",
        )
        console.print(table)


def evict(files: list[Path]) -> None:
    """Let the system drop the files' contents from memory."""
    os.sync()
    for file in files:
        with file.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_seconds(files: list[Path]) -> float:
    """Return the seconds of reading all files from the first byte to the last."""
    buffer = bytearray(READ_BYTES)
    start = time.perf_counter()
    for file in files:
        with file.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass
    return time.perf_counter() - start


def product_seconds(snapshots: int, nodes: int, rank: int) -> float:
    """Return the seconds of one product ``[snapshots x nodes]·[nodes x rank]``.

    It is in single precision, extrapolated from the median of five products of a few rows.
    """
    rows = min(snapshots, ROWS)
    left = torch.randn(rows, nodes)
    right = torch.randn(nodes, rank)
    out = torch.empty(rows, rank)
    seconds = []
    # The first product allocates; it is not counted.
    for _ in range(6):
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:])) * snapshots / rows


def in_a_process(path: Path) -> tuple[float, int, int]:
    """Return seconds, rank and peak memory (bytes) of preparing a study in a new process.

    ``path`` is its dataset.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(prepared, (path,))


def prepared(path: Path) -> tuple[float, int, int]:
    """Prepare a study in this process; return the same as :func:`in_a_process`."""
    start = time.perf_counter()
    dataset = Dataset.open(path)
    rows = np.arange(len(dataset.ids))
    reduction, _ = reduce_runs(
        dataset, rows, ReductionSettings(), workers=worker_count(PerformanceSettings())
    )
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.perf_counter() - start, reduction.rank, peak


if __name__ == "__main__":
    main()
