"""Error on runs that nothing has seen, as soon as a training has ended.

It is measured as ``simulgenvae evaluate`` does: the joint relative error of each run, and its mean.
Fields are compared by their coefficients, to which what the reduction leaves out is added; so each
run is read and decoded once, whatever is compared.

Tested in tests/surrogate/test_unseen_error.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.baselines.image_features import Features
from simulgenvae.data.split import rows_of_refit
from simulgenvae.reduction import LazyStates
from simulgenvae.reduction.joint_norms import mean_state
from simulgenvae.surrogate.own_mesh_error import OwnMeshMeasure
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.training.train import Trained


@dataclass(frozen=True)
class UnseenError:
    """Mean joint relative error of the runs that say most about new designs."""

    split: Literal["test", "validation"]
    """Part of the split that these runs are from; validation where there are no test runs."""
    runs: int
    """Number of these runs."""
    error: float
    baseline: str | None
    """Title of the best baseline; None where none was fitted."""
    baseline_error: float | None
    """Its error on the same runs."""

    def sentence(self) -> str:
        """Return the errors in words."""
        if self.split == "test":
            found = f"On {count(self.runs, 'run')} it has not seen: {percent(self.error, 2)}."
        else:
            found = (
                f"On {count(self.runs, 'validation run')}, which chose the networks: "
                f"{percent(self.error, 2)}. There are no test runs."
            )
        if self.baseline is None:
            return f"{found} simulgenvae evaluate compares with baselines."
        return f"{found} Best baseline ({self.baseline}): {percent(self.baseline_error, 2)}."


def unseen_error(
    trained: Trained,
    dataset: Dataset,
    ensemble: Ensemble,
    *,
    baselines: bool,
) -> UnseenError | None:
    """Measure an ensemble on the test runs, or on the validation runs where there are none.

    Parameters
    ----------
    trained
        The training.
    dataset
        All runs.
    ensemble
        What predicts.
    baselines
        Whether baselines are fitted and measured too.

    Returns
    -------
    UnseenError or None
        None where there are neither test nor validation runs, or no run has a relative error.
    """
    split: Literal["test", "validation"] = "test" if len(trained.rows["test"]) else "validation"
    rows = trained.rows[split]
    if not len(rows):
        return None
    measure: _Measure | OwnMeshMeasure
    if dataset.keeps_nodes:
        measure = _Measure(trained, dataset, rows)
    else:
        measure = OwnMeshMeasure(trained.reduction, dataset, trained.rows["train"], rows)
    conditions = trained.conditions.select(rows)
    error = measure.error(ensemble.predict(conditions, dataset.times).mean)
    if not np.isfinite(error):
        return None
    errors = {}
    # Coefficients that are read from disk are too large for the memory.
    if baselines and not isinstance(trained.coefficients, LazyStates):
        errors = _baseline_errors(trained, trained.coefficients, len(dataset.ids), rows, measure)
    best = min(errors, key=lambda name: errors[name], default=None)
    return UnseenError(
        split=split,
        runs=len(rows),
        error=error,
        baseline=best,
        baseline_error=None if best is None else errors[best],
    )


class _Measure:
    """Mean joint relative error of predicted coefficients on some runs."""

    def __init__(
        self,
        trained: Trained,
        dataset: Dataset,
        rows: NDArray[np.intp],
    ) -> None:
        reduction = trained.reduction
        shape = reduction.field_shape
        factor = reduction.state_map.field_factor().reshape(shape)
        offset = mean_state(reduction.state_map).reshape(shape)
        mean = reduction.decode(np.zeros(reduction.rank, np.float32))
        self._truth = []
        self._left_out = np.zeros(len(rows))
        self._norms = np.zeros(len(rows))
        for place, row in enumerate(rows):
            coefficients = np.asarray(trained.coefficients[np.array([row])][0], np.float32)
            self._truth.append(coefficients)
            run = dataset.run(int(row)).astype(np.float64)
            # Differences of fields, in units of states, are differences of states.
            left_out = (run - reduction.decode(coefficients)) * factor
            self._left_out[place] = np.square(left_out).sum((1, 2)).mean()
            deviation = (run - mean) * factor + offset
            self._norms[place] = np.square(deviation).sum((1, 2)).mean()

    def error(self, predicted: NDArray[np.float32]) -> float:
        """Return the error of predicted coefficients, ``[n, T, r]``."""
        squares = np.array(
            [
                np.square(one - other, dtype=np.float64).sum(1).mean()
                for one, other in zip(predicted, self._truth, strict=True)
            ]
        )
        has_norm = self._norms > 0
        errors = np.sqrt((squares + self._left_out)[has_norm] / self._norms[has_norm])
        return float(errors.mean()) if len(errors) else float("nan")


def _baseline_errors(
    trained: Trained,
    coefficients: NDArray[np.float32],
    own_runs: int,
    rows: NDArray[np.intp],
    measure: _Measure | OwnMeshMeasure,
) -> dict[str, float]:
    """Return the errors of all baselines by their titles.

    They learn from the same runs as the surrogate, without the mirrored ones, which follow the
    ``own_runs`` runs of the data set.
    """
    learned = rows_of_refit(trained.rows) if trained.refitted else trained.rows["train"]
    learned = learned[learned < own_runs]
    conditions = trained.conditions.select(learned)
    features = Features.fit(conditions, trained.condition_scaler)
    known = features.transform(conditions)
    asked = features.transform(trained.conditions.select(rows))
    has_images = conditions.images is not None
    errors = {}
    for spec in BASELINES.values():
        baseline = spec.baseline()
        baseline.fit(known, coefficients[learned], features.components, features.widths)
        title = spec.title_for(parameters=bool(conditions.names), images=has_images)
        errors[title] = measure.error(baseline.predict(asked))
    return errors
