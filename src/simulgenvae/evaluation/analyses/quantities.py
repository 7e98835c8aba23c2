"""Quantities of interest of the runs of one split: prediction against truth, run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.distributed import collectives
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.quantities import Quantities, QuantityAccuracy, RunQuantity
from simulgenvae.quantities import default_texts
from simulgenvae.surrogate.ensemble.calibration import LEVEL
from simulgenvae.surrogate.quantities import (
    QuantityPredictor,
    quantity_warnings,
    readable_quantities,
)
from simulgenvae.utils.formatting import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.geometry import Placement
    from simulgenvae.surrogate.ensemble import CoefficientPrediction
    from simulgenvae.surrogate.surrogate import Surrogate


_MEANINGLESS = 10.0
"""Multiple of the true values' size from which an error has no percentage: they are about 0."""


class QuantityChecks:
    """Quantities that are counted run by run.

    Parameters
    ----------
    predictor
        Prediction of the quantities.
    declared
        Whether the user has named them.
    """

    def __init__(self, predictor: QuantityPredictor, *, declared: bool) -> None:
        self._predictor = predictor
        self._declared = declared
        self.runs: dict[str, tuple[RunQuantity, ...]] = {}
        """Values of the quantities of each run, by its id."""
        self.by_baselines: dict[str, dict[str, tuple[float, ...]]] = {}
        """Values of declared quantities that baselines predict, by baseline and run."""

    @property
    def compares_baselines(self) -> bool:
        """True if baselines are counted: for quantities that the user has named."""
        return self._declared

    @property
    def declared(self) -> QuantityPredictor | None:
        """Prediction of the quantities that the user has named; None where there are none."""
        return self._predictor if self._declared else None

    def add(
        self,
        run: str,
        prediction: CoefficientPrediction,
        truth: NDArray[np.floating],
        by_baselines: Mapping[str, NDArray[np.floating]],
        placement: Placement | None = None,
    ) -> None:
        """Count one run by its id.

        Parameters
        ----------
        run
            Id of the run.
        prediction
            Its predicted coefficients at all times, ``[1, T, r]``.
        truth
            Its fields at its own nodes, ``[T, m, V]``.
        by_baselines
            Fields at its own nodes that baselines predict, by their names.
        placement
            Its geometry, where runs have meshes of their own.
        """
        if not len(self._predictor.group):
            return
        quantities = self._predictor.on_mesh(placement)
        found = self._predictor.of_prediction(prediction, quantities)
        group = quantities.group
        true = group.of_run(truth)
        self.runs[run] = tuple(
            RunQuantity(
                truth=true.values[q],
                prediction=found.values[0, q],
                std=found.std[0, q],
                lower=found.lower[0, q],
                upper=found.upper[0, q],
                time_error=found.times[0, q] - true.times[q],
                place_error=_distance(found.places[0, q], true.places[q]),
            )
            for q in range(len(group))
        )
        for name, fields in by_baselines.items():
            values = tuple(map(float, group.of_run(fields).values))
            self.by_baselines.setdefault(name, {})[run] = values

    def gather(self) -> None:
        """Add what the other ranks have counted, in the order of ranks."""
        runs: dict[str, tuple[RunQuantity, ...]] = {}
        by_baselines: dict[str, dict[str, tuple[float, ...]]] = {}
        for more, more_by_baselines in collectives.all_gather((self.runs, self.by_baselines)):
            runs |= more
            for name, by_run in more_by_baselines.items():
                by_baselines.setdefault(name, {}).update(by_run)
        self.runs = runs
        self.by_baselines = by_baselines

    def summary(self) -> Quantities:
        """Return the accuracy of every quantity over the runs."""
        found = []
        for q, quantity in enumerate(self._predictor.group.quantities):
            runs = {run: values[q] for run, values in self.runs.items()}
            accuracy = quantity_accuracy(quantity.name, quantity.text, quantity.unit, runs)
            baselines = {}
            for name, by_run in self.by_baselines.items():
                errors = [values[q] - runs[run].truth for run, values in by_run.items()]
                baselines[name] = OverRuns.of(np.abs(errors))
            found.append(accuracy.model_copy(update={"baselines": baselines}))
        return Quantities(
            declared=self._declared,
            calibration_runs=self._predictor.calibration.runs,
            level=LEVEL,
            found=tuple(found),
            notes=tuple(map(sentence, quantity_warnings(self._predictor))),
        )


def quantity_checks(surrogate: Surrogate, texts: Mapping[str, str], folder: Path) -> QuantityChecks:
    """Return the counting of quantities of interest, or of the usual ones where none is given.

    Parameters
    ----------
    surrogate
        Surrogate on its whole mesh, whose nodes the quantities name.
    texts
        How each quantity is written, by its name.
    folder
        Folder that the names of files are relative to.

    Raises
    ------
    UserError
        For a quantity that cannot be read.
    """
    group = readable_quantities(surrogate, wanted_texts(texts, surrogate.variables), folder)
    return QuantityChecks(QuantityPredictor(surrogate, group), declared=bool(texts))


def wanted_texts(texts: Mapping[str, str], variables: Sequence[str]) -> dict[str, str]:
    """Return the quantities to measure: those of the user, else the usual ones of each variable."""
    return dict(texts) or default_texts(variables)


def quantity_accuracy(
    name: str, definition: str, unit: str, runs: dict[str, RunQuantity]
) -> QuantityAccuracy:
    """Return the accuracy of a quantity from its values in some runs."""
    errors = np.array([abs(run.error) for run in runs.values()])
    size = float(np.mean([abs(run.truth) for run in runs.values()]))
    mean = float(errors.mean())
    return QuantityAccuracy(
        name=name,
        definition=definition,
        unit=unit,
        runs=runs,
        absolute_error=OverRuns.of(errors),
        relative_error=mean / size if mean < _MEANINGLESS * size else None,
        coverage=float(np.mean([run.covered for run in runs.values()])),
        time_error=_sizes([run.time_error for run in runs.values()]),
        place_error=_sizes([run.place_error for run in runs.values()]),
    )


def _sizes(errors: Sequence[float | None]) -> OverRuns | None:
    """Return statistics of absolute errors; None where no run has one."""
    known = [abs(error) for error in errors if error is not None]
    return OverRuns.of(known) if known else None


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    # Without coordinates there is no place, and no distance either.
    return float(np.linalg.norm(first - second)) if len(first) else float("nan")
