"""`simulgenvae suggest`: the designs that are worth solving next, as a table for the solver."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from simulgenvae.cli.common import add_study, open_dataset
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.design.suggest import Suggestion

MOST = 4096
"""Candidates that can be asked for; a matrix has so many rows and columns."""


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("suggest", help="say which designs are worth solving next")
    add_study(parser)
    parser.add_argument("--n", type=int, default=10, help="number of designs (default 10)")
    parser.add_argument(
        "--out", type=Path, default=Path("suggest.csv"), help="CSV to write (default suggest.csv)"
    )
    parser.add_argument(
        "--range",
        dest="ranges",
        type=_range,
        action="append",
        default=[],
        metavar="NAME=LOW:HIGH",
        help="domain of a parameter (default: the trained range)",
    )
    parser.add_argument(
        "--candidates", type=int, default=512, help="designs to choose from (default 512)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the candidates (default 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Choose, write the table, and show what is expected of each design."""
    from simulgenvae.design.suggest import suggest
    from simulgenvae.export.target import require_free
    from simulgenvae.surrogate.surrogate import Surrogate

    if not 2 <= options.candidates <= MOST:
        raise UserError(
            f"--candidates is {options.candidates}: give a whole number from 2 to {MOST}."
        )
    if not 1 <= options.n <= options.candidates:
        raise UserError(
            f"--n is {options.n}: give a whole number from 1 to {options.candidates} "
            "(--candidates)."
        )
    if not 0 <= options.seed < 2**63:
        raise UserError(f"--seed is {options.seed}: give a whole number from 0 to 2**63 - 1.")
    if options.out.suffix != ".csv":
        raise UserError(f"{options.out}: designs are written as .csv")
    require_free(options.out, overwrite=options.overwrite)
    study = StudyFolder.open(options.folder)
    surrogate = Surrogate.load(study)
    known = open_dataset(study, surrogate.settings).conditions
    found = suggest(
        surrogate,
        known,
        options.n,
        ranges=dict(options.ranges),
        candidates=options.candidates,
        seed=options.seed,
    )
    write_designs(found.designs, options.out)
    console.print(_table(found))
    console.print(_statement(found), soft_wrap=True)
    console.print(f"{options.out}: {len(found.designs)} designs to solve", soft_wrap=True)


def write_designs(designs: Conditions, path: Path) -> None:
    """A CSV with ids that every command reads; values are exact. The file is there whole or not at
    all."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", *designs.names])
        for name, values in zip(designs.ids, designs.table.tolist(), strict=True):
            writer.writerow([name, *values])


def _table(found: Suggestion) -> Table:
    table = Table(title="Designs to solve next, the most useful one first")
    table.add_column("Design")
    for name in (*found.designs.names, "Expected error"):
        table.add_column(name, justify="right")
    for name, values, error in zip(
        found.designs.ids, found.designs.table.tolist(), found.errors, strict=True
    ):
        table.add_row(name, *(f"{value:.5g}" for value in values), f"{100 * error:.2g} %")
    return table


def _statement(found: Suggestion) -> str:
    mean, known = float(found.errors.mean()), float(found.training_errors.mean())
    text = f"Expected error: {100 * mean:.2g} % at these designs, {100 * known:.2g} % at those of the training runs"
    return f"{text}, {mean / known:.2g} times as much." if known > 0 else f"{text}."


def _range(text: str) -> tuple[str, tuple[float, float]]:
    name, _, bounds = text.rpartition("=")
    try:
        low, high = (float(bound) for bound in bounds.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no range: write NAME=LOW:HIGH, such as speed=0.5:2"
        ) from None
    return name, (low, high)
