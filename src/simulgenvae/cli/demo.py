"""``simulgenvae demo``: solve a heated panel, learn it, predict new designs, check them.

The steps are the commands that anybody would type; the solver is ``simulgenvae.demo.panel``. FOLDER
then holds ``solver/`` (the files that go in), ``study/`` (data, models, report), ``new/``
(predictions for ParaView), ``explorer.html`` (the page of the model) and ``demo.json`` (finished
steps and their times); with images as conditions, two networks learn the same circuit boards:
``study-cnn/``, ``new-cnn/`` and ``explorer-cnn.html``, and the same with ``vit``.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from simulgenvae.cli.console import show
from simulgenvae.cli.groups import DESIGNS, OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Overrides
from simulgenvae.cli.parser import parse
from simulgenvae.errors import UserError
from simulgenvae.explorer.page import has_assets
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from simulgenvae.demo.problems import Problem
    from simulgenvae.demo.trials import Trial

NEW_DESIGNS = 3
QUICK_LOOK = (
    "This was a quick look: a coarse mesh, few runs and little training. Its errors are not those "
    "of the product; `simulgenvae demo` takes some minutes and shows them."
)


def demo(
    folder: Path = Path("demo"),
    /,
    *,
    quick: Annotated[bool, Parameter(group=DESIGNS)] = False,
    images: Annotated[bool, Parameter(group=DESIGNS)] = False,
    kind: Annotated[str | None, Parameter(group=DESIGNS, show_default="both")] = None,
    runs: Annotated[
        int | None,
        Parameter(group=DESIGNS, show_default="48; 24 with --quick, 200 with --images"),
    ] = None,
    silent: Annotated[bool, Parameter(name="--no-open", group=OUTPUT)] = False,
    overrides: Overrides = (),
    messages: Messages = Messages(),
) -> None:
    """Solve, train, evaluate and predict an example.

    Parameters
    ----------
    folder
        A new or empty folder, or that of a demo that was stopped.
    quick
        A look in a minute: a coarse mesh, few runs, little training.
    images
        Circuit boards of different layout, described by images only (about 20 minutes).
    kind
        Network that reads the images: cnn or vit.
    runs
        Designs to solve for training and evaluation.
    silent
        Do not open the report in a browser.
    """
    from simulgenvae.demo.record import Options, Record
    from simulgenvae.demo.trials import plan_trials

    # Mistakes are refused first; solving takes a minute.
    trials = plan_trials(
        folder, quick=quick, images=images, kind=kind, runs=runs, overrides=overrides
    )
    options = Options(quick=quick, images=images, kind=kind, runs=runs, overrides=overrides)
    record = Record.open(folder, options)
    try:
        import pyvista  # noqa: F401 # the mesh is written with it, and drawn

        from simulgenvae.demo.problems import QUICK_PANEL, ImageProblem, PanelProblem
    except ImportError as error:
        raise UserError(
            f"The demo needs scikit-fem and PyVista ({error}): "
            f"{install_command('scikit-fem', 'pyvista')}"
        ) from error
    from simulgenvae.demo.ending import ending, pages_line
    from simulgenvae.demo.measure import predict_new, solve_new
    from simulgenvae.demo.solving import solve_runs

    problem: Problem = ImageProblem() if images else QUICK_PANEL if quick else PanelProblem()
    designs = problem.sample(runs or problem.runs)
    with record.doing("solve", folder):
        solving = solve_runs(problem, designs, folder / "solver")
    show(f"Solved {len(designs.ids)} designs in {record.steps['solve'].seconds:.0f} s.")
    # Only the conditions of the new designs exist until they have been predicted.
    new = problem.sample(NEW_DESIGNS, seed=1, prefix="new")
    problem.write(new, folder / problem.new_conditions)
    for trial in trials:
        # Parsed as if typed, so that what is shown is exactly what runs.
        for arguments in commands(problem, trial, overrides):
            step = f"{arguments[0]} {trial.study.folder.name}"
            if not record.is_finished(step):
                arguments += continuing(arguments[0], trial, record.was_begun(step))
                show(f"\n$ simulgenvae {' '.join(arguments)}", style="bold")
                with record.doing(step, folder):
                    parse(arguments)()
    # The new designs are solved last: nobody can have looked at their solutions before.
    with record.doing("solve new designs", folder):
        predictions = [predict_new(trial, folder / problem.new_conditions) for trial in trials]
        solved = solve_new(problem, new)
    show(f"\nAll steps took {record.seconds:.0f} s.", *([QUICK_LOOK] if quick else []), "")
    show(*ending(trials, predictions, solved, record, solving))
    show(pages_line(trials))
    # Over SSH, a browser would start on the server.
    has_display = bool(os.environ.get("DISPLAY")) or sys.platform != "linux"
    if not silent and sys.stdout.isatty() and has_display:
        for trial in trials:
            webbrowser.open(trial.study.report_file.resolve().as_uri())


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
        *("--time-unit", "s"),
        *("--length-unit", "m"),
    ]
    new = trial.folder / problem.new_conditions
    given = as_arguments(overrides)
    # The user's settings come last, so that they replace the demo's.
    settings = [*as_arguments([*problem.settings, *trial.settings]), *given]
    steps: list[list[str | Path]] = [
        ["ingest", study, solver / "runs", *inputs, *given],
        ["check", study, *settings],
        ["train", study, *settings],
        ["evaluate", study],
        ["predict", study, problem.option, new, "--out", f"{trial.predictions}.vtkhdf"],
    ]
    # A clone that was not installed by make or pip may have no page.
    if has_assets():
        steps.append(["export", study, "--out", trial.page])
    return [list(map(str, arguments)) for arguments in steps]


def continuing(command: str, trial: Trial, begun: bool) -> list[str]:
    """Return further arguments of a command that was perhaps begun before and stopped."""
    if command == "train":
        return ["--resume"] if begun else []
    results = {
        "ingest": trial.study.dataset,
        "predict": trial.predictions,
        "export": trial.page,
    }
    return ["--overwrite"] if command in results and results[command].exists() else []


def as_arguments(settings: Sequence[str]) -> list[str]:
    """Return ``key=value`` settings as arguments of the command line."""
    arguments = []
    for setting in settings:
        arguments += ["--set", setting]
    return arguments
