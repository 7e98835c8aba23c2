"""`simulgenvae demo`: solve a study of a heated circuit board, learn it, predict three new designs,
and check them.

The steps are the commands that anybody would type; the solver is ``simulgenvae.demo.board``. FOLDER
then holds ``solver/`` (the files that go in), ``study/`` (data, models, report) and ``new.pvd``
(predictions for ParaView); with pictures as conditions, two networks learn the same data:
``study-cnn/`` and ``new-cnn.pvd``, ``study-vit/`` and ``new-vit.pvd``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_overrides
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder, load_settings
from simulgenvae.settings.networks import CONDITIONERS, conditioners_of

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.demo.problems import Problem

NEW_DESIGNS = 3
FEWEST_RUNS = 4
"""With fewer, one of training, validation and test would be too small."""
NETWORKS = {name: CONDITIONERS[name].title for name in conditioners_of("images")}
"""Kinds of conditioner that read pictures, and their names."""


@dataclass(frozen=True)
class Trial:
    """One network that learns the demo's data; ``kind`` is that of its conditioner, None for the
    default one."""

    folder: Path
    kind: str | None = None

    @property
    def name(self) -> str:
        return "surrogate" if self.kind is None else NETWORKS[self.kind]

    @property
    def study(self) -> StudyFolder:
        return StudyFolder(self.folder / f"study{self._suffix}")

    @property
    def predictions(self) -> Path:
        return self.folder / f"new{self._suffix}.pvd"

    @property
    def settings(self) -> list[str]:
        return [] if self.kind is None else [f"conditioner.kind={self.kind}"]

    @property
    def _suffix(self) -> str:
        return "" if self.kind is None else f"-{self.kind}"


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("demo", help="solve, train, evaluate and predict an example")
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("demo"), help="a new or empty folder"
    )
    parser.add_argument(
        "--images", action="store_true", help="boards of different layout, known by pictures alone"
    )
    parser.add_argument(
        "--kind",
        choices=[*NETWORKS, "both"],
        help="network that reads the pictures (default: both)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        help="designs to solve for training and evaluation (default: 96, or 200 with --images)",
    )
    parser.add_argument(
        "--no-open", action="store_true", help="do not open the report in a browser"
    )
    add_overrides(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """The whole way, and at the end what it was worth."""
    folder: Path = options.folder
    trials = asked_for(options)
    try:
        from simulgenvae.demo.problems import Parameters, Pictures, make_study
    except ImportError as error:
        raise UserError(
            f"The demo needs scikit-fem and pyvista ({error}): pip install 'simulgenvae[mesh]'"
        ) from error
    from simulgenvae.cli.demo_results import Result, errors_table, new_table, solve

    begin = time.perf_counter()
    problem: Problem = Pictures() if options.images else Parameters()
    seconds = make_study(problem, folder / "solver", options.runs or problem.runs)
    console.print(f"Solved {seconds.size} designs in {time.perf_counter() - begin:.0f} s.")
    new = problem.sample(NEW_DESIGNS, seed=1, prefix="new")
    problem.write(new, folder / problem.new_conditions)
    for trial in trials:
        for arguments in commands(problem, trial, options.overrides):
            call(arguments, console)
    solved = solve(new)
    results = [Result.read(trial.name, trial.study, trial.predictions, solved) for trial in trials]
    console.print(
        "\n", errors_table(results), *(new_table(result, solved) for result in results), sep=""
    )
    reports = [trial.study.report_file.resolve() for trial in trials]
    console.print(
        f"Finished in {time.perf_counter() - begin:.0f} s. Report: {listed(reports)}",
        soft_wrap=True,
    )
    console.print(
        f"For ParaView: {listed([trial.predictions.resolve() for trial in trials])}", soft_wrap=True
    )
    if (
        not options.no_open
        and sys.stdout.isatty()
        and (os.environ.get("DISPLAY") or sys.platform != "linux")
    ):
        for report in reports:
            webbrowser.open(report.as_uri())


def asked_for(options: argparse.Namespace) -> list[Trial]:
    """The networks to train; refuses mistakes before minutes of solving."""
    folder: Path = options.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not an empty folder: remove it, or give another one.")
    if options.runs is not None and options.runs < FEWEST_RUNS:
        raise UserError(f"--runs is {options.runs}: give {FEWEST_RUNS} at least.")
    if options.kind and not options.images:
        raise UserError(f"--kind {options.kind} reads pictures: give --images, too.")
    kinds: list[str | None] = [None]
    if options.images:
        kinds = [kind for kind in NETWORKS if options.kind in {None, "both", kind}]
    trials = [Trial(folder, kind) for kind in kinds]
    for trial in trials:
        settings = load_settings(trial.study, overrides=[*trial.settings, *options.overrides])
        if trial.kind not in {None, settings.conditioner.kind}:
            raise UserError(
                f"conditioner.kind is {settings.conditioner.kind}: choose the network with --kind."
            )
    return trials


def commands(problem: Problem, trial: Trial, overrides: list[str]) -> list[list[str]]:
    """Arguments of the commands between the solver's files and the predictions."""
    solver, study = trial.folder / "solver", trial.study.folder
    inputs: list[str | Path] = [
        problem.option,
        solver / problem.conditions,
        "--mesh",
        solver / "mesh.vtu",
        "--times",
        solver / "times.npy",
    ]
    names: list[str | Path] = ["--variables", "temperature", "--units", "K", "--study", study]
    new = trial.folder / problem.new_conditions
    own = as_arguments([*problem.settings, *trial.settings])
    given = as_arguments(overrides)
    found: list[list[str | Path]] = [
        ["ingest", solver / "fields.npy", *inputs, *names, *given],
        ["check", study],
        ["train", study, *own, *given],
        ["evaluate", study],
        ["predict", study, problem.option, new, "--out", trial.predictions],
    ]
    return [[str(part) for part in arguments] for arguments in found]


def as_arguments(settings: list[str]) -> list[str]:
    """``key=value`` as for the command line."""
    return [part for setting in settings for part in ("--set", setting)]


def call(arguments: list[str], console: Console) -> None:
    """Show and run one command of ``simulgenvae`` in this process."""
    from simulgenvae.cli.main import parser

    console.print(
        f"\n$ simulgenvae {' '.join(arguments)}", style="bold", soft_wrap=True, highlight=False
    )
    options = parser().parse_args(arguments)
    options.run(options, console)


def listed(paths: list[Path]) -> str:
    """Paths for a sentence."""
    return " and ".join(map(str, paths))
