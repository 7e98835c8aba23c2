"""``simulgenvae inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from simulgenvae.cli.console import show
from simulgenvae.cli.options import Arrays, Blocks, HdfAxes, HdfPath, Pattern
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from simulgenvae.data.readers import Source
    from simulgenvae.mesh.mesh import Mesh


def inspect(
    paths: Annotated[tuple[Path, ...], Parameter(required=False)] = (),
    /,
    *,
    path: HdfPath = None,
    axes: HdfAxes = None,
    displacement: bool = False,
    pattern: Pattern = None,
    block: Blocks = None,
    array: Arrays = None,
    params: Path | None = None,
) -> None:
    """Say what is in files of results or a table of parameters; nothing is stored.

    Runs, times, mesh, size and variables are shown; the ranges of variables are taken from the
    first good run.

    Parameters
    ----------
    paths
        What `ingest` reads: arrays, or a folder of runs. Without any, the formats are listed.
    displacement
        Take nodes that move, or differ between runs, by their numbers, as `ingest` does.
    params
        Table of parameters: what its columns are, as `ingest` reads it.
    """
    from simulgenvae.data.readers import RunPart, open_source

    if params is not None:
        _show_parameters(params)
    elif not paths:
        show(_formats())
    part = RunPart(
        path=path,
        axes=axes,
        arrays=array,
        displacement=displacement,
        pattern=pattern,
        blocks=block,
    )
    for file in paths:
        # Nothing else is read of most runs.
        with open_source(file, part, compare_all=True) as source:
            show(f"{file}:")
            for name, value in _facts(source).items():
                show(f"  {name:<10} {value}")
            for note in (*source.notes, *_unclear_axes(source)):
                show(f"  note: {note}")
            for problem in source.problems.values():
                show(Text.assemble("  ", ("bad", "red"), f": {problem}"))
            if len(source.problems) < source.shape[0]:
                show(_variables(source))
            # After the table: reading a run may add lines.
            for remark in source.remarks():
                show(f"  note: {remark}")


def _show_parameters(path: Path) -> None:
    """Show what the columns of a table are, and the notes on how it was read."""
    from simulgenvae.data.condition_files import read_condition_files
    from simulgenvae.data.names import listed

    read = read_condition_files(path)
    conditions = read.conditions.without_constants()
    show(f"{path}:")
    named = listed(conditions.ids) if read.has_ids else "no ids"
    show(f"  {'runs':<10} {len(conditions)}: {named}")
    table = Table("column", "unit", "is", "values")
    for column, (name, levels) in enumerate(zip(conditions.names, conditions.levels, strict=True)):
        values = conditions.table[:, column]
        shown = ", ".join(levels) or f"{values.min():g} to {values.max():g}"
        role = "category" if levels else "number"
        table.add_row(Text(name), Text(conditions.units[column]), role, Text(shown))
    for each in conditions.left_out:
        if each.value is not None:
            table.add_row(Text(each.name), "", "constant", Text(str(each.value)))
    for name, texts in conditions.carried:
        count = f"{len(set(texts))} different texts"
        table.add_row(Text(name), "", "carried along, not learned from", count)
    show(table)
    for note in read.notes:
        show(f"  note: {note}")


def _unclear_axes(source: Source) -> list[str]:
    """Return why `ingest` would refuse an array whose axes are not clear."""
    from simulgenvae.data.readers.axes import require_few_components

    if source.named_axes or len(source.shape) != 4 or "variables" in source.companions:
        return []
    try:
        require_few_components(source.path, source.shape[1:], "run,")
    except UserError as error:
        return [f"{error}; or name all variables (--variables)"]
    return []


def _formats() -> Table:
    """Return a table of the formats that can be read."""
    from simulgenvae.data.readers import ARRAY_FORMATS, RUN_FORMATS

    table = Table("files", "format", "holds", title="Formats", title_justify="left")
    for array in ARRAY_FORMATS.values():
        table.add_row(" ".join(array.suffixes or array.markers), array.name, "all runs")
    for run in RUN_FORMATS.values():
        several = "one run or several" if run.open_runs else "one run"
        held = several if run.open_timesteps is None else "one timestep"
        table.add_row(" ".join(run.suffixes) or "a folder", run.name, held)
    return table


def _facts(source: Source) -> dict[str, str]:
    """Return numbers of runs, timesteps and nodes, and the memory that they need."""
    from simulgenvae.data.names import listed
    from simulgenvae.data.readers.companions import texts
    from simulgenvae.utils.resources import megabytes

    runs, steps, nodes = source.shape[:3]
    # Python integers do not overflow, as a product of NumPy's would for large data.
    size = 4 * int(np.prod(source.shape, dtype=object))
    ids = texts([source], "ids")
    bad = len(source.problems)
    run_facts = f"{runs}"
    if ids:
        run_facts += f": {listed(ids)}"
    if bad:
        run_facts += f", {bad} of them bad"
    return {
        "runs": run_facts,
        "timesteps": f"{steps}{_span(source)}",
        "nodes": f"{nodes}{'' if source.mesh is None else _mesh(source.mesh)}",
        "memory": f"{megabytes(size)} in the study (float32, before compression), "
        f"{megabytes(size // runs)} a run",
    }


def _span(source: Source) -> str:
    from simulgenvae.data.readers.companions import texts
    from simulgenvae.data.units import with_unit

    times = source.companions.get("times")
    if times is None or not len(times):
        return ""
    unit = (texts([source], "time_unit") or ("",))[0]
    return f", {with_unit(f'{times[0]:g} to {times[-1]:g}', unit)}"


def _mesh(mesh: Mesh) -> str:
    from simulgenvae.data.units import with_unit

    if mesh.coords is None:
        return ""
    cells = ", ".join(f"{count} {name}" for name, count in mesh.cells.describe().items())
    low = mesh.coords.min(axis=0)
    high = mesh.coords.max(axis=0)
    box = " x ".join(f"{a:g} … {b:g}" for a, b in zip(low, high, strict=True))
    return f", {cells or 'no cells'}, in {with_unit(box, mesh.unit)}"


def _variables(source: Source) -> Table:
    """Return a table with the range of each variable in the first run that can be read."""
    from simulgenvae.data.readers.companions import texts

    # Runs that cannot be read are listed as problems above the table.
    run = min(set(range(source.shape[0])) - source.problems.keys())
    field = source.run(run)
    which = "the first run" if run == 0 else f"run {run}, the first good one"
    names = texts([source], "variables") or ("values",)
    # A field of unnamed values `[T, M·V]` cannot be divided into variables before the number of
    # nodes is known.
    columns = field.reshape(-1, field.shape[-1] if len(names) == field.shape[-1] else 1)
    units = texts([source], "units") or ("",) * len(names)
    table = Table("variable", "min", "max", "mean", title=f"of {which}", title_justify="left")
    for name, unit, values in zip(names, units, columns.T, strict=False):
        # One NaN would make all three numbers NaN.
        numbers = values[np.isfinite(values)]
        shown = ["-"] * 3
        if len(numbers):
            shown = [f"{each(numbers):.6g}" for each in (np.min, np.max, np.mean)]
        bad = len(values) - len(numbers)
        table.add_row(
            Text(quantity(name, unit)), *shown, *([f"{bad} values are not finite"] if bad else [])
        )
    never = int(np.count_nonzero(np.isnan(field.reshape(len(field), -1)).all(axis=0)))
    if never:
        table.caption = (
            f"{never} values of this run are missing (NaN) at all times: a mask, if all runs lack "
            "them at the same nodes"
        )
    return table
