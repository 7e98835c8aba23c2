"""Train with default settings on a benchmark problem and print errors on its test runs beside the references'.

    python benchmarks/accuracy/run.py [FOLDER]

The references are fitted on the same training runs. FOLDER (default: benchmarks/cache/burgers) then is a study with
the model and the report; it must not hold a trained one.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import burgers
import numpy as np
from rich.console import Console

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.fitting import fit
from simulgenvae.settings import Study

VALIDATION_SHARE = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).parents[1] / "cache" / "burgers"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--seed", type=int, default=0, help="seed of the designs")
    options = parser.parse_args()
    console, study = Console(), Study(options.folder)
    if study.vae_file.exists():
        parser.error(f"{study.vae_file} exists: remove the folder, or give another one")

    problem = burgers.make(seed=options.seed)
    conditions = Conditions(problem.ids, problem.names, problem.table)
    dataset = Dataset.from_arrays(
        problem.fields, conditions, times=problem.times, coords=problem.coords, variables=("u",)
    )
    known = [problem.ids[row] for row in np.random.default_rng(options.seed).permutation(problem.train)]
    held = round(VALIDATION_SHARE * len(known))
    split = Split(tuple(known[held:]), tuple(known[:held]), tuple(problem.ids[row] for row in problem.test))

    begin = time.perf_counter()
    surrogate = fit(dataset, split=split, study=study, console=console)
    trained = time.perf_counter() - begin
    console.print(summary_table(evaluate(dataset, surrogate, study)))
    console.print(f"Trained in {trained:.0f} s with default settings. Report: {study.report_file}", soft_wrap=True)


if __name__ == "__main__":
    main()
