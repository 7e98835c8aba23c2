"""``simulgenvae predict``.

Tested in tests/cli/test_predict.py, tests/cli/test_commands.py and tests/cli/test_bad_input.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table

from simulgenvae.cli.console import room, show
from simulgenvae.cli.groups import DESIGNS, OUTPUT, PART
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import (
    Folder,
    ModelName,
    NewImages,
    NewParams,
    Overwrite,
    Quantities,
    Samples,
    Seed,
    Times,
    Variables,
    times_of,
)
from simulgenvae.cli.quantity_table import quantity_table
from simulgenvae.study.predicted_design import PredictedDesign
from simulgenvae.utils.formatting import NONE, count, number, percent, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

MOST_ROWS = 12
"""Designs in the table; of more, the least certain ones are shown."""

_USES = {None: NONE, "train": "training run", "validation": "validation run"}

At = Annotated[tuple[str, ...], Parameter(name="--at", metavar="NAME=VALUE,…", group=DESIGNS)]


@dataclass(frozen=True)
class PredictResult:
    """Result of a prediction, as ``--json`` prints it."""

    designs: tuple[PredictedDesign, ...]
    """Summary of each design."""
    file: Path | None
    """File that was written, or folder with a file for each design; null without ``--out``."""


def predict(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    at: At = (),
    params: NewParams = None,
    images: NewImages = None,
    meshes: Annotated[
        Path | None, Parameter(group=DESIGNS, show_default="the predicted geometry")
    ] = None,
    times: Times = None,
    nodes: Annotated[str | None, Parameter(group=PART, show_default="all")] = None,
    variables: Variables = None,
    samples: Samples = 0,
    seed: Seed = 0,
    quantities: Quantities = (),
    out: Annotated[Path | None, Parameter(group=OUTPUT, show_default="none, only a table")] = None,
    table: Annotated[Path | None, Parameter(group=OUTPUT)] = None,
    truth: Annotated[Path | None, Parameter(group=OUTPUT)] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    messages: Messages = Messages(),
    launch: LaunchFlags = LaunchFlags(),
) -> None:
    """Predict the fields of new designs.

    Parameters
    ----------
    at
        A design: its parameters, as row=0.05,speed=0.006. Several --at are several designs.
    meshes
        Meshes of the designs, where runs have their own: a folder with ID.vtu (.msh .stl ...).
    nodes
        Numbers of some nodes, counted from 0: 0,5,17 or 0:99, or a file.
    out
        File to write. Its ending chooses the format, as .vtkhdf (ParaView), .nc or .npz; an unknown
        one lists all. Several designs for ParaView are a file each: new.vtkhdf is new/ID.vtkhdf.
    truth
        The same designs solved (a study, or what ingest reads), to compare: true errors are shown
        beside the expected ones, and the true fields written too.
    table
        Table of the designs to write (.csv .json): inputs, expected error, novelty, quantities.
    """
    # Not the whole `Study`, whose other methods take longer to load than a design to predict.
    from simulgenvae.study.predict import Predicting

    # The API takes arrays, the command line files with them.
    study = Predicting.open(folder, model)
    designs = study.predict(
        out,
        params=params,
        images=images,
        at=at,
        meshes=meshes,
        times=times_of(times),
        nodes=None if nodes is None else _numbers(nodes),
        variables=variables,
        samples=samples,
        seed=seed,
        truth=truth,
        quantities=_named(quantities),
        table=table,
        overwrite=overwrite,
    )
    place = None if out is None else study.written_place(out, len(designs))
    if json:
        print_json(PredictResult(tuple(designs), place))
    show(summary_table(designs))
    if any(design.true_error is not None for design in designs):
        show(_truth_table(designs))
    if any(design.quantities for design in designs):
        show(quantity_table(designs))
    if table is not None:
        show(f"{table}: {count(len(designs), 'design')}")
    if out is not None and place is not None:
        each = "" if place == out else f", each its own {out.suffix} file"
        show(f"{place}: {count(len(designs), 'design')}{each}")
    elif table is None:
        show(
            "Nothing was written: --out FILE.npz, FILE.vtkhdf (ParaView) or FILE.nc writes the "
            "fields."
        )


def _named(quantities: Sequence[str]) -> dict[str, str]:
    if not quantities:
        return {}
    # Imported here: most designs are predicted without quantities.
    from simulgenvae.quantities import named_texts

    return named_texts(quantities)


def _numbers(given: str) -> NDArray[np.intp]:
    from simulgenvae.data.ingest.coordinates import read_node_numbers

    return read_node_numbers(given)


def summary_table(designs: Sequence[PredictedDesign]) -> Table:
    """Return a table of all designs, or of the least certain ones of many."""
    title = "Predictions: minimum, mean and maximum over all times and nodes"
    if len(designs) > MOST_ROWS:
        title = f"The {MOST_ROWS} least certain of {len(designs)} designs"
        # Of a thousand designs, the doubtful ones are those to look at.
        designs = sorted(designs, key=_uncertainty, reverse=True)[:MOST_ROWS]
    first = designs[0]
    headings = [quantity(name, first.input_units.get(name, "")) for name in first.inputs]
    headings += [quantity(variable.name, variable.unit) for variable in first.variables]
    rows = list(map(_numbers_of, designs))
    table = Table(title=title, title_justify="left")
    table.add_column("Design", no_wrap=True)
    headings += ["Expected error", "Novelty"]
    names = [each.design for each in designs]
    cells = [("Design", *names), *zip(headings, *rows, strict=True)]
    if _width(cells) > room(len(cells)):
        # Unlike numbers, headings can be read on two lines.
        headings = [heading.replace(" ", "\n") for heading in headings]
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold")
    for each, row in zip(designs, rows, strict=True):
        table.add_row(each.design, *row)
    return table


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Return how many characters the cells of a row need, for which no line is wrapped."""
    return sum(max(len(line) for cell in cells for line in cell.split("\n")) for cells in columns)


