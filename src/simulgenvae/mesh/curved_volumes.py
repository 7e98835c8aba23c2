"""Nodal volumes of cells of higher order, by the shape functions of VTK.

A cell's volume is distributed to its nodes in proportion to the integrals of the squared shape
functions (Hinton, Rock & Zienkiewicz 1976), which are positive where the integrals of the shape
functions themselves are zero or negative, as at the corners of quadratic cells. Nodes of Bézier
cells get the integrals of the Bernstein polynomials, which are positive.

Tested in tests/mesh/test_curved_volumes.py.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.mesh.cell_kinds import BEZIER, BY_NAME, order_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.cell_kinds import CellKind

_STEP = 1e-3
"""Step of the differences, in coordinates of the reference cell: their error is below 1e-10."""


class _Point(NamedTuple):
    """Gauss point: its weight, and values `[n]` and slopes `[n, d]` of the shape functions."""

    weight: float
    values: NDArray[np.float64]
    slopes: NDArray[np.float64]


def curved_volumes(
    coords: NDArray[np.float64],
    nodes: NDArray[np.int64],
    kind: CellKind,
    degrees: tuple[int, int, int] | None,
) -> NDArray[np.float64]:
    """Return the part of each cell's volume that belongs to each of its nodes, `[k, n]`.

    Parameters
    ----------
    coords
        Positions of the nodes, `[M, D]`.
    nodes
        Nodes of cells of one kind, `[k, n]`.
    kind
        Their kind, of higher order.
    degrees
        Order in each direction; None where it follows from n.
    """
    places = coords[nodes]
    shares = np.zeros(nodes.shape)
    volume = np.zeros(len(nodes))
    for point in _points(kind, nodes.shape[1], degrees):
        measure = point.weight * measure_of(np.einsum("kcx,cd->kxd", places, point.slopes))
        volume += measure
        weighed = point.values if kind.number in BEZIER else point.values**2
        shares += measure[:, None] * weighed
    total = shares.sum(axis=1, keepdims=True)
    shares *= np.divide(volume[:, None], total, out=np.zeros_like(total), where=total > 0)
    return shares


def measure_of(jacobian: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length, area or volume of a unit of the reference cell, `[K]`.

    ``jacobian`` is `[K, D, d]`, for reference cells of d dimensions in D; the measure is 0 where
    D < d.
    """
    # By components: NumPy's determinants and products take one matrix after the other, and five
    # times as long.
    rows = np.moveaxis(jacobian, 0, -1)
    dimensions, directions = rows.shape[:2]
    measure: NDArray[np.float64]
    if dimensions < directions:
        measure = np.zeros(len(jacobian))
    elif directions == 1:
        measure = np.sqrt(np.square(rows[:, 0]).sum(axis=0))
    elif dimensions == 2:
        measure = np.abs(_turn(rows[0], rows[1]))
    else:
        x, y, z = rows
        normal = _turn(y, z), _turn(z, x), _turn(x, y)
        if directions == 2:
            measure = np.sqrt(sum(np.square(part) for part in normal))
        else:
            measure = np.abs(sum(row[2] * part for row, part in zip(rows, normal, strict=True)))
    return measure


def _turn(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of the cross product of the first two directions, `[K]`.

    ``one`` and ``other`` are two coordinates of the directions, `[d, K]`.
    """
    turn: NDArray[np.float64] = one[0] * other[1] - one[1] * other[0]
    return turn


def _points(kind: CellKind, count: int, degrees: tuple[int, int, int] | None) -> list[_Point]:
    """Return the Gauss points of the reference cell, whose coordinates are VTK's."""
    assert kind.corners is not None
    shape = kind.corners[0]
    cell = vtk_cell(kind, count, degrees)
    order = max(degrees) if degrees else (order_of(shape, count) or 3) if kind.nodes is None else 3
    # n + 1 points integrate polynomials of degree 2n + 1 exactly: also squares of shape functions.
    at, weight = np.polynomial.legendre.leggauss(order + 1)
    line = list(zip(0.5 * (at + 1.0), 0.5 * weight, strict=True))
    found = []
    for along in product(line, repeat=kind.dimension):
        place = np.zeros(3)
        place[: kind.dimension] = [coordinate for coordinate, _ in along]
        factor = float(np.prod([part for _, part in along]))
        # Triangles and tetrahedra are squares and cubes whose one side is drawn together.
        if shape in {"triangle", "wedge", "tetra"}:
            factor *= 1.0 - place[0]
            place[1] *= 1.0 - place[0]
        if shape == "tetra":
            factor *= 1.0 - place[0] - place[1]
            place[2] *= 1.0 - place[0] - place[1]
        found.append(_evaluated(cell, place, factor, count, kind.dimension))
    return found


def vtk_cell(kind: CellKind, count: int, degrees: tuple[int, int, int] | None) -> Any:
    """Return VTK's cell of a kind, with its order."""
    from vtkmodules.vtkCommonDataModel import vtkGenericCell

    cell: Any = vtkGenericCell.InstantiateCell(kind.number)
    if kind.nodes is None:
        cell.GetPointIds().SetNumberOfIds(count)
        cell.GetPoints().SetNumberOfPoints(count)
        # Curves, triangles and tetrahedra find their order themselves.
        if not hasattr(cell, "SetUniformOrderFromNumPoints"):
            cell.Initialize()
        elif degrees is None:
            cell.SetUniformOrderFromNumPoints(count)
        else:
            further = (count,) if kind.corners == BY_NAME["wedge"].corners else ()
            cell.SetOrder(*degrees[: kind.dimension], *further)
    return cell


def _evaluated(
    cell: Any, place: NDArray[np.float64], weight: float, count: int, dimension: int
) -> _Point:
    """Return the Gauss point at a place, `[3]`.

    Slopes are differences of fourth order: VTK's own have another layout in each kind of cell, and
    are written past the end of the array in some.
    """
    slopes = np.zeros((count, dimension))
    for direction in range(dimension):
        for steps, factor in ((1, 8.0), (2, -1.0)):
            shift = np.zeros(3)
            shift[direction] = steps * _STEP
            change = _values(cell, place + shift, count) - _values(cell, place - shift, count)
            slopes[:, direction] += factor * change / (12.0 * _STEP)
    return _Point(weight, _values(cell, place, count), slopes)


def _values(cell: Any, place: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    values = [0.0] * count
    cell.InterpolateFunctions(place, values)
    return np.array(values)
