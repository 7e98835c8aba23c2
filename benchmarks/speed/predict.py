"""Prediction of new designs of the reference shape, against the product of basis and coefficients.

    python -m benchmarks.speed.predict [--runs 24] [--timesteps 200] [--nodes 95008]
        [--designs 1000] [--repeats 7] [--folder FOLDER]

A surrogate of moving pulses is trained for a few steps, which is enough for the time of its
predictions. Printed are the time of a whole field, and of parts of it, next to that of the bare
product ``[T x r]·[r x M]`` in single precision; the time from the start of a new process to the
first field on disk; and time and memory of writing many designs, of 20 timesteps each, to Zarr. The
study is kept in FOLDER (benchmarks/cache/speed) for the next time.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import FOLDER, LOWER, NAMES, REFERENCE, UPPER, written
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

STREAMED_TIMES = 20
CHOSEN_NODES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--timesteps", type=int, default=REFERENCE[1])
    parser.add_argument("--nodes", type=int, default=REFERENCE[2])
    parser.add_argument("--designs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    console = Console()
    dataset = Dataset.open(written(options.folder, options.runs, options.timesteps, options.nodes))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        surrogate = trained(dataset, StudyFolder(Path(folder) / "study"))
        console.print(in_this_process(surrogate, options.repeats))
        console.print(commands(Path(folder), surrogate, options.designs))


def trained(dataset: Dataset, study: StudyFolder) -> Surrogate:
    """Train a surrogate with a few steps and write it to ``study``."""
    study.folder.mkdir()
    few = {stage: {"steps": 5} for stage in ("vae", "conditioner", "end_to_end")}
    return fit(dataset, Settings.model_validate({"training": few}), study=study)


def in_this_process(surrogate: Surrogate, repeats: int) -> Table:
    """Return medians of predictions of one design, and of the bare product, in turn."""
    one = new_designs(1)
    times = surrogate.times[:: max(1, len(surrogate.times) // 10)]
    nodes = np.arange(surrogate.reduction.field_shape[0])
    rank = surrogate.reduction.rank
    coefficients = torch.randn(len(surrogate.times), rank)
    basis = torch.randn(len(nodes), rank)
    what: dict[str, Callable[[], object]] = {
        "bare product": lambda: coefficients @ basis.T,
        "whole field": lambda: surrogate.predict(one),
        f"{len(times)} times": lambda: surrogate.predict(one, times=times),
        f"{CHOSEN_NODES:,} nodes": lambda: surrogate.predict(one, nodes=nodes[:CHOSEN_NODES]),
        "whole field, with uncertainty": lambda: surrogate.predict(one, samples=2),
    }
    seconds: dict[str, list[float]] = {name: [] for name in what}
    for turn in range(repeats + 1):
        for name, predict in what.items():
            start = time.perf_counter()
            predict()
            # The first prediction makes what all later ones use.
            if turn > 0:
                seconds[name].append(time.perf_counter() - start)
    size = (
        f"{len(surrogate.times)} timesteps, {len(nodes):,} nodes, rank {rank}, "
        f"{os.cpu_count()} cores"
    )
    table = Table("one design", "time", "of the bare product", title=size)
    bare = float(np.median(seconds["bare product"]))
    for name, each in seconds.items():
        table.add_row(name, f"{1e3 * np.median(each):.1f} ms", f"{np.median(each) / bare:.2f}")
    return table


def commands(folder: Path, surrogate: Surrogate, designs: int) -> Table:
    """Time the command line in new processes: one design, and many with a few timesteps."""
    np.savetxt(
        folder / "times.csv", np.linspace(surrogate.times[0], surrogate.times[-1], STREAMED_TIMES)
    )
    for count in (1, designs):
        with (folder / f"{count}.csv").open("w", newline="") as stream:
            rows = new_designs(count)
            csv.writer(stream).writerows(
                [
                    ["id", *NAMES],
                    *(
                        [name, *row]
                        for name, row in zip(rows.ids, rows.table.tolist(), strict=True)
                    ),
                ]
            )
    table = Table(
        "command",
        "time",
        "peak memory",
        "written",
        title="from the start of a new process to files on disk",
    )
    for name, count, more in (
        ("one design", 1, ()),
        (f"{designs:,} designs", designs, ("--times", "times.csv")),
    ):
        out = folder / f"{count}.zarr"
        command = ["predict", "study", "--params", f"{count}.csv", "--out", out.name, *more]
        start = time.perf_counter()
        peak = peak_memory([str(Path(sys.executable).with_name("simulgenvae")), *command], folder)
        seconds = time.perf_counter() - start
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        table.add_row(name, f"{seconds:.1f} s", f"{peak / 1e9:.2f} GB", f"{size / 1e9:.2f} GB")
    return table


def new_designs(count: int) -> Conditions:
    """Return designs at random."""
    table = np.random.default_rng(9).uniform(LOWER, UPPER, (count, len(NAMES)))
    return Conditions(tuple(f"new_{k}" for k in range(count)), NAMES, table)


def peak_memory(command: list[str], folder: Path) -> int:
    """Run a command and return the bytes that it held at most."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    assert isinstance(usage, resource.struct_rusage)
    return 1024 * usage.ru_maxrss


if __name__ == "__main__":
    main()