def _numbers_of(each: PredictedDesign) -> list[str]:
    """Return the cells of a design: inputs, fields (least, mean and largest value), scores."""
    inputs = [value if isinstance(value, str) else f"{value:.5g}" for value in each.inputs.values()]
    ranges = [
        "\n".join((number(variable.minimum), number(variable.mean), number(variable.maximum)))
        for variable in each.variables
    ]
    error = percent(each.expected_error, digits=2, trailing_zeros=False)
    novelty = NONE if each.novelty is None else f"{each.novelty:.2f}"
    return [*inputs, *ranges, error, novelty]


def _truth_table(designs: Sequence[PredictedDesign]) -> Table:
    """Return a table of true and expected errors, of many designs those with the largest errors."""
    solved = [design for design in designs if design.true_error is not None]
    solved.sort(key=lambda design: -(design.true_error or 0.0))
    title = "Error of the field: true, and expected before the design was solved"
    if len(solved) > MOST_ROWS:
        title += f" (the {MOST_ROWS} largest of {len(solved)})"
    table = Table("Design", title=title, title_justify="left")
    for head in ("True error", "Expected error"):
        table.add_column(head, justify="right")
    # Errors of runs that the model knows must not be taken for those of new designs.
    used = any(design.used_for for design in solved)
    if used:
        table.add_column("The model knows it")
    for each in solved[:MOST_ROWS]:
        errors = (each.true_error, each.expected_error)
        known = [_USES[each.used_for]] if used else []
        table.add_row(each.design, *(percent(error, digits=2) for error in errors), *known)
    return table


def _uncertainty(design: PredictedDesign) -> tuple[float, float]:
    # Designs whose error is not known are ranked by their novelty.
    return design.expected_error or 0.0, design.novelty or 0.0
