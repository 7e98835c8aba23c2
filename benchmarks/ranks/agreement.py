"""Whether several ranks, and two machines, train what one process does.

    python benchmarks/ranks/agreement.py [--steps 10 100 300]

Each optimiser trains the same study in 1, 2 and 4 processes, and as two machines (two agents on two ports) of one
process each, for so many steps a stage. Printed are the largest differences from one process, of the validation errors
of all stages, of the last one, and of the model's arrays; and those of a second training in one process with another
seed. Sums over runs are rounded in another order, and every step of training enlarges what differs.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from study import difference, finish, free_port, make, train, weights

from simulgenvae.settings import Study
from simulgenvae.surrogate import Surrogate


def errors(study: Study) -> np.ndarray:
    """Validation errors of all stages, in order."""
    return np.array([entry["validation"] for entry in Surrogate.load(study).info["history"]])


def trained(folder: Path, optimizer: str, steps: int, way: str) -> Study:
    study = make(folder, optimizer, steps)
    if way == "two machines":
        meet = ("--nnodes", 2, "--gpus", 1, "--master-addr", "localhost", "--master-port", free_port())
        finish(*(train(study, *meet, "--node-rank", node) for node in (0, 1)))
    elif way == "another seed":
        finish(train(study, "--set", "training.seed=1"))
    else:
        finish(train(study, "--gpus", way.split()[0]))
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 100, 300])
    options = parser.parse_args()
    table = Table("optimiser", "steps a stage", "trained in", "errors differ by", "last error by", "model by")
    with tempfile.TemporaryDirectory() as folder:
        for optimizer, steps in product(("adamw", "muon"), options.steps):
            alone = trained(Path(folder, optimizer, str(steps), "alone"), optimizer, steps, "1 process")
            for way in ("2 processes", "4 processes", "two machines", "another seed"):
                study = trained(Path(folder, optimizer, str(steps), way), optimizer, steps, way)
                far = np.abs(errors(study) / errors(alone) - 1)
                found = far.max(), far[-1], difference(weights(alone), weights(study))
                table.add_row(optimizer, str(steps), way, *(f"{each:.1e}" for each in found))
    Console().print(table)


if __name__ == "__main__":
    main()
