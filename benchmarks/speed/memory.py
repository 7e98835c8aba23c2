"""Peak memory of preparation, training and prediction, for studies of several numbers of runs.

    python -m benchmarks.speed.memory [--runs 24 48 96] [--timesteps 200] [--nodes 95008]
        [--folder FOLDER]

Each in a process of its own, on moving pulses; training takes a few steps of every stage,
prediction one design with its uncertainty. What Python and its libraries hold themselves, about 0.5
GB, is in all figures.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.speed.predict import new_designs, trained
from benchmarks.speed.prepare import prepared
from benchmarks.speed.pulses import parser_of, written
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def preparation(data: Path, study: Path) -> None:
    """Compute statistics, modes and coefficients."""
    prepared(data)


def training(data: Path, study: Path) -> None:
    """Train every stage with a few steps."""
    trained(Dataset.open(data), StudyFolder(study))


def prediction(data: Path, study: Path) -> None:
    """Predict one design with its uncertainty, by the model of :func:`training`."""
    Surrogate.load(StudyFolder(study)).predict(new_designs(1), samples=2)


def peak(work: Callable[[Path, Path], None], data: Path, study: Path) -> int:
    """Return the bytes that this process held at most.

    To be called in a new process.
    """
    work(data, study)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    options = parser_of(__doc__).parse_args()
    context, works = multiprocessing.get_context("spawn"), (preparation, training, prediction)
    table = Table(
        "runs", "data", *(work.__name__ for work in works), title=f"{options.nodes:,} nodes"
    )
    for runs in options.runs:
        data = written(options.folder, runs, options.timesteps, options.nodes)
        cells = [str(runs), f"{4e-9 * runs * options.timesteps * options.nodes:.1f} GB"]
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            for work in works:
                with context.Pool(1) as pool:
                    cells.append(
                        f"{pool.apply(peak, (work, data, Path(folder) / 'study')) / 1e9:.2f} GB"
                    )
        table.add_row(*cells)
    Console().print(table)


if __name__ == "__main__":
    main()
