"""Hyper-parameters of the processes of one field's modes, which are related: what matters for one
matters for others.

The logarithms of a mode's length scales have a prior. Their ratios are those that the leading modes
have in common, with the long tails of Student's distribution, so that a mode may be unlike the
rest; their mean is that of the mode before, because later modes vary faster. Few runs say little
about the length scales of a single mode; together the modes say much. This is a hierarchical model
(Gelman et al. 2013, Bayesian data analysis, chapter 5) whose common ratios are found with the
modes' own, in turn, at the largest posterior density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulgenvae.baselines.gp import Likelihood, LikelihoodSearch
from simulgenvae.baselines.kernels import Values

RATIO_SPREAD = 0.3
"""Scale of a mode's logarithmic length scales about the common ratios."""
TAILS = 3.0
"""Degrees of freedom of their distribution."""
MEAN_STEP = 0.2
"""Standard deviation of the step of their mean from mode to mode."""
_ROUNDS = 3


@dataclass(frozen=True)
class Posterior:
    """Negative logarithm of likelihood times prior, as a function of the hyper-parameters; see
    :class:`Likelihood`."""

    likelihood: Likelihood
    ratios: Values
    """Common logarithmic length scales less their mean, ``[G]``."""
    mean: float | None
    """Mean of the mode before; None for the first."""

    def __call__(self, theta: Values) -> tuple[float, Values]:
        """Value and gradient, up to a constant."""
        value, gradient = self.likelihood(theta)
        lengths = theta[1:-1]
        apart = _centred(lengths) - self.ratios
        width = TAILS * RATIO_SPREAD**2
        value += 0.5 * (TAILS + 1) * float(np.log1p(apart**2 / width).sum())
        slope = (TAILS + 1) * apart / (width + apart**2)
        slope = slope - slope.mean()
        if self.mean is not None:
            step = float(lengths.mean()) - self.mean
            value += 0.5 * (step / MEAN_STEP) ** 2
            slope = slope + step / MEAN_STEP**2 / len(lengths)
        return value, gradient + np.concatenate([[0.0], slope, [0.0]])


def related(
    likelihoods: Sequence[Likelihood], groups: int, leading: int, seed: int
) -> list[Values]:
    """Hyper-parameters ``[G + 2]`` of all modes, of which the first ``leading`` ones say what they
    have in common."""
    alone = LikelihoodSearch(groups, seed)
    found = [alone(likelihood, thorough=True)[0] for likelihood in likelihoods[:leading]]
    ratios = _common(found)
    for _ in range(_ROUNDS):
        start, found = found, []
        for likelihood, theta in zip(likelihoods, start, strict=False):
            found.append(_nearest(likelihood, ratios, found, theta, seed))
        ratios = _common(found)
    for likelihood in likelihoods[leading:]:
        found.append(_nearest(likelihood, ratios, found, found[-1], seed))
    return found


def _nearest(
    likelihood: Likelihood, ratios: Values, before: Sequence[Values], start: Values, seed: int
) -> Values:
    """The best hyper-parameters near ``start``, or near the usual ones, for a mode after those
    ``before``."""
    mean = float(before[-1][1:-1].mean()) if before else None
    search = LikelihoodSearch(len(ratios), seed, start)
    return search(Posterior(likelihood, ratios, mean), thorough=False)[0]


def _common(thetas: Sequence[Values]) -> Values:
    """Ratios of the length scales of most modes; the median, because some may be unlike the
    rest."""
    return _centred(np.median([_centred(theta[1:-1]) for theta in thetas], axis=0))


def _centred(lengths: Values) -> Values:
    centred: Values = lengths - lengths.mean()
    return centred
