"""Figures of the fields of one run: truth, VAE reconstruction and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from simulgenvae.data.images import GREY, Images
from simulgenvae.data.motion import moved
from simulgenvae.data.units import with_unit
from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.mesh_plot import MeshPlot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_IMAGE_WIDTH = 1.4  # inches
_FIELDS = ("truth", "VAE reconstruction", "prediction")


@dataclass(frozen=True)
class Domain:
    """Times, places and variables of the fields."""

    times: NDArray[np.float64]
    """``[T]``."""
    coords: NDArray[np.float64] | None
    """Coordinates of the nodes, ``[M, D]``, where they are known."""
    cells: Mapping[str, NDArray[np.int64]]
    """Cells by the names of meshio, where they are known."""
    variables: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str = ""
    length_unit: str = ""
    motion: tuple[int, ...] = ()
    """Numbers of the variables by which nodes move along x, y and z, where they move in time."""

    def labelled(self, variable: int) -> str:
        """Return the name of a variable with its unit, as text for matplotlib."""
        return style.labelled(self.variables[variable], self.units[variable])

    def position_label(self, space: NDArray[np.float64] | None) -> str:
        """Return the label of the axis of nodes in a line, whose positions are :meth:`space`."""
        return "node" if space is None else style.labelled("x", self.length_unit)

    def drawn(self) -> range:
        """Return the numbers of the variables that are drawn."""
        return range(min(len(self.variables), style.MAX_VARIABLES))

    def space(self, fields: NDArray[np.floating] | None = None) -> NDArray[np.float64] | None:
        """Return coordinates without directions in which the mesh has no extent.

        In a mesh that moves, nodes are where ``fields`` ``[M, V]`` take them, or at rest without.
        The result is None if no direction is left.
        """
        if self.coords is None:
            return None
        extent = np.ptp(self.coords, axis=0)
        coords = self.coords
        if fields is not None and self.motion:
            coords = moved(coords, fields[:, self.motion])
        kept = coords[:, extent > 1e-9 * extent.max()]
        return kept if kept.shape[1] else None

    def steps(self) -> list[int]:
        """Return up to three timesteps, evenly spread up to the last one."""
        # Without the first timestep, at which all runs are often alike.
        spread = np.linspace(0, len(self.times) - 1, 4).round().astype(int)
        steps: list[int] = np.unique(spread[1:]).tolist()
        return steps

    def node(self, index: int) -> str:
        """Return the name of a node, with its coordinates where they are known."""
        if self.coords is None:
            return f"node {index}"
        return f"node {index} ({', '.join(f'{value:.3g}' for value in self.coords[index])})"


@dataclass(frozen=True)
class RunFields:
    """Fields of one run, ``[T, M, V]`` each."""

    title: str
    truth: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    prediction: NDArray[np.float32]
    interval: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    """Lower and upper bound of the prediction, where they are known."""
    interval_label: str = "interval"
    image: Images | None = None
    """Image of the run's design, where it has one."""
    domain: Domain | None = None
    """Times and places, where the run has a mesh of its own."""

    def all(self) -> tuple[NDArray[np.float32], ...]:
        """Return truth, reconstruction and prediction."""
        return self.truth, self.reconstruction, self.prediction


