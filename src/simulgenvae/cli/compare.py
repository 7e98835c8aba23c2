"""``simulgenvae compare``.

Tested in tests/cli/test_models.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import Folder
from simulgenvae.utils.formatting import NONE, count, percent

if TYPE_CHECKING:
    from simulgenvae.study.model_comparison import MeasuredComparison, ModelComparison

Name = Annotated[str, Parameter(help="Name of a model.")]


def compare(
    folder: Folder,
    first: Name,
    second: Name,
    /,
    *,
    json: Json = False,
    messages: Messages = Messages(),
) -> None:
    """Compare two trained models of a study."""
    found = simulgenvae.Study.open(folder).compare_models(first, second)
    if json:
        print_json(found)
    show(_settings(found))
    if found.measured is not None:
        show(_errors(found, found.measured), _verdict(found, found.measured))
    for remark in found.remarks:
        show(Text(f"note: {remark}."))


def _settings(found: ModelComparison) -> Table | Text:
    if not found.settings:
        return Text("All settings are the same.")
    table = Table(title="Settings that differ", title_justify="left")
    table.add_column("Setting")
    for model in (found.first, found.second):
        table.add_column(Text(model.name), justify="right", overflow="fold")
    for each in found.settings:
        table.add_row(Text(each.key), _shown(each.first), _shown(each.second))
    return table


def _shown(value: object) -> Text:
    """Return a value as ``study.toml`` has it."""
    if value is None:
        return Text(NONE)
    if isinstance(value, list):
        return Text(", ".join(map(str, value)) or NONE)
    return Text(str(value).lower() if isinstance(value, bool) else str(value))


def _errors(found: ModelComparison, measured: MeasuredComparison) -> Table:
    runs = count(len(measured.runs), f"{measured.split} run")
    table = Table(title=f"Mean joint relative L2 error on {runs}", title_justify="left")
    table.add_column("Method")
    for model in (found.first, found.second):
        table.add_column(Text(model.name), justify="right")
    for each in measured.errors:
        style = "bold" if each.method == "prediction" else None
        table.add_row(each.title, percent(each.first), percent(each.second), style=style)
    return table


def _verdict(found: ModelComparison, measured: MeasuredComparison) -> Text:
    """Return on how many runs each model is the better one."""
    first, second = measured.first_better, measured.second_better
    equal = len(measured.runs) - first - second
    parts = [f"{found.first.name} is better on {first}", f"{found.second.name} on {second}"]
    if equal:
        parts.append(f"both are equal on {equal}")
    return Text(f"Of {count(len(measured.runs), 'run')}, {', '.join(parts)}.")
