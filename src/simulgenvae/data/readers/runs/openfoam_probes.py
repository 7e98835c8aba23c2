"""Probes of OpenFOAM: values at points, a file for each field with a line for each time.

Tested in tests/data/readers/runs/test_openfoam_samples.py.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.readers.runs.openfoam import is_time
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PROBE = re.compile(r"#\s*Probe\s+\d+\s*\(([^)]*)\)")
_AXIS = re.compile(r"#\s*([xyz])\s+([-+\d.eE\s]+)")
_OUTSIDE = 1e300
"""Values that OpenFOAM writes for probes outside of the mesh are ±max of a number."""


class _Field(NamedTuple):
    """Values of one file: positions `[M, 3]`, times `[T]`, values `[T, M, C]`."""

    coords: NDArray[np.float64]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


def is_probes(folder: Path) -> bool:
    """Return whether a folder has folders of start times with files of probes."""
    for start in folder.iterdir():
        if is_time(start.name) and start.is_dir():
            return bool(_files(start))
    return False


def open_probes(folder: Path) -> Series:
    """Open the probes of a run.

    After a restart, the values of the later start count from its first time on.

    Raises UserError when files are damaged, or have other probes or times than the others.
    """
    starts = sorted(
        (entry for entry in folder.iterdir() if is_time(entry.name) and entry.is_dir()),
        key=lambda entry: float(entry.name),
    )

    # Read once and kept: every file has all times, and probes are few.
    @cache
    def fields() -> dict[str, _Field]:
        found: dict[str, _Field] = {}
        for start in starts:
            for file in _files(start):
                later = _read(file)
                earlier = found.get(file.name)
                found[file.name] = later if earlier is None else _after(earlier, later, file)
        return found

    if not fields():
        raise UserError(f"{folder}: no file of probes: truncated or damaged")
    first_name, first = next(iter(fields().items()))
    for name, field in fields().items():
        for own, others in ((field.times, first.times), (field.coords, first.coords)):
            if not np.array_equal(own, others):
                raise UserError(
                    f"{folder}: {name} has other times or probes than {first_name}: a run has all "
                    "fields at the same times"
                )

    def snapshot(step: int) -> Snapshot:
        return Snapshot(
            first.coords, {name: _flat(field.values[step]) for name, field in fields().items()}
        )

    return Series(folder, first.times, snapshot, lambda: Mesh(first.coords))


def _flat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[:, 0] if values.shape[1] == 1 else values


def _files(start: Path) -> list[Path]:
    return sorted(entry for entry in start.iterdir() if entry.is_file() and _is_file(entry))


def _is_file(file: Path) -> bool:
    with file.open("rb") as stream:
        line = stream.readline(200).decode("latin-1")
    return bool(_PROBE.match(line) or _AXIS.match(line))


def _after(earlier: _Field, later: _Field, file: Path) -> _Field:
    if not np.array_equal(earlier.coords, later.coords):
        raise UserError(f"{file}: other probes than before the restart")
    # The first computation may have gone beyond the time from which the second one restarted.
    kept = earlier.times < later.times[0]
    return _Field(
        later.coords,
        np.concatenate([earlier.times[kept], later.times]),
        np.concatenate([earlier.values[kept], later.values]),
    )


def _read(file: Path) -> _Field:
    points: list[list[float]] = []
    axes: dict[str, list[float]] = {}
    times: list[float] = []
    values: list[list[float]] = []
    for number, line in enumerate(file.read_text(encoding="latin-1").splitlines(), 1):
        try:
            if probe := _PROBE.match(line):
                points.append([float(part) for part in probe[1].split()])
            elif axis := _AXIS.match(line):
                axes[axis[1]] = [float(part) for part in axis[2].split()]
            elif line.strip() and not line.lstrip().startswith("#"):
                # Vectors and tensors are in parentheses.
                time, *numbers = (float(part) for part in re.sub("[()]", " ", line).split())
                times.append(time)
                values.append(numbers)
        except ValueError as error:
            raise UserError(f"{file}, line {number}: cannot be read: {error}") from error
    # Older versions list the coordinates of all probes in three lines, newer ones have a line
    # for each probe.
    rows = points or [list(place) for place in zip(*axes.values(), strict=False)]
    if any(len(row) != 3 for row in rows) or len({len(axis) for axis in axes.values()}) > 1:
        raise UserError(f"{file}: cannot be read: probes need three coordinates: damaged")
    coords = np.array(rows).reshape(-1, 3)
    widths = {len(row) for row in values}
    if len(widths) != 1 or not len(coords) or min(widths) % len(coords):
        raise UserError(
            f"{file}: cannot be read: lines with {' or '.join(map(str, sorted(widths))) or 'no'} "
            f"numbers for {len(coords)} probes: truncated or damaged"
        )
    table = np.array(values).reshape(len(times), len(coords), -1)
    table[np.abs(table) >= _OUTSIDE] = np.nan
    return _Field(coords, np.array(times), table)


PROBES = RunFormat(name="OpenFOAM probes", open=open_probes, is_case=is_probes)
