"""Map of the prediction's error: root mean square error at each node.

Tested in tests/evaluation/figures/test_fields.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.fields import Domain, abscissa
from simulgenvae.evaluation.figures.mesh_plot import MeshPlot

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def error_map(node_rmse: NDArray[np.float64], domain: Domain, title: str) -> Figure:
    """Return a figure of the error at each node ``[M, V]``, one panel per variable."""
    variables = domain.drawn()
    space = domain.space()
    mesh = None if space is None or space.shape[1] == 1 else MeshPlot(space, domain.cells)
    columns = min(2, len(variables))
    rows = -(-len(variables) // columns)
    # A single panel is wider than half the page, but does not leave the other half empty.
    panel = 6.0 if columns == 1 else style.WIDTH / 2
    height = 3.0 if mesh is None else 0.3 + 0.75 * panel * mesh.slope
    figure = style.new_figure(0.4 + rows * height, columns * panel)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(variables) :]:
        axes.remove()
    for axes, v in zip(grid, variables, strict=False):
        values = node_rmse[:, v]
        label = f"RMSE of {domain.labelled(v)}"
        if mesh is None:
            x, order = abscissa(space, len(values))
            axes.plot(x, values[order], color=style.PREDICTION, marker=style.marker(len(x)))
            axes.set(xlabel=domain.position_label(space), ylabel=label, ylim=(0, None))
            style.finish(axes)
            continue
        colors = Normalize(0.0, float(values.max()))
        mesh.draw(axes, values, "magma", colors)
        figure.colorbar(ScalarMappable(colors, "magma"), ax=axes, label=label)
    figure.suptitle(style.literal(title), fontsize="medium")
    return figure
