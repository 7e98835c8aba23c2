"""Points of two boundaries that belong together.

Tested in tests/geometry/morphing/test_correspondence.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.plane import INSTEAD
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.geometry.morphing.plane import PlaneMesh

SHARP = np.deg2rad(40.0)
"""Least change of direction at a corner; less is a curve between nodes."""
_SAMPLES = 1024
"""Points along a line that are compared to find where two lines start."""


def partners(reference: PlaneMesh, own: PlaneMesh, path: Path) -> NDArray[np.float64]:
    """Return the point on the boundary of ``own`` of each boundary node of ``reference``, `[b, 2]`.

    The boxes of both are brought onto each other first. Outer lines belong together, and holes
    whose centres are near. Along a line, corners belong together where there are as many on both;
    between them, and on lines without, points belong together by their part of the length.

    Raises UserError naming the file of ``own`` when it has another number of holes.
    """
    if len(own.loops) != len(reference.loops):
        raise UserError(
            f"{path}: has {count(len(own.loops) - 1, 'hole')}, but {len(reference.loops) - 1} in "
            "the mesh that is morphed onto all others: the geometries are not alike. "
            f"{INSTEAD}"
        )
    lower, upper = own.box
    low, high = reference.box
    scale = (high - low) / (upper - lower)
    # In the box of the reference, geometries that are only longer or wider are the same.
    lines = [(own.points[loop] - lower) * scale + low for loop in own.loops]
    wanted = [reference.points[loop] for loop in reference.loops]
    found = [_along(wanted[0], lines[0])]
    found += [
        _along(wanted[1 + k], lines[1 + hole]) for k, hole in enumerate(_holes(wanted, lines))
    ]
    points: NDArray[np.float64] = np.concatenate(found)
    return (points - low) / scale + lower


def _holes(wanted: list[NDArray[np.float64]], lines: list[NDArray[np.float64]]) -> list[int]:
    """Return the hole among ``lines`` that belongs to each one of ``wanted``."""
    if len(wanted) < 3:
        return list(range(len(wanted) - 1))
    # Imported here: it takes long to load, and geometries with one hole do not need it.
    from scipy.optimize import linear_sum_assignment

    centres = np.stack([_centre(line) for line in wanted[1:]])
    others = np.stack([_centre(line) for line in lines[1:]])
    distance = np.linalg.norm(centres[:, None] - others, axis=2)
    found: list[int] = linear_sum_assignment(distance)[1].tolist()
    return found


def _centre(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the centre of a closed line, whatever the distances of its points are."""
    return np.asarray(_Line(line).at(np.arange(_SAMPLES) / _SAMPLES).mean(axis=0))


class _Line:
    """Closed line through points `[n, 2]`, by the part of its length from the first one."""

    def __init__(self, points: NDArray[np.float64]) -> None:
        self._closed = np.concatenate([points, points[:1]])
        length = np.linalg.norm(np.diff(self._closed, axis=0), axis=1)
        travelled = np.concatenate([[0.0], np.cumsum(length)])
        self._parts: NDArray[np.float64] = travelled / travelled[-1]

    @property
    def parts(self) -> NDArray[np.float64]:
        """Part of the length at each point, `[n]`."""
        return self._parts[:-1]

    def at(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points at parts of the length `[k]`, which may be beyond 0 and 1."""
        within = np.mod(parts, 1.0)
        axes = [np.interp(within, self._parts, axis) for axis in self._closed.T]
        return np.stack(axes, axis=1)


def _along(wanted: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points on a closed line that belong to the points of another one."""
    here, there = _Line(wanted), _Line(line)
    ours, theirs = corners(wanted), corners(line)
    if len(ours) == len(theirs) > 0:
        turn = _turn(wanted[ours], line[theirs])
        known, other = here.parts[ours], np.roll(there.parts[theirs], -turn)
        # Behind the last corner follows the first one, a whole length later.
        other = other[0] + np.mod(other - other[0], 1.0)
        known = np.concatenate([known, [known[0] + 1.0]])
        other = np.concatenate([other, [other[0] + 1.0]])
        after = known[0] + np.mod(here.parts - known[0], 1.0)
        return there.at(np.interp(after, known, other))
    return there.at(here.parts + _start(here, there))


def corners(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the numbers of the points of a closed line `[n, 2]` where it has a sharp corner."""
    after = np.roll(points, -1, axis=0) - points
    before = np.roll(after, 1, axis=0)
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns = np.arctan2(cross, (before * after).sum(axis=1))
    return np.flatnonzero(np.abs(turns) > SHARP)


def _turn(wanted: NDArray[np.float64], found: NDArray[np.float64]) -> int:
    """Return how many corners further each one of ``found`` begins, so that they are nearest."""
    wanted = wanted - wanted.mean(axis=0)
    found = found - found.mean(axis=0)
    fits = [float((wanted * np.roll(found, -turn, axis=0)).sum()) for turn in range(len(found))]
    return int(np.argmax(fits))


def _start(here: _Line, there: _Line) -> float:
    """Return the part of its length where ``there`` begins, so that its points are nearest.

    The centres are brought onto each other. Then the sum of squared distances is smallest where the
    sum of products is largest, which is a correlation.
    """
    parts = np.arange(_SAMPLES) / _SAMPLES
    spectra = []
    for line in (here, there):
        points = line.at(parts)
        spectra.append(np.fft.rfft(points - points.mean(axis=0), axis=0))
    product = np.fft.irfft(np.conj(spectra[0]) * spectra[1], _SAMPLES, axis=0).sum(axis=1)
    best = int(np.argmax(product))
    # Between the samples: the top of the parabola through the best one and those next to it.
    before, top, after = product[[best - 1, best, (best + 1) % _SAMPLES]]
    curve = before - 2.0 * top + after
    return (best + (0.5 * (before - after) / curve if curve < 0 else 0.0)) / _SAMPLES
