"""``simulgenvae inspect``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from simulgenvae.cli.console import show
from simulgenvae.cli.groups import INPUT, SOLVER
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import Arrays, Blocks, Geometry, HdfAxes, HdfPath, Pattern
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from simulgenvae.data.readers import Source


@dataclass(frozen=True)
class VariableRange:
    """Values of one variable in the first good run; null where none is finite."""

    name: str
    unit: str
    """Unit; empty where the files have none."""
    minimum: float | None
    maximum: float | None
    mean: float | None
    not_finite: int
    """Number of values that are not finite."""


@dataclass(frozen=True)
class InspectedSource:
    """Content of one file, or of a folder of runs."""

    path: Path
    runs: int
    ids: tuple[str, ...]
    """Ids of the runs; empty where the files have none."""
    bad_runs: dict[int, str]
    """Faults of runs, by their numbers from 0."""
    timesteps: int
    times: tuple[float, float] | None
    """First and last time, where they are known."""
    time_unit: str
    """Unit of the times; empty where the files have none."""
    nodes: int
    cells: dict[str, int]
    """Number of cells by kind; empty where there is no mesh."""
    sets: dict[str, int]
    """Number of nodes of each named set; empty where there are none."""
    box: tuple[tuple[float, float], ...]
    """Lowest and highest coordinate in each direction."""
    length_unit: str
    """Unit of the coordinates; empty where the files have none."""
    bytes: int
    """Memory in the study, as float32 before compression."""
    run_of_variables: int | None
    """Number of the run that the ranges are of; null where no run is good."""
    variables: tuple[VariableRange, ...]
    missing_values: int
    """Values of that run that are missing (NaN) at all times."""
    notes: tuple[str, ...]
    """Further remarks on the content."""


@dataclass(frozen=True)
class InspectResult:
    """Result of an inspection, as ``--json`` prints it."""

    sources: tuple[InspectedSource, ...]


def inspect(
    paths: Annotated[tuple[Path, ...], Parameter(required=False, name="SOURCE")] = (),
    /,
    *,
    pattern: Pattern = None,
    block: Blocks = None,
    displacement: Annotated[bool, Parameter(group=SOLVER)] = False,
    geometry: Geometry = None,
    array: Arrays = None,
    axes: HdfAxes = None,
    path: HdfPath = None,
    params: Annotated[Path | None, Parameter(group=INPUT)] = None,
    json: Json = False,
    messages: Messages = Messages(),
) -> None:
    """Say what is in files of results or a table of parameters; nothing is stored.

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
        geometry=geometry,
        pattern=pattern,
        blocks=block,
    )
    found = []
    for file in paths:
        # Nothing else is read of most runs.
        with open_source(file, part, compare_all=True) as source:
            inspected = _inspected(source, file)
        _show(inspected)
        found.append(inspected)
    if json:
        print_json(InspectResult(tuple(found)))


def _show(source: InspectedSource) -> None:
    """Print what was found as lines and a table."""
    show(f"{source.path}:")
    for name, value in _facts(source).items():
        show(f"  {name:<10} {value}")
    for problem in source.bad_runs.values():
        show(Text.assemble("  ", ("bad", "red"), f": {problem}"))
    if source.run_of_variables is not None:
        show(_variables(source))
    for note in source.notes:
        show(f"  note: {note}")


def _inspected(source: Source, path: Path) -> InspectedSource:
    """Return what is in an open source."""
    from simulgenvae.data.readers.companions import texts

    runs, steps, nodes = source.shape[:3]
    times = source.companions.get("times")
    coords = None if source.mesh is None else source.mesh.coords
    # Runs that cannot be read are problems.
    good = sorted(set(range(runs)) - source.problems.keys())
    ranges, missing = _ranges(source, good[0]) if good else ((), 0)
    return InspectedSource(
        path=path,
        runs=runs,
        ids=tuple(texts([source], "ids") or ()),
        bad_runs=dict(source.problems),
        timesteps=steps,
        times=None if times is None or not len(times) else (float(times[0]), float(times[-1])),
        time_unit=(texts([source], "time_unit") or ("",))[0],
        nodes=nodes,
        cells={} if source.mesh is None else source.mesh.cells.describe(),
        sets={} if source.mesh is None else source.mesh.sets.sizes(),
        box=()
        if coords is None
        else tuple(zip(coords.min(axis=0).tolist(), coords.max(axis=0).tolist(), strict=True)),
        length_unit="" if source.mesh is None else source.mesh.unit,
        # NumPy's integers would overflow for large data.
        bytes=4 * math.prod(map(int, source.shape)),
        run_of_variables=good[0] if good else None,
        variables=ranges,
        missing_values=missing,
        # The last ones come from reading a run.
        notes=(*source.notes, *_unclear_axes(source), *source.remarks()),
    )


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


