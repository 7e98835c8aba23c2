"""From trained networks to an ensemble: Gaussian processes, their weight, and the calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.split import rows_of_refit
from simulgenvae.distributed import collectives
from simulgenvae.reduction import LazyStates, Reduction
from simulgenvae.reduction.joint_norms import JointNorms
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.coefficient_prediction import CoefficientPrediction
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
from simulgenvae.surrogate.ensemble.mirror_views import mirror_views_of
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.ensemble.stacking import stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.models.networks import Networks
    from simulgenvae.settings import Settings
    from simulgenvae.training.train import Trained

CALIBRATION_ENTRIES = 2**21
"""Values of each run that calibrate the spread: where a run has more, these are all times and
variables of nodes chosen at random."""
CALIBRATION_LATENTS = 32
"""Latents of a single network that are sampled to calibrate its spread."""
RUNS_WITH_LATENTS = 512
"""Most training runs whose predicted latents are kept."""
LEFT_OUT_RUNS = 80
"""Most training runs that are predicted from all others to calibrate Gaussian processes."""


def build_ensemble(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """Build the ensemble of trained members, with weights chosen on the validation runs.

    Without validation runs only the networks predict, all with the same weight, and nothing is
    calibrated. The networks also predict without Gaussian processes where the settings switch these
    off (they then only measure novelty), and where training read its runs from disk: Gaussian
    processes are linear combinations of the training runs, which the model would have to hold.

    Where the networks were refitted, these take the places of those that were judged on the
    validation runs, and the Gaussian processes learn from the validation runs too. The calibration
    stays that of the parts which had not seen these runs, unless the Gaussian processes predict
    alone: these predict each training run from all others in closed form, so that it is calibrated
    on all runs.

    All ranks call this function and end with the same ensemble.
    """

    # The first rank fits and chooses for all. What it sends has no networks: every rank has trained
    # them, and torch refuses to pickle them under spectral normalisation.
    def chosen() -> tuple[Ensemble, dict[int, float]]:
        ensemble = _fit_and_choose(trained, dataset, settings)
        if trained.refitted and ensemble.pod_gp is not None:
            rows = rows_of_refit(trained.rows)
            ensemble = replace(ensemble, pod_gp=_gaussian_processes(trained, dataset, rows))
            if ensemble.gp_weight == 1 and _leaves_out(ensemble):
                calibration = calibrate(left_out(ensemble, rows), dataset, trained.reduction)
                assert not isinstance(trained.coefficients, LazyStates), "processes held them"
                held_out = HeldOutPredictions.of_left_out(ensemble, trained.coefficients, rows)
                ensemble = replace(ensemble, calibration=calibration, held_out=held_out)
        numbers = map(trained.members.index, ensemble.members)
        weights = dict(zip(numbers, ensemble.member_weights, strict=True))
        return replace(ensemble, members=(), member_weights=()), weights

    ensemble, weights = collectives.run_on_rank0(chosen)
    networks = trained.refitted or trained.members
    members = tuple(networks[number] for number in weights)
    return replace(
        ensemble,
        members=members,
        member_weights=tuple(weights.values()),
        predicted_latents=_predicted_latents(members, trained),
    )


def _predicted_latents(members: tuple[Networks, ...], trained: Trained) -> NDArray[np.float32]:
    """Return the latents that members predict for training runs, ``[members, n, F]``."""
    rows = np.random.default_rng(0).permutation(trained.rows["train"])[:RUNS_WITH_LATENTS]
    found = []
    for member in members:
        # One run after another: their images may be large.
        latents = [
            member.predicted_latents(trained.conditions.select([row]), trained.condition_scaler)
            for row in rows
        ]
        found.append(np.concatenate(latents))
    return np.stack(found)


def _leaves_out(ensemble: Ensemble) -> bool:
    """Return whether the prediction of each training run by all others is known.

    A view mirrors designs, which all are among the training runs with their mirror images.
    """
    known = ensemble.pod_gp is not None and ensemble.pod_gp.leading.leaves_out_each
    return known and not ensemble.mirror_views


def _fit_and_choose(trained: Trained, dataset: Dataset, settings: Settings) -> Ensemble:
    """Return the ensemble as a single process makes it."""
    train = trained.rows["train"]
    validation = trained.rows["validation"]
    coefficients = trained.coefficients
    # Coefficients that are read from disk are too large for Gaussian processes to hold.
    pod_gp = None
    if not isinstance(coefficients, LazyStates):
        pod_gp = _gaussian_processes(trained, dataset, train)
    count = len(trained.members)
    ensemble = Ensemble(
        members=trained.members,
        member_weights=(1 / count,) * count,
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
    # Coefficients are read from disk only without modes: then all members are of one kind.
    if not isinstance(coefficients, LazyStates):
        truth = coefficients[validation]
        ensemble = stacked(
            ensemble,
            ensemble.predict_separately(conditions, dataset.times),
            truth,
            _sizes(trained, truth),
            gaussian_processes=settings.prediction.gaussian_process == "auto",
            left_out=_left_out_errors(ensemble, trained),
        )
    # The spread depends on the weights, so it is calibrated last.
    predictions = predicted(ensemble, conditions, validation)
    calibration = calibrate(predictions, dataset, trained.reduction)
    held_out = HeldOutPredictions.of(ensemble, conditions, coefficients, validation)
    return replace(ensemble, calibration=calibration, held_out=held_out)


def _left_out_errors(ensemble: Ensemble, trained: Trained) -> NDArray[np.float64] | None:
    """Return the relative error of Gaussian processes on each training run from all others.

    Returns
    -------
    array or None
        Errors ``[n]``; None where such predictions are not known.
    """
    pod_gp = ensemble.pod_gp
    if pod_gp is None or not _leaves_out(ensemble):
        return None
    assert not isinstance(trained.coefficients, LazyStates), "Gaussian processes learned from them"
    truth = trained.coefficients[trained.rows["train"]]
    # One run after another: all of them at once would take the memory of the coefficients again.
    errors = [
        np.linalg.norm(pod_gp.leading.combination(weights[None])[0] - true)
        for weights, true in zip(pod_gp.left_out(), truth, strict=True)
    ]
    return np.array(errors) / _sizes(trained, truth)


def _gaussian_processes(
    trained: Trained, dataset: Dataset, rows: NDArray[np.intp]
) -> PodGaussianProcesses | None:
    """Return Gaussian processes that learned from some runs; None where there are too few."""
    coefficients = trained.coefficients
    assert not isinstance(coefficients, LazyStates), "the coefficients are in memory"
    return PodGaussianProcesses.fit(
        trained.conditions.select(rows),
        trained.condition_scaler,
        coefficients[rows],
        dataset.times,
        _sizes(trained, coefficients[rows]),
    )


def _sizes(trained: Trained, coefficients: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the norms of runs ``[n, T, r]`` to which their errors are relative, ``[n]``."""
    norms = JointNorms(trained.reduction).of(coefficients)
    # A run that is uniform has a norm of 0, and would have no relative error.
    return np.maximum(norms, np.finfo(np.float32).tiny)


