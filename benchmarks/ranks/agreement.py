"""Whether several ranks, and two machines, train what one process does.

    python benchmarks/ranks/agreement.py [--steps 300]

Each optimiser trains the same study in 1, 2 and 4 processes, and as two machines (two agents on two ports) of one
process each. Printed are the largest differences from one process, of validation errors and of the model's arrays, and
those of a second training in one process with another seed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from study import difference, finish, free_port, make, train, weights

from simulgenvae.settings import Study
from simulgenvae.surrogate import Surrogate


def errors(study: Study) -> np.ndarray:
    """Validation and training losses of all stages."""
    history = Surrogate.load(study).info["history"]
    return np.array([[entry["train"], entry["validation"]] for entry in history])


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
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    table = Table("optimiser", "trained in", "losses differ by", "model differs by")
    with tempfile.TemporaryDirectory() as folder:
        for optimizer in ("adamw", "muon"):
            alone = trained(Path(folder, optimizer, "alone"), optimizer, options.steps, "1 process")
            for way in ("2 processes", "4 processes", "two machines", "another seed"):
                study = trained(Path(folder, optimizer, way), optimizer, options.steps, way)
                losses = np.abs(errors(study) / errors(alone) - 1).max()
                table.add_row(optimizer, way, f"{losses:.1e}", f"{difference(weights(alone), weights(study)):.1e}")
    Console().print(table)


if __name__ == "__main__":
    main()
