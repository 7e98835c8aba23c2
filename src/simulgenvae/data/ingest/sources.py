"""Files with fields and what belongs to them, brought together into the metadata of a dataset.

Tested in tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.common_sets import OtherSets, common_sets, cut_sets
from simulgenvae.data.ingest.coordinates import Numbers, read_mesh, read_numbers, read_times
from simulgenvae.data.matching import match_conditions
from simulgenvae.data.metadata import Metadata, check_times, default_variables
from simulgenvae.data.names import prefix_errors
from simulgenvae.data.readers import RunPart, Source, open_source
from simulgenvae.data.readers.array_layout import ArrayLayout, find_layout
from simulgenvae.data.readers.array_positions import with_positions
from simulgenvae.data.readers.axes import MOST_COMPONENTS
from simulgenvae.data.readers.companions import companion, texts
from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.units import plain_unit, require_same_unit
from simulgenvae.data.values import to_stored
from simulgenvae.errors import UserError
from simulgenvae.geometry import restore_common_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import described
from simulgenvae.utils.progress import WorkLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.ingest.options import IngestOptions
    from simulgenvae.data.precision import Precision
    from simulgenvae.geometry import CommonMesh
    from simulgenvae.settings import DataSettings


class Description(NamedTuple):
    """Layout of the fields in their files, metadata of the dataset, and notes for the user."""

    layout: ArrayLayout
    metadata: Metadata
    notes: list[str]


def open_sources(
    paths: Sequence[Path],
    stack: ExitStack,
    selection: RunPart | None = None,
    coords: Path | None = None,
) -> list[Source]:
    """Open files with fields; they are closed when ``stack`` is left.

    ``coords`` are given by the user, and may have the positions of the nodes of each run.

    Raises UserError where one of them cannot be read, and for an empty list.
    """
    if not paths:
        raise UserError("no files with fields are given")
    opened = [stack.enter_context(open_source(path, selection)) for path in paths]
    return with_positions(opened, coords, None if selection is None else selection.common)


def describe_sources(
    sources: Sequence[Source],
    options: IngestOptions,
    settings: DataSettings,
    stored: Metadata | None = None,
) -> Description:
    """Return the layout of the fields, the metadata of their dataset, and notes for the user.

    Metadata come from ``options``, else from the files, else from the dataset ``stored`` to which
    the runs will be appended. Raises UserError naming file, run or key for anything that is wrong
    or does not agree.
    """
    first = sources[0].path
    notes: list[str] = []
    for source in sources:
        notes += source.notes
    names = _names(sources, options, stored)
    mesh, said = _mesh(sources, options)
    notes += said
    mesh = mesh.with_unit(
        _unit(
            sources,
            "length_unit",
            options.length_unit,
            mesh.unit,
            None if stored is None else stored.mesh.unit,
        )
    )
    # Only a mesh that comes with these files says how many nodes their fields have: a stored one
    # may cover a part of the nodes (node_start, node_end).
    nodes = None if mesh.coords is None else len(mesh.coords)
    named_axes = all(source.named_axes for source in sources)
    layout = find_layout(
        first,
        _joint_shape(sources),
        settings,
        names,
        nodes,
        named_axes=named_axes,
    )
    if not named_axes and nodes is None and options.times is None:
        notes += _square(sources[0])
    conditions, matching = match_conditions(
        sources,
        options.params,
        options.images,
        settings,
        layout.runs,
        None if stored is None else stored.conditions,
    )
    if stored is None:
        conditions = _learnable(conditions)
    matching += _said(conditions)
    # Checked before it is cut: files have the mesh of all nodes.
    with prefix_errors(options.mesh or options.coords or first):
        mesh.check(layout.nodes)
    whole = mesh
    mesh = mesh.at(np.arange(layout.first_node, layout.end_node))
    notes += cut_sets(whole.sets, mesh.sets)
    names = names or default_variables(layout.variables)
    times, time_unit = _times(sources, options.times, layout, stored)
    metadata = Metadata(
        ids=conditions.ids,
        times=times,
        time_unit=_unit(
            sources,
            "time_unit",
            options.time_unit,
            time_unit,
            None if stored is None else stored.time_unit,
        ),
        nodes=layout.end_node - layout.first_node,
        mesh=stored.mesh if stored is not None and mesh.coords is None else mesh,
        variables=names,
        units=_units(sources, options, stored) or ("",) * len(names),
        conditions=conditions,
        offsets=None if stored is None else stored.offsets,
        common=_common_mesh(sources, options, layout, mesh),
        motion=_motion(sources, names),
    )
    return Description(layout, metadata, [*notes, *matching])


def _learnable(conditions: Conditions) -> Conditions:
    """Return the conditions without constants; UserError where nothing would be left."""
    varying = conditions.without_constants()
    if conditions.names and not varying.names and varying.images is None:
        raise UserError(
            f"constant parameters {', '.join(conditions.names)}: they are the same in all "
            f"{len(conditions)} runs, so nothing can be learned from them"
        )
    return varying


def _said(conditions: Conditions) -> list[str]:
    """Return notes on columns that are no numbers, and on those that are left out."""
    notes = []
    for name, levels in zip(conditions.names, conditions.levels, strict=True):
        if levels:
            notes.append(f"parameter {name!r} is a category: {', '.join(levels)}")
    constants = [each for each in conditions.left_out if each.value is not None]
    if constants:
        columns = ", ".join(map(str, constants))
        notes.append(f"left out of the parameters, as nothing can be learned from it: {columns}")
    return notes


def read_runs(
    sources: Sequence[Source], layout: ArrayLayout, metadata: Metadata, precision: Precision
) -> Iterator[PlacedRun | UserError]:
    """Yield the field `[T, M, V]` of one run after the other, less the offsets of ``metadata``.

    Where runs have meshes of their own, each comes with its geometry.

    ``precision`` counts all of them.
    In the place of a run that cannot be read, or holds no numbers, comes the UserError that says
    why: the caller decides whether bad runs are left out.
    """
    ids = metadata.ids
    rows: list[tuple[Source, int]] = []
    for source in sources:
        rows += ((source, index) for index in range(source.shape[0]))
    with WorkLog(transient=True) as log:
        log.start("Reading runs", len(rows))
        for done, (name, (source, index)) in enumerate(zip(ids, rows, strict=True)):
            log.step(done)
            try:
                where = f"{source.path}, run {name!r}"
                # The run is bound to no variable, which would keep it in memory while the next one
                # is read.
                yield _stored(source.placed_run(index), layout, metadata, precision, where)
            except UserError as error:
                yield error


def _stored(
    run: PlacedRun, layout: ArrayLayout, metadata: Metadata, precision: Precision, where: str
) -> PlacedRun:
    """Return a run as it is stored."""
    fields = precision.counted(layout.cut(run.fields))
    geometry = run.geometry
    if geometry is not None and geometry.own is not None:
        own = geometry.own.fields[: layout.used_steps]
        # As it is stored already, most often: a copy would be one more run in memory.
        if own.dtype != np.float32 or metadata.offsets is not None:
            own = to_stored(own, metadata.offsets, where)
        geometry = geometry._replace(own=geometry.own._replace(fields=own))
    return PlacedRun(to_stored(fields, metadata.offsets, where), geometry)


def _square(source: Source) -> list[str]:
    """Return a note on an array `[N, k, k]`, which is more often a steady grid than a transient."""
    square = len(source.shape) == 3 and source.shape[1] == source.shape[2] > MOST_COMPONENTS
    if not square or "times" in source.companions:
        return []
    steps = source.shape[1]
    return [
        f"{source.path}: read as {steps} timesteps of {steps} nodes. If that is a grid of {steps} "
        f"x {steps} nodes at one time, ingest it again with --axes run,y,x"
    ]


def _joint_shape(sources: Sequence[Source]) -> tuple[int, ...]:
    first = sources[0]
    for source in sources[1:]:
        if source.shape[1:] != first.shape[1:]:
            raise UserError(
                f"{source.path}: one run has the shape {source.shape[1:]}, but {first.shape[1:]} "
                f"in {first.path}: all runs must have the same timesteps and nodes"
            )
    return (sum(source.shape[0] for source in sources), *first.shape[1:])


def _names(
    sources: Sequence[Source], options: IngestOptions, stored: Metadata | None
) -> tuple[str, ...] | None:
    if options.variables:
        return _with_motion(options.variables, sources[0].motion)
    return texts(sources, "variables") or (None if stored is None else stored.variables)


def _with_motion(names: Sequence[str], motion: Sequence[str]) -> tuple[str, ...]:
    """Return the given names, which may be those of the files alone, with those of the motion."""
    return (*names, *(name for name in motion if name not in names))


def _units(
    sources: Sequence[Source], options: IngestOptions, stored: Metadata | None
) -> tuple[str, ...] | None:
    if options.units:
        motion = sources[0].motion
        # Units are given for the variables of the files.
        is_whole = len(options.units) == len(_names(sources, options, stored) or ())
        return (*options.units, *([] if is_whole else [options.length_unit] * len(motion)))
    return texts(sources, "units") or (None if stored is None else stored.units)


def _mesh(sources: Sequence[Source], options: IngestOptions) -> tuple[Mesh, list[str]]:
    """Return the mesh of all sources, and notes for the user."""
    if options.mesh is not None:
        if options.coords is not None:
            raise UserError(
                f"{options.mesh}: a mesh has its own coordinates and cells: give either it or "
                "coordinates"
            )
        mesh = read_mesh(options.mesh)
        named = [f"sets of nodes: {described(mesh.sets.sizes())}"] if mesh.sets else []
        return mesh, [f"{options.mesh}: {remark}" for remark in (*mesh.remarks, *named)]
    is_given = all(source.common is None and not source.motion for source in sources)
    if options.coords is not None and is_given:
        coords, unit = read_numbers(options.coords)
        return Mesh(coords, unit=unit), []
    meshes = [source.mesh for source in sources if source.mesh is not None]
    if meshes:
        # Values belong to nodes by their number, so all files must number them alike.
        for source in sources:
            if source.mesh is not None and not meshes[0].same_as(source.mesh):
                raise UserError(f"{source.path}: its mesh is not that of {sources[0].path}")
        # Files of arrays have no sets, and still belong to the mesh.
        named_sets = [
            OtherSets(str(source.path), source.mesh.sets)
            for source in sources
            if source.mesh is not None and source.mesh.sets
        ]
        if not named_sets:
            return meshes[0], []
        sets, notes = common_sets(named_sets[0].sets, named_sets[1:])
        return meshes[0].with_sets(sets), notes
    found = companion(sources, "coords")
    return Mesh(None if found is None else found[1]), []


def _common_mesh(
    sources: Sequence[Source], options: IngestOptions, layout: ArrayLayout, mesh: Mesh
) -> CommonMesh | None:
    """Return the way in which runs with meshes of their own share one; None where all have it.

    Raises UserError where only a part of the sources has such runs, or a part of the nodes is used.
    """
    found = [source.common for source in sources if source.common is not None]
    if not found:
        return None
    if len(found) < len(sources) or not all(found[0].mesh.same_as(each.mesh) for each in found):
        raise UserError(
            f"{sources[1].path}: runs with meshes of their own are read from one folder: put all "
            "of them there"
        )
    if options.mesh is not None:
        raise UserError(f"{options.mesh}: the runs have meshes of their own: leave out --mesh")
    if (layout.first_node, layout.end_node) != (0, layout.nodes):
        raise UserError(
            "node_start and node_end (Dim3_start, Dim3_end) are for runs with one mesh: leave them "
            "out"
        )
    return restore_common_mesh(found[0].to_record(), mesh)


def _motion(sources: Sequence[Source], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the variables by which nodes move; none where they stay.

    Raises UserError where only a part of the sources has a mesh that moves.
    """
    motion = sources[0].motion
    for source in sources:
        if source.motion != motion:
            raise UserError(
                f"{source.path}: its mesh {'moves' if source.motion else 'does not move'} in time "
                f"by {', '.join(source.motion or motion)}, as that of {sources[0].path} does "
                f"{'not' if source.motion else ''}".rstrip()
            )
    # The user may name all variables anew.
    known = texts(sources, "variables") or names
    return tuple(names[known.index(name)] for name in motion)


