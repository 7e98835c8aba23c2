"""``simulgenvae models``.

Tested in tests/cli/test_models.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import CHOICE
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import Folder
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import NONE, percent

if TYPE_CHECKING:
    from simulgenvae.study.model_summary import ModelSummary

Name = Annotated[str | None, Parameter(metavar="NAME", group=CHOICE)]


def models(
    folder: Folder = Path(),
    /,
    *,
    use: Name = None,
    remove: Name = None,
    yes: Annotated[bool, Parameter(group=CHOICE)] = False,
    json: Json = False,
    messages: Messages = Messages(),
) -> None:
    """List the trained models of a study.

    Parameters
    ----------
    use
        Make this model the current one.
    remove
        Remove this model and its results from the disk.
    yes
        Remove without asking.
    """
    study = simulgenvae.Study.open(folder)
    if use is not None and remove is not None:
        raise UserError("--use and --remove are two things: give one of them")
    if use is not None:
        study.use_model(use)
    if remove is not None:
        # A name that does not exist is refused before the question.
        study.with_model(remove)
        if not yes:
            _ask(remove)
        study.remove_model(remove)
    found = study.models()
    if json:
        # Imported here, as help does without it.
        from simulgenvae.study.model_summary import ModelsResult

        print_json(ModelsResult(tuple(found)))
    if not found:
        show(f"{study.folder} has no trained model yet: simulgenvae train {study.folder}")
        return
    show(_table(found))
    if any(each.note for each in found):
        show(*(Text(f"{each.name}: {each.note}") for each in found if each.note))


def _ask(name: str) -> None:
    """Ask whether a model shall be removed; UserError for any answer but yes."""
    if not sys.stdin.isatty():
        raise UserError(f"add --yes to remove the model {name!r}: nobody can be asked here")
    answer = input(f"Remove the model {name!r} and its results from the disk? [y/N] ")
    if answer.strip().lower() not in {"y", "yes"}:
        raise UserError("nothing was removed")


def _table(found: Sequence[ModelSummary]) -> Table:
    table = Table(title="Trained models (* the current one)", title_justify="left")
    table.add_column("Model", no_wrap=True)
    table.add_column("Trained", no_wrap=True)
    table.add_column("Runs", justify="right", no_wrap=True)
    for name in ("Error", "Best baseline", "Size"):
        table.add_column(name, justify="right")
    for each in found:
        runs = each.runs
        best = each.best_baseline
        table.add_row(
            Text(f"{'*' if each.current else ' '} {each.name}"),
            NONE if each.trained is None else f"{each.trained.astimezone():%Y-%m-%d %H:%M}",
            NONE if runs is None else f"{runs.train} + {runs.validation} + {runs.test}",
            percent(each.error) if each.split in {None, "test"} else _of_split(each),
            NONE if best is None else percent(best.relative_l2),
            NONE if each.bytes is None else f"{each.bytes / 1e6:.3g} MB",
        )
    table.caption = Text(
        "Runs: for training, validation and test. Error: mean joint relative L2 on the test runs."
    )
    return table


def _of_split(model: ModelSummary) -> str:
    return f"{percent(model.error)} ({model.split})"
