"""``simulgenvae train``.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import simulgenvae
from simulgenvae.cli.console import show, show_next
from simulgenvae.cli.groups import OUTPUT, TRAINING
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Folder, Overrides, Preset
from simulgenvae.errors import UserError

Budget = Annotated[str | None, Parameter(metavar="TIME", group=TRAINING, show_default="no search")]
"""Time for a search and the training."""


def train(
    folder: Folder = Path(),
    /,
    *,
    name: Annotated[
        str | None, Parameter(metavar="NAME", group=TRAINING, show_default="the current model's")
    ] = None,
    stage: Annotated[str, Parameter(group=TRAINING)] = "all",
    resume: Annotated[bool, Parameter(group=TRAINING)] = False,
    budget: Budget = None,
    join: Annotated[bool, Parameter(group=TRAINING)] = False,
    overwrite: Annotated[bool, Parameter(group=OUTPUT)] = False,
    preset: Preset = 1,
    overrides: Overrides = (),
    messages: Messages = Messages(),
    launch: LaunchFlags = LaunchFlags(),
) -> None:
    """Train the surrogate of a study.

    Parameters
    ----------
    name
        Name of the model. A study keeps several, and the one trained last is the current one.
    stage
        A stage to train (vae, conditioner, end_to_end), or all.
    resume
        Continue from the last checkpoint.
    overwrite
        Replace the trained model of that name.
    budget
        Search for better settings and train with them within this time (90s, 30m, 1h30m).
    join
        Help with the search that another process does in this study.
    """
    study = simulgenvae.Study.open(folder)
    settings = study.read_settings(preset=preset, overrides=overrides)
    if join:
        if resume or overwrite or budget is not None or name or stage != "all" or launch.several:
            raise UserError("--join only helps with a search: leave out the other options.")
        made = study.join_search(settings)
        show(f"The search has ended. Trainings that were made here: {made}")
        return
    model = study.train(
        settings, stage=stage, name=name, resume=resume, overwrite=overwrite, budget=budget
    )
    # Only the VAE is trained: nothing reads conditions yet.
    if model.surrogate.ensemble is None:
        show_next(f"train {study.folder} --stage conditioner")
    else:
        show_next(f"evaluate {study.folder}")