def _facts(source: InspectedSource) -> dict[str, str]:
    """Return numbers of runs, timesteps and nodes, and the memory that they need, as texts."""
    from simulgenvae.data.names import listed
    from simulgenvae.data.units import with_unit
    from simulgenvae.mesh.node_sets import described
    from simulgenvae.utils.resources import megabytes

    runs = f"{source.runs}"
    if source.ids:
        runs += f": {listed(source.ids)}"
    if source.bad_runs:
        runs += f", {len(source.bad_runs)} of them bad"
    span = ""
    if source.times is not None:
        span = f", {with_unit('{:g} to {:g}'.format(*source.times), source.time_unit)}"
    sets = {"sets": described(source.sets)} if source.sets else {}
    return {
        "runs": runs,
        "timesteps": f"{source.timesteps}{span}",
        "nodes": f"{source.nodes}{_mesh(source)}",
        **sets,
        "memory": f"{megabytes(source.bytes)} in the study (float32, before compression), "
        f"{megabytes(source.bytes // source.runs)} a run",
    }


def _mesh(source: InspectedSource) -> str:
    from simulgenvae.data.units import with_unit

    if not source.box:
        return ""
    cells = ", ".join(f"{count} {name}" for name, count in source.cells.items())
    box = " x ".join(f"{low:g} … {high:g}" for low, high in source.box)
    return f", {cells or 'no cells'}, in {with_unit(box, source.length_unit)}"


def _ranges(source: Source, run: int) -> tuple[tuple[VariableRange, ...], int]:
    """Return the ranges of the variables in one run, and how many values it never has."""
    # Imported here, as help does without it.
    import numpy as np

    from simulgenvae.data.readers.companions import texts

    field = source.run(run)
    names = texts([source], "variables") or ("values",)
    # A field of unnamed values `[T, M·V]` cannot be divided into variables before the number of
    # nodes is known.
    columns = field.reshape(-1, field.shape[-1] if len(names) == field.shape[-1] else 1)
    units = texts([source], "units") or ("",) * len(names)
    ranges = []
    for name, unit, values in zip(names, units, columns.T, strict=False):
        # One NaN would make all three numbers NaN.
        numbers = values[np.isfinite(values)]
        low = high = mean = None
        if len(numbers):
            low = float(numbers.min())
            high = float(numbers.max())
            mean = float(numbers.mean())
        ranges.append(VariableRange(name, unit, low, high, mean, len(values) - len(numbers)))
    never = int(np.count_nonzero(np.isnan(field.reshape(len(field), -1)).all(axis=0)))
    return tuple(ranges), never


def _variables(source: InspectedSource) -> Table:
    """Return a table with the range of each variable."""
    run = source.run_of_variables
    which = "the first run" if run == 0 else f"run {run}, the first good one"
    table = Table("variable", "min", "max", "mean", title=f"of {which}", title_justify="left")
    for each in source.variables:
        numbers = (each.minimum, each.maximum, each.mean)
        shown = ["-" if number is None else f"{number:.6g}" for number in numbers]
        bad = each.not_finite
        table.add_row(
            Text(quantity(each.name, each.unit)),
            *shown,
            *([f"{bad} values are not finite"] if bad else []),
        )
    if source.missing_values:
        table.caption = (
            f"{source.missing_values} values of this run are missing (NaN) at all times: a mask, "
            "if all runs lack them at the same nodes"
        )
    return table
