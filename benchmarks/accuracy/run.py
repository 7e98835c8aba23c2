"""Train on a benchmark problem and print errors on its test runs beside the references'.

    python benchmarks/accuracy/run.py [burgers|plate] [FOLDER] [--kind cnn|vit] [--set group.key=value]

Settings are the defaults, what the problem declares (the symmetry of the plate) and what --kind and --set ask for. The
references are fitted on the same training runs. FOLDER (default: benchmarks/cache/PROBLEM) then is a study with the
model and the report; it must not hold a trained one.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import burgers
import numpy as np
import plate
from rich.console import Console

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.fitting import fit
from simulgenvae.settings import Study, load_settings

VALIDATION_SHARE = 0.1


class Case(NamedTuple):
    """A solved problem; the last ``test`` runs are its test runs, ``declared`` the settings that belong to it."""

    dataset: Dataset
    test: int
    declared: tuple[str, ...] = ()


def burgers_case(seed: int) -> Case:
    problem = burgers.make(seed=seed)
    conditions = Conditions(problem.ids, problem.names, problem.table)
    dataset = Dataset.from_arrays(
        problem.fields, conditions, times=problem.times, coords=problem.coords, variables=("u",)
    )
    return Case(dataset, len(problem.test))


def plate_case(seed: int) -> Case:
    problem = plate.make(seed=seed)
    pictures = Images(problem.images[..., np.newaxis], ImageFormat(plate.PIXELS, plate.PIXELS, GREY, plate.PIXELS))
    conditions = Conditions.of_images(problem.ids, pictures)
    dataset = Dataset.from_arrays(
        problem.fields, conditions, times=problem.times, coords=problem.coords, variables=("T",)
    )
    return Case(dataset, len(problem.test), ("training.augmentation.flips=y",))


PROBLEMS = {"burgers": burgers_case, "plate": plate_case}


def split_runs(case: Case, seed: int) -> Split:
    """A tenth of the training runs, drawn at random, for validation."""
    ids, known = case.dataset.ids, len(case.dataset.ids) - case.test
    drawn = tuple(ids[row] for row in np.random.default_rng(seed).permutation(known))
    held = round(VALIDATION_SHARE * known)
    return Split(drawn[held:], drawn[:held], ids[known:])


def parse() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", choices=PROBLEMS, nargs="?", default="burgers")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0, help="seed of the designs")
    parser.add_argument("--kind", choices=("cnn", "vit"), help="network for pictures")
    parser.add_argument("--set", action="append", default=[], metavar="group.key=value", help="a setting")
    return parser, parser.parse_args()


def main() -> None:
    parser, options = parse()
    folder = options.folder or Path(__file__).parents[1] / "cache" / options.problem
    console, study = Console(), Study(folder)
    if study.vae_file.exists():
        parser.error(f"{study.vae_file} exists: remove the folder, or give another one")
    case = PROBLEMS[options.problem](options.seed)
    kind = [f"conditioner.kind={options.kind}"] if options.kind else []
    try:
        settings = load_settings(study, overrides=[*case.declared, *kind, *options.set])
    except UserError as error:
        parser.error(str(error))
    begin = time.perf_counter()
    surrogate = fit(case.dataset, settings, split=split_runs(case, options.seed), study=study, console=console)
    trained = time.perf_counter() - begin
    console.print(summary_table(evaluate(case.dataset, surrogate, study)))
    console.print(f"Trained in {trained:.0f} s. Report: {study.report_file}", soft_wrap=True)


if __name__ == "__main__":
    main()
