"""Views of fields: nodes over time, fields at times, error maps; truth, VAE reconstruction and
prediction together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from simulgenvae.data.images import GREY, Images
from simulgenvae.evaluation.presentation import PREDICTION, RECONSTRUCTION, TRUTH, literal, quantity

MAX_VARIABLES = 4
"""Variables that are drawn; more would make figures that nobody reads."""

_LINES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("truth", {"color": TRUTH, "linewidth": 2.2}),
    ("VAE reconstruction", {"color": RECONSTRUCTION, "linestyle": "--"}),
    ("prediction", {"color": PREDICTION, "linestyle": "-", "linewidth": 1.2}),
)
_MAX_POINTS = 20_000
_IMAGE_WIDTH = 2.0  # inches


@dataclass(frozen=True)
class Frame:
    """Where the fields live: ``times [T]``, ``coords [M, D]`` and ``cells`` where known, V
    variables."""

    times: NDArray[np.float64]
    coords: NDArray[np.float64] | None
    cells: Mapping[str, NDArray[np.int64]]
    variables: tuple[str, ...]
    units: tuple[str, ...]

    def quantity(self, variable: int) -> str:
        return quantity(self.variables[variable], self.units[variable])

    def drawn(self) -> range:
        return range(min(len(self.variables), MAX_VARIABLES))

    def space(self) -> NDArray[np.float64] | None:
        """Coordinates without the directions in which the mesh has no extent; None if nothing is
        left."""
        if self.coords is None:
            return None
        extent = np.ptp(self.coords, axis=0)
        kept = self.coords[:, extent > 1e-9 * extent.max()]
        return kept if kept.shape[1] else None

    def steps(self) -> list[int]:
        """Up to three timesteps, evenly spread up to the last one."""
        steps: list[int] = np.unique(
            np.linspace(0, len(self.times) - 1, 4).round().astype(int)[1:]
        ).tolist()
        return steps

    def node(self, index: int) -> str:
        if self.coords is None:
            return f"node {index}"
        return f"node {index} ({', '.join(f'{value:.3g}' for value in self.coords[index])})"


@dataclass(frozen=True)
class RunView:
    """One run as truth, VAE reconstruction and prediction, each ``[T, M, V]``, with the words to
    head it.

    ``interval`` are lower and upper bound of the prediction, named ``interval_label``, and
    ``image`` is the picture of its design alone, where these are known.
    """

    title: str
    truth: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    prediction: NDArray[np.float32]
    interval: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    interval_label: str = "interval"
    image: Images | None = None

    def fields(self) -> tuple[NDArray[np.float32], ...]:
        return self.truth, self.reconstruction, self.prediction


def temporal_view(view: RunView, frame: Frame) -> Figure:
    """Three nodes over time, one row a variable: those whose value varies most, more than 3/4 and
    1/2 of the others."""
    variables = frame.drawn()
    nodes = view.truth.shape[1]
    ranks = sorted({nodes - 1, (3 * (nodes - 1)) // 4, (nodes - 1) // 2}, reverse=True)
    figure = Figure(figsize=(3.8 * len(ranks), 0.6 + 2.6 * len(variables)), layout="constrained")
    grid = figure.subplots(len(variables), len(ranks), squeeze=False, sharex=True)
    for v in variables:
        by_variation = np.argsort(view.truth[:, :, v].std(axis=0), kind="stable")
        for axes, node in zip(grid[v], by_variation[ranks], strict=True):
            for (label, style), values in zip(_LINES, view.fields(), strict=True):
                mark = {"marker": "o", "fillstyle": "none"} if len(frame.times) < 3 else {}
                axes.plot(frame.times, values[:, node, v], label=label, **style, **mark)
            if view.interval is not None:
                bounds = (bound[:, node, v] for bound in view.interval)
                shade = {"color": PREDICTION, "alpha": 0.2, "linewidth": 0}
                axes.fill_between(frame.times, *bounds, label=view.interval_label, **shade)
            axes.set(title=frame.node(int(node)), ylabel=frame.quantity(v))
            axes.grid(color="#DDDDDD", linewidth=0.6)
    for axes in grid[-1]:
        axes.set_xlabel("time")
    return _head(figure, grid[0, 0], view.title)


def nodal_view(view: RunView, frame: Frame) -> Iterator[tuple[int, Figure]]:
    """The field of each variable at up to three times: lines for 1-D meshes and unknown
    coordinates, else maps."""
    steps = frame.steps()
    space = frame.space()
    for v in frame.drawn():
        if space is None or space.shape[1] == 1:
            yield v, _lines(view, frame, space, steps, v)
        else:
            yield v, _maps(view, frame, space, steps, v)


def error_map(node_rmse: NDArray[np.float64], frame: Frame, title: str) -> Figure:
    """Root mean square error at each node ``[M, V]``, one panel a variable."""
    variables = frame.drawn()
    space = frame.space()
    mesh = None if space is None or space.shape[1] == 1 else _Mesh(space, frame.cells)
    height = 3.4 if mesh is None else 0.7 + 3.4 * mesh.slope
    figure = Figure(figsize=(4.2 * max(2, len(variables)), height), layout="constrained")
    for axes, v in zip(
        figure.subplots(1, len(variables), squeeze=False)[0], variables, strict=True
    ):
        values = node_rmse[:, v]
        if mesh is None:
            x, order = _abscissa(space, len(values))
            axes.plot(x, values[order], color=PREDICTION)
            axes.set(
                xlabel="node" if space is None else "x",
                ylabel=f"RMSE of {frame.quantity(v)}",
                ylim=(0, None),
            )
            continue
        colors = Normalize(0.0, float(values.max()))
        mesh.draw(axes, values, "magma", colors)
        figure.colorbar(
            ScalarMappable(colors, "magma"), ax=axes, label=f"RMSE of {frame.quantity(v)}"
        )
    figure.suptitle(literal(title), fontsize="medium")
    return figure


def _lines(
    view: RunView, frame: Frame, space: NDArray[np.float64] | None, steps: list[int], v: int
) -> Figure:
    figure = Figure(figsize=(3.8 * len(steps) + _image_width(view), 3.2), layout="constrained")
    grid = _panels(figure, view, 1, len(steps), sharey=True)
    x, order = _abscissa(space, view.truth.shape[1])
    for axes, step in zip(grid[0], steps, strict=True):
        for (label, style), values in zip(_LINES, view.fields(), strict=True):
            axes.plot(x, values[step, order, v], label=label, **style)
        axes.set(title=f"time {frame.times[step]:.4g}", xlabel="node" if space is None else "x")
        axes.grid(color="#DDDDDD", linewidth=0.6)
    grid[0, 0].set_ylabel(frame.quantity(v))
    return _head(figure, grid[0, 0], view.title)


def _maps(
    view: RunView, frame: Frame, space: NDArray[np.float64], steps: list[int], v: int
) -> Figure:
    """Rows: times. Columns: truth, reconstruction, prediction on one colour scale; error of
    prediction on its own."""
    mesh = _Mesh(space, frame.cells)
    height = 0.8 + len(steps) * (0.3 + 2.4 * mesh.slope)
    figure = Figure(figsize=(12 + _image_width(view), height), layout="constrained")
    grid = _panels(figure, view, len(steps), 4)
    truth, error = view.truth[steps, :, v], (view.prediction - view.truth)[steps, :, v]
    field_colors = Normalize(float(truth.min()), float(truth.max()))
    largest = float(np.abs(error).max())
    error_colors = Normalize(-largest, largest)
    for row, step in zip(grid, steps, strict=True):
        for axes, (label, _), values in zip(row, _LINES, view.fields(), strict=False):
            mesh.draw(axes, values[step, :, v], "viridis", field_colors)
            axes.set_title(f"{label}, time {frame.times[step]:.4g}", fontsize="small")
        mesh.draw(row[3], (view.prediction - view.truth)[step, :, v], "PuOr", error_colors)
        row[3].set_title("prediction − truth", fontsize="small")
    figure.colorbar(
        ScalarMappable(field_colors, "viridis"), ax=grid[:, :3], label=frame.quantity(v), pad=0.01
    )
    figure.colorbar(
        ScalarMappable(error_colors, "PuOr"), ax=grid[:, 3], label=f"error of {frame.quantity(v)}"
    )
    figure.suptitle(literal(view.title), fontsize="medium")
    return figure


def _image_width(view: RunView) -> float:
    return 0.0 if view.image is None else _IMAGE_WIDTH


def _panels(figure: Figure, view: RunView, rows: int, columns: int, **shared: Any) -> NDArray[Any]:
    """Axes of the fields, ``[rows, columns]``; left of them is the design's picture, where there is
    one."""
    grid: NDArray[Any]
    if view.image is None:
        grid = figure.subplots(rows, columns, squeeze=False, **shared)
        return grid
    width = figure.get_figwidth() - _IMAGE_WIDTH
    spec = figure.add_gridspec(1, 2, width_ratios=(_IMAGE_WIDTH, width))
    axes, about = figure.add_subplot(spec[0]), view.image.format
    pixels = view.image.pixels[0, :, :, 0] if about.channels == GREY else view.image.pixels[0]
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, about.width, 0, about.height))
    axes.set(xticks=[], yticks=[], anchor="N")
    axes.set_title("design", fontsize="small")
    grid = spec[1].subgridspec(rows, columns).subplots(squeeze=False, **shared)
    return grid


class _Mesh:
    """Draws nodal values on a plane: shaded triangles in 2-D, points of an isometric projection in
    3-D.

    slope: height of a panel as a fraction of its width. Meshes more than ten times longer than wide
    are stretched.
    """

    def __init__(self, space: NDArray[np.float64], cells: Mapping[str, NDArray[np.int64]]) -> None:
        self._triangles: Triangulation | None = None
        self._order = np.arange(len(space))
        if space.shape[1] == 2:
            self._plane = space
            self._triangles = _triangulate(space, cells)
        else:
            x, y, z = space.T
            self._plane = np.column_stack([(x - y) * np.cos(np.pi / 6), z + (x + y) * 0.5])
            thinned = np.arange(0, len(space), max(1, len(space) // _MAX_POINTS))
            self._order = thinned[
                np.argsort(-(x + y - z)[thinned])
            ]  # far points first, near ones over them
        width, height = np.ptp(self._plane, axis=0)
        self._true_to_scale = max(width, height) < 10 * min(width, height)
        self.slope = float(np.clip(height / width, 0.3, 1.5)) if self._true_to_scale else 0.5

    def draw(
        self, axes: Axes, values: NDArray[np.floating[Any]], palette: str, colors: Normalize
    ) -> None:
        if self._triangles is not None:
            axes.tripcolor(self._triangles, values, shading="gouraud", cmap=palette, norm=colors)
        else:
            x, y = self._plane[self._order].T
            axes.scatter(x, y, c=values[self._order], s=4, linewidths=0, cmap=palette, norm=colors)
        if self._true_to_scale:
            axes.set_aspect("equal")
        axes.set(xticks=[], yticks=[])


def _triangulate(
    space: NDArray[np.float64], cells: Mapping[str, NDArray[np.int64]]
) -> Triangulation | None:
    """Triangles and halved quads of the mesh, else Delaunay triangles; None where the nodes span no
    triangle."""
    x, y = space.T
    quads = cells.get("quad", np.zeros((0, 4), dtype=np.int64))
    own = np.concatenate(
        [cells.get("triangle", np.zeros((0, 3), dtype=np.int64)), quads[:, :3], quads[:, [0, 2, 3]]]
    )
    if len(own):
        return Triangulation(x, y, triangles=own)
    try:
        return Triangulation(x, y)
    except (RuntimeError, ValueError):  # fewer than three nodes, or all on one line
        return None


def _abscissa(
    space: NDArray[np.float64] | None, nodes: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Positions in increasing order and the order of nodes that belongs to them."""
    if space is None:
        return np.arange(nodes, dtype=np.float64), np.arange(nodes)
    order = np.argsort(space[:, 0], kind="stable")
    return space[order, 0], order


def _head(figure: Figure, labelled: Axes, title: str) -> Figure:
    figure.suptitle(literal(title), fontsize="medium")
    handles, labels = labelled.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure
