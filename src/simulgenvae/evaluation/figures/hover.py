"""Values that a page shows at the pointer: where the points of a figure are in its image.

A figure stays the image that it is, also in print and without scripts; the page lays the values
over it. So one drawing serves all, and any figure can have values. A library of charts would draw
each of them a second time, in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

UNITS = 10_000
"""Width and height of an image in the whole numbers that positions are written in."""
_MOST_POINTS = 200
"""Points of a line that have a value; of more, some evenly spread ones."""
_NAMES: WeakKeyDictionary[Artist, tuple[NDArray[np.float64], tuple[str, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class HoverSeries:
    """Points with a text each, at positions in ``UNITS`` from the left and from the top."""

    label: str
    """Name of a line; empty for points that have a text of their own."""
    x: tuple[int, ...]
    y: tuple[int, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class HoverPanel:
    """One system of axes: its box in the image, and its lines or named points."""

    box: tuple[int, int, int, int]
    """Left, top, right and bottom end, in ``UNITS``."""
    x_label: str
    x_texts: tuple[str, ...]
    """Value on the horizontal axis of each point of the lines; empty for named points."""
    series: tuple[HoverSeries, ...]


def name_points(
    artist: Artist, x: Sequence[float], y: Sequence[float], texts: Sequence[str]
) -> None:
    """Give a text to each of the points that an artist draws, for :func:`hover_panels`."""
    _NAMES[artist] = (np.column_stack([x, y]).astype(np.float64), tuple(texts))


def hover_panels(figure: Figure) -> tuple[HoverPanel, ...]:
    """Return the values of a figure that has been drawn; axes without any are left out.

    Lines that share their horizontal values have values if they have a label.
    """
    found = []
    for axes in figure.axes:
        panel = _named(axes) or _lines(axes)
        if panel is not None:
            found.append(panel)
    return tuple(found)


def _named(axes: Axes) -> HoverPanel | None:
    series = []
    for artist in axes.get_children():
        if artist in _NAMES:
            points, texts = _NAMES[artist]
            x, y = _positions(axes, points)
            series.append(HoverSeries("", x, y, texts))
    return HoverPanel(_box(axes), "", (), tuple(series)) if series else None


def _lines(axes: Axes) -> HoverPanel | None:
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    if not lines:
        return None
    x = _x(lines[0])
    same = [line for line in lines if np.array_equal(_x(line), x)]
    if len(x) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).round().astype(int))
    series = []
    for line in same:
        y = np.asarray(line.get_ydata(), np.float64)[chosen]
        at_x, at_y = _positions(axes, np.column_stack([x[chosen], y]))
        texts = tuple(f"{value:.4g}" for value in y)
        series.append(HoverSeries(_plain(str(line.get_label())), at_x, at_y, texts))
    x_texts = tuple(f"{value:.4g}" for value in x[chosen])
    return HoverPanel(_box(axes), _plain(_x_label(axes)), x_texts, tuple(series))


def _x(line: Line2D) -> NDArray[np.float64]:
    return np.asarray(line.get_xdata(), np.float64)


def _x_label(axes: Axes) -> str:
    """Return the label of the horizontal axis, which may stand below another panel only."""
    if axes.get_xlabel():
        return str(axes.get_xlabel())
    sharing = [str(other.get_xlabel()) for other in axes.get_shared_x_axes().get_siblings(axes)]
    return next(filter(None, sharing), "")


def _plain(text: str) -> str:
    return text.replace("\\$", "$")


def _positions(axes: Axes, points: NDArray[np.float64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the positions of points ``[n, 2]`` from the left and from the top of the image."""
    inside = axes.get_figure(root=True).transFigure.inverted()  # type: ignore[union-attr]
    # What a logarithmic axis cannot show is put outside of the image.
    with np.errstate(all="ignore"):
        x, y = inside.transform(axes.transData.transform(points)).T
    return _whole(x), _whole(1.0 - y)


def _whole(fractions: NDArray[np.float64]) -> tuple[int, ...]:
    outside = np.nan_to_num(fractions, nan=-1.0, posinf=-1.0, neginf=-1.0)
    return tuple((UNITS * outside.clip(-1.0, 2.0)).round().astype(int).tolist())


def _box(axes: Axes) -> tuple[int, int, int, int]:
    box = axes.get_position()
    left, right = _whole(np.array([box.x0, box.x1]))
    top, bottom = _whole(1.0 - np.array([box.y1, box.y0]))
    return left, top, right, bottom