def _times(
    sources: Sequence[Source],
    given: Path | str | None,
    layout: ArrayLayout,
    stored: Metadata | None,
) -> Numbers:
    found = companion(sources, "times")
    unit = ""
    if given is not None:
        values, unit = read_times(given)
        found = (Path(given), values)
    if found is None and stored is not None:
        if len(stored.times) != layout.used_steps:
            raise UserError(
                f"{sources[0].path}: {layout.used_steps} timesteps, but the study has "
                f"{len(stored.times)}"
            )
        return Numbers(stored.times, stored.time_unit)
    if found is None:
        return Numbers(np.arange(layout.used_steps, dtype=np.float64))
    # Given for all timesteps of the files, and cut as the fields are (first_timesteps).
    path, values = found
    if values.shape != (layout.steps,):
        raise UserError(
            f"{path}: times of the shape {values.shape}, but the fields have {layout.steps} "
            "timesteps"
        )
    with prefix_errors(path):
        check_times(values)
    return Numbers(values[: layout.used_steps], unit)


def _unit(
    sources: Sequence[Source], key: str, given: str, in_table: str, stored: str | None
) -> str:
    """Return the unit of times or positions, as the user, a table, the files or the study say.

    Raises UserError where two of them differ, except for one that the user gives.
    """
    if given:
        return plain_unit(given)
    found = texts(sources, key) or ("",)
    for one, other in ((in_table, found[0]), (in_table or found[0], stored or "")):
        require_same_unit(key.replace("_unit", ""), one, other, str(sources[0].path))
    return in_table or found[0] or stored or ""
