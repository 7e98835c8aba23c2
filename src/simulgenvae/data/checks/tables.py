"""Tables of a dataset's size, ranges and parameters, for printing.

Tested in tests/data/checks/test_dataset.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.checks.designs import image_keys
from simulgenvae.data.units import with_unit
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.images import Images
    from simulgenvae.data.statistics import DatasetStatistics


@dataclass(frozen=True)
class Table:
    """Table whose cells are texts, row by row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def dataset_tables(
    dataset: Dataset, statistics: DatasetStatistics, rows: dict[str, NDArray[np.intp]]
) -> tuple[Table, ...]:
    """Return tables of the dataset's dimensions, its variables and, if any, its parameters.

    ``rows`` are the positions of the training, validation and test runs.
    """
    tables = (_dimensions(dataset, rows), _variables(dataset, statistics))
    if dataset.conditions.names:
        return (*tables, _parameters(dataset.conditions))
    return tables


def _dimensions(dataset: Dataset, rows: dict[str, NDArray[np.intp]]) -> Table:
    runs, steps, nodes, variables = dataset.shape
    coords = dataset.mesh.coords
    cells = dataset.mesh.cells
    uses = ", ".join(f"{len(part)} {use}" for use, part in rows.items())
    dimensions = "no coordinates" if coords is None else f"{coords.shape[1]}-dimensional"
    if dataset.mesh.unit and coords is not None:
        dimensions += f", in {dataset.mesh.unit}"
    span = f"{dataset.times[0]:g} to {dataset.times[-1]:g}"
    missing = ""
    if dataset.mask is not None:
        missing = f", {len(dataset.mask.valued) - nodes} more without values"
    lines = [
        ("runs", f"{runs}", uses),
        ("timesteps", f"{steps}", with_unit(span, dataset.time_unit)),
        ("nodes", f"{nodes}", dimensions + missing),
        ("cells", f"{cells.count}", ", ".join(cells.describe()) or "unknown"),
        ("variables", f"{variables}", ", ".join(dataset.variables)),
    ]
    images = dataset.conditions.images
    if images is not None:
        lines.append(("images", f"{len(images)}", _about_images(images)))
    return Table("Dataset", ("", "number", ""), tuple(lines))


def _about_images(images: Images) -> str:
    # Few different images in many runs: the designs differ in parameters, or a file was copied.
    size = images.format.size
    different = len(set(image_keys(images)))
    return f"{images.format}, resized to {size} x {size}; {different} different"


def _variables(dataset: Dataset, statistics: DatasetStatistics) -> Table:
    lower = statistics.node_lower.min(axis=0)
    upper = statistics.node_upper.max(axis=0)
    lines = []
    for v, (name, unit) in enumerate(zip(dataset.variables, dataset.units, strict=True)):
        # Six digits, or all where a small variation around a large value would not be seen.
        digits = 6 if dataset.offsets is None or not dataset.offsets[v] else 15
        lines.append((name, unit, f"{lower[v]:.{digits}g}", f"{upper[v]:.{digits}g}"))
    return Table("Variables", ("variable", "unit", "minimum", "maximum"), tuple(lines))


def _parameters(conditions: Conditions) -> Table:
    lines = []
    for p, name in enumerate(map(quantity, conditions.names, conditions.units)):
        values = conditions.table[:, p]
        different = len(np.unique(values))
        if levels := conditions.levels[p]:
            lines.append((name, "category", ", ".join(levels), f"{different}"))
            continue
        lines.append((name, f"{values.min():.6g}", f"{values.max():.6g}", f"{different}"))
    columns = ("parameter", "minimum", "maximum", "different values")
    return Table("Parameters", columns, tuple(lines))
