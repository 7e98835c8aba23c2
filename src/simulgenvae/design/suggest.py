"""The designs that should be solved next: where the surrogate expects errors, and far from each
other.

Active learning by integrated variance (MacKay 1992; Cohn, Ghahramani & Jordan 1996; for Gaussian
processes, where it beats asking for the largest variance, Seo et al. 2000): the next design is the
one whose solution would lower the squared error that is expected over the whole domain the most. It
is chosen greedily, as if the designs before it were solved already (Krause, Singh & Guestrin 2008);
what they will say is not needed for that.

How large errors are is what the surrogate's uncertainty says. How the errors of two designs go
together is taken from a Gaussian process that knows the training runs, with a squared exponential
kernel as wide as these are apart. Distances count along the parameters that matter: in units of the
length scales of the study's Gaussian processes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import qmc

from simulgenvae.data.conditions import Conditions
from simulgenvae.errors import UserError
from simulgenvae.surrogate.ensemble import expected_squares, uniform_coefficients
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from simulgenvae.data.conditions import ConditionScaler
    from simulgenvae.reduction import Reduction
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.surrogate import Surrogate

Array = NDArray[np.float64]
Range = tuple[float, float]

_SAMPLES = 16
_BATCH_VALUES = 2**25  # coefficients of all alternatives that are held at once
_LEAST_SIZE = 0.1  # fields smaller than this share of the usual size count as if they were as large
_LEAST_DISTANCE = 0.5  # of designs, in units of the spacing
_WIDTH = 2.0  # of the kernel, in units of the spacing
_NOISE = 1e-6  # share of a kernel's variance that keeps matrices positive definite
_LEAST_LEFT = 1e-3  # share of the kernel's variance that counts as left next to a known design


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Designs to solve, the most useful one first."""

    designs: Conditions
    errors: Array
    """Expected relative error of each before it is solved, ``[n]``."""
    known_errors: Array
    """Expected relative error of the training runs' designs, by the same measure."""


def suggest(
    surrogate: Surrogate,
    known: Conditions,
    count: int,
    *,
    ranges: Mapping[str, Range] | None = None,
    candidates: int = 512,
    seed: int = 0,
) -> Suggestion:
    """The next ``count`` designs to solve.

    Parameters
    ----------
    surrogate
        Trained on some of the known designs.
    known
        All designs that are solved, in the study's order of parameters: nothing near one of them is
        suggested.
    ranges
        Least and largest value of parameters whose domain is not the trained range.
    candidates
        Designs to choose from: points of a scrambled Sobol sequence over the domain, in the
        logarithm of parameters that the surrogate reads as such.
    seed
        Seed of the scrambling.

    Raises
    ------
    UserError
        For a study with pictures, a surrogate without a conditioner, a range that is none, and
        where too few of the candidates are far enough from each other and from the known designs.
    """
    scaler = surrogate.condition_scaler
    if scaler.images is not None:
        raise UserError(
            "The designs of this study have pictures, which no range describes. Make pictures of "
            "designs that could be solved, ask `simulgenvae predict` for them with --samples, "
            "and solve those with the largest std."
        )
    if not 1 <= count <= candidates:
        raise UserError(
            f"{count} designs cannot be chosen from {candidates} candidates: ask for 1 to "
            f"{candidates}."
        )
    ensemble = surrogate.ensemble
    if ensemble is None:
        raise UserError(
            "Only the VAE is trained: train the conditioner too, with --stage conditioner."
        )
    pool = candidate_designs(scaler, known, candidates, ranges=ranges or {}, seed=seed)
    training = known.select(surrogate.split.rows(known.ids)["train"])
    squares, sizes = squares_of(ensemble, surrogate.reduction, pool)
    known_squares, known_sizes = squares_of(ensemble, surrogate.reduction, training)
    least = _LEAST_SIZE**2 * float(np.median(known_sizes))
    relative = np.sqrt(squares / np.maximum(sizes, least))
    lengths = length_scales(ensemble, len(scaler.names))
    seen, learned, solved = (scaler.transform(each) / lengths for each in (pool, training, known))
    chosen = choose(relative**2, seen, learned, solved, count)
    designs = Conditions(_new_ids(known.ids, count), pool.names, pool.table[chosen])
    return Suggestion(
        designs, relative[chosen], np.sqrt(known_squares / np.maximum(known_sizes, least))
    )


def candidate_designs(
    scaler: ConditionScaler,
    known: Conditions,
    count: int,
    *,
    ranges: Mapping[str, Range],
    seed: int = 0,
) -> Conditions:
    """Designs of a scrambled Sobol sequence (Owen 1998) over the domain, in the user's units,
    ``[count, P]``.

    Parameters that are whole numbers in all known designs are so here too. UserError for a range
    that is none.
    """
    lower, upper = np.array(scaler.lower), np.array(scaler.upper)
    for name, (low, high) in ranges.items():
        if name not in scaler.names:
            raise UserError(
                f"there is no parameter {name!r}: the study has {', '.join(scaler.names)}"
            )
        column = scaler.names.index(name)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UserError(
                f"the range of {name} is {low:g} to {high:g}: give a smaller and a larger number"
            )
        if scaler.logarithm[column] and low <= 0:
            raise UserError(
                f"the range of {name} begins at {low:g}, but its logarithm is used: it must be "
                "positive"
            )
        lower[column], upper[column] = low, high
    logarithm = np.array(scaler.logarithm)
    whole = (known.table == np.rint(known.table)).all(axis=0)
    first, last = (
        np.where(logarithm, np.log(np.where(logarithm, bound, 1.0)), bound)
        for bound in (lower, upper)
    )
    sequence = qmc.Sobol(len(scaler.names), rng=np.random.default_rng(seed))
    points = sequence.random_base2(math.ceil(math.log2(count)))[:count]
    values = first + (last - first) * points
    table = np.where(logarithm, np.exp(np.where(logarithm, values, 0.0)), values)
    table = np.clip(np.where(whole, np.rint(table), table), lower, upper)
    return Conditions(tuple(f"candidate_{k}" for k in range(count)), scaler.names, table)


