"""Physics checks: does the prediction keep what the simulation keeps?

For every variable the sum over the nodes, the integral over the domain and the *energy* (the
integral of the square) over time; the energy of all variables together, of the deviation of each
from its mean in the training runs in units of its standard deviation there; and the integrals of
users' expressions (:mod:`simulgenvae.evaluation.analyses.expressions`).

With ``Q(t)`` such a quantity of the truth and ``P(t)`` that of the prediction, the relative error
of a run is ``‖P − Q‖ / ‖Q‖`` over its times. A quantity whose contributions cancel (the sum of a
field that oscillates about zero) has a large one however good the prediction is, so ``‖P − Q‖`` is
also compared with ``‖A‖``, where ``A(t)`` sums or integrates absolute values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.evaluation.analyses.expressions import Expression, Values, parse_checks
from simulgenvae.evaluation.metrics import Run, VariableScale, over_runs
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes

_BLOCK = 2**21  # values per block: keeps double-precision temporaries at some 16 MB each
_ROUNDING = 1e-6  # a share of the absolute values below which float32 data cannot be told from zero


@dataclass(frozen=True)
class Quantity:
    """One number per time: ``density [t, M]`` of the fields, summed with ``weights [M]``.

    kind: ``sum``, ``integral``, ``energy`` or ``expression``; of: a variable, ``all variables``, or
    the name of a check; text: the check's expression.
    """

    kind: str
    of: str
    density: Callable[[Values], NDArray[np.float64]]
    weights: NDArray[np.float64]
    text: str = ""


class PhysicsChecks:
    """Quantities of the runs of one split, prediction against truth, run by run.

    times: ``[T]``; nodes: M; scale: of the training runs; checks: entries ``name: expression``
    (UserError where one cannot be read, before any run is).
    """

    def __init__(
        self,
        variables: Sequence[str],
        times: NDArray[np.float64],
        mesh: Mesh,
        nodes: int,
        scale: VariableScale,
        checks: Sequence[str] = (),
    ) -> None:
        self._variables, self._times = tuple(variables), times
        self._places = _places(mesh)
        self.volumes = NodalVolumes.of(mesh, nodes)
        self.quantities = _quantities(self._variables, self.volumes.values, scale)
        for name, expression in read_checks(checks, self._variables, mesh).items():
            self.quantities.append(
                Quantity("expression", name, expression, self.volumes.values, expression.text)
            )
        self.series: dict[
            str, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
        ] = {}
        """Of each run by its id: truth, prediction and absolute values of the truth, ``[Q, T]``
        each."""

    def add(self, run: str, prediction: Run, truth: Run) -> None:
        """Count one run by its id: two fields ``[T, M, V]`` in physical units. ValueError when the
        shapes differ."""
        expected = (len(self._times), len(self.volumes.values), len(self._variables))
        if prediction.shape != expected or truth.shape != expected:
            raise ValueError(
                f"expected two fields {expected}, got {prediction.shape} and {truth.shape}"
            )
        exact, size = self._series(truth)
        self.series[run] = exact, self._series(prediction)[0], size

    def summary(self, typical: str) -> dict[str, Any]:
        """Everything counted so far, ready for JSON; with the time series of the run ``typical``,
        one that counted."""
        found, notes = [], []
        for q, quantity in enumerate(self.quantities):
            series = {run: [part[q] for part in parts] for run, parts in self.series.items()}
            bad = [run for run, parts in series.items() if not np.isfinite(parts).all()]
            if bad:
                more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
                notes.append(
                    f"{label(quantity.kind, quantity.of)} is not a finite number at all times of "
                    f"run {bad[0]!r}{more}; their errors are left out."
                )
            errors = {run: _errors(*parts) for run, parts in series.items()}
            relative = {run: both[0] for run, both in errors.items() if np.isfinite(both[0])}
            worst = max(relative, key=lambda run: relative[run]) if relative else None
            truth, prediction, _ = series[typical]
            found.append(
                {
                    "kind": quantity.kind,
                    "of": quantity.of,
                    "expression": quantity.text or None,
                    "relative_error": over_runs([both[0] for both in errors.values()]),
                    "error_by_absolute": over_runs([both[1] for both in errors.values()]),
                    "worst_run": None
                    if worst is None
                    else {"id": worst, "relative_error": relative[worst]},
                    "typical": {"truth": _finite(truth), "prediction": _finite(prediction)},
                }
            )
        weights = {
            "kind": self.volumes.kind,
            "total": float(self.volumes.values.sum()),
            "note": self.volumes.note,
        }
        return {
            "runs": len(self.series),
            "typical_run": typical,
            "weights": weights,
            "quantities": found,
            "notes": notes,
        }

    def _series(self, run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """All quantities ``[Q, T]`` of a run, and the same of the densities' absolute values."""
        timesteps, nodes, variables = run.shape
        series = np.empty((2, len(self.quantities), timesteps))
        height = max(1, _BLOCK // (nodes * variables))
        for start in range(0, timesteps, height):
            rows = slice(start, start + height)
            block = np.moveaxis(run[rows].astype(np.float64), -1, 0).copy()  # [V, t, M]
            values = (
                self._places
                | {"t": self._times[rows, None]}
                | dict(zip(self._variables, block, strict=True))
            )
            with np.errstate(all="ignore"):
                for q, quantity in enumerate(self.quantities):
                    density = np.broadcast_to(quantity.density(values), block.shape[1:])
                    series[0, q, rows] = density @ quantity.weights
                    series[1, q, rows] = np.abs(density) @ quantity.weights
        return series[0], series[1]


def read_checks(
    checks: Sequence[str], variables: Sequence[str], mesh: Mesh
) -> dict[str, Expression]:
    """Checks by name, from entries ``name: expression`` over the variables, the mesh's coordinates
    and the time.

    UserError where one cannot be read.
    """
    return parse_checks(checks, variables, {*_places(mesh), "t"})


def label(kind: str, of: str) -> str:
    """Name of a quantity for people: ``energy of T``; a check has its own."""
    return of if kind == "expression" else f"{kind} of {of}"


def _quantities(
    variables: Sequence[str], volumes: NDArray[np.float64], scale: VariableScale
) -> list[Quantity]:
    found = []
    for name in variables:
        found.append(Quantity("sum", name, itemgetter(name), np.ones_like(volumes)))
        found.append(Quantity("integral", name, itemgetter(name), volumes))
        found.append(Quantity("energy", name, partial(_energy, names=(name,)), volumes))
    if len(variables) > 1:
        density = partial(_energy, names=variables, means=scale.mean, spreads=scale.spread)
        found.append(Quantity("energy", "all variables", density, volumes))
    return found


def _places(mesh: Mesh) -> dict[str, NDArray[np.float64]]:
    """Coordinates of the nodes by name, each ``[M]``, where they are known."""
    return {} if mesh.coords is None else dict(zip("xyz", mesh.coords.T, strict=False))


def _energy(
    values: Values,
    names: Sequence[str],
    means: Iterable[float] = (0.0,),
    spreads: Iterable[float] = (1.0,),
) -> NDArray[np.float64]:
    """Sum of squares at each time and node of the variables ``names``, shifted and scaled."""
    scales = zip(names, means, spreads, strict=True)
    return np.asarray(
        sum(np.square((values[name] - mean) / spread) for name, mean, spread in scales)
    )


def _errors(
    truth: NDArray[np.float64], prediction: NDArray[np.float64], absolute: NDArray[np.float64]
) -> tuple[float, float]:
    """Error as a share of the truth's norm (NaN where that is rounding), and of the norm of
    absolute values."""
    error, exact, size = (
        float(np.linalg.norm(series)) for series in (prediction - truth, truth, absolute)
    )
    if error == 0.0:
        return 0.0, 0.0
    return (
        error / exact if exact > _ROUNDING * size else np.nan,
        error / size if size > 0 else np.inf,
    )


def _finite(series: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in series]
