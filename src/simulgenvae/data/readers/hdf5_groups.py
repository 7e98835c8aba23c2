"""HDF5 with one dataset for each run: in groups of one file, or in the files of a folder.

No link or dataset that leads to another file is followed.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from simulgenvae.data.names import listed, natural_key
from simulgenvae.data.readers.axes import Axes, default_axes
from simulgenvae.data.readers.hdf5 import HDF5, MAGIC, check_dataset, read_whole
from simulgenvae.data.readers.runs.run_entries import refuse_link
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.data.readers.runs.times import SAME_TIMES
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class _Run(NamedTuple):
    """Place of the values of a run."""

    id: str
    file: Path
    dataset: str

    def __str__(self) -> str:
        return f"{self.file}, run {self.id!r} ({self.dataset})"


def open_groups(path: Path, part: RunPart) -> Source:
    """Open the runs of a file or folder, in natural order of their ids.

    Variables are called ``feature0``, ``feature1`` and so on. A dataset ``times`` in the group of
    the run's dataset, or in a group around that, has the times.

    Parameters
    ----------
    path
        One file, or a folder in which every HDF5 file is a run, whose id is the file's name.
    part
        ``part.path`` is the path of each run's dataset. In a file it contains one ``*``, as a
        component or a piece of one, in the place of the run's id. ``part.axes`` are the axes of the
        dataset, see :class:`Axes`; by default time, node and variable, or of two axes time and
        node, or of one the node.

    Returns
    -------
    Source
        Runs that are not like the first, or whose values lie in other files, are among its
        ``problems``.

    Raises
    ------
    UserError
        When there are no runs, or the first cannot be read.
    """
    assert part.path is not None
    if part != RunPart(
        part.fields,
        part.start,
        part.end,
        part.every,
        path=part.path,
        axes=part.axes,
    ):
        raise UserError(
            f"{path}: of datasets at --path, only --fields, --start, --end and --every take a part"
        )
    names = part.path.strip("/").split("/")
    runs, notes = (
        _groups(path, names) if path.is_file() and "*" in part.path else (_files(path, names), [])
    )
    first = runs[0]
    with _opened(first) as dataset:
        shape = dataset.shape
        dtype = dataset.dtype
        times = _times(first, dataset)
    axes = _axes(first, shape, part.axes)
    sizes = axes.sizes(first.file, shape)
    nodes = math.prod(sizes[name] for name in axes.space)
    _require_count(first, times, sizes["time"])
    # Every run is opened once now, so that its problem is known before hours of reading.
    problems: dict[int, str] = {}
    for index, run in enumerate(runs):
        try:
            with _opened(run) as dataset:
                _require_like(run, dataset, first, shape)
                notes += check_dataset(run.file, dataset)
                _require_same_times(run, _times(run, dataset), first, times)
        except UserError as error:
            problems[index] = str(error)
    # A dataset has no names for its variables, so they are numbered.
    features = _features(
        first, part.fields, sizes["variable"] if "variable" in axes.names else None
    )
    steps = part.steps(path, np.arange(sizes["time"], dtype=np.float64) if times is None else times)

    def read(index: int) -> NDArray[Any]:
        # The shape is checked again: the file may have changed since it was opened.
        if index in problems:
            raise UserError(problems[index])
        with _opened(runs[index]) as dataset:
            _require_like(runs[index], dataset, first, shape)
            return _read(dataset, axes, steps, features)

    companions: dict[str, NDArray[Any]] = {"ids": np.array([run.id for run in runs])}
    if "variable" in axes.names:
        companions["variables"] = np.array([f"feature{index}" for index in features])
    if times is not None or len(steps) < sizes["time"]:
        companions["times"] = steps.astype(np.float64) if times is None else times[steps]
    size = (len(runs), len(steps), nodes, len(features))
    return Source(
        path, size, dtype, read, companions, tuple(notes), problems=problems, named_axes=True
    )


def _read(
    dataset: Any, axes: Axes, steps: NDArray[np.intp], features: Sequence[int]
) -> NDArray[Any]:
    """Return timesteps and variables of a dataset, read in one slice, as `[T, M, V]`."""
    every = int(steps[1] - steps[0]) if len(steps) > 1 else 1
    wanted = sorted(set(features))
    chosen = {
        "time": slice(int(steps[0]), int(steps[-1]) + 1, every),
        "variable": wanted,
    }
    if wanted == list(range(wanted[0], wanted[-1] + 1)):
        # h5py reads a slice much faster than a list of the same numbers.
        chosen["variable"] = slice(wanted[0], wanted[-1] + 1)
    # One slice of the dataset: h5py reads it chunk by chunk from the disk.
    values = axes.arranged(dataset[tuple(chosen.get(axis, slice(None)) for axis in axes.names)])
    return np.asarray(values[..., np.searchsorted(wanted, features)])


def _groups(path: Path, names: Sequence[str]) -> tuple[list[_Run], list[str]]:
    """Return the datasets that fit a path with one ``*``, and notes on groups without one."""
    places = [place for place, name in enumerate(names) if "*" in name]
    if len(places) != 1 or names[places[0]].count("*") != 1:
        raise UserError(
            f"{path}: --path {'/'.join(names)} must have one *, in the place of a run's id"
        )
    place = places[0]
    # The id is what * matches, so that `run_*/fields` gives the ids 1, 2, … of run_1, run_2, ….
    before, after = map(re.escape, names[place].split("*"))
    runs = []
    others = []
    with _file(path) as file:
        group = _at(path, file, names[:place])
        for name in group if isinstance(group, h5py.Group) else ():
            fits = re.fullmatch(f"{before}(.+){after}", name)
            if not fits:
                continue
            whole = [*names[:place], name, *names[place + 1 :]]
            # Groups without the dataset, such as one of settings, are named and are not runs.
            if isinstance(_at(path, file, whole), h5py.Dataset):
                runs.append(_Run(fits[1], path, "/".join(whole)))
            else:
                others.append("/".join(whole))
    if not runs:
        raise UserError(f"{path}: no dataset is at {'/'.join(names)}; `h5ls -r` lists its datasets")
    notes = [f"{path}: there is no dataset {listed(others)}: not read as runs"] if others else []
    return sorted(runs, key=lambda run: natural_key(run.id)), notes


def _files(path: Path, names: Sequence[str]) -> list[_Run]:
    """Return the files that are one run each: in a folder, or the one at ``path``."""
    dataset = "/".join(names)
    if "*" in dataset:
        raise UserError(
            f"{path}: --path {dataset}: each file of the folder is a run: leave the * out"
        )
    # A single file is one run, as its path has no *.
    files = [path]
    if path.is_dir():
        files = [
            file
            for file in path.iterdir()
            if file.is_file() and file.suffix.lower() in HDF5.suffixes
        ]
        for file in files:
            refuse_link(file)
    if not files:
        raise UserError(
            f"{path}: --path is for HDF5, but no file there ends with {' or '.join(HDF5.suffixes)}"
        )
    return sorted(
        (_Run(file.stem, file, dataset) for file in files), key=lambda run: natural_key(run.id)
    )


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    """Open an HDF5 file; raise UserError when it is none, or damaged."""
    with path.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise UserError(
                f"{path}: --path is for HDF5, and this is none: it is empty, damaged or misnamed"
            )
    with damage_reported(path, "cannot be read as HDF5"), h5py.File(path, "r") as file:
        yield file


@contextmanager
def _opened(run: _Run) -> Iterator[Any]:
    """Open the dataset of a run. Files are not kept open, as there may be thousands."""
    with _file(run.file) as file:
        dataset = _at(run.file, file, run.dataset.split("/"))
        if not isinstance(dataset, h5py.Dataset):
            raise UserError(f"{run.file}: has no dataset {run.dataset!r}")
        yield dataset


def _at(path: Path, group: Any, names: Sequence[str]) -> Any:
    """Return the group or dataset at a path, or None; raise UserError for a link on the way."""
    # Link by link, as h5py follows a path through external links without asking.
    for place, name in enumerate(names):
        link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise UserError(
                f"{path}: {'/'.join(names[: place + 1])!r} is a link to elsewhere, which is not "
                "followed"
            )
        group = group[name]
    return group


def _axes(first: _Run, shape: tuple[int, ...], given: Sequence[str] | None) -> Axes:
    """Return the axes of a dataset; raise UserError when they are unclear."""
    if given is None:
        return default_axes(first.file, shape)
    axes = Axes(tuple(given))
    if "run" in axes.names:
        raise UserError(f"{first}: is a single run: leave 'run' out of --axes")
    return axes


def _require_like(run: _Run, dataset: Any, first: _Run, shape: tuple[int, ...]) -> None:
    """Raise UserError unless a dataset has numbers and the shape of the first run's."""
    if dataset.dtype.kind not in "fiu":
        raise UserError(f"{run}: is of type {dataset.dtype}, but must be real numbers")
    if dataset.shape != shape:
        raise UserError(f"{run}: has the shape {dataset.shape}, but {shape} in {first}")