def length_scales(ensemble: Ensemble, parameters: int) -> Array:
    """Over what distance of each scaled parameter fields change, ``[P]``; a long one hardly
    matters.

    Those of the Gaussian processes beside the networks, averaged over the modes by their energy;
    all the same where there are none.
    """
    if ensemble.pod_gp is None:
        return np.ones(parameters)
    arrays = ensemble.pod_gp.pod_gpr.arrays()
    # Logarithms of a variance, of the length scales of the parameters and of the noise.
    mean: Array = np.average(
        arrays["theta"][:, 1 : 1 + parameters], axis=0, weights=np.square(arrays["singular"])
    )
    return np.exp(mean)


def squares_of(
    ensemble: Ensemble, reduction: Reduction, designs: Conditions
) -> tuple[Array, Array]:
    """:func:`simulgenvae.surrogate.ensemble.expected_squares` of many designs, in parts that memory
    holds."""
    uniform, calibration = uniform_coefficients(reduction), ensemble.calibration
    at_once = max(1, _BATCH_VALUES // (_SAMPLES * len(ensemble.times) * reduction.rank))
    parts = []
    for start in range(0, len(designs), at_once):
        few = designs.select(list(range(start, min(start + at_once, len(designs)))))
        answer = ensemble.predict(few, ensemble.times, latent_samples=_SAMPLES)
        parts.append(expected_squares(answer, calibration, uniform))
    squares, sizes = (np.concatenate(each) for each in zip(*parts, strict=True))
    return squares, sizes


def choose(variance: Array, x: Array, trained: Array, known: Array, count: int) -> list[int]:
    """Rows of ``count`` of m candidates, in the order of choice.

    Parameters
    ----------
    variance
        Expected squared error of the candidates, ``[m]``.
    x, trained, known
        Scaled parameters in units of their length scales, of the candidates ``[m, P]``, of the
        designs that the surrogate has learned from, and of all that are solved. The spacing that is
        left when ``count`` designs join the trained ones is the unit of the kernel's width and of
        the least distance between designs.

    Raises
    ------
    UserError
        When no candidate is far enough from the known and the chosen ones.
    """
    require_memory(6 * 8 * len(x) ** 2, f"choosing from {len(x)} candidates", "take fewer.")
    spacing = _spacing(trained) * (len(trained) / (len(trained) + count)) ** (1.0 / x.shape[1])
    covariance = np.sqrt(variance[:, None] * variance) * _correlation(x, trained, _WIDTH * spacing)
    least = _LEAST_DISTANCE * spacing
    free = cdist(x, known).min(axis=1) >= least
    noise = max(_NOISE * float(variance.mean()), np.finfo(np.float64).tiny)
    chosen: list[int] = []
    while len(chosen) < count:
        if not free.any():
            raise UserError(
                f"Only {len(chosen)} of the {len(x)} candidates are far enough from each other "
                f"and from the known designs, not {count}: ask for fewer designs, or give more "
                "candidates."
            )
        # The mean variance over the domain that solving each candidate would take away.
        gain = np.square(covariance).mean(axis=0) / (np.maximum(np.diag(covariance), 0.0) + noise)
        best = int(np.argmax(np.where(free, gain, -1.0)))
        chosen.append(best)
        column = covariance[:, best] / math.sqrt(max(covariance[best, best], 0.0) + noise)
        covariance -= np.outer(column, column)
        free &= np.linalg.norm(x - x[best], axis=1) >= least
    return chosen


def _spacing(trained: Array) -> float:
    """Median distance of a design from the nearest different one."""
    distances = cdist(trained, trained)
    distances[distances == 0] = np.inf
    return float(np.median(distances.min(axis=1)))


def _correlation(x: Array, trained: Array, width: float) -> Array:
    """Correlation ``[m, m]`` of what a Gaussian process does not know of candidates, given the
    trained designs."""

    def kernel(first: Array, second: Array) -> Array:
        values: Array = np.exp(-0.5 * cdist(first, second, "sqeuclidean") / width**2)
        return values

    across = kernel(x, trained)
    own = kernel(trained, trained) + _NOISE * np.eye(len(trained))
    left: Array = kernel(x, x) - across @ np.linalg.solve(own, across.T)
    scale = np.sqrt(np.maximum(np.diag(left), _LEAST_LEFT))
    left /= np.outer(scale, scale)
    return left


def _new_ids(known: Sequence[str], count: int) -> tuple[str, ...]:
    """``suggest_001``, … but for those that known designs have."""
    taken = set(known)
    names = (f"suggest_{number:03d}" for number in itertools.count(1))
    return tuple(itertools.islice((name for name in names if name not in taken), count))
