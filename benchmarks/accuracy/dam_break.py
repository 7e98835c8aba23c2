"""Benchmark problem: a column of water breaks into a thin layer and runs round an obstacle.

    ∂h/∂t + ∇·(h v) = 0,    ∂(h v)/∂t + ∇·(h v ⊗ v + h² I / 2) = 0,    ∂(h c)/∂t + ∇·(h v c) = 0

with gravity 1, on a box of 2 x 1.2 with closed walls and a rectangular obstacle higher than the
water. At t = 0 the water rests: with depth ``height`` and c = 1 for x < ``width``, with depth
``layer`` and c = 0 elsewhere. The bore hits the obstacle, splits, closes behind it and comes back
from the far wall. Fields are the depth h and the fraction c of it that is the column's water
(variable ``share``); both are 0 inside the obstacle. Bores and the edge of c, which stays one to
two nodes wide and rolls up behind the obstacle, are jumps whose places depend on all four
parameters: width and height of the column, depth of the layer and y of the obstacle's centre (a
multiple of the solver's cell, so that its walls are faces). In an extrapolation run, one or two of
them lie outside the range of the training runs, by up to 30 % of its width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import Problem, Runs, grid_positions, sample_streams, unit_designs

NAMES = ("width", "height", "layer", "obstacle")
LOWER = np.array([0.4, 0.7, 0.08, 0.3])
UPPER = np.array([0.7, 1.2, 0.2, 0.6])
LENGTH = 2.0
BREADTH = 1.2
OBSTACLE_LEFT = 1.1
OBSTACLE_RIGHT = 1.25
OBSTACLE_HALF = 0.15
NODES = (80, 48)
TIMESTEPS = 50
END_TIME = 2.4
REFINEMENT = 2
COURANT = 0.8
DRY = 1e-12

Array = NDArray[Any]
"""Of double precision; the cells that the solver advances are of single precision."""


class Flow(NamedTuple):
    """Means over cells ``[y, x]``: depth, momenta along x and y, and depth times share."""

    depth: Array
    along_x: Array
    along_y: Array
    column: Array

    def turned(self) -> Flow:
        """Return the same flow with x and y exchanged."""
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
    """Return designs at random, ``[runs, 4]``."""
    cell = LENGTH / (NODES[0] * REFINEMENT)
    table = LOWER + (UPPER - LOWER) * unit_designs(runs, len(NAMES), seed, stream)
    # The walls of the obstacle must be faces of cells.
    table[:, 3] = cell * np.rint(table[:, 3] / cell)
    return table


def limited(left: Array, right: Array, steepness: float) -> Array:
    """Return the slope of values from their differences to both neighbours.

    The limiter is minmod for steepness 1 and superbee for steepness 2 (Sweby 1984).
    """
    small = np.minimum(np.abs(left), np.abs(right))
    large = np.maximum(np.abs(left), np.abs(right))
    return np.where(
        left * right > 0.0, np.copysign(np.minimum(steepness * small, large), left), 0.0
    )


def walled(values: Array, block: Block | None, sign: float) -> Array:
    """Return values with two columns added behind each wall, which mirror those in front of it.

    Walls are both ends, and both sides of the obstacle, where the columns lie within it. Mirrored
    values are multiplied by ``sign``: -1 for the velocity across the wall.
    """
    padded = np.empty((values.shape[0], values.shape[1] + 4), values.dtype)
    padded[:, 2:-2] = values
    padded[:, :2] = sign * values[:, 1::-1]
    padded[:, -2:] = sign * values[:, :-3:-1]
    if block is not None:
        rows = slice(block.bottom, block.top)
        left = block.left
        right = block.right
        padded[rows, left + 2 : left + 4] = sign * values[rows, left - 2 : left][:, ::-1]
        padded[rows, right : right + 2] = sign * values[rows, right : right + 2][:, ::-1]
    return padded


def divide(amount: Array, depth: Array) -> Array:
    """Return amount by depth, 0 where it is dry."""
    return np.where(depth > DRY, amount / np.maximum(depth, DRY), 0.0)


def fluxes(left: tuple[Array, ...], right: tuple[Array, ...]) -> tuple[Array, ...]:
    """Return the HLLC fluxes along x between states (depth, u, v, share) of both sides.

    Speeds of the outer waves are those of two rarefactions, and at a dry side that of the front
    (Toro 2001, Shock-Capturing Methods for Free-Surface Shallow Flows, 10.4-10.6). v and share come
    from the side that the water comes from.
    """
    (h0, u0, v0, c0), (h1, u1, v1, c1) = left, right
    # Gravity is 1, so that the speed of a wave in still water is the root of the depth.
    a0 = np.sqrt(h0)
    a1 = np.sqrt(h1)
    u = 0.5 * (u0 + u1) + a0 - a1
    a = 0.5 * (a0 + a1) + 0.25 * (u0 - u1)
    # Water flows onto a dry bed at u + 2a, faster than a wave in it.
    slow = np.where(h0 > DRY, np.minimum(u0 - a0, u - a), u1 - 2.0 * a1)
    fast = np.where(h1 > DRY, np.maximum(u1 + a1, u + a), u0 + 2.0 * a0)
    # Waves that all run one way leave the flux of the side that they come from.
    slow = np.minimum(slow, 0.0)
    fast = np.maximum(fast, 0.0)
    span = np.maximum(fast - slow, DRY)
    q0 = h0 * u0
    q1 = h1 * u1
    mass = (fast * q0 - slow * q1 + slow * fast * (h1 - h0)) / span
    push0 = q0 * u0 + 0.5 * h0 * h0
    push1 = q1 * u1 + 0.5 * h1 * h1
    push = (fast * push0 - slow * push1 + slow * fast * (q1 - q0)) / span
    # Both are carried with the water: this keeps the edge of the share sharp.
    onward = mass > 0.0
    return mass, push, mass * np.where(onward, v0, v1), mass * np.where(onward, c0, c1)


def sweep(flow: Flow, block: Block | None, ratio: float) -> Flow:
    """Take one step along x of the MUSCL-Hancock scheme (Toro 2001, 11.4).

    ``ratio`` is the time step by the cell width. Slopes are limited by minmod, those of the share
    by superbee, which keeps its edge sharp.
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
    # Values half a time step later make the scheme of second order in time.
    half = 0.5 * ratio
    middle = (
        h - half * (u * dh + h * du),
        u - half * (u * du + dh),
        v - half * u * dv,
        c - half * u * dc,
    )
    lower = [values - 0.5 * d for values, d in zip(middle, slope, strict=True)]
    upper = [values + 0.5 * d for values, d in zip(middle, slope, strict=True)]
    # Extrapolated to the faces of a cell, the depth at a dry bed may fall below 0.
    lower[0] = np.maximum(lower[0], 0.0)
    upper[0] = np.maximum(upper[0], 0.0)
    flux = fluxes(
        tuple(values[:, :-1] for values in upper), tuple(values[:, 1:] for values in lower)
    )
    new = Flow(*(values - ratio * np.diff(f) for values, f in zip(flow, flux, strict=True)))
    # Fluxes through the walls of the obstacle have filled its cells with mirrored water.
    if block is not None:
        for values in new:
            values[block.bottom : block.top, block.left : block.right] = 0.0
    return new


