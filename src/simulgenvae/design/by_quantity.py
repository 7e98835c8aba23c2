"""Choice of designs by quantities of interest: what solving each could say about them.

A quantity with a limit asks on which side of it designs are. Variances are then weighted by the
probability density of the quantity at the limit (targeted integrated variance: Picheny et al. 2010,
"Adaptive designs of experiments for accurate approximation of a target region", Journal of
Mechanical Design 132, with a tolerance of 0), so that designs count whose quantity may be on either
side. Those whose band holds the limit come first.

Tested in tests/design/test_by_quantity.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.surrogate.predicted_quantities import PredictedQuantities
from simulgenvae.surrogate.quantities import quantity_warnings
from simulgenvae.utils.formatting import count
from simulgenvae.utils.progress import WorkLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.predicted_quantity import PredictedQuantity
    from simulgenvae.surrogate.quantities import QuantityPredictor

    Array = NDArray[np.float64]


_TOGETHER = 32
"""Designs between two reports of progress."""


@dataclass(frozen=True, eq=False)
class SuggestedQuantities:
    """Q quantities of n designs that were chosen by them."""

    designs: tuple[tuple[PredictedQuantity, ...], ...]
    """Quantities of each design before it is solved."""
    training_half_widths: tuple[float, ...]
    """Half the width of the band of each quantity, the mean over the training runs."""
    warnings: tuple[str, ...]
    """Warnings about the quantities."""


@dataclass(frozen=True, eq=False)
class CandidateQuantities:
    """Predicted quantities of the candidates, and of the training runs for comparison.

    ``rows`` are those of the ``drawn`` candidates that have these quantities, m of them: a geometry
    that is predicted may lack the place of one.
    """

    predictor: QuantityPredictor
    candidates: PredictedQuantities
    training: PredictedQuantities
    rows: tuple[int, ...]
    drawn: int

    @classmethod
    def of(
        cls, predictor: QuantityPredictor, candidates: Conditions, training: Conditions
    ) -> CandidateQuantities:
        """Predict the quantities of designs; UserError where no candidate has them."""
        found: list[PredictedQuantities] = []
        kept: list[int] = []
        with WorkLog(transient=True) as log:
            log.start("Quantities of the candidates", len(candidates), unit="designs")
            for start in range(0, len(candidates), _TOGETHER):
                rows = list(range(start, min(start + _TOGETHER, len(candidates))))
                for some, predicted in _predicted(predictor, candidates, rows):
                    kept += some
                    found.append(predicted)
                log.step(rows[-1] + 1)
        if not kept:
            # It says which quantity is missing, and why.
            predictor.predict(candidates.select([0]))
        known = [part for _, part in _predicted(predictor, training, range(len(training)))]
        return cls(
            predictor,
            PredictedQuantities.joined(found),
            PredictedQuantities.joined(known),
            tuple(kept),
            len(candidates),
        )

    def variance(self) -> Array:
        """Return how much is to be learned at each of the m candidates, ``[m]``.

        Raises
        ------
        UserError
            Where the predictions of no quantity differ, so that nothing says where to learn.
        """
        limits = [each.limit for each in self.predictor.group.quantities]
        return learnable_variance(self.candidates.values, self.candidates.std, limits)

    def near_limit(self) -> NDArray[np.bool_] | None:
        """Return which candidates have a band that holds a limit, ``[m]``; None without limits."""
        found = self.candidates
        held = [
            (found.lower[:, q] <= each.limit) & (each.limit <= found.upper[:, q])
            for q, each in enumerate(self.predictor.group.quantities)
            if each.limit is not None
        ]
        return np.any(held, axis=0) if held else None

    def of_designs(self, rows: Sequence[int]) -> SuggestedQuantities:
        """Return the quantities of the candidates that were chosen, by their places among m."""
        group = self.predictor.group
        warnings = quantity_warnings(self.predictor)
        if missing := self.drawn - len(self.rows):
            warnings.append(
                f"{missing} of {count(self.drawn, 'candidate')} are left out: their geometries "
                "lack the place of a quantity"
            )
        half = (self.training.upper - self.training.lower) / 2
        return SuggestedQuantities(
            tuple(self.candidates.of_design(row, group) for row in rows),
            tuple(half.mean(axis=0).tolist()),
            tuple(warnings),
        )


def _predicted(
    predictor: QuantityPredictor, designs: Conditions, rows: Sequence[int]
) -> Iterator[tuple[list[int], PredictedQuantities]]:
    """Yield some of the rows of designs with their quantities, without designs that have none."""
    try:
        found = predictor.predict(designs.select(list(rows)))
    except UserError:
        # On one mesh, all designs lack what one lacks.
        if len(rows) > 1 and predictor.parts.shapes is not None:
            for row in rows:
                yield from _predicted(predictor, designs, [row])
    else:
        yield list(rows), found


def learnable_variance(values: Array, std: Array, limits: Sequence[float | None]) -> Array:
    """Return the variance of Q quantities at each of m designs as one number, ``[m]``.

    Each quantity is divided by its mean over the designs, so that all count alike, whatever their
    units. See :meth:`CandidateQuantities.variance` for errors.

    Parameters
    ----------
    values, std
        Predicted quantities and their standard deviations, ``[m, Q]``.
    limits
        Limit of each quantity; None where there is none.
    """
    total = np.zeros(len(values))
    for value, deviation, limit in zip(values.T, std.T, limits, strict=True):
        variance = np.square(deviation)
        if limit is not None:
            variance = variance * _density_at(limit, value, deviation)
        mean = variance.mean()
        if mean > 0:
            total += variance / mean
    if not total.any():
        raise UserError(
            "The surrogate is sure of these quantities at all candidates, so they say nothing "
            "about where to solve: leave --quantity out to choose by the whole field."
        )
    return total


def _density_at(limit: float, value: Array, std: Array) -> Array:
    """Return the normal density of each prediction at the limit, relative to the largest one."""
    # In logarithms: far from the limit all densities would be 0, and no design would be nearest.
    logarithm = np.full(len(value), -np.inf)
    unsure = std > 0
    apart = (limit - value[unsure]) / std[unsure]
    logarithm[unsure] = -0.5 * np.square(apart) - np.log(std[unsure])
    largest = logarithm.max()
    if not np.isfinite(largest):
        return np.zeros_like(value)
    density: Array = np.exp(logarithm - largest)
    return density
