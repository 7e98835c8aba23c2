"""Benchmark problem: a column of water breaks into a thin layer of another, runs round an obstacle
and comes back.

    ∂h/∂t + ∇·(h v) = 0,    ∂(h v)/∂t + ∇·(h v ⊗ v + h² I / 2) = 0,    ∂(h c)/∂t + ∇·(h v c) = 0    (gravity is 1)

on a box of 2 x 1.2 with closed walls and a rectangular obstacle higher than the water. At t = 0 the
water rests: with depth ``height`` and c = 1 for x < ``width``, with depth ``layer`` and c = 0
elsewhere. The bore hits the obstacle, splits, closes behind it and comes back from the far wall.
Fields are the depth h and the share c of the column's water in it; both are 0 inside the obstacle.
Bores and the edge of c, which stays one to two nodes wide and rolls up behind the obstacle, are
jumps whose places depend on all four parameters: width and height of the column, depth of the layer
and y of the obstacle's centre (a multiple of the solver's cell, so that its walls are faces). In an
extrapolation run, one or two of them lie outside the range of the training runs, by up to 30 % of
its width.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import Problem, Runs, grid_positions, sample_streams, unit_designs

NAMES = ("width", "height", "layer", "obstacle")
LOWER = np.array([0.4, 0.7, 0.08, 0.3])
UPPER = np.array([0.7, 1.2, 0.2, 0.6])
LENGTH, BREADTH = 2.0, 1.2
OBSTACLE_LEFT, OBSTACLE_RIGHT, OBSTACLE_HALF = 1.1, 1.25, 0.15
NODES = (80, 48)
TIMESTEPS = 50
END_TIME = 2.4
REFINEMENT = 2
COURANT = 0.8
DRY = 1e-12

Array = NDArray[np.float64]


class Flow(NamedTuple):
    """Cell means, all of one shape [y, x]: depth, momenta along x and y, and depth times share."""

    depth: Array
    along_x: Array
    along_y: Array
    column: Array

    def turned(self) -> Flow:
        """The same flow with x and y exchanged."""
        return Flow(self.depth.T, self.along_y.T, self.along_x.T, self.column.T)


class Block(NamedTuple):
    """Cells of the obstacle: rows and columns, first and past the last."""

    bottom: int
    top: int
    left: int
    right: int

    def turned(self) -> Block:
        return Block(self.left, self.right, self.bottom, self.top)


def sample(runs: int, seed: int, stream: int) -> Array:
    """Designs at random, shape [runs, 4]."""
    cell = LENGTH / (NODES[0] * REFINEMENT)
    table = LOWER + (UPPER - LOWER) * unit_designs(runs, len(NAMES), seed, stream)
    table[:, 3] = cell * np.rint(table[:, 3] / cell)
    return table


def limited(left: Array, right: Array, steepness: float) -> Array:
    """Slope from the differences to both neighbours: minmod for steepness 1, superbee for 2 (Sweby
    1984)."""
    small, large = np.minimum(np.abs(left), np.abs(right)), np.maximum(np.abs(left), np.abs(right))
    return np.where(
        left * right > 0.0, np.copysign(np.minimum(steepness * small, large), left), 0.0
    )


def walled(values: Array, block: Block | None, sign: float) -> Array:
    """Values with two columns more at both ends and, in the obstacle, two behind either wall:
    mirrored, times sign."""
    padded = np.empty((values.shape[0], values.shape[1] + 4), values.dtype)
    padded[:, 2:-2] = values
    padded[:, :2] = sign * values[:, 1::-1]
    padded[:, -2:] = sign * values[:, :-3:-1]
    if block is not None:
        rows, left, right = slice(block.bottom, block.top), block.left, block.right
        padded[rows, left + 2 : left + 4] = sign * values[rows, left - 2 : left][:, ::-1]
        padded[rows, right : right + 2] = sign * values[rows, right : right + 2][:, ::-1]
    return padded


def divide(amount: Array, depth: Array) -> Array:
    """Amount by depth, 0 where it is dry."""
    return np.where(depth > DRY, amount / np.maximum(depth, DRY), 0.0)


def fluxes(left: tuple[Array, ...], right: tuple[Array, ...]) -> tuple[Array, ...]:
    """HLLC fluxes along x between states (depth, u, v, share) of both sides.

    Speeds of the outer waves are those of two rarefactions, and at a dry side that of the front
    (Toro 2001, Shock- Capturing Methods for Free-Surface Shallow Flows, 10.4-10.6); v and share
    come from where the water does.
    """
    (h0, u0, v0, c0), (h1, u1, v1, c1) = left, right
    a0, a1 = np.sqrt(h0), np.sqrt(h1)
    u, a = 0.5 * (u0 + u1) + a0 - a1, 0.5 * (a0 + a1) + 0.25 * (u0 - u1)
    slow = np.where(h0 > DRY, np.minimum(u0 - a0, u - a), u1 - 2.0 * a1)
    fast = np.where(h1 > DRY, np.maximum(u1 + a1, u + a), u0 + 2.0 * a0)
    slow, fast = np.minimum(slow, 0.0), np.maximum(fast, 0.0)
    span = np.maximum(fast - slow, DRY)
    q0, q1 = h0 * u0, h1 * u1
    mass = (fast * q0 - slow * q1 + slow * fast * (h1 - h0)) / span
    push0, push1 = q0 * u0 + 0.5 * h0 * h0, q1 * u1 + 0.5 * h1 * h1
    push = (fast * push0 - slow * push1 + slow * fast * (q1 - q0)) / span
    onward = mass > 0.0
    return mass, push, mass * np.where(onward, v0, v1), mass * np.where(onward, c0, c1)


def sweep(flow: Flow, block: Block | None, ratio: float) -> Flow:
    """One step along x of the MUSCL-Hancock scheme (Toro 2001, 11.4); ``ratio`` is time step by
    cell width.

    Slopes are limited by minmod, of the share by superbee, which keeps its edge sharp.
    """
    signs = (1.0, -1.0, 1.0, 1.0)
    h, q, r, s = (walled(values, block, sign) for values, sign in zip(flow, signs, strict=True))
    cell = (h, divide(q, h), divide(r, h), divide(s, h))
    steps = [np.diff(values) for values in cell]
    slope = [
        limited(d[:, :-1], d[:, 1:], k) for d, k in zip(steps, (1.0, 1.0, 1.0, 2.0), strict=True)
    ]
    h, u, v, c = (values[:, 1:-1] for values in cell)
    dh, du, dv, dc = slope
    half = 0.5 * ratio
    middle = (
        h - half * (u * dh + h * du),
        u - half * (u * du + dh),
        v - half * u * dv,
        c - half * u * dc,
    )
    lower = [values - 0.5 * d for values, d in zip(middle, slope, strict=True)]
    upper = [values + 0.5 * d for values, d in zip(middle, slope, strict=True)]
    lower[0], upper[0] = np.maximum(lower[0], 0.0), np.maximum(upper[0], 0.0)
    flux = fluxes(
        tuple(values[:, :-1] for values in upper), tuple(values[:, 1:] for values in lower)
    )
    new = Flow(*(values - ratio * np.diff(f) for values, f in zip(flow, flux, strict=True)))
    if block is not None:
        for values in new:
            values[block.bottom : block.top, block.left : block.right] = 0.0
    return new


def fastest(flow: Flow) -> float:
    """Largest speed of a wave along x or y."""
    speed = np.maximum(
        np.abs(divide(flow.along_x, flow.depth)), np.abs(divide(flow.along_y, flow.depth))
    )
    return float((speed + np.sqrt(np.maximum(flow.depth, 0.0))).max())


def advance(flow: Flow, block: Block | None, cell: float, time: float) -> Flow:
    """The flow after ``time``: a sweep along each axis a step, beginning with x and with y in turns
    (Strang 1968)."""
    left, turned = time, False
    while left > 0.0:
        count = max(1, int(np.ceil(left * fastest(flow) / (COURANT * cell))))
        step = left / count
        flow = sweep(flow, block, step / cell)
        flow, block, turned = flow.turned(), block and block.turned(), not turned
        flow = sweep(flow, block, step / cell)
        left = left - step if count > 1 else 0.0
    return flow.turned() if turned else flow


def obstacle(centre: float, cell: float) -> Block:
    """Cells of the obstacle."""
    edges = (centre - OBSTACLE_HALF, centre + OBSTACLE_HALF, OBSTACLE_LEFT, OBSTACLE_RIGHT)
    return Block(*(round(edge / cell) for edge in edges))


def at_rest(
    width: float, height: float, layer: float, block: Block, shape: tuple[int, int], cell: float
) -> Flow:
    """The flow at t = 0 on a grid of ``shape`` (y, x); the column's edge may lie within a cell."""
    share = np.tile(np.clip(width / cell - np.arange(shape[1]), 0.0, 1.0), (shape[0], 1))
    share[block.bottom : block.top, block.left : block.right] = 0.0
    depth = height * share + layer * (1.0 - share)
    depth[block.bottom : block.top, block.left : block.right] = 0.0
    start = (depth, np.zeros(shape), np.zeros(shape), height * share)
    return Flow(*(values.astype(np.float32) for values in start))


