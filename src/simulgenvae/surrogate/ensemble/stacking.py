"""Weights of the parts of an ensemble: each kind of network, and the Gaussian processes.

Stacking (Wolpert 1992) with weights that are at least 0 and sum to 1 (Breiman 1996, "Stacked
regressions", section 3). Few validation runs say little about close weights: the best ones would
be others for other runs. They are therefore averaged over draws of how much each run counts
(Bayesian bootstrap: Rubin 1981, Annals of Statistics 9).

A handful of validation runs can also be harder than most by chance. For Gaussian processes this
shows, as they predict each training run from all others in closed form.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.surrogate.ensemble.coefficient_prediction import SeparatePredictions
    from simulgenvae.surrogate.ensemble.ensemble import Ensemble

STEPS = 40
"""Weights that are tried are multiples of 1 / ``STEPS``."""
DRAWS = 400
"""Draws of how much each run counts."""
_MOST_TILT = 3.0
"""Largest change of the logarithm of a run's count per standard deviation of the errors."""
_TIE = 1e-9
"""Relative difference of errors that rounding may make."""


def stacked(
    ensemble: Ensemble,
    separate: SeparatePredictions,
    truth: NDArray[np.float32],
    sizes: NDArray[np.floating],
    *,
    gaussian_processes: bool,
    left_out: NDArray[np.floating] | None = None,
) -> Ensemble:
    """Return the ensemble with weights of its parts that :func:`best_weights` chooses.

    Members with the same decoder share one weight equally. Members without weight are left out
    where at least two others remain, whose differences give the uncertainty; the first one always
    stays, as it gives the latents.

    Parameters
    ----------
    ensemble
        The ensemble with all members.
    separate
        Predictions of its parts for n runs that none of them learned from.
    truth
        Coefficients of these runs, ``[n, T, r]``.
    sizes
        Norms of these runs, more than 0, to which errors are relative, ``[n]``.
    gaussian_processes
        Whether the Gaussian processes may have a weight.
    left_out
        Relative error of the Gaussian processes on each training run when they learn from all
        others, where it is known.
    """
    kinds: dict[str, list[int]] = {}
    for number, member in enumerate(ensemble.members):
        kinds.setdefault(member.decoder_name, []).append(number)
    networks = [separate.of_members(members) for members in kinds.values()]
    of_kinds = best_weights(networks, truth, sizes)
    gp_weight = 0.0
    if gaussian_processes and separate.gaussian_processes is not None:
        parts = [*networks, separate.gaussian_processes]
        *of_networks, gp_weight = best_weights(parts, truth, sizes, left_out)
        # Networks without weight still predict by themselves, in comparisons.
        if gp_weight < 1:
            # Not by 1 - gp_weight, from which their sum differs by rounding.
            of_kinds = np.array(of_networks) / sum(of_networks)
    weights = np.zeros(len(ensemble.members))
    for members, weight in zip(kinds.values(), of_kinds, strict=True):
        weights[members] = weight / len(members)
    return _without_idle_members(replace(ensemble, gp_weight=float(gp_weight)), weights)


def _without_idle_members(ensemble: Ensemble, weights: NDArray[np.float64]) -> Ensemble:
    """Return the ensemble with these weights, without members that have none."""
    kept = [number for number, weight in enumerate(weights) if weight > 0 or number == 0]
    if np.count_nonzero(weights) < 2:
        kept = list(range(len(weights)))
    return replace(
        ensemble,
        members=tuple(ensemble.members[number] for number in kept),
        member_weights=tuple(map(float, weights[kept])),
    )


def best_weights(
    parts: Sequence[NDArray[np.float32]],
    truth: NDArray[np.float32],
    sizes: NDArray[np.floating],
    left_out: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Return the weights ``[P]`` of predictions with a small mean relative error over runs.

    They are the mean, over :data:`DRAWS` draws of the runs' counts, of the multiples of
    1 / ``STEPS`` whose mean error is least, and sum to 1. Parts with less than half a step have
    none.

    Parameters
    ----------
    parts
        P predictions of the coefficients of n runs, each ``[n, T, r]``.
    truth
        The coefficients, ``[n, T, r]``.
    sizes
        Norms of the runs, more than 0, ``[n]``.
    left_out
        Relative errors of the last part on other runs that it did not learn from, ``[m]``. Where
        their mean is smaller, runs with large errors of the last part count less.
    """
    # The squared error of a run is a quadratic form of the weights, whose matrix has the inner
    # products of the errors of any two predictions.
    products = np.empty((len(truth), len(parts), len(parts)))
    for run, true in enumerate(truth):
        errors = np.stack([part[run] - true for part in parts]).reshape(len(parts), -1)
        errors = errors.astype(np.float64)
        products[run] = errors @ errors.T
    tried = _simplex(len(parts))
    squares = np.einsum("cp,npq,cq->cn", tried, products, tried, optimize=True)
    relative = np.sqrt(np.maximum(squares, 0.0)) / sizes
    rng = np.random.default_rng(0)
    counts = rng.dirichlet(np.ones(len(truth)), DRAWS)
    if left_out is not None:
        expected = rng.dirichlet(np.ones(len(left_out)), DRAWS) @ left_out
        # The last combination that is tried is the last part alone.
        counts = _tilted_down(counts, relative[-1], expected)
    means = counts @ relative.T
    # Of equally good weights, the most equal ones.
    ties = means <= means.min(axis=1, keepdims=True) * (1 + _TIE)
    best = np.where(ties, np.square(tried).sum(axis=1), np.inf).argmin(axis=1)
    weights: NDArray[np.float64] = tried[best].mean(axis=0)
    weights[weights < 0.5 / STEPS] = 0.0
    weights /= weights.sum()
    return weights


def _tilted_down(
    counts: NDArray[np.float64], errors: NDArray[np.float64], most: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return counts ``[B, n]`` by which the mean error is at most ``most``, ``[B]``, or nearer.

    Each is multiplied by ``exp(-tilt * error)``, the change with the least relative entropy that
    gives a mean (exponential tilting; Efron 1981, Canadian Journal of Statistics 9, section 11).
    Errors of left-out runs are only a limit: those at the edge of the range are extrapolated, so
    that a larger mean says nothing.
    """
    deviation = errors.std()
    if not deviation:
        return counts
    standardized = (errors - errors.mean()) / deviation

    def tilted(tilt: NDArray[np.float64]) -> NDArray[np.float64]:
        changed: NDArray[np.float64] = counts * np.exp(-tilt[:, None] * standardized)
        changed /= changed.sum(axis=1, keepdims=True)
        return changed

    # The mean falls with the tilt: the interval that holds the tilt is halved.
    low, high = np.zeros(len(counts)), np.full(len(counts), _MOST_TILT)
    for _ in range(30):
        middle = (low + high) / 2
        above = tilted(middle) @ errors > most
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return tilted(low)


@cache
def _simplex(count: int) -> NDArray[np.float64]:
    """Return all weights of ``count`` predictions that are tried, ``[C, count]``."""

    def splits(total: int, parts: int) -> list[list[int]]:
        if parts == 1:
            return [[total]]
        found = []
        for last in range(total + 1):
            found += [[*others, last] for others in splits(total - last, parts - 1)]
        return found

    return np.array(splits(STEPS, count)) / STEPS
