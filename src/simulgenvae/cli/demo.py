"""``simulgenvae demo``: solve a heated circuit board, learn it, predict new designs, check them.

The steps are the commands that anybody would type; the solver is ``simulgenvae.demo.board``. FOLDER
then holds ``solver/`` (the files that go in), ``study/`` (data, models, report) and ``new/``
(predictions for ParaView); with images as conditions, two networks learn the same data:
``study-cnn/`` and ``new-cnn/``, ``study-vit/`` and ``new-vit/``.
"""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from simulgenvae.cli.app import parse
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import DESIGNS, OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Overrides
from simulgenvae.errors import UserError
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from simulgenvae.demo.problems import Problem
    from simulgenvae.demo.trials import Trial

NEW_DESIGNS = 3


def demo(
    folder: Path = Path("demo"),
    /,
    *,
    images: Annotated[bool, Parameter(group=DESIGNS)] = False,
    kind: Annotated[str | None, Parameter(group=DESIGNS, show_default="both")] = None,
    runs: Annotated[
        int | None, Parameter(group=DESIGNS, show_default="96, or 200 with --images")
    ] = None,
    silent: Annotated[bool, Parameter(name="--no-open", group=OUTPUT)] = False,
    overrides: Overrides = (),
    messages: Messages = Messages(),
) -> None:
    """Solve, train, evaluate and predict an example.

    Parameters
    ----------
    folder
        A new or empty folder.
    images
        Boards of different layout, described by images only.
    kind
        Network that reads the images: cnn or vit.
    runs
        Designs to solve for training and evaluation.
    silent
        Do not open the report in a browser.
    """
    from simulgenvae.demo.trials import plan_trials

    # Mistakes are refused first; solving takes minutes.
    trials = plan_trials(folder, images=images, kind=kind, runs=runs, overrides=overrides)
    try:
        from simulgenvae.demo.problems import ImageProblem, TableProblem, make_study
    except ImportError as error:
        raise UserError(
            f"The demo needs scikit-fem and PyVista ({error}): "
            f"{install_command('scikit-fem', 'pyvista')}"
        ) from error
    from simulgenvae.demo.results import Result, errors_table, new_table, solve

    # Everything counts: this is the time that a user waits for the demo.
    begin = time.perf_counter()
    problem: Problem = ImageProblem() if images else TableProblem()
    seconds = make_study(problem, folder / "solver", runs or problem.runs)
    show(f"Solved {seconds.size} designs in {time.perf_counter() - begin:.0f} s.")
    new = problem.sample(NEW_DESIGNS, seed=1, prefix="new")
    # Only the conditions of the new designs exist until they have been predicted.
    problem.write(new, folder / problem.new_conditions)
    for trial in trials:
        # Parsed as if typed, so that what is shown is exactly what runs.
        for arguments in commands(problem, trial, overrides):
            show(f"\n$ simulgenvae {' '.join(arguments)}", style="bold")
            parse(arguments)()
    # The new designs are solved last: nobody can have looked at their solutions before.
    solved = solve(new)
    results = [Result.read(trial.name, trial.study, trial.predictions, solved) for trial in trials]
    show("", errors_table(results), *(new_table(result, solved) for result in results))
    reports = [trial.study.report_file.resolve() for trial in trials]
    show(f"Finished in {time.perf_counter() - begin:.0f} s. Report: {_joined(reports)}")
    show(
        f"For ParaView: {_joined(trial.predictions.with_suffix('').resolve() for trial in trials)}"
    )
    # Over SSH, a browser would start on the server.
    has_display = bool(os.environ.get("DISPLAY")) or sys.platform != "linux"
    if not silent and sys.stdout.isatty() and has_display:
        for report in reports:
            webbrowser.open(report.as_uri())


def commands(problem: Problem, trial: Trial, overrides: Sequence[str]) -> list[list[str]]:
    """Return the arguments of the commands between the solver's files and the predictions."""
    # All trials read the same solver files.
    solver = trial.folder / "solver"
    study = trial.study.folder
    inputs: list[str | Path] = [
        *(problem.option, solver / problem.conditions),
        *("--mesh", solver / "mesh.vtu"),
        *("--times", solver / "times.npy"),
        *("--variables", "temperature"),
        *("--units", "K"),
    ]
    new = trial.folder / problem.new_conditions
    given = as_arguments(overrides)
    # The user's settings come last, so that they replace the demo's.
    settings = [*as_arguments([*problem.settings, *trial.settings]), *given]
    steps: list[list[str | Path]] = [
        ["ingest", study, solver / "fields.npy", *inputs, *given],
        ["check", study],
        ["train", study, *settings],
        ["evaluate", study],
        ["predict", study, problem.option, new, "--out", trial.predictions],
    ]
    return [list(map(str, arguments)) for arguments in steps]


def as_arguments(settings: Sequence[str]) -> list[str]:
    """Return ``key=value`` settings as arguments of the command line."""
    arguments = []
    for setting in settings:
        arguments += ["--set", setting]
    return arguments


def _joined(paths: Iterable[Path]) -> str:
    """Return paths for a sentence."""
    return " and ".join(map(str, paths))
