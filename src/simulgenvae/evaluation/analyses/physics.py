"""Physics checks of sums, integrals and energies of the predicted fields.

For every variable there are three quantities over time: the sum over the nodes, the integral over
the domain, and the *energy*, which is the integral of the square. There is the energy of all
variables together, of the deviation of each from its mean in the training runs in units of its
standard deviation there; and there are the integrals of users' expressions
(:mod:`simulgenvae.evaluation.analyses.expressions`).

With ``Q(t)`` such a quantity of the truth and ``P(t)`` that of the prediction, the relative error
of a run is ``‖P − Q‖ / ‖Q‖`` over its times. A quantity whose contributions cancel (the sum of a
field that oscillates about zero) has a large one however good the prediction is, so ``‖P − Q‖`` is
also compared with ``‖A‖``, where ``A(t)`` sums or integrates absolute values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simulgenvae.evaluation.analyses.expressions import Expression, Values, parse_checks
from simulgenvae.evaluation.results.base import OverRuns, RunError
from simulgenvae.evaluation.results.physics import (
    IntegrationWeights,
    Physics,
    QuantityErrors,
    Series,
)
from simulgenvae.mesh.nodal_volumes import NodalVolumes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from simulgenvae.evaluation.metrics import Run, VariableScale
    from simulgenvae.mesh.mesh import Mesh

_BLOCK_VALUES = 2**21
"""Values per block: double-precision copies then take about 16 MB each."""
_ROUNDING = 1e-6
"""Fraction of the absolute values below which float32 data cannot be distinguished from zero."""

Kind = Literal["sum", "integral", "energy", "expression"]
RunSeries = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Quantities over time ``[Q, T]`` of the truth, of the prediction, and of the truth's absolute
values."""


@dataclass(frozen=True)
class Quantity:
    """One number at each time: the density of the fields, summed with weights over the nodes."""

    kind: Kind
    of: str
    """Variable, ``all variables``, or the name of a check."""
    density: Callable[[Values], NDArray[np.float64]]
    """Function from the fields to values ``[t, M]``."""
    weights: NDArray[np.float64]
    """Weights of the nodes, ``[M]``."""
    unit: str = ""
    """Unit of the quantity; empty where it is unknown."""
    text: str = ""
    """Expression of a check."""

    @property
    def title(self) -> str:
        """Name of the quantity for people, such as ``energy of T``."""
        return self.of if self.kind == "expression" else f"{self.kind} of {self.of}"


@dataclass(frozen=True)
class OnMesh:
    """Quantities over the nodes of one mesh."""

    volumes: NodalVolumes
    places: dict[str, NDArray[np.float64]]
    """Coordinates of the nodes by their names, where they are known, ``[M]``."""
    quantities: list[Quantity]


