"""How often a symmetry is found that holds, and how often one is taken that does not.

The problem is the plate of ``plate.py`` on a coarser grid, in two kinds:

- ``heated``: T = 1 at x = 0 and T = 0 at x = 1 as there, so that only y is an axis of symmetry;
- ``cooled``: T = 1 at t = 0 and T = 0 at all edges, so that x and y are.

One of the ``BREAKS`` takes the symmetry along y away. Its strength is the part of the field that is
not symmetric, in percent of the field's standard deviation, as errors of surrogates are::

    python -m benchmarks.accuracy.symmetry heated heated:wind:1 heated:edge:5
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from benchmarks.accuracy.plate import (
    END_TIME,
    INCLUSION,
    MATRIX,
    STIFFNESS,
    Circles,
    coverage,
    inclusion_image,
    sample,
)
from benchmarks.accuracy.problem import TRAIN_STREAM, grid_positions
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.training.symmetry.find import judge_axes

Kind = Literal["heated", "cooled"]
Break = Literal["none", "wind", "edge", "corner", "inflow", "material"]
ONE_PERCENT: dict[Break, float] = {
    "none": 0.0,
    "wind": 0.23,
    "edge": 0.05,
    "corner": 0.74,
    "inflow": 0.029,
    "material": 0.56,
}
"""Factor of each term with which one percent of the field of the heated plate is not symmetric."""
NODES = 33
TIMES = np.linspace(0.0, END_TIME, 9)
SUBSTEPS = 4
PIXELS = 64
COUNTS = (24, 48, 100, 160)
MOST_TRIALS = 3
"""Trials with different runs of one seed."""


class Variant(NamedTuple):
    """A kind of the plate, and what breaks its symmetry along y."""

    kind: Kind
    broken: Break = "none"
    percent: float = 0.0

    @property
    def factor(self) -> float:
        """Factor of the term that breaks the symmetry."""
        return self.percent * ONE_PERCENT[self.broken]

    @classmethod
    def of(cls, text: str) -> Variant:
        """Return the variant of a text such as ``heated:wind:5``."""
        kind, *term = text.split(":")
        broken, percent = term or ("none", "0")
        if kind not in get_args(Kind) or broken not in get_args(Break):
            raise argparse.ArgumentTypeError(f"unknown variant {text!r}")
        return cls(cast("Kind", kind), cast("Break", broken), float(percent))


def solve(circles: Circles, variant: Variant) -> NDArray[np.float64]:
    """Return the temperature ``[T, NODES²]``; backward Euler, ``SUBSTEPS`` from time to time."""
    _, broken, _ = variant
    factor = variant.factor
    y, x = (part.ravel() for part in np.meshgrid(*2 * [np.linspace(0, 1, NODES)], indexing="ij"))
    matrix, capacity = assemble(circles, variant)
    load = np.zeros(NODES**2)
    if broken == "edge":
        load[y == 0] += factor / (NODES - 1)  # a heat flux
    if broken == "corner":
        load += factor * capacity * ((x > 0.7) & (y > 0.7))
    if variant.kind == "heated":
        held = (x == 0) | (x == 1)
        state = np.where(x == 0, 1.0, 0.0)
        fixed = state.copy()
    else:
        held = (x == 0) | (x == 1) | (y == 0) | (y == 1)
        state = np.where(held, 0.0, 1.0)
        fixed = np.zeros(NODES**2)
    if broken == "inflow":
        state[x == 0] += factor * (y[x == 0] - 0.5)
        fixed[x == 0] = state[x == 0]
    free = np.flatnonzero(~held)
    source = (load - matrix @ fixed)[free]
    step = (TIMES[1] - TIMES[0]) / SUBSTEPS
    implicit = splu((diags_array(capacity[free]) + step * matrix[free][:, free]).tocsc())
    fields = [state.copy()]
    for number in range(1, SUBSTEPS * (len(TIMES) - 1) + 1):
        state[free] = implicit.solve(capacity[free] * state[free] + step * source)
        if number % SUBSTEPS == 0:
            fields.append(state.copy())
    return np.stack(fields)


def assemble(circles: Circles, variant: Variant) -> tuple[csc_array, NDArray[np.float64]]:
    """Return the matrix of conduction and wind, and lumped capacities."""
    cells = NODES - 1
    covered = coverage(circles, cells)
    inclusion = np.full((cells, 1), INCLUSION.conductivity)
    if variant.broken == "material":
        # Inclusions conduct better the higher they are.
        inclusion *= np.exp(variant.factor * ((np.arange(cells)[:, None] + 0.5) / cells - 0.5))
    conductivity = (MATRIX.conductivity ** (1 - covered) * inclusion**covered).ravel()
    element = conductivity[:, None] * STIFFNESS.ravel()
    if variant.broken == "wind":
        # ∫ N_i ∂N_j/∂y of bilinear elements, with the corners in the order of the stiffness.
        mass = np.array([[2, 1], [1, 2]]) / 6.0
        slope = np.array([[-1, 1], [-1, 1]]) / 2.0
        element = element + variant.factor / cells * np.kron(slope, mass).ravel()
    first = (np.arange(cells)[:, None] * NODES + np.arange(cells)).ravel()
    corners = first[:, None] + np.array([0, 1, NODES, NODES + 1])
    places = (np.repeat(corners, 4, axis=1).ravel(), np.tile(corners, (1, 4)).ravel())
    matrix: csc_array = coo_array((element.ravel(), places), shape=(NODES**2, NODES**2)).tocsc()
    lumped = np.bincount(corners.ravel(), np.full(4 * cells**2, 0.25 / cells**2), NODES**2)
    return matrix, lumped.astype(np.float64)


def dataset_of(variant: Variant, runs: int, seed: int) -> Dataset:
    """Return solved runs with their images."""
    designs = sample(runs, seed, TRAIN_STREAM)
    images = np.stack([inclusion_image(circles, PIXELS) for circles in designs])
    line = np.linspace(0.0, 1.0, NODES)
    return Dataset.from_arrays(
        np.stack([solve(circles, variant) for circles in designs]).astype(np.float32),
        Conditions.of_images(
            tuple(f"run_{run:03d}" for run in range(runs)),
            Images(images[..., None], ImageFormat(PIXELS, PIXELS, GREY, PIXELS)),
        ),
        times=TIMES,
        coords=grid_positions(line, line),
    )


def asymmetry(variant: Variant, runs: int = 24, seed: int = 0) -> float:
    """Return the part of the field that is not symmetric along y, over its standard deviation."""
    designs = sample(runs, seed, TRAIN_STREAM)
    turned = [np.column_stack([c[:, 0], 1 - c[:, 1], c[:, 2]]) for c in designs]
    fields, others = (
        np.stack([solve(circles, variant) for circles in some]).reshape(runs, -1, NODES, NODES)
        for some in (designs, turned)
    )
    return float(np.std((fields - others[:, :, ::-1]) / 2) / np.std(fields))


def trials(dataset: Dataset, runs: int) -> Iterator[NDArray[np.intp]]:
    """Yield rows of up to ``MOST_TRIALS`` trials with this number of runs, none of them shared."""
    rows = np.arange(len(dataset.ids))
    for number in range(min(MOST_TRIALS, len(rows) // runs)):
        yield rows[number * runs : (number + 1) * runs]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="+", type=Variant.of, metavar="KIND[:BREAK:PERCENT]")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    for variant in options.variants:
        taken: dict[str, dict[int, list[bool]]] = {
            axis: {count: [] for count in COUNTS} for axis in "xy"
        }
        start = time.perf_counter()
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            dataset = dataset_of(variant, max(COUNTS), seed)
            for count in COUNTS:
                for rows in trials(dataset, count):
                    for axis, verdict in judge_axes(dataset, rows).items():
                        taken[axis][count].append(verdict.taken)
        rates = {
            axis: {count: f"{sum(each)}/{len(each)}" for count, each in counts.items()}
            for axis, counts in taken.items()
        }
        line = {
            "variant": ":".join(map(str, variant)),
            "asymmetry": round(asymmetry(variant), 4),
            "taken": rates,
            "seconds": round(time.perf_counter() - start),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
