"""Predictions of an ensemble: coefficients, and samples of what they might have been.

Tested in tests/surrogate/ensemble/test_ensemble.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.reduction import Decoder

DECODED_ENTRIES = 2**23
"""Entries of sampled fields that are held in memory at once while a spread is computed."""


@dataclass(frozen=True)
class CoefficientPrediction:
    """Predicted coefficients of n designs at t times, with samples of what they might have been.

    Attributes
    ----------
    mean
        The prediction, ``[n, t, r]``.
    samples
        K possible predictions, ``[K, n, t, r]``. Each combines one member, in one mirror view (or
        one sample of a single member's latents), with one sample of the Gaussian processes where
        these have a weight. K is 0 for a single member in a single view of which no latents are
        sampled.
    gp_offset
        Prediction of the Gaussian processes minus the mean of the members, ``[n, t, r]``; None
        where the Gaussian processes have no weight.
    gp_weight
        Weight of the Gaussian processes in ``mean``; the members have the rest.
    """

    mean: NDArray[np.float32]
    samples: NDArray[np.float32]
    gp_offset: NDArray[np.float32] | None
    gp_weight: float

    def spread(self, design: int, decoder: Decoder) -> NDArray[np.floating[Any]]:
        """Return the uncalibrated standard deviation of a design's fields.

        Parameters
        ----------
        design
            Row of the design, from 0 to n - 1.
        decoder
            Map from coefficients to the fields ``[t, M, V]``, in physical units.
        """
        nodes, variables = decoder.field_shape
        # All samples of all times would take K times the memory of the prediction, so only a few
        # timesteps are decoded together.
        timesteps = max(1, DECODED_ENTRIES // (len(self.samples) * nodes * variables))

        def blocks() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
            for start in range(0, self.mean.shape[1], timesteps):
                times = slice(start, start + timesteps)
                offset = None
                if self.gp_offset is not None:
                    # A decoder adds the mean field, which must not enter a difference of fields.
                    mean = self.mean[design, times]
                    moved = decoder.decode(mean + self.gp_offset[design, times])
                    offset = moved - decoder.decode(mean)
                yield decoder.decode(self.samples[:, design, times]), offset

        return spread(blocks(), self.gp_weight)

    def total_variance(self) -> NDArray[np.float64]:
        """Return the squared spread of each design, summed over times and coefficients, ``[n]``.

        Nothing is decoded: the basis is orthonormal, so a sum of squares over coefficients is the
        sum of squares over nodes and variables, each divided by its standard deviation.
        """
        # In double precision: sums over all times and coefficients are long.
        deviations = (self.samples - self.samples.mean(axis=0)).astype(np.float64)
        # Fewer members than samples repeat, which makes this a little too small: the divisor counts
        # them as independent (``Ensemble.predict``). The calibration allows for it.
        total = np.einsum("kntr,kntr->n", deviations, deviations) / max(len(deviations) - 1, 1)
        if self.gp_offset is not None:
            offset = self.gp_offset.astype(np.float64)
            between = np.einsum("ntr,ntr->n", offset, offset)
            total += self.gp_weight * (1.0 - self.gp_weight) * between
        with_floor: NDArray[np.float64] = (1.0 + VARIANCE_FLOOR) * total
        return with_floor


@dataclass(frozen=True)
class SeparatePredictions:
    """Coefficients of n designs at t times by networks and by Gaussian processes, not combined."""

    member_predictions: NDArray[np.float32]
    """Prediction of every member in every mirror view, ``[K, n, t, r]``: all members in one view
    after the other."""
    member_weights: tuple[float, ...]
    """Weight of each member, the same in all views."""
    gaussian_processes: NDArray[np.float32] | None
    """Mean over the mirror views, ``[n, t, r]``; None where there are no Gaussian processes, or
    they were left out."""

    @property
    def networks(self) -> NDArray[np.float32]:
        """Weighted mean of the members over all mirror views, ``[n, t, r]``."""
        views = len(self.member_predictions) // len(self.member_weights)
        weights = np.tile(np.array(self.member_weights, np.float32), views) / views
        mean: NDArray[np.float32] = np.einsum("k,kntr->ntr", weights, self.member_predictions)
        return mean

    def of_members(self, chosen: Sequence[int]) -> NDArray[np.float32]:
        """Return the mean of some members over all mirror views, ``[n, t, r]``."""
        weights = [float(member in chosen) for member in range(len(self.member_weights))]
        return replace(self, member_weights=tuple(np.array(weights) / len(chosen))).networks
