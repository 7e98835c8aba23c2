"""Files with fields and what belongs to them, brought together into the metadata of a dataset.

Tested in tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.common_sets import cut_sets
from simulgenvae.data.ingest.coordinates import Numbers, read_times
from simulgenvae.data.ingest.joint_mesh import common_mesh_of, mesh_of, motion_of
from simulgenvae.data.matching import match_conditions
from simulgenvae.data.metadata import Metadata, check_times, default_variables
from simulgenvae.data.names import prefix_errors
from simulgenvae.data.readers import RunPart, Source, open_source
from simulgenvae.data.readers.array_layout import ArrayLayout, find_layout
from simulgenvae.data.readers.array_positions import with_positions
from simulgenvae.data.readers.axes import MOST_COMPONENTS
from simulgenvae.data.readers.companions import companion, texts
from simulgenvae.data.units import plain_unit, require_same_unit
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.ingest.options import IngestOptions
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
    mesh, said = mesh_of(sources, options)
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
        common=common_mesh_of(sources, options, layout, mesh),
        motion=motion_of(sources, names),
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
