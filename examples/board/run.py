"""The demo: solve a study of a heated circuit board, train on it, predict three new designs, and check them.

    python examples/board/run.py [FOLDER]

The steps are the commands that anybody would type; the solver is ``board.py`` beside this file. FOLDER then holds
``solver/`` (the files that go in), ``study/`` (data, models, report) and ``new.pvd`` (predictions for ParaView).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import board
import numpy as np
import pyvista
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.presentation import percent
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.settings.study import Study

NEW_DESIGNS = 3
CONSOLE = Console()


class Checked(NamedTuple):
    """One new design: what its prediction turned out to be worth."""

    id: str
    relative_l2: float
    largest_error: float
    """In K, anywhere at any time."""
    hottest: float
    """Highest temperature of the solver, K."""
    solver_seconds: float


def command(*arguments: str | Path) -> None:
    """Show and run ``simulgenvae`` with these arguments; end with its exit code when it fails."""
    program = shutil.which("simulgenvae", path=str(Path(sys.executable).parent))
    if program is None:
        sys.exit("simulgenvae is not installed in this environment: pip install -e '.[mesh]'")
    CONSOLE.print(f"\n[bold]$ simulgenvae {' '.join(map(str, arguments))}[/bold]", soft_wrap=True)
    done = subprocess.run([program, *map(str, arguments)], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def read_series(path: Path, variable: str) -> NDArray[np.float32]:
    """The transient [T, M, 1] of one design's ``.pvd``."""
    reader = pyvista.get_reader(path)
    steps = []
    for value in reader.time_values:
        reader.set_active_time_value(value)
        steps.append(np.asarray(reader.read()[0].point_data[variable]))
    return np.stack(steps)[..., np.newaxis]


def check_new(folder: Path, ids: tuple[str, ...], table: NDArray[np.float64], metrics: dict[str, Any]) -> list[Checked]:
    """Solve the new designs one by one and compare; errors are relative as in the report."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description="Solve, train, evaluate and predict a heated circuit board.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo"))
    parser.add_argument("--runs", type=int, default=96, help="designs to solve for training and evaluation")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the training")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: remove it, or give another folder")
    begin = time.perf_counter()

    solver, study = folder / "solver", Study(folder / "study")
    seconds = board.make_study(solver, arguments.runs)
    CONSOLE.print(f"Solved {seconds.size} designs in {time.perf_counter() - begin:.0f} s.")
    inputs = ("--params", solver / "params.csv", "--mesh", solver / "mesh.vtu", "--times", solver / "times.npy")
    quantity = ("--variables", "temperature", "--units", "K")
    command("ingest", solver / "fields.npy", *inputs, *quantity, "--study", study.folder)
    command("check", study.folder)
    command("train", study.folder, *(part for setting in arguments.set for part in ("--set", setting)))
    command("evaluate", study.folder)

    names, table, ids = board.sample_designs(NEW_DESIGNS, seed=1, prefix="new")
    board.write_table(folder / "new.csv", names, table, ids)
    command("predict", study.folder, "--params", folder / "new.csv", "--out", folder / "new.pvd")

    metrics = json.loads(study.metrics_file.read_text(encoding="utf-8"))
    checked = check_new(folder, ids, table, metrics)
    CONSOLE.print("\n", summary_table(metrics), new_table(checked, metrics["timing"]["seconds_for_one_run"]), sep="")
    CONSOLE.print(
        f"Finished in {time.perf_counter() - begin:.0f} s. Report: {study.report_file.resolve()}", soft_wrap=True
    )
    CONSOLE.print(f"For ParaView: {(folder / 'new.pvd').resolve()}", soft_wrap=True)


if __name__ == "__main__":
    main()
