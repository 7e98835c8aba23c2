"""Weights of the parts of an ensemble: each kind of network, and the Gaussian processes.

Stacking (Wolpert 1992) with weights that are at least 0 and sum to 1 (Breiman 1996, "Stacked
regressions", section 3). Errors of few validation runs say little about close weights. Of those
whose errors cannot be told from the least one, the most equal ones are taken, as averaging parts
that are about as good is more accurate than any of them (as the rule of one standard error takes
the simplest model: Breiman et al. 1984, "Classification and regression trees", section 3.4.3).
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
STANDARD_ERRORS = 0.5
"""Number of standard errors of the difference by which weights may be worse than the best ones.
With none, public data with ten or fewer validation runs were predicted with up to 35 % more error
(unsteady heat), with one, accurate networks got weights that made them worse (impact)."""
_TIE = 1e-9
"""Relative difference of errors that rounding may make."""


def stacked(
    ensemble: Ensemble,
    separate: SeparatePredictions,
    truth: NDArray[np.float32],
    sizes: NDArray[np.floating],
    *,
    gaussian_processes: bool,
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
    """
    kinds: dict[str, list[int]] = {}
    for number, member in enumerate(ensemble.members):
        kinds.setdefault(member.decoder_name, []).append(number)
    networks = [separate.of_members(members) for members in kinds.values()]
    of_kinds = best_weights(networks, truth, sizes)
    gp_weight = 0.0
    if gaussian_processes and separate.gaussian_processes is not None:
        parts = [*networks, separate.gaussian_processes]
        *of_networks, gp_weight = best_weights(parts, truth, sizes)
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
) -> NDArray[np.float64]:
    """Return the weights ``[P]`` of predictions with a small mean relative error over runs.

    Weights are multiples of 1 / ``STEPS`` that sum to 1: the most equal ones of those whose mean
    error is at most ``STANDARD_ERRORS`` of its difference's standard error above the least one.

    Parameters
    ----------
    parts
        P predictions of the coefficients of n runs, each ``[n, T, r]``.
    truth
        The coefficients, ``[n, T, r]``.
    sizes
        Norms of the runs, more than 0, ``[n]``.
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
    best = int(relative.mean(axis=1).argmin())
    worse = relative - relative[best]
    allowed = _TIE * float(relative[best].mean())
    if len(truth) > 1:
        standard_errors = worse.std(axis=1, ddof=1) / np.sqrt(len(truth))
        allowed = allowed + STANDARD_ERRORS * standard_errors
    inequality = np.where(worse.mean(axis=1) <= allowed, np.square(tried).sum(axis=1), np.inf)
    found: NDArray[np.float64] = tried[int(inequality.argmin())]
    return found


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
