"""Folders with one file of arrays for each run, as people's own scripts write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.names import check_ids, is_hidden, natural_key, prefix_errors
from simulgenvae.data.readers.array_format import array_format_of, array_suffixes
from simulgenvae.data.readers.array_source import ArrangedRuns, ChosenArrays, require_numbers
from simulgenvae.data.readers.axes import Axes, default_axes
from simulgenvae.data.readers.runs.run_entries import refuse_link
from simulgenvae.data.readers.source import COMPANIONS, Source
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart
    from simulgenvae.mesh.mesh import Mesh


def array_files(folder: Path) -> list[Path]:
    """Return the files of arrays in a folder, in natural order; hidden files are left out."""
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in array_suffixes() and not is_hidden(file.name) and file.is_file()
    ]
    return sorted(files, key=lambda file: natural_key(file.stem))


def open_array_folder(path: Path, part: RunPart | None) -> Source:
    """Open a folder in which every file of arrays is one run, with the file's name as its id.

    Parameters
    ----------
    path
        The folder. Its runs are in natural order.
    part
        ``part.arrays`` names the arrays of each file, ``part.axes`` their axes; by default
        `[M]`, `[T, M]` or `[T, M, V]`.

    Returns
    -------
    Source
        Runs that are not like the first, or cannot be read, are among its ``problems``.

    Raises
    ------
    UserError
        When the first run cannot be read, or the axes do not fit it.
    """
    files = array_files(path)
    ids = [file.stem for file in files]
    with prefix_errors(path):
        check_ids(ids)
    wanted = () if part is None or part.arrays is None else tuple(part.arrays)
    axes = None if part is None or part.axes is None else Axes(tuple(part.axes))
    if axes is not None and "run" in axes.names:
        raise UserError(f"{path}: each file is a run: leave 'run' out of --axes")
    first = _read(files[0], wanted, axes)
    notes = [f"{path}: each of the {len(files)} files is a run; its id is the file's name"]
    if first.unread:
        notes.append(f"{path}: not read in any file: {', '.join(first.unread)} (see --array)")
    # Every file is opened once now, so that its problem is known before hours of reading.
    problems: dict[int, str] = {}
    has_places = first.positions.ndim == 3 and first.positions.size > 0
    for index, file in enumerate(files):
        try:
            run = _read(file, wanted, axes)
            _require_like(file, run, files[0], first)
        except UserError as error:
            problems[index] = str(error)
        else:
            # Nodes that are elsewhere than in the first run, or move.
            has_places |= not np.array_equal(run.positions, first.positions)

    def read(index: int) -> NDArray[Any]:
        # Files are not kept open, as there may be thousands.
        if index in problems:
            raise UserError(problems[index])
        return _read(files[index], wanted, axes, with_values=True).values

    def positions(index: int) -> NDArray[Any]:
        found = _read(files[index], wanted, axes).positions
        return found.reshape(-1, *found.shape[-2:])

    companions = {key: value for key, value in first.companions.items() if key in COMPANIONS}
    companions["ids"] = np.array(ids)
    if has_places:
        del companions["coords"]
    if first.variables is not None:
        companions["variables"] = np.array(first.variables)
    mesh = first.mesh
    shape = (len(files), *first.shape)
    return Source(
        path,
        shape,
        first.dtype,
        read,
        companions,
        tuple(notes),
        mesh=mesh,
        problems=problems,
        named_axes=True,
        positions=positions if has_places else None,
    )


class _Run(NamedTuple):
    """One file: the form of its fields, what belongs to them, and their values `[T, M, V]`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: Axes
    sizes: dict[str, int]
    variables: tuple[str, ...] | None
    companions: dict[str, NDArray[Any]]
    unread: tuple[str, ...]
    values: NDArray[Any]
    positions: NDArray[Any]
    """Positions of the nodes, `[M, D]`, or `[T, M, D]` where they move; empty where unknown."""
    mesh: Mesh | None


_NO_VALUES = np.empty((0, 0, 0))


def _read(
    file: Path, wanted: tuple[str, ...], axes: Axes | None, *, with_values: bool = False
) -> _Run:
    refuse_link(file)
    array_format = array_format_of(file)
    assert array_format is not None, "the folder was searched for such files"
    # Its name says the format; a download that failed may hold a web page.
    array_format.require_first_bytes(file)
    with array_format.open(file) as arrays:
        chosen = ChosenArrays.of(file, arrays, wanted, 2)
        fields = chosen.fields
        require_numbers(file, fields)
        for array in fields.values():
            array.check()
        shape = next(iter(fields.values())).shape
        axes = axes or default_axes(file, shape)
        arranged = ArrangedRuns(file, fields, axes)
        companions = chosen.values(file)
        places = np.asarray(companions.get("coords", _NO_VALUES))
        mesh = axes.mesh(file, arranged.sizes, companions)
        if mesh is None:
            unit = str(companions.get("length_unit", ""))
            mesh = chosen.mesh(file, companions.get("coords"), unit)
        values = _NO_VALUES
        if with_values:
            with damage_reported(file, "cannot be read"):
                values = arranged.joined({name: array.whole() for name, array in fields.items()})
        return _Run(
            arranged.run_shape,
            np.result_type(*(array.dtype for array in fields.values())),
            axes,
            arranged.sizes,
            arranged.variables,
            companions,
            chosen.unread,
            values,
            places,
            mesh,
        )


def _require_like(file: Path, run: _Run, first_file: Path, first: _Run) -> None:
    """Raise UserError unless a run has the form of the first one, and the same companions."""
    if run.shape != first.shape or run.sizes != first.sizes:
        raise UserError(f"{file}: a run of {_form(run)}, but {_form(first)} in {first_file}")
    for key in first.companions.keys() | run.companions.keys():
        mine = run.companions.get(key)
        other = first.companions.get(key)
        if key == "coords" and mine is not None and other is not None and mine.ndim > 1:
            # They may be elsewhere in each run, or move, but are the same nodes.
            mine, other = np.array(mine.shape), np.array(other.shape)
        if mine is None or other is None or not np.array_equal(mine, other):
            raise UserError(f"{file}: its {key!r} differ from {first_file}")


def _form(run: _Run) -> str:
    steps, nodes, variables = run.shape
    return f"{steps} timesteps, {nodes} nodes and {variables} variables"