class PhysicsChecks:
    """Quantities of the runs of one split, prediction against truth, run by run.

    Parameters
    ----------
    variables
        Names of the V variables.
    times
        Times of the fields, ``[T]``.
    mesh, nodes
        Mesh of the fields and its number of nodes M, which a mesh without coordinates lacks. Runs
        may have meshes of their own.
    scale
        Mean and spread of the variables in the training runs.
    checks
        Users' checks, each as ``name: expression``.
    units
        Unit of each variable, empty where it is unknown.

    Raises
    ------
    UserError
        When a check cannot be read.
    """

    def __init__(
        self,
        variables: Sequence[str],
        times: NDArray[np.float64],
        mesh: Mesh,
        nodes: int,
        scale: VariableScale,
        checks: Sequence[str] = (),
        *,
        units: Sequence[str] = (),
    ) -> None:
        self._variables = tuple(variables)
        self._times = times
        self._scale = scale
        self._units = units
        self._checks = read_checks(checks, self._variables, mesh)
        self._shared = self._on(mesh, nodes)
        self.series: dict[str, RunSeries] = {}
        """Quantities over time of each run, by its id."""
        self.sizes: dict[str, float] = {}
        """Length, area or volume of each run with a mesh of its own, by its id."""

    @property
    def quantities(self) -> list[Quantity]:
        """Quantities on the mesh of all runs."""
        return self._shared.quantities

    @property
    def volumes(self) -> NodalVolumes:
        """Nodal volumes of the mesh of all runs."""
        return self._shared.volumes

    def _on(self, mesh: Mesh, nodes: int) -> OnMesh:
        """Return the quantities over a mesh."""
        volumes = NodalVolumes.of(mesh, nodes)
        # Nodal volumes are needed once; each quantity is then a weighted sum over the nodes.
        quantities = _quantities(self._variables, self._units, volumes, self._scale)
        for name, expression in self._checks.items():
            quantities.append(
                Quantity("expression", name, expression, volumes.values, text=expression.text)
            )
        return OnMesh(volumes, _places(mesh), quantities)

    def add(self, run: str, prediction: Run, truth: Run, own: Mesh | None = None) -> None:
        """Count one run by its id: two fields ``[T, M, V]`` in physical units.

        With ``own``, they are those at the nodes of the run's own mesh.

        Raises
        ------
        ValueError
            When the shapes differ.
        """
        # NumPy would broadcast some wrong shapes without a word.
        on_mesh = self._shared if own is None else self._on(own, truth.shape[1])
        expected = (len(self._times), len(on_mesh.volumes.values), len(self._variables))
        if prediction.shape != expected or truth.shape != expected:
            raise ValueError(
                f"expected two fields {expected}, got {prediction.shape} and {truth.shape}"
            )
        exact, size = self._series(truth, on_mesh)
        predicted, _ = self._series(prediction, on_mesh)
        if own is not None:
            self.sizes[run] = float(on_mesh.volumes.values.sum())
        self.series[run] = (exact, predicted, size)

    def summary(self, typical: str) -> Physics:
        """Return all errors, and the quantities over time of the run with the id ``typical``."""
        quantities = []
        notes: list[str] = []
        for q, quantity in enumerate(self.quantities):
            series = {run: (t[q], p[q], a[q]) for run, (t, p, a) in self.series.items()}
            quantities.append(_errors_of(quantity, series, typical, notes))
        return Physics(
            runs=len(self.series),
            typical_run=typical,
            weights=self._weights(),
            quantities=tuple(quantities),
            notes=tuple(notes),
        )

    def _weights(self) -> IntegrationWeights:
        """Return what integrals are over; of meshes that differ, the mean size is the total."""
        volumes = self.volumes
        if not self.sizes or volumes.kind == "equal":
            total = float(volumes.values.sum())
            return IntegrationWeights(kind=volumes.kind, total=total, note=volumes.note)
        sizes = list(self.sizes.values())
        note = (
            f"Integrals are over the {volumes.kind} of each run's own mesh, {min(sizes):.6g} to "
            f"{max(sizes):.6g} {volumes.unit if volumes.unit != volumes.kind else ''}".rstrip()
        )
        return IntegrationWeights(kind=volumes.kind, total=float(np.mean(sizes)), note=f"{note}.")

    def _series(self, run: Run, on_mesh: OnMesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return all quantities ``[Q, T]`` of a run, and the same of absolute values."""
        timesteps, nodes, variables = run.shape
        series = np.empty((2, len(on_mesh.quantities), timesteps))
        # At least one timestep, also for a mesh that is larger than a block.
        height = max(1, _BLOCK_VALUES // (nodes * variables))
        for start in range(0, timesteps, height):
            rows = slice(start, start + height)
            # Variables first, and contiguous: expressions read one variable at a time.
            block = np.moveaxis(run[rows].astype(np.float64), -1, 0).copy()  # [V, t, M]
            values = (
                on_mesh.places
                | {"t": self._times[rows, None]}
                | dict(zip(self._variables, block, strict=True))
            )
            with np.errstate(all="ignore"):
                for q, quantity in enumerate(on_mesh.quantities):
                    # An expression without variables, such as a constant, has no axis for times or
                    # nodes.
                    density = np.broadcast_to(quantity.density(values), block.shape[1:])
                    series[0, q, rows] = density @ quantity.weights
                    series[1, q, rows] = np.abs(density) @ quantity.weights
        return series[0], series[1]


def read_checks(
    checks: Sequence[str], variables: Sequence[str], mesh: Mesh
) -> dict[str, Expression]:
    """Return checks by name, over the variables, the mesh's coordinates and the time.

    Raises
    ------
    UserError
        When an entry is not of the form ``name: expression``, or its expression cannot be read.
    """
    return parse_checks(checks, variables, {*_places(mesh), "t"})


def _errors_of(
    quantity: Quantity, series: dict[str, RunSeries], typical: str, notes: list[str]
) -> QuantityErrors:
    """Return the errors of one quantity from its series over time, ``[T]`` each, of every run."""
    # An expression may divide by zero or take the logarithm of a negative number in some runs.
    bad = [run for run, parts in series.items() if not np.isfinite(parts).all()]
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        notes.append(
            f"{quantity.title} is not a finite number at all times of run {bad[0]!r}{more}; their "
            "errors are left out."
        )
    relative = {}
    by_absolute = {}
    for run, parts in series.items():
        relative[run], by_absolute[run] = _errors(*parts)
    defined = {run: error for run, error in relative.items() if np.isfinite(error)}
    worst = None
    if defined:
        largest = max(defined, key=lambda run: defined[run])
        worst = RunError(id=largest, relative_error=defined[largest])
    truth, prediction, _ = series[typical]
    return QuantityErrors(
        kind=quantity.kind,
        of=quantity.of,
        unit=quantity.unit,
        expression=quantity.text or None,
        relative_error=OverRuns.of(list(relative.values())),
        error_by_absolute=OverRuns.of(list(by_absolute.values())),
        worst_run=worst,
        typical=Series(truth=tuple(truth.tolist()), prediction=tuple(prediction.tolist())),
    )


def _quantities(
    variables: Sequence[str], units: Sequence[str], volumes: NodalVolumes, scale: VariableScale
) -> list[Quantity]:
    weights = volumes.values
    measure = volumes.unit
    found = []
    for name, unit in zip(variables, units or [""] * len(variables), strict=True):
        value = itemgetter(name)
        square = partial(_energy, names=(name,))
        # The sum counts every node alike, whatever its volume: it is what a solver writes as a
        # check, and it needs no mesh.
        found.append(Quantity("sum", name, value, np.ones_like(weights), unit))
        found.append(Quantity("integral", name, value, weights, _product(unit, measure)))
        squared = _squared(unit)
        found.append(Quantity("energy", name, square, weights, _product(squared, measure)))
    if len(variables) > 1:
        # Without shift and scale the energy would be that of the variable with the largest numbers.
        density = partial(_energy, names=variables, means=scale.mean, spreads=scale.spread)
        found.append(Quantity("energy", "all variables", density, weights, measure))
    return found


def _squared(unit: str) -> str:
    """Return the unit of a square; a unit of several factors is put in parentheses."""
    if not unit:
        return ""
    return f"{unit}²" if unit.isalpha() else f"({unit})²"


def _product(unit: str, measure: str) -> str:
    """Return the unit of an integral; empty where that of the integrand is unknown."""
    return f"{unit} · {measure}" if unit and measure else unit


def _places(mesh: Mesh) -> dict[str, NDArray[np.float64]]:
    """Return the coordinates of the nodes by name, each ``[M]``, where they are known."""
    return {} if mesh.coords is None else dict(zip("xyz", mesh.coords.T, strict=False))


def _energy(
    values: Values,
    names: Sequence[str],
    means: Iterable[float] = (0.0,),
    spreads: Iterable[float] = (1.0,),
) -> NDArray[np.float64]:
    """Return the sum of squares of the variables ``names``, shifted and scaled, ``[t, M]``."""
    scales = zip(names, means, spreads, strict=True)
    return np.asarray(
        sum(np.square((values[name] - mean) / spread) for name, mean, spread in scales)
    )


def _errors(
    truth: NDArray[np.float64], prediction: NDArray[np.float64], absolute: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the error relative to the truth's norm, and to the norm of absolute values.

    The first is NaN where the truth is zero within rounding: it would compare two rounding errors.
    """
    error = float(np.linalg.norm(prediction - truth))
    exact = float(np.linalg.norm(truth))
    size = float(np.linalg.norm(absolute))
    if error == 0.0:
        return 0.0, 0.0
    # Contributions that cancel leave only rounding: no ratio to them means anything.
    relative = error / exact if exact > _ROUNDING * size else np.nan
    return relative, error / size if size > 0 else np.inf
