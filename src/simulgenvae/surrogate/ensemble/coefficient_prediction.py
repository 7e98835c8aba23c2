"""Predictions of an ensemble: coefficients, and samples of what they might have been.

Tested in tests/surrogate/ensemble/test_ensemble.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import helmert

from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.reduction import Decoder

LEFT_OUT = 1e-4
"""Largest part of the variance that is left out where fields are computed from it: a thousandth of
the floor that is added everywhere (``VARIANCE_FLOOR``)."""


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
    widening
        Factor to the spread of each design, ``[n]``: more than 1 outside the trained range.
    """

    mean: NDArray[np.float32]
    samples: NDArray[np.float32]
    gp_offset: NDArray[np.float32] | None
    gp_weight: float
    widening: NDArray[np.float64]

    def of_design(self, design: int) -> CoefficientPrediction:
        """Return the prediction of one design, from 0 to n - 1, as a prediction of n = 1."""
        only = slice(design, design + 1)
        offset = None if self.gp_offset is None else self.gp_offset[only]
        return replace(
            self,
            mean=self.mean[only],
            samples=self.samples[:, only],
            gp_offset=offset,
            widening=self.widening[only],
        )

    def spread(self, design: int, decoder: Decoder) -> NDArray[np.float32]:
        """Return the uncalibrated standard deviation of a design's fields, ``[t, M, V]``.

        Parameters
        ----------
        design
            Row of the design, from 0 to n - 1.
        decoder
            Map from coefficients to the fields.
        """
        return spread(self.variance(design, decoder))

    def variance(
        self, design: int, decoder: Decoder, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the variance of a design's fields without its floor, ``[t, M, V]``.

        It is written to ``out`` where that is given.
        """
        deviations = principal_deviations(self.deviations(design))
        return decoder.sum_of_squares(deviations, out)

    def deviations(self, design: int) -> NDArray[np.float32]:
        """Return differences of coefficients whose squares add up to the variance, ``[D, t, r]``.

        It is the variance of the samples, and of choosing between members and Gaussian processes
        (the second with probability ``gp_weight``), which is a Bernoulli variance, times the
        squared widening.
        """
        samples = self.samples[:, design]
        # Helmert's contrasts are K - 1 differences of the K samples with the same sum of squares as
        # the K deviations from their mean: there is one field less to decode.
        # Members that repeat in the samples count as independent in the divisor, which makes their
        # variance a little too small (``Ensemble.predict``); the calibration allows for it.
        contrasts = helmert(len(samples)) / np.sqrt(max(len(samples) - 1, 1))
        # The mean, which all contrasts are free of, is taken off first: rounding is then that of
        # differences.
        apart = samples - samples.mean(axis=0)
        deviations: NDArray[np.float32] = np.tensordot(contrasts.astype(np.float32), apart, axes=1)
        between = self.gp_weight * (1.0 - self.gp_weight)
        if self.gp_offset is not None and between > 0.0:
            choice = np.float32(np.sqrt(between)) * self.gp_offset[design]
            deviations = np.concatenate([deviations, choice[None]])
        # Too far outside of the trained range, the spread is infinite.
        with np.errstate(over="ignore", invalid="ignore"):
            return deviations * np.float32(self.widening[design])

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
        with_floor: NDArray[np.float64] = (1.0 + VARIANCE_FLOOR) * total * self.widening**2
        return with_floor


def principal_deviations(deviations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return fewer deviations with nearly the same sum of squared fields.

    At each time they are combined to their principal axes, which changes no sum of squares; the
    last axes are left out, up to ``LEFT_OUT`` of the variance of all times. Each takes as long as
    a prediction of the fields.

    Parameters
    ----------
    deviations
        Differences of coefficients, ``[D, t, r]``.
    """
    # Far outside of the trained range they may be infinite: then there are no axes.
    if len(deviations) < 2 or not np.isfinite(deviations).all():
        return deviations
    exact = deviations.transpose(1, 0, 2).astype(np.float64)
    energies, axes = np.linalg.eigh(exact @ exact.transpose(0, 2, 1))
    # The axis with the largest energy is the last one.
    left_out = np.cumsum(np.maximum(energies, 0.0).sum(axis=0))
    dropped = int(np.sum(left_out <= LEFT_OUT * left_out[-1]))
    # One axis stays where all deviations are 0.
    kept = axes[:, :, min(dropped, len(deviations) - 1) :]
    return np.asarray((kept.transpose(0, 2, 1) @ exact).transpose(1, 0, 2), np.float32)


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