def _features(first: _Run, wanted: Sequence[str] | None, count: int | None) -> list[int]:
    """Return the numbers of the wanted variables, by default all.

    ``count`` is None where the dataset has no axis of variables.
    """
    if count is None:
        if wanted is not None:
            raise UserError(f"{first}: has no axis of variables to take --fields from: see --axes")
        return [0]
    names = [f"feature{index}" for index in range(count)]
    unknown = [name for name in wanted or () if name not in names]
    if unknown:
        raise UserError(f"{first}: has no {listed(unknown)}; its fields are {listed(names)}")
    return [names.index(name) for name in wanted or names]


def _times(run: _Run, dataset: Any) -> NDArray[np.float64] | None:
    """Return the nearest dataset ``times``: in the group of the run's, or in one around it."""
    names = run.dataset.split("/")
    # From the group of the dataset outwards: times of a run come before common ones.
    for depth in reversed(range(len(names))):
        found = _at(run.file, dataset.file, [*names[:depth], "times"])
        if isinstance(found, h5py.Dataset) and found.name != dataset.name:
            values = read_whole(run.file, found)
            if values.dtype.kind not in "fiu" or values.ndim != 1:
                raise UserError(
                    f"{run.file}: {found.name!r} must be [T] numbers, but is {values.dtype} "
                    f"{values.shape}"
                )
            # Double precision, as times may be large and their steps small.
            return values.astype(np.float64)
    return None


def _require_count(run: _Run, times: NDArray[np.float64] | None, steps: int) -> None:
    """Raise UserError unless there is a time for each timestep."""
    if times is not None and len(times) != steps:
        raise UserError(
            f"{run}: {steps} timesteps, but {len(times)} times: what are its axes? See --axes"
        )


def _require_same_times(
    run: _Run, found: NDArray[np.float64] | None, first: _Run, times: NDArray[np.float64] | None
) -> None:
    """Raise UserError unless a run has the times of the first, or neither has any."""
    if found is None and times is None:
        return
    if found is None or times is None:
        raise UserError(
            f"{run if found is None else first}: has no times, as "
            f"{first if found is None else run} has"
        )
    if len(found) != len(times) or np.abs(found - times).max() > SAME_TIMES * max(
        float(np.ptp(times)), 1e-300
    ):
        raise UserError(f"{run}: its times differ from {first}")
