"""Morphing of meshes onto a reference shape, as in MMGP (Casenave, Staber & Roynard 2023)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.peers.sampling import Simplices

Array = NDArray[np.float64]


class NoMorphingError(Exception):
    """The shapes of a case cannot be morphed onto one of them; the message is the reason."""


def morphed(case: GeometryCase) -> list[Simplices]:
    """Return all runs, with their nodes moved onto one reference shape.

    Plane regions without holes are mapped to the unit disc (Tutte's barycentric mapping, section
    2.2 of the paper). Shapes whose boundaries have points that correspond are morphed by radial
    basis functions, which bring these points to those of the training run nearest to the mean.

    Raises
    ------
    NoMorphingError
        For other shapes.
    """
    meshes = [Simplices.of(case, run) for run in case.runs]
    if all(len(run.anchors) for run in case.runs):
        known = np.stack([run.anchors for run in case.training_runs])
        middle = np.argmin(((known - known.mean(axis=0)) ** 2).sum(axis=(1, 2)))
        return [
            mesh.at(by_anchors(mesh.points, run.anchors, known[middle]))
            for mesh, run in zip(meshes, case.runs, strict=True)
        ]
    if case.dimension != 2:
        raise NoMorphingError("Tutte's mapping is for plane regions, these shapes are not plane")
    loops = [count_loops(mesh) for mesh in meshes]
    if set(loops) != {1}:
        raise NoMorphingError(
            f"the runs have {min(loops)} to {max(loops)} closed boundaries: the published "
            "morphings need shapes of one topology"
        )
    return [mesh.at(to_disc(mesh)) for mesh in meshes]


def by_anchors(points: Array, anchors: Array, reference: Array) -> Array:
    """Return points ``[M, D]``, moved so that anchors ``[A, D]`` come to those of the reference.

    The displacement is a polyharmonic spline with a linear polynomial.
    """
    kernel = "thin_plate_spline" if points.shape[1] == 2 else "linear"
    # Corners may be anchors of two edges, and a spline needs each point once.
    _, first = np.unique(np.round(anchors, 12), axis=0, return_index=True)
    spline = RBFInterpolator(anchors[first], (reference - anchors)[first], kernel=kernel, degree=1)
    return np.asarray(points + spline(points))


def count_loops(mesh: Simplices) -> int:
    """Return the number of closed curves that the boundary of a plane mesh has."""
    facets = mesh.facets()
    nodes, place = np.unique(facets, return_inverse=True)
    start, end = place.reshape(facets.shape).T
    links = coo_matrix((np.ones(len(start)), (start, end)), (len(nodes), len(nodes)))
    return int(connected_components(links, directed=False)[0])


def to_disc(mesh: Simplices) -> Array:
    """Return the nodes of a plane mesh without holes, moved into the unit disc, ``[M, 2]``.

    The boundary goes to the circle by its length, from the point in the direction of x as seen
    from the centre; each inner node becomes the mean of its neighbours.
    """
    loop = _ordered(mesh.facets())
    border = mesh.points[loop]
    step = np.linalg.norm(np.roll(border, -1, axis=0) - border, axis=1)
    length = np.concatenate([[0.0], np.cumsum(step)])
    away = border - border.mean(axis=0)
    area = (away[:, 0] * np.roll(away, -1, axis=0)[:, 1]).sum()
    area -= (away[:, 1] * np.roll(away, -1, axis=0)[:, 0]).sum()
    angles = np.sign(area) * 2.0 * np.pi * length[:-1] / length[-1]
    start = np.argmin(np.abs(np.arctan2(away[:, 1], away[:, 0])))
    angles = angles - angles[start] + np.arctan2(away[start, 1], away[start, 0])
    edges = np.concatenate([mesh.cells[:, [0, 1]], mesh.cells[:, [1, 2]], mesh.cells[:, [2, 0]]])
    count = len(mesh.points)
    links = coo_matrix((np.ones(len(edges)), edges.T), (count, count)).tocsr()
    links = ((links + links.T) > 0).astype(np.float64)
    system = (diags(np.asarray(links.sum(axis=1)).ravel()) - links).tocsr()
    inner = np.setdiff1d(np.arange(count), loop)
    found = np.zeros((count, 2))
    found[loop] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found[inner] = spsolve(system[inner][:, inner].tocsc(), -system[inner][:, loop] @ found[loop])
    return found


def _ordered(facets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes of one closed curve in their order; its edges may point either way."""
    neighbours: dict[int, list[int]] = {}
    for start, end in facets.tolist():
        neighbours.setdefault(start, []).append(end)
        neighbours.setdefault(end, []).append(start)
    loop = [int(facets[0, 0])]
    before = -1
    while len(loop) < len(facets):
        here = loop[-1]
        following = next(node for node in neighbours[here] if node != before)
        before = here
        loop.append(following)
    return np.array(loop)