def nodes_over_time(run: RunFields, domain: Domain) -> Figure:
    """Return a figure of three nodes over time, one row per variable.

    They are the node whose value varies most, and those that vary more than 3/4 and 1/2 of all.
    """
    variables = domain.drawn()
    last = run.truth.shape[1] - 1
    ranks = sorted({last, (3 * last) // 4, last // 2}, reverse=True)
    width = style.WIDTH * len(ranks) / 3
    figure = style.new_figure(0.8 + 2.4 * len(variables), width)
    grid = figure.subplots(len(variables), len(ranks), squeeze=False, sharex=True)
    for v in variables:
        # Nodes at which nothing happens show nothing: take those that vary.
        by_variation = np.argsort(run.truth[:, :, v].std(axis=0), kind="stable")
        for axes, node in zip(grid[v], by_variation[ranks].tolist(), strict=True):
            for label, values in zip(_FIELDS, run.all(), strict=True):
                _draw_line(axes, domain.times, values[:, node, v], label)
            if run.interval is not None:
                lower, upper = (bound[:, node, v] for bound in run.interval)
                axes.fill_between(
                    domain.times,
                    lower,
                    upper,
                    label=run.interval_label,
                    color=style.PREDICTION,
                    alpha=0.2,
                    linewidth=0,
                )
            axes.set_title(domain.node(node), fontsize=style.SMALL)
            style.finish(axes, legend=False)
        grid[v, 0].set_ylabel(domain.labelled(v))
    for axes in grid[-1]:
        axes.set_xlabel(style.labelled("time", domain.time_unit))
    return _head(figure, grid[0, 0], run.title)


def fields_at_times(run: RunFields, domain: Domain) -> Iterator[tuple[int, Figure]]:
    """Yield the number of each variable and a figure of its field at up to three times.

    Fields are drawn as lines for 1-D meshes and unknown coordinates, else as maps.
    """
    space = domain.space()
    for v in domain.drawn():
        if space is None or space.shape[1] == 1:
            yield v, _lines(run, domain, space, v)
        else:
            yield v, _maps(run, domain, space, v)


def abscissa(
    space: NDArray[np.float64] | None, nodes: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return positions in increasing order, and the nodes in that order, ``[M]`` each."""
    if space is None:
        return np.arange(nodes, dtype=np.float64), np.arange(nodes)
    order = np.argsort(space[:, 0], kind="stable")
    return space[order, 0], order


def _lines(run: RunFields, domain: Domain, space: NDArray[np.float64] | None, v: int) -> Figure:
    steps = domain.steps()
    figure = style.new_figure(3.2, 3.0 * len(steps) + _image_width(run))
    grid = _panels(figure, run, 1, len(steps), sharey=True)
    x, order = abscissa(space, run.truth.shape[1])
    for axes, step in zip(grid[0], steps, strict=True):
        for label, values in zip(_FIELDS, run.all(), strict=True):
            _draw_line(axes, x, values[step, order, v], label)
        time = with_unit(f"time {domain.times[step]:.4g}", domain.time_unit)
        axes.set(title=style.literal(time), xlabel=domain.position_label(space))
        style.finish(axes, legend=False)
    grid[0, 0].set_ylabel(domain.labelled(v))
    return _head(figure, grid[0, 0], run.title)


def _maps(run: RunFields, domain: Domain, space: NDArray[np.float64], v: int) -> Figure:
    """Draw one row per time: the fields on one colour scale, the prediction's error on its own."""
    steps = domain.steps()
    mesh = MeshPlot(space, domain.cells)
    panel = (style.WIDTH - 0.4 - _image_width(run)) / 4
    figure = style.new_figure(1.5 + len(steps) * (0.15 + panel * mesh.slope))
    # Otherwise each panel would be as wide as the mesh is at its time.
    shared = {"sharex": True, "sharey": True} if domain.motion else {}
    grid = _panels(figure, run, len(steps), 4, **shared)
    truth = run.truth[steps, :, v]
    error = (run.prediction - run.truth)[steps, :, v]
    field_colors = Normalize(float(truth.min()), float(truth.max()))
    largest = float(np.abs(error).max())
    error_colors = Normalize(-largest, largest)
    for axes, label in zip(grid[0], (*_FIELDS, "prediction − truth"), strict=True):
        axes.set_title(label, fontsize=style.SMALL)
    for row, (axes_of_row, step) in enumerate(zip(grid, steps, strict=True)):
        for axes, values in zip(axes_of_row, run.all(), strict=False):
            mesh = _moved(mesh, domain, values[step])
            mesh.draw(axes, values[step, :, v], "viridis", field_colors)
        # The error is on the mesh as it is predicted, which comes last.
        mesh.draw(axes_of_row[3], error[row], "PuOr", error_colors)
        at = with_unit(f"time {domain.times[step]:.4g}", domain.time_unit)
        axes_of_row[0].set_ylabel(style.literal(at), fontsize=style.SMALL)
    # Colour bars are below the panels: at their sides they would take the width of a panel.
    figure.colorbar(
        ScalarMappable(field_colors, "viridis"),
        ax=grid[:, :3],
        label=domain.labelled(v),
        location="bottom",
        aspect=50,
        pad=0.02,
    )
    figure.colorbar(
        ScalarMappable(error_colors, "PuOr"),
        ax=grid[:, 3],
        label=style.labelled("error", domain.units[v]),
        location="bottom",
        aspect=16,
        pad=0.02,
        ticks=MaxNLocator(3),
    )
    figure.suptitle(style.literal(run.title), fontsize="medium")
    return figure


def _moved(mesh: MeshPlot, domain: Domain, fields: NDArray[np.floating]) -> MeshPlot:
    """Return the plot of a mesh where fields ``[M, V]`` take it; the same one if it is at rest."""
    space = domain.space(fields)
    return mesh if not domain.motion or space is None else MeshPlot(space, domain.cells)


def _draw_line(
    axes: Axes, x: NDArray[np.float64], values: NDArray[np.floating[Any]], label: str
) -> None:
    """Draw truth, reconstruction or prediction, each in its style."""
    color, line, width = {
        "truth": (style.TRUTH, "-", 2.2),
        "VAE reconstruction": (style.RECONSTRUCTION, "--", 1.5),
        "prediction": (style.PREDICTION, "-", 1.2),
    }[label]
    axes.plot(
        x,
        values,
        color=color,
        linestyle=line,
        linewidth=width,
        label=label,
        marker=style.marker(len(x)),
        fillstyle="none",
    )


def _image_width(run: RunFields) -> float:
    return 0.0 if run.image is None else _IMAGE_WIDTH


def _panels(figure: Figure, run: RunFields, rows: int, columns: int, **shared: Any) -> NDArray[Any]:
    """Return axes of the fields, ``[rows, columns]``; the design's image is left of them."""
    grid: NDArray[Any]
    if run.image is None:
        grid = figure.subplots(rows, columns, squeeze=False, **shared)
        return grid
    width = figure.get_figwidth() - _IMAGE_WIDTH
    spec = figure.add_gridspec(1, 2, width_ratios=(_IMAGE_WIDTH, width))
    axes = figure.add_subplot(spec[0])
    about = run.image.format
    pixels = run.image.pixels[0, :, :, 0] if about.channels == GREY else run.image.pixels[0]
    white = 255 if about.bits == 8 else 1
    # The file was resized to a square of pixels: drawn as wide as the file.
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=white, extent=(0, about.width, 0, about.height))
    axes.set(xticks=[], yticks=[], anchor="N")
    axes.set_title("design", fontsize=style.SMALL)
    grid = spec[1].subgridspec(rows, columns).subplots(squeeze=False, **shared)
    return grid


def _head(figure: Figure, labelled: Axes, title: str) -> Figure:
    """Add a title, and below the panels one legend for all of them."""
    figure.suptitle(style.literal(title), fontsize="medium")
    handles, labels = labelled.get_legend_handles_labels()
    columns = len(handles) if figure.get_figwidth() > 0.8 * style.WIDTH else 2
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    return figure
