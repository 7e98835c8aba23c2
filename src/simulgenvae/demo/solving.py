"""Solve the designs of the demo in several processes, one file a run, and go on after a stop."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.progress import WorkLog

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.demo.problems import Designs, Problem

SECONDS_FILE = "seconds.csv"


class Solved(NamedTuple):
    """Solution of one design."""

    field: NDArray[np.float32]
    """Temperature in K, ``[T, M]``."""
    seconds: float
    """Seconds of the solver, by the clock."""


def solve(problem: Problem, design: Any) -> Solved:
    """Return the solution of one design."""
    begin = time.perf_counter()
    field = problem.solve(design)
    return Solved(field, time.perf_counter() - begin)


def solve_runs(
    problem: Problem, designs: Designs, folder: Path, workers: int | None = None
) -> dict[str, float]:
    """Solve the designs that have not been solved, and return the seconds of each.

    Each run is a file ``runs/ID.npy`` ``[T, M]``. There are also ``mesh.vtu``, ``times.npy``, the
    conditions, and ``seconds.csv`` with the time of each run.

    Parameters
    ----------
    problem, designs
        What is solved.
    folder
        Folder of the files, as a solver leaves them.
    workers
        Number of processes; one per core by default.
    """
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    problem.write_mesh(folder)
    problem.write(designs, folder / problem.conditions)
    seconds = _finished(folder)
    missing = [index for index, run in enumerate(designs.ids) if run not in seconds]
    if not missing:
        return seconds
    # "spawn": a fork would copy the threads' locks of a process that has used torch.
    pool = ProcessPoolExecutor(
        min(workers or os.cpu_count() or 1, len(missing)),
        mp_context=get_context("spawn"),
        initializer=_leave_interrupts_to_the_parent,
    )
    with WorkLog(transient=True) as log, (folder / SECONDS_FILE).open("a") as times:
        log.start("Solving", len(missing))
        try:
            solutions = pool.map(solve, repeat(problem), [designs.inputs[i] for i in missing])
            for index, solved in zip(missing, solutions, strict=True):
                run = designs.ids[index]
                with atomic_write(runs / f"{run}.npy") as temporary, temporary.open("wb") as file:
                    np.save(file, solved.field)
                # Only after the field is written: a run counts as solved if it is in this file.
                times.write(f"{run},{solved.seconds:.3f}\n")
                times.flush()
                seconds[run] = solved.seconds
                log.advance(run)
        finally:
            # After Ctrl-C no further run is begun.
            pool.shutdown(cancel_futures=True)
    return seconds


def _finished(folder: Path) -> dict[str, float]:
    """Return the seconds of the runs that have been solved, by their ids."""
    found = {}
    path = folder / SECONDS_FILE
    for line in path.read_text().splitlines() if path.exists() else ():
        run, _, seconds = line.partition(",")
        found[run] = float(seconds)
    return found


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
