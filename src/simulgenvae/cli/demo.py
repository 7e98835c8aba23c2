"""`simulgenvae demo`: solve a study of a heated circuit board, learn it, predict three new designs, and check them.

The steps are the commands that anybody would type; the solver is ``simulgenvae.demo.board``. FOLDER then holds
``solver/`` (the files that go in), ``study/`` (data, models, report) and ``new.pvd`` (predictions for ParaView).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from simulgenvae.cli.common import add_overrides
from simulgenvae.errors import UserError
from simulgenvae.settings import Study, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers

NEW_DESIGNS = 3
FEWEST_RUNS = 4
"""With fewer, one of training, validation and test would be too small."""


class Checked(NamedTuple):
    """One new design: what its prediction turned out to be worth."""

    id: str
    relative_l2: float
    largest_error: float
    """In K, anywhere at any time."""
    hottest: float
    """Highest temperature of the solver, K."""
    solver_seconds: float


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("demo", help="solve, train, evaluate and predict an example")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo"), help="a new or empty folder")
    parser.add_argument("--runs", type=int, default=96, help="designs to solve for training and evaluation")
    parser.add_argument("--no-open", action="store_true", help="do not open the report in a browser")
    add_overrides(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """The whole way, and at the end what it was worth."""
    folder: Path = options.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not an empty folder: remove it, or give another one.")
    if options.runs < FEWEST_RUNS:
        raise UserError(f"--runs is {options.runs}: give {FEWEST_RUNS} at least.")
    load_settings(Study(folder / "study"), overrides=options.overrides)  # refuses mistakes before minutes of solving
    try:
        from simulgenvae.demo import board
    except ImportError as error:
        raise UserError(f"The demo needs scikit-fem and pyvista ({error}): pip install 'simulgenvae[mesh]'") from error
    from simulgenvae.evaluation.summary import summary_table

    begin = time.perf_counter()
    solver, study = folder / "solver", Study(folder / "study")
    seconds = board.make_study(solver, options.runs)
    console.print(f"Solved {seconds.size} designs in {time.perf_counter() - begin:.0f} s.")
    names, table, ids = board.sample_designs(NEW_DESIGNS, seed=1, prefix="new")
    board.write_table(folder / "new.csv", names, table, ids)
    for arguments in commands(folder, options.overrides):
        call(arguments, console)
    metrics = json.loads(study.metrics_file.read_text(encoding="utf-8"))
    checked = check_new(folder, ids, table, metrics)
    console.print("\n", summary_table(metrics), new_table(checked, metrics["timing"]["seconds_for_one_run"]), sep="")
    report = study.report_file.resolve()
    console.print(f"Finished in {time.perf_counter() - begin:.0f} s. Report: {report}", soft_wrap=True)
    console.print(f"For ParaView: {(folder / 'new.pvd').resolve()}", soft_wrap=True)
    if not options.no_open and sys.stdout.isatty() and (os.environ.get("DISPLAY") or sys.platform != "linux"):
        webbrowser.open(report.as_uri())


def commands(folder: Path, overrides: list[str]) -> list[list[str]]:
    """Arguments of the commands between the solver's files and the predictions."""
    solver, study = folder / "solver", str(folder / "study")
    inputs: list[str | Path] = [
        "--params",
        solver / "params.csv",
        "--mesh",
        solver / "mesh.vtu",
        "--times",
        solver / "times.npy",
    ]
    settings = [part for setting in overrides for part in ("--set", setting)]
    found: list[list[str | Path]] = [
        ["ingest", solver / "fields.npy", *inputs, "--variables", "temperature", "--units", "K", "--study", study],
        ["check", study],
        ["train", study, *settings],
        ["evaluate", study],
        ["predict", study, "--params", folder / "new.csv", "--out", folder / "new.pvd"],
    ]
    return [[str(part) for part in arguments] for arguments in found]


def call(arguments: list[str], console: Console) -> None:
    """Show and run one command of ``simulgenvae`` in this process."""
    from simulgenvae.cli.main import parser

    console.print(f"\n$ simulgenvae {' '.join(arguments)}", style="bold", soft_wrap=True, highlight=False)
    options = parser().parse_args(arguments)
    options.run(options, console)


def read_series(path: Path, variable: str) -> NDArray[np.float32]:
    """The transient [T, M, 1] of one design's ``.pvd``."""
    import pyvista

    reader: Any = pyvista.get_reader(path)  # type: ignore[no-untyped-call]
    steps = []
    for value in reader.time_values:
        reader.set_active_time_value(value)
        steps.append(np.asarray(reader.read()[0].point_data[variable]))
    return np.stack(steps)[..., np.newaxis]


def check_new(folder: Path, ids: tuple[str, ...], table: NDArray[np.float64], metrics: dict[str, Any]) -> list[Checked]:
    """Solve the new designs one by one and compare; errors are relative as in the report."""
    from simulgenvae.demo import board
    from simulgenvae.evaluation.metrics import VariableScale, relative_l2

    row = {run: index for index, run in enumerate(board.sample_designs(metrics["data"]["runs"])[2])}
    fields = np.load(folder / "solver" / "fields.npy", mmap_mode="r")
    scale = VariableScale.fit(fields[row[run]] for run in metrics["split"]["train"])
    checked = []
    for run, design in zip(ids, table.tolist(), strict=True):
        temperature, seconds = board.solve_timed(design)
        truth = temperature[..., np.newaxis]
        predicted = read_series(folder / "new_vtu" / f"{run}.pvd", "temperature")
        error, _ = relative_l2(predicted, truth, scale)
        checked.append(Checked(run, error, float(np.abs(predicted - truth).max()), float(truth.max()), seconds))
    return checked


def new_table(checked: list[Checked], predict_seconds: float) -> Table:
    """True errors of the new designs, and the speed-up over the solver."""
    from simulgenvae.evaluation.presentation import percent

    columns = ("new design", "relative L2", "largest error", "hottest", "solver", "surrogate", "speed-up")
    table = Table(*columns, title="New designs, predicted first and solved afterwards")
    for one in checked:
        table.add_row(
            one.id,
            percent(one.relative_l2),
            f"{one.largest_error:.2f} K",
            f"{one.hottest:.1f} K",
            f"{1e3 * one.solver_seconds:.0f} ms",
            f"{1e3 * predict_seconds:.1f} ms",
            f"{one.solver_seconds / predict_seconds:.0f} x",
        )
    return table
