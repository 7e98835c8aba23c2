"""Loop over the runs of all splits that counts the errors of everything that is compared.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.baselines.image_features import Features
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.physics import PhysicsChecks
from simulgenvae.evaluation.analyses.uncertainty import SAMPLES, UNSEEN, UncertaintyErrors
from simulgenvae.evaluation.compare.comparison import Comparison
from simulgenvae.evaluation.compare.training_pass import (
    Advance,
    FittedBaselines,
    baselines_left_out,
    read_training_runs,
)
from simulgenvae.evaluation.results.study import compared_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

REFITTED = (
    "The surrogate and the baselines have learned from the validation runs too, after these had "
    "chosen weights and calibrated the uncertainty: only the errors of test runs are those of "
    "unseen runs."
)
"""Note about errors of validation runs that are not unseen."""
_BATCH_BYTES = 2**28
"""Predicted fields that are in memory at once."""


def steps(surrogate: Surrogate, rows: dict[str, NDArray[np.intp]]) -> int:
    """Return how often :func:`compare` calls ``advance``, on this rank."""
    learned = len(collectives.local_rows(_learned(surrogate, rows)))
    own = sum(len(collectives.local_rows(chosen)) for chosen in rows.values())
    return learned + len(BASELINES) + own


def _learned(surrogate: Surrogate, rows: dict[str, NDArray[np.intp]]) -> NDArray[np.intp]:
    """Return the rows of the runs that the surrogate has learned from."""
    return np.concatenate([rows[split] for split in surrogate.info.learned_splits])


def compare(
    dataset: Dataset,
    surrogate: Surrogate,
    stages: dict[str, Surrogate],
    rows: dict[str, NDArray[np.intp]],
    checks: Sequence[str],
    advance: Advance,
) -> Comparison:
    """Return the errors of the surrogate, its parts, its training stages and the baselines.

    Memory holds a batch of predictions and the coefficients of the training runs; where those do
    not fit, the baselines are left out and ``notes`` says so. Ranks share the runs, and all return
    what all have found.

    Parameters
    ----------
    dataset, surrogate
        What is predicted, and what predicts.
    stages
        The surrogate after each earlier training stage, by the name of the stage.
    rows
        Rows of the data set by split (``train``, ``validation``, ``test``). Baselines learn from
        the same runs as the surrogate.
    checks
        Users' physics checks, each as ``name: expression``.
    advance
        Function that is called with a description after every run that was read and every baseline
        that was fitted.
    """
    training = _learned(surrogate, rows)
    unseen = [split for split in UNSEEN if split not in surrogate.info.learned_splits]
    # First pass, over the training runs: scale and baselines must exist before anything is
    # compared.
    scale, coefficients = read_training_runs(dataset, surrogate, training, advance)
    found = Comparison(
        dataset.variables,
        scale,
        PhysicsChecks(
            dataset.variables,
            dataset.times,
            dataset.mesh,
            dataset.shape[2],
            scale,
            checks,
            units=dataset.units,
        ),
        {split: UncertaintyErrors(scale) for split in unseen if len(rows[split])},
    )
    known = dataset.conditions.select(training)
    features = Features.fit(known, surrogate.condition_scaler)
    baselines = FittedBaselines(features, {}, {})
    if coefficients is None:
        found.notes.append(baselines_left_out(dataset, surrogate, training))
    else:
        baselines = FittedBaselines.fit(features, known, coefficients, advance)
    found.baselines = baselines.described
    if surrogate.info.refitted:
        found.notes.append(REFITTED)
    seconds = 0.0
    for split, chosen in rows.items():
        # Second pass. Predictions are made in batches, and each true run is read once for
        # everything that is compared with it.
        for batch in _batches(dataset, collectives.local_rows(chosen)):
            predicted = _PredictedBatch.of(dataset, surrogate, stages, baselines, batch)
            seconds += predicted.seconds
            for i, row in enumerate(batch):
                truth = dataset.run(int(row))
                predicted.count(found, i, split, truth)
                # Series over time are large for many runs, so only the split that the report shows
                # has them.
                if split == compared_split(rows):
                    found.physics.add(dataset.ids[row], predicted.fields[i], truth)
                conditions = predicted.conditions.select([i])
                _count_uncertainty(found, surrogate, conditions, split, truth)
                advance(f"Evaluating {split} runs")
    # A rank without runs divides by one.
    runs = sum(len(collectives.local_rows(chosen)) for chosen in rows.values())
    found.seconds_per_run = seconds / max(1, runs)
    found.gather()
    return found


@dataclass(eq=False)
class _PredictedBatch:
    """Predictions of n designs by everything that is compared."""

    surrogate: Surrogate
    stages: dict[str, Surrogate]
    conditions: Conditions
    fields: NDArray[np.float32]
    """Prediction of the surrogate, ``[n, T, M, V]``."""
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
        surrogate: Surrogate,
        stages: dict[str, Surrogate],
        baselines: FittedBaselines,
        rows: NDArray[np.intp],
    ) -> _PredictedBatch:
        """Return the predictions of some runs of the data set."""
        conditions = dataset.conditions.select(rows)
        start = time.perf_counter()
        fields = surrogate.predict(conditions)["fields"].to_numpy()
        seconds = time.perf_counter() - start
        staged = {}
        for name, earlier in stages.items():
            if name != "vae":  # a VAE has no prediction yet
                staged[name] = earlier.predict(conditions)["fields"].to_numpy()
        coefficients = _parts(surrogate, conditions) | baselines.predict(conditions)
        return cls(surrogate, stages, conditions, fields, coefficients, staged, seconds)

    def count(self, found: Comparison, i: int, split: str, truth: NDArray[np.float32]) -> None:
        """Count the errors of design number ``i`` against its true fields ``[T, M, V]``."""
        reduction = self.surrogate.reduction
        found.count("prediction", split, self.fields[i], truth)
        if "networks" not in self.coefficients:
            # Where networks predict without Gaussian processes, the surrogate's prediction is
            # theirs: decoding it again would cost the same time twice.
            found.count("networks", split, self.fields[i], truth)
        for method in ("networks", "gaussian_processes"):
            if method in self.coefficients:
                decoded = reduction.decode(self.coefficients[method][i])
                found.count(method, split, decoded, truth)
        # The VAE’s reconstruction sees the true field. It bounds what the conditioner can reach
        # with these latents, as the projection bounds every method in this basis.
        found.count("reconstruction", split, self.surrogate.reconstruct(truth), truth)
        projected = reduction.decode(reduction.encode(truth))
        found.count("projection_floor", split, projected, truth)
        for name in BASELINES:
            if name in self.coefficients:
                found.count(name, split, reduction.decode(self.coefficients[name][i]), truth)
        if "vae" in self.stages:
            found.count_stage("vae", split, self.stages["vae"].reconstruct(truth), truth)
        for name, fields in self.staged.items():
            found.count_stage(name, split, fields[i], truth)


def _parts(surrogate: Surrogate, conditions: Conditions) -> dict[str, NDArray[np.float32]]:
    """Return the coefficients ``[n, T, r]`` of the parts that a prediction combines.

    Networks that predict without Gaussian processes are left out.
    """
    ensemble = surrogate.ensemble
    if ensemble is None or ensemble.pod_gp is None:
        return {}
    separate = ensemble.predict_separately(conditions, surrogate.times)
    assert separate.gaussian_processes is not None, "the ensemble has Gaussian processes"
    parts = {"gaussian_processes": separate.gaussian_processes}
    if ensemble.gp_weight != 0:
        parts["networks"] = separate.networks
    return parts


def _count_uncertainty(
    found: Comparison,
    surrogate: Surrogate,
    conditions: Conditions,
    split: str,
    truth: NDArray[np.float32],
) -> None:
    """Count the uncertainty of one run, unless its split is left out.

    A run whose samples need too much memory leaves its whole split out.
    """
    if split not in found.uncertainty:
        return
    try:
        prediction = surrogate.predict(conditions, samples=SAMPLES)
    except UserError as error:
        # Half a split would be reported as the whole one.
        del found.uncertainty[split]
        found.notes.append(f"The uncertainty of {split} runs is left out: {error}")
    else:
        found.uncertainty[split].add(prediction, 0, truth)


def _batches(dataset: Dataset, rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    # In int64: the product of the sizes can exceed 32 bits.
    run_bytes = 4 * int(np.prod(dataset.shape[1:], dtype=np.int64))
    size = max(1, min(64, _BATCH_BYTES // run_bytes))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
