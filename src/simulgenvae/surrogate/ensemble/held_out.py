"""Predictions of runs by an ensemble that had not learned from them.

They are kept with the model: the error of any number that follows from a field, such as its
largest value, can then be calibrated later, whenever someone asks for that number. Neither the
networks that made them nor the runs are needed for it.

These runs are the validation runs. Where Gaussian processes predict alone, they are any training
runs, each predicted from all others.

Tested in tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.data.split import rows_of_refit
from simulgenvae.surrogate.ensemble.coefficient_prediction import CoefficientPrediction
from simulgenvae.surrogate.ensemble.true_quantities import TrueQuantities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.reduction import LazyStates
    from simulgenvae.surrogate.ensemble.ensemble import Ensemble

MOST_RUNS = 40
"""Largest number of runs whose predictions are kept."""
MOST_BYTES = 64 * 2**20
"""Largest size of what is kept."""
LATENT_SAMPLES = 16
"""Latents of a single network that are sampled for the uncertainty of a quantity."""


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """True and predicted coefficients of n runs at the training times.

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
    left_out
        Whether they are runs of which each was predicted from all others; otherwise they are
        validation runs.
    """

    truth: NDArray[np.float32]
    mean: NDArray[np.float32]
    samples: NDArray[np.float32]
    quantities: TrueQuantities | None = None
    shapes: NDArray[np.float64] | None = None
    left_out: bool = False

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
        count = _most_runs(ensemble, coefficients.shape[1:])
        if not count:
            return None
        chosen = _kept_runs(len(rows), count)
        prediction = ensemble.predict(
            conditions.select(chosen), ensemble.times, latent_samples=LATENT_SAMPLES
        )
        truth = np.stack([np.asarray(coefficients[rows[[run]]])[0] for run in chosen])
        return cls(truth.astype(np.float32), prediction.mean, prediction.samples)

    @classmethod
    def of_left_out(
        cls, ensemble: Ensemble, coefficients: NDArray[np.float32], rows: NDArray[np.intp]
    ) -> Self | None:
        """Predict runs from all others; None where a single one is too large to be kept.

        Parameters
        ----------
        ensemble
            The ensemble, whose Gaussian processes predict alone and leave out each run.
        coefficients
            Coefficients of all runs, ``[N, T, r]``.
        rows
            Rows of the runs that the processes learned from.
        """
        count = _most_runs(ensemble, coefficients.shape[1:])
        if not count:
            return None
        assert ensemble.pod_gp is not None, "they predict alone"
        chosen = _kept_runs(len(rows), count)
        combination = ensemble.pod_gp.leading.combination
        draws = ensemble.pod_gp.left_out_samples(ensemble.sample_count(LATENT_SAMPLES), seed=0)
        return cls(
            coefficients[rows[chosen]],
            combination(ensemble.pod_gp.left_out()[chosen]),
            np.stack([combination(draw[chosen]) for draw in draws]),
            left_out=True,
        )

    def rows(self, split: Mapping[str, NDArray[np.intp]]) -> NDArray[np.intp]:
        """Return the rows of the runs in a data set, ``[n]``, from those of each part."""
        candidates = rows_of_refit(split) if self.left_out else split["validation"]
        return candidates[_kept_runs(len(candidates), len(self))]

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
        left_out = {"left_out": np.array([self.left_out])}
        return {**fields, **quantities, **shapes, **left_out}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], times: int, rank: int) -> Self:
        """Return predictions that were read from a model file.

        It is the inverse of :meth:`arrays`. Raises KeyError and ValueError when arrays are missing
        or do not belong together.
        """
        quantities = TrueQuantities.restore(arrays, len(arrays["truth"]))
        shapes = arrays.get("shapes")
        # Models of earlier versions have validation runs.
        left_out = bool(arrays.get("left_out", np.zeros(1, bool)).all())
        found = cls(
            arrays["truth"], arrays["mean"], arrays["samples"], quantities, shapes, left_out
        )
        shape = (len(found.truth), times, rank)
        if found.truth.shape != shape or found.mean.shape != shape or not len(found):
            raise ValueError(f"the predictions of held-out runs are not of the shape {shape}")
        if found.samples.ndim != 4 or found.samples.shape[1:] != shape:
            raise ValueError(f"the samples of held-out runs are not of the shape K, {shape}")
        for array in (found.truth, found.mean, found.samples):
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError("the predictions of held-out runs are no finite numbers")
        if shapes is not None and (shapes.ndim != 2 or len(shapes) != len(found)):
            raise ValueError("the geometries of held-out runs are not those of the runs")
        if shapes is not None and not np.isfinite(shapes).all():
            raise ValueError("the geometries of held-out runs are no finite numbers")
        return found


def _most_runs(ensemble: Ensemble, shape: tuple[int, ...]) -> int:
    """Return how many runs of coefficients ``[T, r]`` are kept at most."""
    arrays = 2 + ensemble.sample_count(LATENT_SAMPLES)
    return min(MOST_RUNS, MOST_BYTES // (4 * arrays * int(np.prod(shape))))


def _kept_runs(runs: int, most: int) -> NDArray[np.intp]:
    """Return which of ``runs`` runs are kept, in increasing order."""
    return np.sort(np.random.default_rng(0).permutation(runs)[:most])