def fastest(flow: Flow) -> float:
    """Return the largest speed of a wave along x or y."""
    speed = np.maximum(
        np.abs(divide(flow.along_x, flow.depth)), np.abs(divide(flow.along_y, flow.depth))
    )
    return float((speed + np.sqrt(np.maximum(flow.depth, 0.0))).max())


def advance(flow: Flow, block: Block | None, cell: float, time: float) -> Flow:
    """Return the flow after ``time``.

    Each step sweeps along both axes, in turns beginning with x and with y (Strang 1968).
    """
    left = time
    turned = False
    while left > 0.0:
        # Equal steps end at the wanted time, and none of them is tiny.
        count = max(1, int(np.ceil(left * fastest(flow) / (COURANT * cell))))
        step = left / count
        flow = sweep(flow, block, step / cell)
        # The flow stays turned for the next step, which begins with the other axis.
        flow = flow.turned()
        block = block and block.turned()
        turned = not turned
        flow = sweep(flow, block, step / cell)
        left = left - step if count > 1 else 0.0
    return flow.turned() if turned else flow


def obstacle(centre: float, cell: float) -> Block:
    """Return the cells of the obstacle."""
    edges = (centre - OBSTACLE_HALF, centre + OBSTACLE_HALF, OBSTACLE_LEFT, OBSTACLE_RIGHT)
    return Block(*(round(edge / cell) for edge in edges))


def at_rest(
    width: float, height: float, layer: float, block: Block, shape: tuple[int, int], cell: float
) -> Flow:
    """Return the flow at t = 0 on a grid of ``shape`` (y, x).

    The edge of the column of water may lie within a cell.
    """
    share = np.tile(np.clip(width / cell - np.arange(shape[1]), 0.0, 1.0), (shape[0], 1))
    share[block.bottom : block.top, block.left : block.right] = 0.0
    depth = height * share + layer * (1.0 - share)
    depth[block.bottom : block.top, block.left : block.right] = 0.0
    start = (depth, np.zeros(shape), np.zeros(shape), height * share)
    return Flow(*(values.astype(np.float32) for values in start))


def node_values(flow: Flow, refinement: int) -> Array:
    """Return the mean depth of ``refinement``² cells and the share in their water, ``[M, 2]``.

    Nodes are numbered row by row, x fastest.
    """
    rows, columns = (size // refinement for size in flow.depth.shape)
    depth, column = (
        values.reshape(rows, refinement, columns, refinement).mean(axis=(1, 3)).ravel()
        for values in (flow.depth, flow.column)
    )
    return np.stack([depth, divide(column, depth)], axis=1)


def solve(
    parameters: Array, times: Array, refinement: int = REFINEMENT, nodes: tuple[int, int] = NODES
) -> Array:
    """Return depth and share at the times (the first is 0) and nodes, ``[T, M, 2]``.

    Each node is the mean of ``refinement``² cells.
    """
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
    """Return x and y of the nodes, centres of squares, ``[M, 2]``.

    They are numbered row by row from the bottom, x fastest.
    """
    spacing = LENGTH / nodes[0]
    columns, rows = (spacing * (np.arange(count, dtype=np.float64) + 0.5) for count in nodes)
    return grid_positions(columns, rows)


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
