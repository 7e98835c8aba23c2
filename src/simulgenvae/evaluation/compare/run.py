"""Loop over the runs of all splits that counts the errors of everything that is compared.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.baselines.image_features import Features
from simulgenvae.distributed import collectives
from simulgenvae.evaluation.analyses.physics import PhysicsChecks
from simulgenvae.evaluation.analyses.uncertainty import SAMPLES, UNSEEN, UncertaintyErrors
from simulgenvae.evaluation.compare.comparison import Comparison
from simulgenvae.evaluation.compare.predicted_batch import PredictedBatch, reconstructed_runs
from simulgenvae.evaluation.compare.run_view import RunView
from simulgenvae.evaluation.compare.training_pass import (
    Advance,
    FittedBaselines,
    baselines_left_out,
    read_training_runs,
)
from simulgenvae.evaluation.metrics import FieldAxes
from simulgenvae.evaluation.results.study import compared_split
from simulgenvae.surrogate.predict import Predictor
from simulgenvae.surrogate.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.analyses.quantities import QuantityChecks
    from simulgenvae.surrogate.surrogate import Surrogate

REFITTED = (
    "The surrogate and the baselines have learned from the validation runs too, after these had "
    "chosen weights and calibrated the uncertainty: only the errors of test runs are those of "
    "unseen runs."
)
"""Note about errors of validation runs that are not unseen."""
_MOST_RUNS = 64
"""Largest number of runs that are predicted together."""


def steps(
    surrogate: Surrogate, rows: dict[str, NDArray[np.intp]], *, only: str | None = None
) -> int:
    """Return how often :func:`compare` calls ``advance``, on this rank."""
    learned = len(collectives.local_rows(_learned(surrogate, rows)))
    compared = [chosen for split, chosen in rows.items() if only in {None, split}]
    own = sum(len(collectives.local_rows(chosen)) for chosen in compared)
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
    quantities: QuantityChecks,
    advance: Advance,
    *,
    only: str | None = None,
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
    quantities
        Quantities of interest, which are counted for the runs of the compared split.
    advance
        Function that is called with a description after every run that was read and every baseline
        that was fitted.
    only
        The one split whose runs are compared; all by default.
    """
    training = _learned(surrogate, rows)
    unseen = [split for split in UNSEEN if split not in surrogate.info.learned_splits]
    # First pass, over the training runs: scale and baselines must exist before anything is
    # compared.
    scale, coefficients = read_training_runs(dataset, surrogate, training, advance)
    found = Comparison(
        dataset.variables,
        scale,
        FieldAxes(dataset.times, dataset.mesh.coords),
        PhysicsChecks(
            dataset.variables,
            dataset.times,
            dataset.mesh,
            dataset.shape[2],
            scale,
            checks,
            units=dataset.units,
        ),
        quantities,
        {
            split: UncertaintyErrors(scale)
            for split in unseen
            if len(rows[split]) and only in {None, split}
        },
    )
    known = dataset.conditions.select(training)
    features = Features.fit(known, surrogate.condition_scaler)
    baselines = FittedBaselines(features, {}, {})
    if coefficients is None:
        found.notes.append(baselines_left_out(dataset, surrogate, training))
    else:
        baselines = FittedBaselines.fit(features, known, coefficients, advance)
    found.baselines = baselines.described
    if surrogate.info.refitted and only is None:
        found.notes.append(REFITTED)
    reconstructed = {
        split: chosen[reconstructed_runs(split, len(chosen))] for split, chosen in rows.items()
    }
    if len(some := reconstructed["train"]) < len(rows["train"]):
        found.notes.append(
            f"Reconstruction errors of training runs are those of {len(some)} of "
            f"{len(rows['train'])} runs."
        )
    predictor = Predictor(surrogate, select(surrogate), SAMPLES, seed=0)
    seconds = 0.0
    for split, chosen in rows.items():
        if only not in {None, split}:
            continue
        # Second pass. Predictions are made in batches, and each true run is read once for
        # everything that is compared with it.
        for batch in _batches(collectives.local_rows(chosen), predictor.runs_together):
            predicted = PredictedBatch.of(dataset, predictor, surrogate, stages, baselines, batch)
            seconds += predicted.seconds
            for i, row in enumerate(batch):
                view = RunView.of(dataset, int(row))
                reconstruct = row in reconstructed[split]
                predicted.count(found, i, split, view, reconstruct=reconstruct)
                # Series over time are large for many runs, so only the split that the report shows
                # has them.
                if split == compared_split(rows):
                    fields = view.own(predicted.fields[i])
                    own = None if dataset.shapes is None else view.mesh
                    found.physics.add(dataset.ids[row], fields, view.own_truth, own)
                    predicted.count_quantities(found, i, dataset.ids[row], view)
                predicted.count_uncertainty(found, i, split, view)
                advance(f"Evaluating {split} runs")
    # A rank without runs divides by one.
    runs = sum(len(collectives.local_rows(chosen)) for chosen in rows.values())
    found.seconds_per_run = seconds / max(1, runs)
    found.gather()
    return found


def _batches(rows: NDArray[np.intp], together: int) -> Iterator[NDArray[np.intp]]:
    size = min(_MOST_RUNS, together)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
