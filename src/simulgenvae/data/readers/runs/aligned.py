"""Alignment of runs: the same variables at the same times on one mesh, as one source of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.common import find_common
from simulgenvae.data.readers.runs.motion import find_motion
from simulgenvae.data.readers.runs.own_geometry import own_geometries
from simulgenvae.data.readers.runs.remembered import Remembered
from simulgenvae.data.readers.runs.survey import Survey, survey
from simulgenvae.data.readers.runs.times import Timed
from simulgenvae.data.readers.source import PlacedRun, Source
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.prediction_labels import PredictionLabels
    from simulgenvae.data.readers.runs.series import RunPart, Series

_PREDICTED = "the runs are predictions of a surrogate, not results of a solver"
COMPARED = 8
"""Number of runs whose fields and positions are compared before any is read."""
MOST_NOTES = 10
"""Number of different notes of runs that are shown."""


def aligned(
    path: Path,
    runs: Mapping[str, Callable[[], Series]],
    part: RunPart,
    *,
    compare_all: bool = False,
) -> Source:
    """Return runs as one source of fields.

    Parameters
    ----------
    path
        File or folder of the runs, for messages.
    runs
        Functions that open the runs, by their names.
    part
        Part of each run to read.
    compare_all
        Whether the fields and positions of all runs are compared before any is read; otherwise
        of :data:`COMPARED` runs. Every run is checked when it is read.

    Returns
    -------
    Source
        Its ``problems`` say why runs cannot be used, as far as their times show that; others
        raise UserError when they are read.

    Raises
    ------
    UserError
        When the reference that ``part`` names does not exist, or no run can be the reference.
    """
    # A run is opened for its times here, and again when it is read: VTK's readers keep their last
    # timestep, and all runs together would not fit into memory.
    known: dict[str, Timed] = {}
    surveys: dict[str, Survey] = {}
    problems: dict[str, str] = {}
    notes = RunNotes()
    remembered = Remembered()
    # Surveys of all runs would make reading slower; the others are checked when they are read.
    every = 1 if compare_all else -(-len(runs) // COMPARED)
    due = 0
    like: NDArray[Any] | None = None
    for number, (name, opened) in enumerate(runs.items()):
        try:
            series = opened().at(part)
            # Evenly spread; where one of these runs cannot be opened, the next one takes its place.
            if number >= due or name == part.reference:
                # Where all runs are compared, none is read.
                if not compare_all:
                    series = remembered.recording(name, series)
                # Where the first one stays in between, so do the others.
                only_between = any(run.moved.any() for run in surveys.values())
                surveys[name] = survey(series, like, look_between=not surveys or only_between)
                remembered.keep(name, series)
                like = surveys[name].coords if like is None else like
                due = number + every
            known[name] = Timed(series.path, series.times, series.time_unit)
            notes.add(name, series.notes())
        except UserError as error:
            problems[name] = str(error)

    def open_moving(name: str) -> Series:
        return remembered.get(name) or runs[name]().at(part)

    motion = find_motion(surveys, open_moving, part)
    if motion is not None:
        surveys = motion.surveyed(surveys, open_moving, problems)
        part = motion.added(part)

    def open_run(name: str) -> Series:
        return open_moving(name) if motion is None else motion.at_rest(open_moving(name))

    common = find_common(open_run, list(runs), known, surveys, problems, part)
    compared = {n: run for n, run in surveys.items() if n not in problems}
    common.compare_sets(open_run, compared)
    placing = None
    if common.meshes_differ:
        usable = [name for name in known if name not in problems]
        placing = own_geometries(common, open_run, usable, compared, part, problems)
    for name, run in known.items():
        try:
            common.require_times(run)
        except UserError as error:
            problems.setdefault(name, str(error))
    # Values and damage show only when a run is read, which costs as much as ingesting it.
    names = list(runs)

    def open_unchanged(run: int) -> Series:
        if names[run] in problems:
            raise UserError(problems[names[run]])
        series = open_run(names[run])
        # What was read to compare it is not needed again, and takes memory.
        remembered.forget(names[run])
        # Between other times than those that are gone, values would be interpolated.
        if not np.array_equal(series.times, known[names[run]].times):
            raise UserError(
                f"{series.path}: its files have changed meanwhile: it has "
                f"{count(len(series.times), 'timestep')} now and had "
                f"{len(known[names[run]].times)}; start again when nothing writes into it"
            )
        return series

    def read(run: int) -> NDArray[np.floating]:
        return common.read(names[run], open_unchanged(run))

    def read_placed(run: int) -> PlacedRun:
        assert placing is not None
        return placing.read(names[run], open_unchanged(run))

    def remarks() -> Iterator[str]:
        yield from () if motion is None else [str(motion)]
        yield from common.remarks()
        yield from () if placing is None else placing.remarks()

    labels = _labels(open_run, known, surveys, problems)
    mesh = common.mesh if placing is None else placing.common.mesh
    nodes = common.nodes if placing is None else placing.common.nodes
    companions: dict[str, NDArray[Any]] = {
        "ids": np.array(_ids(names, labels)),
        "times": common.times,
        "variables": np.array(list(common.variables)),
    }
    if any(common.units):
        companions["units"] = np.array(common.units)
    if labels and not mesh.unit:
        mesh = mesh.with_unit(next(iter(labels.values())).length_unit)
    time_unit = common.reference.unit
    if labels and not time_unit:
        time_unit = next(iter(labels.values())).time_unit
    if time_unit:
        companions["time_unit"] = np.array(time_unit)
    companions |= _parameters([labels[name] for name in names if name in labels], len(names))
    return Source(
        path,
        (len(names), len(common.times), nodes, len(common.variables)),
        np.dtype(np.float32),
        read,
        companions,
        notes=(*([f"{path}: {_PREDICTED}"] if labels else []), *notes.lines()),
        mesh=mesh,
        problems={index: problems[name] for index, name in enumerate(names) if name in problems},
        remarks=remarks,
        common=None if placing is None else placing.common,
        read_placed=None if placing is None else read_placed,
        motion=common.displacement if motion is None else motion.variables,
    )


def _labels(
    open_run: Callable[[str], Series],
    known: Mapping[str, Timed],
    surveys: Mapping[str, Survey],
    problems: dict[str, str],
) -> dict[str, PredictionLabels]:
    """Return the labels of each predicted design; none unless all compared runs have them."""
    if not surveys or any(run.labels is None for run in surveys.values()):
        return {}
    found: dict[str, PredictionLabels] = {}
    for name in known:
        try:
            # The labels are with the values: a timestep of each run is read for them.
            labels = surveys[name].labels if name in surveys else open_run(name).read(0).labels
        except UserError as error:
            problems.setdefault(name, str(error))
            continue
        if labels is None:
            return {}
        found[name] = labels
    return found


def _ids(names: Sequence[str], labels: Mapping[str, PredictionLabels]) -> list[str]:
    """Return the ids of runs: those of predicted designs, of which files have changed signs."""
    ids = [labels[name].design if name in labels else name for name in names]
    return ids if len(set(ids)) == len(ids) else list(names)


def _parameters(labels: Sequence[PredictionLabels], runs: int) -> dict[str, NDArray[Any]]:
    """Return the parameters of predicted designs, where all of the runs have the same ones."""
    columns = {(each.parameters, each.parameter_units) for each in labels}
    if len(labels) < runs or len(columns) != 1:
        return {}
    ((names, units),) = columns
    if not names:
        return {}
    return {
        "params": np.array([each.values for each in labels]),
        "param_names": np.array(names),
        "param_units": np.array(units),
    }


class RunNotes:
    """Notes of runs, each text once with the runs that it is about."""

    def __init__(self) -> None:
        self._runs: dict[str, list[str]] = {}
        self._count = 0

    def add(self, name: str, notes: Sequence[str]) -> None:
        """Add the notes of a run."""
        self._count += 1
        for note in notes:
            self._runs.setdefault(note, []).append(name)

    def lines(self) -> tuple[str, ...]:
        """Return all notes; of many different ones only the first."""
        lines: list[str] = []
        for note, names in self._runs.items():
            which = "" if len(names) == self._count else f" (runs {listed(names)})"
            lines.append(f"{note}{which}")
        more = len(lines) - MOST_NOTES
        if more > 0:
            lines = [*lines[:MOST_NOTES], f"and {more} more notes like these"]
        return tuple(lines)
