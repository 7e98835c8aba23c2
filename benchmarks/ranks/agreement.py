"""Agreement of a training in several ranks, or on two machines, with one in a single process.

    python -m benchmarks.ranks.agreement [--steps 3 10 30 100 300]

Each optimiser trains the same study in 1, 2 and 4 processes, and as two machines (two agents on two
ports) of one process each, for the given steps in each stage. Printed are the differences from one
process: the validation errors of all stages and the last one (largest relative difference), and all
weights of the networks (relative norm); and the same for one process with two threads, and with
another seed. Sums over runs are rounded in another order, and every step of training enlarges what
differs: AdamW and Muon give a gradient that is only rounding the same size as any other.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.ranks.study import finish, free_port, make, train, weights
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def errors(study: StudyFolder) -> np.ndarray:
    """Return the validation errors of all stages, in order."""
    return np.array([entry.validation_error for entry in Surrogate.load(study).info.history])


def networks(study: StudyFolder) -> np.ndarray:
    """Return all weights of all networks, ``[n]``."""
    arrays = weights(study).items()
    return np.concatenate(
        [each.ravel() for name, each in arrays if "vae." in name or "conditioner." in name]
    )


def trained(folder: Path, optimizer: str, steps: int, way: str) -> StudyFolder:
    study = make(folder, optimizer, steps)
    if way == "two machines":
        meet = (
            "--nnodes",
            2,
            "--gpus",
            1,
            "--master-addr",
            "localhost",
            "--master-port",
            free_port(),
        )
        finish(*(train(study, *meet, "--node-rank", node) for node in (0, 1)))
    elif way == "2 threads":
        finish(train(study, threads=2))
    elif way == "another seed":
        finish(train(study, "--set", "training.seed=1"))
    else:
        finish(train(study, "--gpus", way.split()[0]))
    return study


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, nargs="+", default=[3, 10, 30, 100, 300])
    options = parser.parse_args()
    table = Table(
        "optimiser",
        "steps",
        "trained in",
        "errors differ by",
        "last error by",
        "last error",
        "weights by",
    )
    with tempfile.TemporaryDirectory() as folder:
        for optimizer, steps in product(("adamw", "muon"), options.steps):
            single = trained(
                Path(folder, optimizer, str(steps), "single"), optimizer, steps, "1 process"
            )
            for way in ("2 processes", "4 processes", "two machines", "2 threads", "another seed"):
                study = trained(Path(folder, optimizer, str(steps), way), optimizer, steps, way)
                far = np.abs(errors(study) / errors(single) - 1)
                last = f"{errors(study)[-1]:.4g} ({errors(single)[-1]:.4g})"
                distance = np.linalg.norm(networks(study) - networks(single)) / np.linalg.norm(
                    networks(single)
                )
                table.add_row(
                    optimizer,
                    str(steps),
                    way,
                    f"{far.max():.1e}",
                    f"{far[-1]:.1e}",
                    last,
                    f"{distance:.1e}",
                )
    Console().print(table)


if __name__ == "__main__":
    main()
