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
from simulgenvae.cli.console import show, show_next
from simulgenvae.cli.groups import INPUT, OUTPUT, SOLVER
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import (
    Arrays,
    Blocks,
    Count,
    Geometry,
    HdfAxes,
    HdfPath,
    Names,
    Overrides,
    Pattern,
    Preset,
)
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from simulgenvae.data.readers import RunPart

_EXISTING = Group(validator=MutuallyExclusive(), show=False)  # type: ignore[no-untyped-call]


@Parameter(name="*", group=SOLVER)
@dataclass(frozen=True)
class SolverOptions:
    """Options that select a part of a solver's own files."""

    fields: Annotated[Names | None, Parameter(show_default="all")] = None
    """Fields, or components of them, separated by commas."""
    start: Annotated[float | None, Parameter(show_default="the first")] = None
    """First time to take."""
    end: Annotated[float | None, Parameter(show_default="the last")] = None
    """Last time to take."""
    every: Count = 1
    """Take every n-th timestep."""
    resample: Annotated[str | None, Parameter(show_default="the times of one run")] = None
    """Number of times of equal distance, or a file of times: linear in between."""
    box: Annotated[str | None, Parameter(show_default="all nodes")] = None
    """Nodes in xmin,xmax,ymin,ymax,zmin,zmax (as far as given; write --box=-1,1)."""
    nodes: Annotated[str | None, Parameter(show_default="all")] = None
    """Numbers of nodes to take, counted from 0: 0,5,17 or 0:99, or a file (.npy .csv .xlsx …)."""
    pattern: Pattern = None
    block: Blocks = None
    interpolate: bool = False
    """Bring runs on other meshes onto that of one."""
    displacement: bool = False
    """Nodes that move, or differ between runs: by number, with their displacement as a field."""
    geometry: Geometry = None
    reference: Annotated[str | None, Parameter(show_default="one like most")] = None
    """Run whose times, fields and mesh all have."""


def ingest(
    paths: Annotated[tuple[Path, ...], Parameter(required=True, name="STUDY SOURCE")],
    /,
    *,
    study: Annotated[Path | None, Parameter(name="--study", show=False)] = None,
    params: Annotated[Path | None, Parameter(group=INPUT, show_default="data.parameters")] = None,
    images: Annotated[Path | None, Parameter(group=INPUT, show_default="data.images")] = None,
    mesh: Annotated[Path | None, Parameter(group=INPUT)] = None,
    coords: Annotated[Path | None, Parameter(group=INPUT)] = None,
    times: Annotated[str | None, Parameter(group=INPUT, show_default="of the source")] = None,
    variables: Annotated[
        Names | None, Parameter(group=INPUT, show_default="names of the source")
    ] = None,
    units: Annotated[Names | None, Parameter(group=INPUT)] = None,
    time_unit: Annotated[str, Parameter(group=INPUT, show_default="of the source")] = "",
    length_unit: Annotated[str, Parameter(group=INPUT, show_default="of the source")] = "",
    split: Annotated[Path | None, Parameter(group=INPUT, show_default="by the seed")] = None,
    skip_bad: Annotated[bool, Parameter(group=INPUT)] = False,
    solver: SolverOptions = SolverOptions(),
    array: Arrays = None,
    axes: HdfAxes = None,
    path: HdfPath = None,
    overwrite: Annotated[bool, Parameter(group=(_EXISTING, OUTPUT))] = False,
    append: Annotated[bool, Parameter(group=(_EXISTING, OUTPUT))] = False,
    preset: Preset = 1,
    overrides: Overrides = (),
    messages: Messages = Messages(),
) -> None:
    """Read fields and parameters into a study.

    Parameters
    ----------
    paths
        Study folder, made when it does not exist; then files of arrays [N, T, M, V], or a folder
        with one run per entry, as solvers leave them. `simulgenvae inspect` lists the formats.
    study
        The study, where it is not the first argument.
    params
        Table with one row a run and an optional id column: .csv .xlsx (file.xlsx:Sheet) .parquet
        .json.
    images
        Folder with one image a run (.png .jpg), or CSV file id,file.
    coords
        Node coordinates [M, 1..3]: .npy .csv .txt .xlsx ….
    mesh
        Mesh with coordinates and cells: .vtu .vtk .msh .inp ….
    times
        Times [T]: 0,1,2.5 or 0:10:0.5 (first:last:step), or a file (.npy .csv .xlsx …).
    variables
        Names of the variables, separated by commas.
    units
        Units of the variables, separated by commas.
    time_unit
        Unit of the times.
    length_unit
        Unit of the coordinates.
    split
        CSV file with id,split (train, validation or test).
    skip_bad
        Leave out runs that cannot be used, and record that.
    overwrite
        Replace the data that the study has.
    append
        Add the runs to those that the study has.
    """
    folder, sources = _study_and_sources(paths, study)
    from simulgenvae.data.ingest.options import IngestOptions

    # The library has one choice instead of two flags that exclude each other.
    if_exists: Literal["fail", "replace", "append"] = "fail"
    if overwrite or append:
        if_exists = "append" if append else "replace"
    target = simulgenvae.Study(folder)
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
    words = ("run", "timestep", "node", "variable")
    counts = (count(size, word) for size, word in zip(dataset.shape, words, strict=True))
    show(f"{target.dataset}: {', '.join(counts)}")
    show_next(f"check {target.folder}")


def _study_and_sources(
    paths: tuple[Path, ...], study: Path | None
) -> tuple[Path, tuple[Path, ...]]:
    """Return the study folder and what is read; older command lines have ``--study``."""
    if study is not None:
        return study, paths
    folder, *sources = paths
    if not sources:
        raise UserError(
            f"{folder}: give the study folder first, and then what is read into it: simulgenvae "
            f"ingest STUDY {folder}"
        )
    if folder.is_file():
        raise UserError(f"{folder}: this is a file; the study folder is the first argument")
    return folder, tuple(sources)


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
    if solver.geometry is not None and (solver.displacement or solver.interpolate):
        raise UserError(
            "--geometry keeps the mesh of each run, --interpolate and --displacement do not: give "
            "one of them."
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
        geometry=solver.geometry,
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
