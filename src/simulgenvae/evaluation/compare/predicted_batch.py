"""Predictions of some runs by everything that is compared, from one evaluation of the networks.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.compare.comparison import Comparison
    from simulgenvae.evaluation.compare.run_view import RunView
    from simulgenvae.evaluation.compare.training_pass import FittedBaselines
    from simulgenvae.surrogate.ensemble import (
        CoefficientPrediction,
        Ensemble,
        SeparatePredictions,
    )
    from simulgenvae.surrogate.predict import Predictor
    from simulgenvae.surrogate.surrogate import Surrogate


RECONSTRUCTED_TRAINING_RUNS = 16
"""Training runs whose reconstruction is measured: the latents of each are refined, which takes
about a second on one core."""


def reconstructed_runs(split: str, runs: int) -> NDArray[np.intp]:
    """Return the positions of runs of a split whose reconstruction is measured.

    They are all of unseen runs, and of many training runs some at equal steps.
    """
    if split != "train" or runs <= RECONSTRUCTED_TRAINING_RUNS:
        return np.arange(runs)
    return np.linspace(0, runs - 1, RECONSTRUCTED_TRAINING_RUNS).round().astype(np.intp)


@dataclass(eq=False)
class PredictedBatch:
    """Predictions of n designs by everything that is compared."""

    predictor: Predictor
    surrogate: Surrogate
    stages: dict[str, Surrogate]
    conditions: Conditions
    prediction: CoefficientPrediction
    """Prediction of the surrogate, with samples."""
    fields: NDArray[np.float32]
    """Its fields, ``[n, T, M, V]``."""
    coefficients: dict[str, NDArray[np.float32]]
    """Coefficients ``[n, T, r]`` of parts of the surrogate and of baselines, by method."""
    staged: dict[str, NDArray[np.float32]]
    """Predictions ``[n, T, M, V]`` after earlier training stages."""
    seconds: float
    """Time that the prediction of the surrogate took."""

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        predictor: Predictor,
        surrogate: Surrogate,
        stages: dict[str, Surrogate],
        baselines: FittedBaselines,
        rows: NDArray[np.intp],
    ) -> PredictedBatch:
        """Return the predictions of some runs of the data set.

        Networks are evaluated once: the prediction, its uncertainty and the parts that it combines
        follow from the same coefficients.
        """
        conditions = dataset.conditions.select(rows)
        without_uncertainty = replace(predictor, samples=0)
        without_uncertainty.require_memory(len(rows))
        start = time.perf_counter()
        separate = predictor.separately(conditions)
        prediction = predictor.combined(conditions, separate)
        fields = without_uncertainty.decoded(conditions, prediction)["fields"].to_numpy()
        seconds = time.perf_counter() - start
        staged = {}
        for name, earlier in stages.items():
            if name != "vae":  # a VAE has no prediction yet
                staged[name] = earlier.predict(conditions)["fields"].to_numpy()
        coefficients = _parts(predictor.ensemble, separate) | baselines.predict(conditions)
        return cls(
            predictor,
            surrogate,
            stages,
            conditions,
            prediction,
            fields,
            coefficients,
            staged,
            seconds,
        )

    def count(
        self,
        found: Comparison,
        i: int,
        split: str,
        view: RunView,
        *,
        reconstruct: bool,
    ) -> None:
        """Count the errors of design number ``i`` against its true fields.

        ``reconstruct`` says whether reconstructions are among them.
        """
        reduction = self.surrogate.reduction
        found.count("prediction", split, self.fields[i], view)
        if "networks" not in self.coefficients:
            # Where networks predict without Gaussian processes, the surrogate's prediction is
            # theirs: decoding it again would cost the same time twice.
            found.count("networks", split, self.fields[i], view)
        for method in ("networks", "gaussian_processes"):
            if method in self.coefficients:
                decoded = reduction.decode(self.coefficients[method][i])
                found.count(method, split, decoded, view)
        # The VAE’s reconstruction sees the true field. It bounds what the conditioner can reach
        # with these latents, as the projection bounds every method in this basis.
        if reconstruct:
            found.count("reconstruction", split, self.surrogate.reconstruct(view.truth), view)
        projected = reduction.decode(reduction.encode(view.truth))
        found.count("projection_floor", split, projected, view)
        for name in BASELINES:
            if name in self.coefficients:
                found.count(name, split, reduction.decode(self.coefficients[name][i]), view)
        if reconstruct and "vae" in self.stages:
            found.count_stage("vae", split, self.stages["vae"].reconstruct(view.truth), view)
        for name, fields in self.staged.items():
            found.count_stage(name, split, fields[i], view)

    def count_quantities(self, found: Comparison, i: int, run: str, view: RunView) -> None:
        """Count the quantities of interest of design number ``i``, which is the run of this id."""
        by_baselines = {}
        if found.quantities.compares_baselines:
            for name in BASELINES:
                if name in self.coefficients:
                    fields = self.surrogate.reduction.decode(self.coefficients[name][i])
                    by_baselines[name] = view.own(fields)
        found.quantities.add(
            run, self.prediction.of_design(i), view.own_truth, by_baselines, view.placement
        )

    def count_uncertainty(self, found: Comparison, i: int, split: str, view: RunView) -> None:
        """Count the uncertainty of design number ``i``, unless its split is left out.

        A run whose uncertainty needs too much memory leaves its whole split out.
        """
        if split not in found.uncertainty:
            return
        try:
            self.predictor.require_memory(1)
        except UserError as error:
            # Half a split would be reported as the whole one.
            del found.uncertainty[split]
            found.notes.append(f"The uncertainty of {split} runs is left out: {error}")
        else:
            decoded = self.predictor.decoded(
                self.conditions.select([i]), self.prediction.of_design(i)
            )
            found.uncertainty[split].add(decoded, 0, view.own_truth, view.own)


def _parts(ensemble: Ensemble, separate: SeparatePredictions) -> dict[str, NDArray[np.float32]]:
    """Return the coefficients ``[n, T, r]`` of the parts that a prediction combines.

    Networks that predict without Gaussian processes are left out.
    """
    if separate.gaussian_processes is None:
        return {}
    parts = {"gaussian_processes": separate.gaussian_processes}
    if ensemble.gp_weight != 0:
        parts["networks"] = separate.networks
    return parts