def predicted(
    ensemble: Ensemble, conditions: Conditions, rows: NDArray[np.intp]
) -> Iterator[tuple[int, CoefficientPrediction]]:
    """Predict runs with these rows and conditions one after another, with samples."""
    for run, row in enumerate(rows):
        design = conditions.select([run])
        yield (
            int(row),
            ensemble.predict(design, ensemble.times, latent_samples=CALIBRATION_LATENTS),
        )


def left_out(
    ensemble: Ensemble, rows: NDArray[np.intp]
) -> Iterator[tuple[int, CoefficientPrediction]]:
    """Predict training runs from all others, where Gaussian processes predict alone.

    ``rows`` are those of the runs that the processes learned from. At most ``LEFT_OUT_RUNS`` of
    them are predicted, chosen at random.
    """
    pod_gp = ensemble.pod_gp
    assert pod_gp is not None, "they predict alone"
    count = ensemble.sample_count(CALIBRATION_LATENTS)
    means, draws = pod_gp.left_out(), pod_gp.left_out_samples(count, seed=0)
    for run in np.random.default_rng(0).permutation(len(rows))[:LEFT_OUT_RUNS]:
        mean = pod_gp.leading.combination(means[[run]])
        samples = pod_gp.leading.combination(draws[:, run])
        # Training runs are in the trained range.
        yield (
            int(rows[run]),
            CoefficientPrediction(mean, samples[:, None], None, 1.0, widening=np.ones(1)),
        )


def calibrate(
    predictions: Iterable[tuple[int, CoefficientPrediction]],
    dataset: Dataset,
    reduction: Reduction,
) -> Calibration:
    """Calibrate a spread on runs that the predictions did not learn from.

    Parameters
    ----------
    predictions
        Row of each run in the data set, and its prediction.
    dataset
        The runs' fields.
    reduction
        Map from coefficients to fields.
    """
    _, steps, nodes, variables = dataset.shape
    # Nodes at random instead of all: spreads of a large mesh would take most of the time.
    count = max(1, CALIBRATION_ENTRIES // (steps * variables))
    chosen = np.sort(np.random.default_rng(0).permutation(nodes)[:count])
    decoder = reduction.at(chosen, np.arange(variables)) if len(chosen) < nodes else reduction

    def errors_and_spreads() -> Iterator[tuple[NDArray[np.float64], NDArray[np.floating[Any]]]]:
        for row, prediction in predictions:
            truth = dataset.run(row)[:, chosen].astype(np.float64)
            error = truth - decoder.decode(prediction.mean[0])
            spread = prediction.spread(0, decoder)
            # What lies outside of a run's geometry is only a continuation of its fields.
            inside = None if dataset.shapes is None else dataset.shapes.inside(row)
            where = slice(None) if inside is None else inside[chosen]
            yield error[:, where], spread[:, where]

    return Calibration.fit(errors_and_spreads())
