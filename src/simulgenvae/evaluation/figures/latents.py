"""Figures of the latents: maps of the runs, parity of latents, content and use of each level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.results.study import SPLITS
from simulgenvae.utils.formatting import percent, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.evaluation.results.base import Number
    from simulgenvae.evaluation.results.latents import (
        LatentLevel,
        LatentResults,
        LevelsOff,
        Parity,
    )

CAPTIONS = {
    "latent_levels": "What each level holds: information that the encoder writes into it, and how "
    "many of its numbers differ between the training runs.",
    "latent_off": "What each level is for: error of the reconstruction with the level replaced by "
    "the mean of its prior. A bar as short as the first belongs to a dead level.",
    "latent_parity": "Latents that the conditioner predicts against those that the encoder finds "
    "in the true field, for the latents with most information.",
    "latent_pca": "The runs in the plane of the first two principal components of their latents.",
    "latent_tsne": "The runs as t-SNE of their latents: neighbours stay together, distances beyond "
    "them mean nothing.",
}

Shades = dict[str, NDArray[np.float64]]
"""Values by which runs are coloured, by their titles, ``[n]`` each."""


def latent_figures(
    latents: LatentResults, errors: Mapping[str, Number], conditions: Conditions
) -> Iterator[tuple[str, Figure]]:
    """Yield every figure with its name, a key of ``CAPTIONS``.

    Parameters
    ----------
    latents
        Results of the analysis.
    errors
        Joint relative error of the prediction by the id of the run.
    conditions
        Conditions of the same runs, in any order.
    """
    ids = latents.runs.ids
    splits = latents.runs.split
    yield "latent_levels", level_bars(latents.levels)
    yield "latent_off", off_bars(latents.reconstruction)
    yield "latent_parity", parity(latents.parity, splits)
    shades = _shades(ids, errors, conditions)
    # A single run has one component, which explains nothing.
    first, second = (*latents.pca.explained, 0.0, 0.0)[:2]
    labels = (
        f"first component, {percent(first)} of the variance",
        f"second component, {percent(second)}",
    )
    yield "latent_pca", run_map(np.array(latents.pca.scores), splits, shades, labels)
    if latents.tsne is not None:
        labels = ("t-SNE 1", "t-SNE 2")
        yield "latent_tsne", run_map(np.array(latents.tsne), splits, shades, labels)


def level_bars(levels: Mapping[str, LatentLevel]) -> Figure:
    """Return a figure of the mean KL divergence and the active dimensions of every level."""
    figure = style.new_figure(3.6)
    information, active = figure.subplots(1, 2)
    at = np.arange(len(levels))
    for k, split in enumerate(("train", "validation")):
        values = [level.kl[split] for level in levels.values() if level.kl[split] is not None]
        if len(values) == len(levels):
            color = style.SPLIT_COLORS[split]
            label = style.SPLIT_LABELS[split]
            information.bar(at + 0.4 * k, values, 0.38, color=color, label=label)
    information.set(ylabel=style.labelled("mean KL divergence from the prior", "nats"))
    sizes = [level.size for level in levels.values()]
    by_variance = [level.active for level in levels.values()]
    by_kl = [level.active_by_kl for level in levels.values()]
    active.bar(at + 0.2, sizes, 0.8, color="none", edgecolor=style.GREY, label="dimensions")
    active.bar(at, by_variance, 0.38, color=style.PREDICTION, label="active by variance")
    active.bar(at + 0.4, by_kl, 0.38, color=style.RECONSTRUCTION, label="active by KL")
    active.set(ylabel="number of dimensions")
    active.yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (information, active):
        axes.set_xticks(at + 0.2, list(levels))
        style.finish(axes, direction="y")
    return figure


def off_bars(reconstruction: LevelsOff) -> Figure:
    """Return a figure of the error with all levels, and with each one switched off."""
    whole = "all levels"
    errors = {whole: reconstruction.relative_l2}
    errors |= {f"without {name}": error for name, error in reconstruction.level_off.items()}
    known = {name: error for name, error in errors.items() if error is not None}
    figure = style.new_figure(0.9 + 0.42 * max(1, len(known)), 8.0)
    axes = figure.subplots()
    colors = [style.RECONSTRUCTION if name == whole else style.PREDICTION for name in known]
    bars = axes.barh(list(known), [100 * error for error in known.values()], color=colors)
    axes.bar_label(bars, [percent(error) for error in known.values()], padding=4)
    if whole in known:
        axes.axvline(
            100 * known[whole], color=style.RECONSTRUCTION, linestyle=":", linewidth=1, zorder=0
        )
    axes.invert_yaxis()
    axes.margins(x=0.15)
    runs = f"{reconstruction.split} runs"
    axes.set(
        xlabel=style.labelled(f"mean joint relative L2 error of the reconstruction on {runs}", "%")
    )
    style.open_corner(axes)
    return figure


def parity(latents: Sequence[Parity], splits: Sequence[str]) -> Figure:
    """Return a figure of predicted against encoded values, one panel per latent.

    Points on the diagonal are predicted exactly.
    """
    columns = min(3, len(latents))
    rows = -(-len(latents) // columns)
    figure = style.new_figure(0.4 + 3.0 * rows, style.WIDTH * columns / 3)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(latents) :]:
        axes.remove()
    for axes, latent in zip(grid, latents, strict=False):
        encoded = np.array(latent.encoded, np.float64)
        predicted = np.array(latent.predicted, np.float64)
        _scatter(axes, np.column_stack([encoded, predicted]), splits)
        both = np.concatenate([encoded, predicted])
        ends = [both.min(), both.max()]
        axes.plot(ends, ends, color=style.TRUTH, linewidth=0.8, zorder=0)
        title = f"{latent.level}, dimension {latent.dimension}"
        axes.set(title=title, xlabel="encoded", ylabel="predicted")
        style.finish(axes, legend=axes is grid[0])
    return figure


def run_map(
    positions: NDArray[np.float64],
    splits: Sequence[str],
    shades: Shades,
    labels: tuple[str, str],
) -> Figure:
    """Return a map of the runs: one panel by split, and one for each of ``shades``.

    Parameters
    ----------
    positions
        Place of each run, ``[n, 2]``.
    splits
        Split of each run.
    shades
        Values by which runs are coloured, ``[n]`` each.
    labels
        Labels of the two axes.
    """
    panels = 1 + len(shades)
    figure = style.new_figure(3.7, 0.6 + 3.9 * panels)
    grid = figure.subplots(1, panels, squeeze=False)[0]
    _scatter(grid[0], positions, splits)
    grid[0].set(title="split", ylabel=labels[1])
    style.finish(grid[0], legend=False)
    # Runs are spread over the whole panel, so that a legend inside would cover some.
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=style.SMALL)
    for axes, (name, values) in zip(grid[1:], shades.items(), strict=True):
        x, y = positions.T
        points = axes.scatter(x, y, c=values, s=22, cmap="viridis", plotnonfinite=True)
        figure.colorbar(points, ax=axes)
        axes.set(title=style.literal(name))
        style.finish(axes, legend=False)
    for axes in grid:
        axes.set_xlabel(labels[0], fontsize=style.SMALL)
    return figure


def _scatter(axes: Axes, points: NDArray[np.float64], splits: Sequence[str]) -> None:
    """Draw points ``[n, 2]`` in the colours of their splits."""
    for split in SPLITS:
        x, y = points[np.array(splits) == split].T
        if len(x):
            axes.scatter(
                x,
                y,
                s=22,
                color=style.SPLIT_COLORS[split],
                marker=style.SPLIT_MARKERS[split],
                label=style.SPLIT_LABELS[split],
            )


def _shades(ids: Sequence[str], errors: Mapping[str, Number], conditions: Conditions) -> Shades:
    """Return the error of the prediction, and the first parameter that is a number, if any."""
    percentages = []
    for run in ids:
        error = errors.get(run)
        percentages.append(np.nan if error is None else 100 * error)
    shades = {quantity("error of prediction", "%"): np.array(percentages, np.float64)}
    # The values of a category have no order that shades could show.
    numbers = [k for k, levels in enumerate(conditions.levels) if not levels]
    if numbers:
        row = {run: position for position, run in enumerate(conditions.ids)}
        first = numbers[0]
        label = quantity(conditions.names[first], conditions.units[first])
        shades[label] = conditions.table[[row[run] for run in ids], first]
    return shades
