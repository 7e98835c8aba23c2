"""From trained networks to an ensemble: Gaussian processes, their weight, and the calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.distributed import collectives
from simulgenvae.reduction import LazyStates, Reduction
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.mirror_views import mirror_views_of
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings
    from simulgenvae.training.train import Trained

GP_WEIGHTS = np.linspace(0.0, 1.0, 41)
"""Weights of the Gaussian processes that are tried."""
CALIBRATION_ENTRIES = 2**21
"""Values of each run that calibrate the spread: where a run has more, these are all times and
variables of nodes chosen at random."""
CALIBRATION_LATENTS = 32
"""Latents of a single network that are sampled to calibrate its spread."""


def build_ensemble(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """Build the ensemble of trained members, with choices made on the validation runs.

    Without validation runs only the networks predict, and nothing is calibrated. The networks also
    predict without Gaussian processes where the settings switch these off (they then only measure
    novelty), and where training read its runs from disk: Gaussian processes are linear combinations
    of the training runs, which the model would have to hold.

    All ranks call this function and end with the same ensemble.
    """
    # The first rank fits and chooses for all. What it sends has no networks: every rank has trained
    # them, and torch refuses to pickle them under spectral normalisation.
    chosen = collectives.run_on_rank0(
        lambda: replace(_fit_and_choose(trained, dataset, settings), members=())
    )
    return replace(chosen, members=trained.members)


def _fit_and_choose(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """Return the ensemble as a single process makes it."""
    train = trained.rows["train"]
    validation = trained.rows["validation"]
    coefficients = trained.coefficients
    # Coefficients that are read from disk are too large for Gaussian processes to hold.
    pod_gp = None
    if not isinstance(coefficients, LazyStates):
        pod_gp = PodGaussianProcesses.fit(
            trained.conditions.select(train),
            trained.condition_scaler,
            coefficients[train],
            dataset.times,
        )
    ensemble = Ensemble(
        members=trained.members,
        scaler=trained.condition_scaler,
        times=dataset.times,
        pod_gp=pod_gp,
        gp_weight=0.0,
        calibration=None,
        mirror_views=mirror_views_of(dataset, settings.training.augmentation, trained.reduction),
    )
    if not len(validation):
        return ensemble
    conditions = trained.conditions.select(validation)
    combined = settings.prediction.gaussian_process == "auto"
    if combined and not isinstance(coefficients, LazyStates):
        separate = ensemble.predict_separately(conditions, dataset.times)
        if separate.gaussian_processes is not None:
            gp_weight = best_gp_weight(
                separate.networks, separate.gaussian_processes, coefficients[validation]
            )
            ensemble = replace(ensemble, gp_weight=gp_weight)
    # The spread depends on the weight, so it is calibrated last.
    calibration = calibrate(ensemble, dataset, validation, conditions, trained.reduction)
    return replace(ensemble, calibration=calibration)


def best_gp_weight(
    networks: NDArray[np.float32],
    gaussian_processes: NDArray[np.float32],
    truth: NDArray[np.float32],
) -> float:
    """Return the weight of the Gaussian processes with the least mean error over runs.

    All arguments are coefficients ``[n, T, r]``. A weight is one of ``GP_WEIGHTS``.
    """
    # The squared error of a run is a parabola of the weight w,
    # |truth - networks|² - 2 w <truth - networks, step> + w² |step|², with the step from networks
    # to Gaussian processes. So the arrays are read once, not once for each weight.
    error = (truth - networks).astype(np.float64)
    step = (gaussian_processes - networks).astype(np.float64)
    error_squares = np.einsum("ntr,ntr->n", error, error)
    products = np.einsum("ntr,ntr->n", error, step)
    step_squares = np.einsum("ntr,ntr->n", step, step)
    errors = []
    for weight in GP_WEIGHTS:
        squares = error_squares - 2 * weight * products + weight**2 * step_squares
        errors.append(np.sqrt(np.maximum(squares, 0.0)).mean())
    return float(GP_WEIGHTS[int(np.argmin(errors))])


def calibrate(
    ensemble: Ensemble,
    dataset: Dataset,
    rows: NDArray[np.intp],
    conditions: Conditions,
    reduction: Reduction,
) -> Calibration:
    """Calibrate an ensemble's spread on runs that it did not learn from.

    Parameters
    ----------
    ensemble
        The ensemble, with its weight.
    dataset
        The runs' fields.
    rows
        Rows of the n calibration runs in the data set.
    conditions
        Their conditions.
    reduction
        Map from coefficients to fields.
    """
    _, steps, nodes, variables = dataset.shape
    # Nodes at random instead of all: spreads of a large mesh would take most of the time.
    count = max(1, CALIBRATION_ENTRIES // (steps * variables))
    chosen = np.sort(np.random.default_rng(0).permutation(nodes)[:count])
    decoder = reduction.at(chosen, np.arange(variables)) if len(chosen) < nodes else reduction

    def errors_and_spreads() -> Iterator[tuple[NDArray[np.float64], NDArray[np.floating[Any]]]]:
        for run, row in enumerate(rows):
            prediction = ensemble.predict(
                conditions.select([run]), dataset.times, latent_samples=CALIBRATION_LATENTS
            )
            truth = dataset.run(int(row))[:, chosen].astype(np.float64)
            yield truth - decoder.decode(prediction.mean[0]), prediction.spread(0, decoder)

    return Calibration.fit(errors_and_spreads())
