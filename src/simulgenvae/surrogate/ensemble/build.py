"""From trained networks to an ensemble: Gaussian processes, their weight, and the calibration of
the spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.distributed import collectives
from simulgenvae.reduction import LazyStates, Reduction
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import LATENTS, Ensemble
from simulgenvae.surrogate.ensemble.mirror_views import views_of
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

if (
    TYPE_CHECKING
):  # a prediction needs nothing of training, and importing that takes as long as it does
    from simulgenvae.training.train import Trained

WEIGHTS = np.linspace(0.0, 1.0, 41)
"""Weights of the Gaussian processes that are tried."""
CALIBRATED = 2**21
"""Entries of a run that calibrate the spread, where there are more: all times and variables of
nodes at random."""


def build_ensemble(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """The ensemble of trained members, with choices made on the validation runs of the data set.

    Without validation runs the networks predict alone, and nothing is calibrated. They also do
    where the settings want no Gaussian processes (which then measure novelty alone), and where
    training read its runs from disk: Gaussian processes are linear combinations of the training
    runs, which the model would have to hold.

    All ranks call this and end with the same ensemble. The first one fits and chooses for all; what
    it sends has no networks, which every rank has trained and which torch refuses to pickle under
    spectral normalisation.
    """
    chosen = collectives.run_on_rank0(
        lambda: replace(_chosen(trained, dataset, settings), members=())
    )
    return replace(chosen, members=trained.members)


def _chosen(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """Return the ensemble as a single process makes it."""
    train, validation = trained.rows["train"], trained.rows["validation"]
    linear, coefficients = None, trained.coefficients
    if not isinstance(coefficients, LazyStates):
        linear = PodGaussianProcesses.fit(
            trained.conditions.select(train),
            trained.condition_scaler,
            coefficients[train],
            dataset.times,
        )
    views = views_of(dataset, settings.training.augmentation, trained.reduction)
    ensemble = Ensemble(
        trained.members, trained.condition_scaler, dataset.times, linear, 0.0, None, views
    )
    if not len(validation):
        return ensemble
    conditions = trained.conditions.select(validation)
    if settings.prediction.gaussian_process == "auto" and not isinstance(coefficients, LazyStates):
        parts = ensemble.separate_answers(conditions, dataset.times)
        if parts.gaussian_processes is not None:
            weight = best_weight(parts.networks, parts.gaussian_processes, coefficients[validation])
            ensemble = replace(ensemble, weight=weight)
    return replace(
        ensemble,
        calibration=calibrate(ensemble, dataset, validation, conditions, trained.reduction),
    )


def best_weight(
    networks: NDArray[np.float32], linear: NDArray[np.float32], truth: NDArray[np.float32]
) -> float:
    """Weight of ``linear`` with the least mean error of the mixture over runs; all ``[n, T,
    r]``."""
    rest, step = (truth - networks).astype(np.float64), (linear - networks).astype(np.float64)
    square, product, length = (
        np.einsum("ntr,ntr->n", *pair) for pair in ((rest, rest), (rest, step), (step, step))
    )
    errors = [
        np.sqrt(np.maximum(square - 2 * weight * product + weight**2 * length, 0.0)).mean()
        for weight in WEIGHTS
    ]
    return float(WEIGHTS[int(np.argmin(errors))])


def calibrate(
    ensemble: Ensemble,
    dataset: Dataset,
    rows: NDArray[np.intp],
    conditions: Conditions,
    reduction: Reduction,
) -> Calibration:
    """Calibration of the ensemble's spread on runs, of which these are the conditions, that it did
    not learn from."""
    _, steps, nodes, variables = dataset.shape
    chosen = np.sort(
        np.random.default_rng(0).permutation(nodes)[: max(1, CALIBRATED // (steps * variables))]
    )
    shown = reduction.at(chosen, np.arange(variables)) if len(chosen) < nodes else reduction

    def found() -> Iterator[tuple[NDArray[np.float64], NDArray[np.floating[Any]]]]:
        for run, row in enumerate(rows):
            answer = ensemble.answer(conditions.select([run]), dataset.times, samples=LATENTS)
            truth = dataset.run(int(row))[:, chosen].astype(np.float64)
            yield truth - shown.decode(answer.mean[0]), answer.spread(0, shown)

    return Calibration.fit(found())
