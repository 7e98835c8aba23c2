"""Figures of the latents: maps of the runs, parity of predicted and encoded latents, what each
level holds and does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.evaluation.presentation import (
    PREDICTION,
    RECONSTRUCTION,
    SPLIT_STYLES,
    SPLITS,
    TRUTH,
    literal,
    percent,
)

CAPTIONS = {
    "latent_levels": "What each level holds: information that the encoder writes into it, and how many of its numbers "
    "differ between the training runs.",
    "latent_off": "What each level is for: error of the reconstruction with the level replaced by the mean of its "
    "prior. A bar as short as the first belongs to a dead level.",
    "latent_parity": "Latents that the conditioner predicts against those that the encoder finds in the true field, "
    "for the latents with most information.",
    "latent_pca": "The runs in the plane of the first two principal components of their latents.",
    "latent_tsne": "The runs as t-SNE of their latents: neighbours stay together, distances beyond them mean nothing.",
}

Shades = dict[str, NDArray[np.float64]]


def latent_figures(
    latents: dict[str, Any], errors: dict[str, float | None], conditions: Conditions
) -> Iterator[tuple[str, Figure]]:
    """Every figure with its name, one at a time; the names are the keys of ``CAPTIONS``.

    ``latents`` is what :func:`simulgenvae.evaluation.analyses.latents.latent_analysis` returned;
    ``errors`` the joint relative error of the prediction by run id; ``conditions`` those of the
    same runs, in any order.
    """
    yield "latent_levels", level_bars(latents["levels"])
    yield "latent_off", off_bars(latents["reconstruction"])
    yield "latent_parity", parity(latents["parity"], latents["runs"]["split"])
    ids, splits = latents["runs"]["ids"], latents["runs"]["split"]
    shades = _shades(ids, errors, conditions)
    first, second = [*(percent(share) for share in latents["pca"]["explained"][:2]), percent(0.0)][
        :2
    ]
    labels = f"first component, {first} of the variance", f"second component, {second}"
    yield "latent_pca", run_map(np.array(latents["pca"]["scores"]), splits, shades, labels)
    if latents["tsne"] is not None:
        yield (
            "latent_tsne",
            run_map(np.array(latents["tsne"]), splits, shades, ("t-SNE 1", "t-SNE 2")),
        )


def level_bars(levels: dict[str, Any]) -> Figure:
    """Mean KL divergence of every level over training and validation runs; active dimensions by
    both criteria."""
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    information, active = figure.subplots(1, 2)
    at = np.arange(len(levels))
    drawn = [
        split
        for split in ("train", "validation")
        if all(level["kl"][split] is not None for level in levels.values())
    ]
    for k, split in enumerate(drawn):
        values = [level["kl"][split] for level in levels.values()]
        information.bar(at + 0.4 * k, values, 0.38, color=SPLIT_STYLES[split][0], label=split)
    information.set(ylabel="mean KL divergence from the prior [nats]")
    sizes = [level["size"] for level in levels.values()]
    active.bar(at + 0.2, sizes, 0.8, color="none", edgecolor="#999999", label="dimensions")
    for k, (key, color, label) in enumerate(
        (
            ("active", PREDICTION, "active by variance"),
            ("active_by_kl", RECONSTRUCTION, "active by KL"),
        )
    ):
        active.bar(
            at + 0.4 * k, [level[key] for level in levels.values()], 0.38, color=color, label=label
        )
    active.set(ylabel="number of dimensions")
    active.yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (information, active):
        axes.set_xticks(at + 0.2, list(levels))
        _finish(axes)
    return figure


def off_bars(reconstruction: dict[str, Any]) -> Figure:
    """Mean joint relative error of the reconstruction with all levels, and with each one switched
    off."""
    named = {"all levels": reconstruction["relative_l2"]}
    named |= {f"without {name}": error for name, error in reconstruction["level_off"].items()}
    known = {name: 100 * error for name, error in named.items() if error is not None}
    figure = Figure(figsize=(8, 0.8 + 0.42 * max(1, len(known))), layout="constrained")
    axes = figure.subplots()
    colors = [RECONSTRUCTION if name == "all levels" else PREDICTION for name in known]
    bars = axes.barh(list(known), list(known.values()), color=colors)
    axes.bar_label(bars, [percent(value / 100) for value in known.values()], padding=4)
    if "all levels" in known:
        axes.axvline(
            known["all levels"], color=RECONSTRUCTION, linestyle=":", linewidth=1, zorder=0
        )
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(
        xlabel=f"mean joint relative L2 error of the reconstruction on {reconstruction['split']} runs [%]"
    )
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def parity(latents: list[dict[str, Any]], splits: list[str]) -> Figure:
    """Predicted against encoded values, one panel a latent; points on the diagonal are predicted
    exactly."""
    columns = min(3, len(latents))
    rows = -(-len(latents) // columns)
    figure = Figure(figsize=(3.2 * columns, 0.4 + 3.1 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel()[len(latents) :]:
        axes.remove()
    for axes, latent in zip(grid.ravel(), latents, strict=False):
        encoded, predicted = np.array(latent["encoded"]), np.array(latent["predicted"])
        _by_split(axes, encoded, predicted, splits)
        ends = [min(encoded.min(), predicted.min()), max(encoded.max(), predicted.max())]
        axes.plot(ends, ends, color=TRUTH, linewidth=0.8, zorder=0)
        axes.set(
            title=f"{latent['level']}, dimension {latent['dimension']}",
            xlabel="encoded",
            ylabel="predicted",
        )
        axes.grid(color="#DDDDDD", linewidth=0.6)
    grid[0, 0].legend(frameon=False, fontsize="small")
    return figure


def run_map(
    positions: NDArray[np.float64], splits: list[str], shades: Shades, labels: tuple[str, str]
) -> Figure:
    """Runs at ``positions`` ``[n, 2]``: one panel by split, and one for each of ``shades``, values
    of the runs."""
    figure = Figure(figsize=(0.6 + 3.9 * (1 + len(shades)), 3.6), layout="constrained")
    panels = figure.subplots(1, 1 + len(shades), squeeze=False)[0]
    _by_split(panels[0], positions[:, 0], positions[:, 1], splits)
    panels[0].legend(frameon=False, fontsize="small")
    panels[0].set(title="split", ylabel=labels[1])
    for axes, (name, values) in zip(panels[1:], shades.items(), strict=True):
        points = axes.scatter(
            positions[:, 0], positions[:, 1], c=values, s=22, cmap="viridis", plotnonfinite=True
        )
        figure.colorbar(points, ax=axes)
        axes.set(title=literal(name))
    for axes in panels:
        axes.set(xlabel=labels[0])
        axes.grid(color="#DDDDDD", linewidth=0.6)
    return figure


def _by_split(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], splits: list[str]
) -> None:
    for split in SPLITS:
        chosen = np.array([name == split for name in splits])
        if chosen.any():
            color, marker = SPLIT_STYLES[split]
            axes.scatter(x[chosen], y[chosen], s=22, color=color, marker=marker, label=split)


def _shades(ids: list[str], errors: dict[str, float | None], conditions: Conditions) -> Shades:
    """What the runs are coloured by: the error of the prediction, and the first parameter where
    there is one."""
    known = [np.nan if (error := errors.get(run)) is None else 100 * error for run in ids]
    shades = {"error of prediction [%]": np.array(known, np.float64)}
    if conditions.names:
        row = {run: position for position, run in enumerate(conditions.ids)}
        shades[conditions.names[0]] = conditions.table[[row[run] for run in ids], 0]
    return shades


def _finish(axes: Axes) -> None:
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
