"""Evidence for and against a mirror symmetry, from runs that are predicted from all others.

Gaussian processes predict each training run from all others, once without a symmetry, once with it:
then the part of the fields that the mirror keeps and the part that it turns around have kernels of
their own (``designs.py``), which is the same as to learn from mirrored runs too. If the errors are
clearly smaller with the symmetry, it is worth being taken.

Whether it holds is decided by what these predictions leave. Where the physics and the choice of
designs are symmetric, a run and its mirror image are equally probable: turning any of the runs
around gives data that could as well have been found. Sums over pairs of residuals that a broken
symmetry makes large are therefore compared with those of runs turned around at random (a
permutation test with sign flips, exact for any number of runs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.training.symmetry.sample import SEED, Parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulgenvae.baselines.kernels import Values
    from simulgenvae.training.symmetry.designs import MirroredDesigns, Similarity

NOISES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Variances of the noise that are tried, over that of the process."""
TURNS = 999
"""Numbers of random choices of the runs that are turned around."""
_ANY_MEAN = 100.0
"""Variance of an unknown mean, over that of the process."""


class Explanation(NamedTuple):
    """The best of the Gaussian processes that were tried."""

    errors: Values
    """Squared error of each run as all others predict it, ``[n]``, which sums up to 1 where nothing
    is predicted but the mean."""
    similarity: Similarity
    noise: float


@dataclass(frozen=True)
class VariableEvidence:
    """Errors of a variable that is explained without and with the symmetry."""

    plain: Explanation
    mirrored: Explanation
    sign: int
    """-1 where the variable changes its sign with the mirror, else 1."""
    other_sign: Values
    """Squared errors with the symmetry and the other sign, ``[n]``."""
    parts: Parts
    """Parts of the fields."""


@dataclass(frozen=True)
class MirrorEvidence:
    """Evidence of the runs about one mirror."""

    variables: Sequence[VariableEvidence | None]
    """For each variable; None where it never varies."""
    probability: float
    """Probability that a symmetric problem looks as asymmetric as this one by chance."""
    designs: float
    """Probability of the designs: whether mirrored ones are as probable."""

    @property
    def signs(self) -> tuple[int, ...]:
        """-1 for each variable that changes its sign, else 1."""
        return tuple(1 if variable is None else variable.sign for variable in self.variables)


def gather_evidence(designs: MirroredDesigns, parts: Sequence[Parts | None]) -> MirrorEvidence:
    """Return what the runs say about a mirror; ``parts`` are those of each variable."""
    variables = explain(designs, parts)
    chance = probability_of_symmetry(variables)
    return MirrorEvidence(variables, chance, probability_of_designs(designs))


def explain(
    designs: MirroredDesigns, parts: Sequence[Parts | None]
) -> list[VariableEvidence | None]:
    """Return the best explanation of each variable without the symmetry, and with either sign."""
    best: dict[tuple[int, int], Explanation] = {}
    for similarity in designs.similarities():
        for noise in NOISES:
            plain = _Predictor(similarity.plain, noise, any_mean=True)
            same = _Predictor(similarity.same, noise, any_mean=True)
            opposite = _Predictor(similarity.opposite, noise, any_mean=False)
            for number, part in enumerate(parts):
                if part is None:
                    continue
                # The sign 0 stands for no symmetry.
                tried = {0: plain.errors(part.whole)}
                for sign in (1, -1):
                    kept = same.errors(part.kept(sign))
                    tried[sign] = kept + opposite.errors(part.turned(sign))
                for sign, errors in tried.items():
                    found = best.get((number, sign))
                    if found is None or errors.sum() < found.errors.sum():
                        best[number, sign] = Explanation(errors, similarity, noise)
    variables: list[VariableEvidence | None] = []
    for number, part in enumerate(parts):
        if part is None or (number, 0) not in best:
            variables.append(None)
            continue
        sign = min((1, -1), key=lambda sign: best[number, sign].errors.sum())
        other = best[number, -sign].errors
        mirrored = best[number, sign]
        variables.append(VariableEvidence(best[number, 0], mirrored, sign, other, part))
    return variables


def probability_of_symmetry(variables: Iterable[VariableEvidence | None]) -> float:
    """Return the probability that a symmetric problem leaves such residuals, from 1/1000 to 1.

    A broken symmetry shows in residuals that are alike where they should only differ in sign: a
    mean that the mirror turns around (the first sum), residuals of the turned part that are alike
    for a design and its mirror image, and residuals of the kept part that differ for them.
    """
    return _probability([form for each in variables if each is not None for form in _forms(each)])


def probability_of_designs(designs: MirroredDesigns) -> float:
    """Return the probability of such images where mirrored ones are as probable, from 1/1000 to 1.

    Where designs lie on one side, residuals of near ones differ less in sign than those of runs
    turned around, and a broken symmetry would not be seen.
    """
    products = designs.turned @ designs.turned.T
    return _probability([products, _whitened(products)])


def _probability(forms: Sequence[Values]) -> float:
    """Return the probability of quadratic forms as large as these if signs were random.

    The form ``[n, n]`` that stands out most is compared with the one that does when runs are turned
    around at random.
    """
    if not forms:
        return 1.0
    runs = len(forms[0])
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], (TURNS, runs))
    signs = np.vstack([np.ones(runs), signs])  # the runs as they are come first
    values = np.column_stack([np.sum(signs @ form * signs, axis=1) for form in forms])
    spread = values.std(axis=0)
    deviations = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    largest = deviations.max(axis=1)
    # Equal ones differ by rounding.
    return float(np.mean(largest >= largest[0] - 1e-9))


def _forms(variable: VariableEvidence) -> tuple[Values, Values, Values]:
    """Return matrices ``[n, n]`` of quadratic forms in the signs by which runs are turned."""
    _, similarity, noise = variable.mirrored
    parts = variable.parts
    same = _Predictor(similarity.same, noise, any_mean=True)
    opposite = _Predictor(similarity.opposite, noise, any_mean=False)
    kept = _whitened(same.residuals(parts.kept(variable.sign)))
    turned = _whitened(opposite.residuals(parts.turned(variable.sign)))
    return turned, turned * similarity.same, kept * similarity.opposite


def _whitened(residuals: Values) -> Values:
    """Return products of residuals in which their largest directions do not outweigh all others.

    They are divided by their covariance and its mean variance. Turning runs around does not change
    either of them.
    """
    energies, directions = np.linalg.eigh(residuals)
    energies = energies.clip(min=0)
    mean = energies.mean()
    if mean == 0:
        return residuals
    whitened: Values = (directions * (energies / (energies + mean))) @ directions.T
    return whitened


class _Predictor:
    """Gaussian process that predicts each run from all others, for any number of outputs.

    Closed forms of Rasmussen & Williams 2006, section 5.4.2, for products of outputs.
    """

    def __init__(self, kernel: Values, noise: float, *, any_mean: bool) -> None:
        covariance = kernel + (_ANY_MEAN if any_mean else 0.0)
        covariance.flat[:: len(kernel) + 1] += noise
        inverse = np.linalg.inv(covariance)
        # Divided by the diagonal of the inverse, its rows times the outputs are the residuals.
        self._residual = inverse / np.diag(inverse)[:, None]

    def errors(self, products: Values) -> Values:
        """Return the squared error of each run, ``[n]``."""
        errors: Values = np.sum(self._residual @ products * self._residual, axis=1)
        return errors

    def residuals(self, products: Values) -> Values:
        """Return the scalar products of the runs' residuals, ``[n, n]``."""
        residuals: Values = self._residual @ products @ self._residual.T
        return residuals
