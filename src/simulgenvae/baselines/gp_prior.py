"""Hyper-parameters of the processes of one field's modes, under a prior that they share.

What matters for one mode of a field matters for the others too: the ratios of the length scales of
the parameters are similar. Few runs say little about the length scales of a single mode; together
the modes say much.

The prior is on the logarithms of a mode's length scales. Their differences from their mean (the
ratios of the length scales) are near those that the leading modes have in common. Their mean is
near that of the mode before, because later modes vary faster. Both have the long tails of Student's
distribution, so that a mode may differ from the rest. This is a hierarchical model (Gelman et al.
2013, Bayesian data analysis, chapter 5). The common ratios and the ratios of each mode are found in
turn, at the largest posterior density. With a single parameter, only the mean has a prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.baselines.kernels import Values

RATIO_SPREAD = 0.3
"""Scale of the distribution of a mode's logarithmic length scales about the common ratios."""
MEAN_STEP = 0.2
"""Scale of the distribution of the step of their mean from mode to mode."""
TAILS = 3.0
"""Degrees of freedom of both distributions (Student's). With a normal distribution of the step,
late modes that vary much faster than the ones before were taken for noise: 0.0017 % of error on a
smooth flow of one parameter where 0.0005 % is reached."""
_ROUNDS = 3


@dataclass(frozen=True)
class Posterior:
    """Negative logarithm of likelihood times prior, a function of the hyper-parameters."""

    likelihood: Likelihood
    ratios: Values
    """Common logarithmic length scales minus their mean, ``[G]``."""
    mean: float | None
    """Mean of the logarithmic length scales of the mode before; None for the first mode."""

    def __call__(self, theta: Values) -> tuple[float, Values]:
        """Return value, up to a constant, and gradient ``[G + 2]``."""
        value, gradient = self.likelihood(theta)
        lengths = theta[1:-1]
        penalty, slope = _student(_centred(lengths) - self.ratios, RATIO_SPREAD)
        value += penalty
        # The derivative of centring: each length scale also moves the mean.
        slope = slope - slope.mean()
        if self.mean is not None:
            penalty, of_step = _student(np.array([lengths.mean() - self.mean]), MEAN_STEP)
            value += penalty
            slope = slope + of_step / len(lengths)
        # Variance and noise have no prior.
        return value, gradient + np.concatenate([[0.0], slope, [0.0]])


def _student(distance: Values, scale: float) -> tuple[float, Values]:
    """Return minus the logarithm of Student's density, up to a constant, and its gradient.

    It is (ν + 1) / 2 · Σ log(1 + d² / (ν s²)) with the distances d and the scale s.
    """
    width = TAILS * scale**2
    value = 0.5 * (TAILS + 1) * float(np.log1p(distance**2 / width).sum())
    return value, (TAILS + 1) * distance / (width + distance**2)


def related_hyperparameters(
    likelihoods: Sequence[Likelihood], groups: int, leading: int, seed: int
) -> list[Values]:
    """Return the hyper-parameters ``[G + 2]`` of all modes.

    Parameters
    ----------
    likelihoods
        One for each mode, leading modes first.
    groups
        Number G of length scales.
    leading
        Number of modes that decide what all have in common; later ones are mostly noise.
    seed
        Seed of the random starts.
    """
    # A start without the prior: each leading mode by its own likelihood.
    search = LikelihoodSearch(groups, seed)
    found = [search(likelihood, thorough=True)[0] for likelihood in likelihoods[:leading]]
    ratios = _common(found)
    # In turn: the modes given the common ratios, and the common ratios given the modes.
    for _ in range(_ROUNDS):
        start = found
        found = []
        for likelihood, theta in zip(likelihoods, start, strict=False):
            found.append(_nearest(likelihood, ratios, found, theta, seed))
        ratios = _common(found)
    for likelihood in likelihoods[leading:]:
        found.append(_nearest(likelihood, ratios, found, found[-1], seed))
    return found


def _nearest(
    likelihood: Likelihood, ratios: Values, before: Sequence[Values], start: Values, seed: int
) -> Values:
    """Return the best hyper-parameters near ``start`` or near the usual ones.

    ``before`` are the hyper-parameters of the modes before this one.
    """
    mean = float(before[-1][1:-1].mean()) if before else None
    search = LikelihoodSearch(len(ratios), seed, start)
    return search(Posterior(likelihood, ratios, mean), thorough=False)[0]


def _common(thetas: Sequence[Values]) -> Values:
    """Return the ratios of the length scales of most modes, ``[G]``.

    It is the median over the modes, because some may differ from the rest.
    """
    return _centred(np.median([_centred(theta[1:-1]) for theta in thetas], axis=0))


def _centred(lengths: Values) -> Values:
    """Return values minus their mean."""
    centred: Values = lengths - lengths.mean()
    return centred
