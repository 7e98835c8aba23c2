"""`simulgenvae inspect`: what is in files of results, before anything is stored."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulgenvae.cli.common import add_path
from simulgenvae.data.names import listed
from simulgenvae.data.readers import RunPart, Source, open_source, readable_formats
from simulgenvae.data.readers.companions import texts
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.resources import megabytes

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser(
        "inspect", help="say what is in files of results; nothing is stored"
    )
    parser.add_argument(
        "paths", type=Path, nargs="+", help=f"what `ingest` reads: {readable_formats()}"
    )
    add_path(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs, times, mesh, size and variables; ranges are those of the first run."""
    part = (
        None
        if (options.path, options.axes) == (None, None)
        else RunPart(path=options.path, axes=options.axes)
    )
    for path in options.paths:
        with open_source(path, part) as source:
            console.print(f"{path}:", soft_wrap=True)
            for name, value in _facts(source).items():
                console.print(f"  {name:<10} {value}", soft_wrap=True)
            for note in source.notes:
                console.print(f"  note: {note}", soft_wrap=True)
            for problem in source.problems.values():
                console.print(f"  [red]bad[/red]: {escape(problem)}", soft_wrap=True)
            console.print(_variables(source))


def _facts(source: Source) -> dict[str, str]:
    runs, steps, nodes = source.shape[:3]
    size = 4 * int(np.prod(source.shape, dtype=object))
    ids, bad = texts([source], "ids"), len(source.problems)
    return {
        "runs": f"{runs}"
        + (f": {listed(ids)}" if ids else "")
        + (f", {bad} of them bad" if bad else ""),
        "timesteps": f"{steps}" + _span(source.companions.get("times")),
        "nodes": f"{nodes}" + (_mesh(source.mesh) if source.mesh is not None else ""),
        "memory": f"{megabytes(size)} in the study (float32, before compression), {megabytes(size // runs)} a run",
    }


def _span(times: np.ndarray | None) -> str:
    return "" if times is None or not len(times) else f", {times[0]:g} to {times[-1]:g}"


def _mesh(mesh: Mesh) -> str:
    cells = ", ".join(f"{len(nodes)} {name}" for name, nodes in mesh.cells.items())
    if mesh.coords is None:
        return ""
    low, high = mesh.coords.min(axis=0), mesh.coords.max(axis=0)
    box = " x ".join(f"{a:g} … {b:g}" for a, b in zip(low, high, strict=True))
    return f", {cells or 'no cells'}, in {box}"


def _variables(source: Source) -> Table:
    run = min(set(range(source.shape[0])) - source.problems.keys())
    first, which = (
        source.run(run),
        "the first run" if run == 0 else f"run {run}, the first good one",
    )
    names = texts([source], "variables") or ("values",)
    columns = first.reshape(-1, first.shape[-1] if len(names) == first.shape[-1] else 1)
    table = Table("variable", "min", "max", "mean", title=f"of {which}", title_justify="left")
    for name, values in zip(names, columns.T, strict=False):
        bad = int((~np.isfinite(values)).sum())
        numbers = values[np.isfinite(values)]
        shown = (
            [f"{each(numbers):.6g}" for each in (np.min, np.max, np.mean)]
            if len(numbers)
            else ["-"] * 3
        )
        table.add_row(name, *shown, *([f"{bad} values are not finite"] if bad else []))
    return table
