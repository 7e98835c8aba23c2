"""``simulgenvae suggest``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token
from rich.table import Table

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import CHOICE, OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Folder, ModelName, Overwrite, Seed
from simulgenvae.cli.quantity_table import band_text, heading
from simulgenvae.utils.formatting import count as counted
from simulgenvae.utils.formatting import percent, quantity

if TYPE_CHECKING:
    from simulgenvae.design.by_quantity import SuggestedQuantities
    from simulgenvae.design.suggest import Suggestion


def _ranges(_: Any, tokens: Sequence[Token]) -> dict[str, tuple[float, float]]:
    """Return the domain of each parameter in ``NAME=LOW:HIGH``."""
    ranges = {}
    for token in tokens:
        # From the right: the name of a parameter may contain "=".
        name, _, bounds = token.value.rpartition("=")
        try:
            low, high = (float(bound) for bound in bounds.split(":"))
        except ValueError:
            raise ValueError(
                f"{token.value!r} is no range: write NAME=LOW:HIGH, such as speed=0.5:2"
            ) from None
        ranges[name] = (low, high)
    return ranges


Ranges = Annotated[
    dict[str, tuple[float, float]] | None,
    Parameter(
        name="--range",
        converter=_ranges,
        n_tokens=1,
        accepts_keys=False,
        metavar="NAME=LOW:HIGH",
        group=CHOICE,
        show_default="the trained range",
    ),
]

ChosenBy = Annotated[
    tuple[str, ...],
    Parameter(
        name="--quantity",
        metavar="NAME=max(T)",
        group=CHOICE,
        help="Choose by a quantity of interest, such as 'peak=max(T)', 'peak=max(T) < 350' or the "
        "name of one in study.toml (docs/quantities.md).",
        show_default="the whole field",
    ),
]


def suggest(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    count: Annotated[int, Parameter(name="--count", group=CHOICE)] = 10,
    ranges: Ranges = None,
    candidates: Annotated[int, Parameter(group=CHOICE)] = 512,
    quantities: ChosenBy = (),
    seed: Seed = 0,
    out: Annotated[Path, Parameter(group=OUTPUT)] = Path("suggest.csv"),
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Say which designs are worth solving next.

    Parameters
    ----------
    count
        Number of designs.
    ranges
        Domain of a parameter.
    candidates
        Designs to choose from.
    out
        CSV file to write.
    """
    suggestion = simulgenvae.Study.open(folder, model).suggest(
        count,
        out=out,
        ranges=ranges,
        candidates=candidates,
        quantities=quantities,
        seed=seed,
        overwrite=overwrite,
    )
    show(_table(suggestion), _statement(suggestion))
    if suggestion.quantities is not None:
        show(*_quantity_statements(suggestion.quantities))
    show(f"{out}: {counted(len(suggestion.designs), 'design')} to solve")


def _table(suggestion: Suggestion) -> Table:
    table = Table(title="Designs to solve next, the most useful one first")
    table.add_column("Design")
    designs = suggestion.designs
    of_designs = () if suggestion.quantities is None else suggestion.quantities.designs
    headings = [heading(each) for each in of_designs[0]] if of_designs else []
    inputs = map(quantity, designs.names, designs.units)
    for name in (*inputs, "Expected error", *headings):
        table.add_column(name, justify="right")
    rows = zip(designs.ids, designs.values(), suggestion.errors, strict=True)
    for row, (name, values, error) in enumerate(rows):
        bands = [band_text(each) for each in of_designs[row]] if of_designs else []
        # Rounded for reading; the CSV file has the exact values.
        table.add_row(
            name,
            *(value if isinstance(value, str) else f"{value:.5g}" for value in values),
            percent(error, digits=2, trailing_zeros=False),
            *bands,
        )
    return table


def _quantity_statements(found: SuggestedQuantities) -> list[str]:
    """Return what is expected of each quantity at the designs, and where its limit is."""
    statements = []
    for column, at_training_runs in enumerate(found.training_half_widths):
        of_designs = [design[column] for design in found.designs]
        first = of_designs[0]
        half = sum(each.upper - each.lower for each in of_designs) / (2 * len(of_designs))
        unit = f" {first.unit}" if first.unit else ""
        text = (
            f"{first.name}: the band is ± {half:.2g}{unit} at these designs, "
            f"± {at_training_runs:.2g}{unit} at the training runs"
        )
        if first.limit is not None:
            limit = first.limit
            holding = sum(each.lower <= limit <= each.upper for each in of_designs)
            text += f"; it holds the limit {limit:.5g}{unit} at {holding} of {len(of_designs)}"
        statements.append(f"{text}.")
    return statements


def _statement(suggestion: Suggestion) -> str:
    mean = float(suggestion.errors.mean())
    at_training_runs = float(suggestion.training_errors.mean())
    text = (
        f"Expected error: {percent(mean, digits=2, trailing_zeros=False)} at these designs, "
        f"{percent(at_training_runs, digits=2, trailing_zeros=False)} at the training runs"
    )
    if at_training_runs > 0:
        return f"{text}, {mean / at_training_runs:.2g} times as much."
    return f"{text}."