def node_values(flow: Flow, refinement: int) -> Array:
    """Mean depth of ``refinement``² cells and share in their water, shape [M, 2]; nodes row by row,
    x fastest."""
    rows, columns = (size // refinement for size in flow.depth.shape)
    depth, column = (
        values.reshape(rows, refinement, columns, refinement).mean(axis=(1, 3)).ravel()
        for values in (flow.depth, flow.column)
    )
    return np.stack([depth, divide(column, depth)], axis=1)


def solve(
    parameters: Array, times: Array, refinement: int = REFINEMENT, nodes: tuple[int, int] = NODES
) -> Array:
    """Depth and share at the times (the first is 0) and nodes, shape [T, M, 2], from
    ``refinement``² cells a node."""
    width, height, layer, centre = (float(value) for value in parameters)
    cell = LENGTH / (nodes[0] * refinement)
    block = obstacle(centre, cell)
    flow = at_rest(
        width, height, layer, block, (nodes[1] * refinement, nodes[0] * refinement), cell
    )
    field = [node_values(flow, refinement)]
    for interval in np.diff(times):
        flow = advance(flow, block, cell, float(interval))
        field.append(node_values(flow, refinement))
    return np.stack(field)


def positions(nodes: tuple[int, int] = NODES) -> Array:
    """x and y of the nodes, centres of squares, shape [M, 2]: row by row from the bottom, x
    fastest."""
    spacing = LENGTH / nodes[0]
    return grid_positions(*(spacing * (np.arange(count) + 0.5) for count in nodes))


def make(train: int = 100, test: int = 30, extrapolation: int = 20, seed: int = 0) -> Problem:
    """Sample and solve all runs."""
    counts = train, test, extrapolation
    table = sample_streams(sample, seed, counts)
    times = np.linspace(0.0, END_TIME, TIMESTEPS)
    return Problem(
        fields=np.stack([solve(parameters, times).astype(np.float32) for parameters in table]),
        coords=positions(),
        times=times,
        variables=("depth", "share"),
        names=NAMES,
        table=table,
        **Runs.of(counts)._asdict(),
    )
