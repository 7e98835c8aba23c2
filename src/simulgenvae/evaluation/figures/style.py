"""Style of all figures: size, colours, lines, grids, legends.

All figures are made with matplotlib's object-oriented interface: no display, window or global state
is involved. Tested in tests/evaluation/figures/test_style.py.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from simulgenvae.evaluation.methods import OWN_METHODS
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDTH = 9.1
"""Width in inches of a full figure. With ``DPI`` it has the width of the report's text, so that the
page shows it unscaled: a wider one would shrink, and its letters with it."""
DPI = 110
SMALL = 8.5
"""Size of the smallest letters in points."""
MAX_VARIABLES = 4
"""Variables that are drawn; figures of more would be too small to read."""
MIN_POINTS = 3
"""Points from which on a line is seen without markers."""

_COLORS = {method.name: method.color for method in OWN_METHODS}
TRUTH = "#000000"
PREDICTION = _COLORS["prediction"]
RECONSTRUCTION = _COLORS["reconstruction"]
GREY = "#999999"
_GRID = "#DDDDDD"

SPLIT_COLORS = {"train": GREY, "validation": "#56B4E9", "test": PREDICTION}
SPLIT_MARKERS = {"train": "o", "validation": "s", "test": "^"}
SPLIT_LABELS = {"train": "training runs", "validation": "validation runs", "test": "test runs"}


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of a size in inches, not wider than the report's text."""
    return Figure(figsize=(min(width, WIDTH), height), layout="constrained")


def finish(axes: Axes, *, legend: bool = True, direction: str = "both") -> None:
    """Draw a light grid behind the data, and a legend if anything has a label.

    ``direction`` is that of the grid's values: ``x``, ``y`` or ``both``.
    """
    if direction in {"x", "both"}:
        axes.xaxis.grid(visible=True, color=_GRID, linewidth=0.6)
    if direction in {"y", "both"}:
        axes.yaxis.grid(visible=True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    open_corner(axes)
    if legend and axes.get_legend_handles_labels()[0]:
        # A pale background keeps the text readable where it has to cover data.
        axes.legend(framealpha=0.8, edgecolor="none", fontsize=SMALL)


def open_corner(axes: Axes) -> None:
    """Remove the frame's upper and right line, which carry no scale."""
    axes.spines[["top", "right"]].set_visible(False)


def plain_log_ticks(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers at 1, 2 and 5 times the powers of ten."""
    # Over less than a decade matplotlib would write labels such as 4 × 10⁻¹.
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def marker(points: int) -> str:
    """Return the marker of a line, which is invisible if it has few points and no markers."""
    return "o" if points < MIN_POINTS else ""


def labelled(name: str, unit: str) -> str:
    """Return a name with its unit for an axis or a legend, as text that is read as no formula."""
    return literal(quantity(name, unit).strip())


def literal(text: str) -> str:
    """Return text from data for matplotlib, where two dollar signs would enclose a formula."""
    return text.replace("$", r"\$")


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG file."""
    buffer = BytesIO()
    figure.set_dpi(DPI)
    # Figure.savefig draws a figure with a constrained layout twice.
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()
