"""Figure of a search for settings: the error of each trial over the value of each setting.

Tested in tests/search/test_record.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from simulgenvae.evaluation.figures import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulgenvae.models.search_record import SearchRecord, TrialRecord

CAPTIONS = {
    "search": "Search for settings: error of each trial over the values of its settings. Trials "
    "that were stopped early have trained less than the others.",
}
_PANELS = 3
"""Panels in a row."""
_DECADE = 10.0
"""Ratio of the largest to the smallest value from which on an axis is logarithmic."""


def search_figure(search: SearchRecord) -> Figure:
    """Return a figure with a panel for each searched setting."""
    keys = search.keys
    rows = -(-len(keys) // _PANELS)
    figure = style.new_figure(0.6 + 2.5 * rows)
    grid = figure.subplots(rows, _PANELS, squeeze=False, sharey=True).ravel()
    for axes, key in zip(grid, keys, strict=False):
        _draw(axes, key, search)
    for axes in grid[len(keys) :]:
        axes.set_visible(False)
    for axes in grid[::_PANELS]:
        axes.set_ylabel(style.labelled("error of one network", "%"))
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False)
    return figure


def _draw(axes: Axes, key: str, search: SearchRecord) -> None:
    trials = [trial for trial in search.trials if trial.error is not None and key in trial.settings]
    values = [trial.settings[key] for trial in trials]
    # Words become positions with their names as labels.
    numeric = [value for value in values if not isinstance(value, str)]
    if numeric and min(numeric) > 0 and max(numeric) / min(numeric) > _DECADE:
        axes.set_xscale("log")
    elif numeric:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    best = [trial for trial in trials if trial.number == search.best]
    full = [trial for trial in trials if trial.state == "finished" and trial not in best]
    short = [trial for trial in trials if trial.state != "finished"]
    _points(axes, key, short, style.GREY, "o", "stopped early")
    _points(axes, key, full, style.RECONSTRUCTION, "s", "finished")
    _points(axes, key, best, style.PREDICTION, "D", "chosen")
    if search.default_error is not None:
        axes.axhline(
            100 * search.default_error,
            color=style.TRUTH,
            linestyle="--",
            linewidth=1,
            label="defaults",
        )
    axes.set_yscale("log")
    style.plain_log_ticks(axes.yaxis)
    axes.set_xlabel(key.rsplit(".", 1)[1])
    style.finish(axes, legend=False)


def _points(
    axes: Axes, key: str, trials: Sequence[TrialRecord], color: str, marker: str, label: str
) -> None:
    x = [trial.settings[key] for trial in trials]
    y = [100 * max(trial.error or 0.0, 1e-9) for trial in trials]
    axes.plot(x, y, marker=marker, color=color, linestyle="", label=label)
