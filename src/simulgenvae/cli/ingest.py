"""``simulgenvae ingest``.

Tested in tests/cli/test_commands.py, tests/cli/test_ingest_solver_files.py and
tests/cli/test_ingest_hdf5.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import MutuallyExclusive

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.options import (
    Arrays,
    Blocks,
    Count,
    HdfAxes,
    HdfPath,
    Names,
    Overrides,
    Pattern,
    Preset,
)
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from simulgenvae.data.readers import RunPart

_EXISTING = Group(validator=MutuallyExclusive())  # type: ignore[no-untyped-call]


@Parameter(name="*", group="A solver's own files")
@dataclass(frozen=True)
class SolverOptions:
    """Options that select a part of a solver's own files."""

    fields: Names | None = None
    """Fields, or components of them, separated by commas (default: all)."""
    start: float | None = None
    """First time to take."""
    end: float | None = None
    """Last time to take."""
    every: Count = 1
    """Take every n-th timestep."""
    resample: str | None = None
    """Number of times of equal distance, or a file of times: linear in between."""
    box: str | None = None
    """Nodes in xmin,xmax,ymin,ymax,zmin,zmax (as far as given; write --box=-1,1)."""
    nodes: str | None = None
    """Numbers of nodes to take, counted from 0: 0,5,17 or 0:99, or a file (.npy .csv .xlsx …)."""
    pattern: Pattern = None
    block: Blocks = None
    interpolate: bool = False
    """Bring runs on other meshes onto that of one."""
    displacement: bool = False
    """Nodes that move, or differ between runs: by number, with their displacement as a field."""
    reference: str | None = None
    """Run whose times, fields and mesh all have (default: one like most)."""


def ingest(
    sources: Annotated[tuple[Path, ...], Parameter(required=True)],
    /,
    *,
    study: Path,
    solver: SolverOptions = SolverOptions(),
    path: HdfPath = None,
    axes: HdfAxes = None,
    array: Arrays = None,
    params: Path | None = None,
    images: Path | None = None,
    coords: Path | None = None,
    mesh: Path | None = None,
    times: str | None = None,
    variables: Names | None = None,
    units: Names | None = None,
    time_unit: str = "",
    length_unit: str = "",
    split: Path | None = None,
    skip_bad: bool = False,
    overwrite: Annotated[bool, Parameter(group=(_EXISTING, "Parameters"))] = False,
    append: Annotated[bool, Parameter(group=(_EXISTING, "Parameters"))] = False,
    preset: Preset = 1,
    overrides: Overrides = (),
) -> None:
    """Read fields and parameters into a study.

    Parameters
    ----------
    sources
        Files of arrays [N, T, M, V], or a folder with one run per entry, as solvers leave them.
        `simulgenvae inspect` lists the formats.
    study
        Study folder; made when it does not exist.
    params
        Table with one row a run and an optional id column: .csv .xlsx (file.xlsx:Sheet) .parquet
        (default: data.parameters).
    images
        Folder with one image a run (.png .jpg), or CSV file id,file (default: data.images).
    coords
        Node coordinates [M, 1..3]: .npy .csv .txt .xlsx ….
    mesh
        Mesh with coordinates and cells: .vtu .vtk .stl ….
    times
        Times [T]: 0,1,2.5 or 0:10:0.5 (first:last:step), or a file (.npy .csv .xlsx …).
    variables
        Names, separated by commas.
    units
        Units, separated by commas.
    time_unit
        Unit of the times (default: what the files say).
    length_unit
        Unit of the coordinates (default: what the files say).
    split
        CSV file with id,split (train, validation or test).
    skip_bad
        Leave out runs that cannot be used, and record that.
    overwrite
        Replace the data that the study has.
    append
        Add the runs to those that the study has.
    """
    from simulgenvae.data.ingest.options import IngestOptions

    # The library has one choice instead of two flags that exclude each other.
    if_exists: Literal["fail", "replace", "append"] = "fail"
    if overwrite or append:
        if_exists = "append" if append else "replace"
    target = simulgenvae.Study(study)
    dataset = target.ingest(
        sources,
        IngestOptions(
            params=params,
            images=images,
            coords=coords,
            mesh=mesh,
            times=times,
            variables=variables,
            units=units,
            time_unit=time_unit,
            length_unit=length_unit,
            selection=_selection(solver, path, axes, array),
            split=split,
            skip_bad=skip_bad,
            if_exists=if_exists,
        ),
        settings=target.read_settings(preset=preset, overrides=overrides),
    )
    runs, timesteps, nodes, count = dataset.shape
    show(f"{target.dataset}: {runs} runs, {timesteps} timesteps, {nodes} nodes, {count} variables")
    show(f"Next: simulgenvae check {target.folder}")


def _selection(
    solver: SolverOptions,
    path: str | None,
    axes: tuple[str, ...] | None,
    arrays: tuple[str, ...] | None,
) -> RunPart | None:
    """Return the part of a solver's own files that is read; None for everything."""
    from simulgenvae.data.ingest.coordinates import read_node_numbers
    from simulgenvae.data.readers import RunPart

    # Both would be a choice of timesteps, and one would silently lose.
    if solver.resample is not None and solver.every != 1:
        raise UserError("--every takes timesteps, and --resample makes its own: give one of them.")
    if solver.displacement and solver.interpolate:
        raise UserError(
            "--interpolate moves nodes, --displacement takes them by their numbers: "
            "give one of them."
        )
    nodes = None if solver.nodes is None else tuple(read_node_numbers(solver.nodes).tolist())
    part = RunPart(
        fields=solver.fields,
        start=solver.start,
        end=solver.end,
        every=solver.every,
        resample=None if solver.resample is None else _resample(solver.resample),
        box=None if solver.box is None else _box(solver.box),
        nodes=nodes,
        reference=solver.reference,
        interpolate=solver.interpolate,
        displacement=solver.displacement,
        pattern=solver.pattern,
        blocks=solver.block,
        path=path,
        axes=axes,
        arrays=arrays,
    )
    # None instead of a part with defaults: arrays have no such parts, and refuse them.
    return None if part == RunPart() else part


def _resample(given: str) -> int | tuple[float, ...]:
    from simulgenvae.data.ingest.coordinates import read_times

    if given.isdecimal() and int(given) > 0:
        return int(given)
    return tuple(read_times(given).values.tolist())


def _box(given: str) -> tuple[float, ...]:
    from simulgenvae.data.csv_table import number

    limits = [number(part.strip()) for part in given.split(",")]
    box = tuple(limit for limit in limits if limit is not None)
    # One, two or three axes; an odd number of limits is a typing mistake.
    complete = len(box) == len(limits) and len(box) in {2, 4, 6}
    if not complete or any(low > high for low, high in zip(box[::2], box[1::2], strict=True)):
        raise UserError(
            f"--box is {given!r}: give xmin,xmax, and as needed ymin,ymax and zmin,zmax."
        )
    return box
