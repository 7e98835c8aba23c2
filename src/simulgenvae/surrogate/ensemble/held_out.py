"""Predictions of validation runs by an ensemble that had not learned from them.

They are kept with the model: the error of any number that follows from a field, such as its
largest value, can then be calibrated later, whenever someone asks for that number. Neither the
networks that made them nor the runs are needed for it.

Tested in tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.surrogate.ensemble.coefficient_prediction import CoefficientPrediction
from simulgenvae.surrogate.ensemble.true_quantities import TrueQuantities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.reduction import LazyStates
    from simulgenvae.surrogate.ensemble.ensemble import Ensemble

MOST_RUNS = 40
"""Largest number of validation runs whose predictions are kept."""
MOST_BYTES = 64 * 2**20
"""Largest size of what is kept."""
LATENT_SAMPLES = 16
"""Latents of a single network that are sampled for the uncertainty of a quantity."""


def kept_runs(runs: int, count: int) -> NDArray[np.intp]:
    """Return which of ``runs`` validation runs are kept, ``count`` in increasing order."""
    return np.sort(np.random.default_rng(0).permutation(runs)[:count])


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """True and predicted coefficients of n validation runs at the training times.

    Attributes
    ----------
    truth
        Coefficients of the runs themselves, ``[n, T, r]``.
    mean, samples
        The prediction and its samples, ``[n, T, r]`` and ``[K, n, T, r]``, see
        :class:`CoefficientPrediction`.
    quantities
        Quantities of the runs themselves; None in models of earlier versions.
    shapes
        Coefficients of the runs' geometries, ``[n, k]``; None where all runs have one mesh.
    """

    truth: NDArray[np.float32]
    mean: NDArray[np.float32]
    samples: NDArray[np.float32]
    quantities: TrueQuantities | None = None
    shapes: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        ensemble: Ensemble,
        conditions: Conditions,
        coefficients: NDArray[np.float32] | LazyStates,
        rows: NDArray[np.intp],
    ) -> Self | None:
        """Predict validation runs; None where a single one is too large to be kept.

        Parameters
        ----------
        ensemble
            The ensemble, with its weights.
        conditions
            Conditions of the validation runs.
        coefficients
            Coefficients of all runs, ``[N, T, r]``.
        rows
            Rows of the validation runs among them.
        """
        arrays = 2 + ensemble.sample_count(LATENT_SAMPLES)
        size = 4 * arrays * int(np.prod(coefficients.shape[1:]))
        count = min(len(rows), MOST_RUNS, MOST_BYTES // size)
        if not count:
            return None
        chosen = kept_runs(len(rows), count)
        prediction = ensemble.predict(
            conditions.select(chosen), ensemble.times, latent_samples=LATENT_SAMPLES
        )
        truth = np.stack([np.asarray(coefficients[rows[[run]]])[0] for run in chosen])
        return cls(truth.astype(np.float32), prediction.mean, prediction.samples)

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def prediction(self) -> CoefficientPrediction:
        """Prediction of the runs, without what only a spread of whole fields needs."""
        # The calibration is that of designs in the trained range.
        inside = np.ones(len(self.mean))
        return CoefficientPrediction(self.mean, self.samples, None, 0.0, widening=inside)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs."""
        quantities = {} if self.quantities is None else self.quantities.arrays()
        shapes = {} if self.shapes is None else {"shapes": self.shapes}
        fields = {"truth": self.truth, "mean": self.mean, "samples": self.samples}
        return {**fields, **quantities, **shapes}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], times: int, rank: int) -> Self:
        """Return predictions that were read from a model file.

        It is the inverse of :meth:`arrays`. Raises KeyError and ValueError when arrays are missing
        or do not belong together.
        """
        quantities = TrueQuantities.restore(arrays, len(arrays["truth"]))
        shapes = arrays.get("shapes")
        found = cls(arrays["truth"], arrays["mean"], arrays["samples"], quantities, shapes)
        shape = (len(found.truth), times, rank)
        if found.truth.shape != shape or found.mean.shape != shape or not len(found):
            raise ValueError(f"the predictions of validation runs are not of the shape {shape}")
        if found.samples.ndim != 4 or found.samples.shape[1:] != shape:
            raise ValueError(f"the samples of validation runs are not of the shape K, {shape}")
        for array in (found.truth, found.mean, found.samples):
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError("the predictions of validation runs are no finite numbers")
        if shapes is not None and (shapes.ndim != 2 or len(shapes) != len(found)):
            raise ValueError("the geometries of validation runs are not those of the runs")
        if shapes is not None and not np.isfinite(shapes).all():
            raise ValueError("the geometries of validation runs are no finite numbers")
        return found
